/**
 * Agent² RL-Bench: what is scored is a training procedure, by the best of the artefacts that it hands in while its budget lasts.
 * 2026, "Agent² RL-Bench: Can LLM Agents Engineer Agentic RL Post-Training?", arXiv:2604.10547, and the grading server, metrics and
 * task registry of its code (RD-Agent, autorl_bench).
 *
 *     result      = max_i s_i, improvement = round(max_i s_i − baseline, 6)
 *     valid rate  = #{s_i > 0} / n, first valid: the first i with s_i > 0
 *     improved at = floor(τ_i − t0) of the first s_i > baseline, best at: of the first maximum
 *     monotonic   = #{s_{i+1} > s_i} / (n − 1), time used = (t1 − t0) / timeout
 *     score       = 100 sum evaluate(question, output, reference) / n, where an exception counts 0
 *
 * Seam: evaluation. The same artefact (path and newest time stamp) is answered from the cache; a failed evaluation is recorded with
 * score 0 and its error, and not cached. A true score of 0 counts as invalid, as in the code. The best of many submissions on one
 * held-out set is adaptive selection: `runMetrics` reports their number, and the improvement in standard errors where one is given.
 * The models, agents and six tasks of the paper are not here: `tinyTasks` has one task of each of the three levels, with policies of
 * tables, budgets in tokens and fixed recipes as participants, which is a reconstruction; logs of real runs are read from a folder.
 */
import { allFinite } from "../../finite.ts";
import { checkOptions } from "../../options.ts";
import { refuse } from "../../refuse.ts";
import { type Table, type Tabular, tabular } from "../../table.ts";

export {
  type Artifact,
  type GradingOptions,
  type GradingServer,
  gradingServer,
  type RunTime,
  type Submission,
} from "./agent2-rl-bench/grading-server.ts";
export { type RegisteredTask, type TaskRegistry, taskRegistry } from "./agent2-rl-bench/registry.ts";
export { readRunLog } from "./agent2-rl-bench/run-log.ts";
export {
  recipes,
  type TablePolicy,
  type TinyRecipe,
  type TinyRun,
  type TinyRunOptions,
  type TinyTask,
  tinyRun,
  tinyTasks,
} from "./agent2-rl-bench/tiny-tasks.ts";

/** One entry of a submission log. */
export interface LoggedSubmission {
  /** Percent; 0 where the evaluation failed. */
  readonly score: number;
  /** On the clock of the run: seconds, tokens or updates. */
  readonly time: number;
  /** The artefact is the base model itself. */
  readonly copy?: boolean;
}

export interface RunMeta {
  readonly start: number;
  readonly end: number;
  readonly timeout: number;
  /** Score of the untouched base model; undefined where it was not measured. */
  readonly baseline: number | undefined;
  /** Number of copies of the base model. Default: the entries marked so. */
  readonly copies?: number;
  /** Whether the time ran out. Default: whether the run lasted longer than the timeout. */
  readonly timedOut?: boolean;
  /** Standard error of the task's score. Default: unknown. */
  readonly standardError?: number;
}

/** Undefined is what no submission defines. Delays and gaps are whole, rounded down. */
export interface RunMetrics {
  readonly submissions: number;
  readonly validSubmissionRate: number | undefined;
  /** From 1. */
  readonly firstValidIdx: number | undefined;
  readonly firstValidDelay: number | undefined;
  readonly timeToFirstImprovement: number | undefined;
  readonly timeToBest: number | undefined;
  readonly monotonicRatio: number | undefined;
  readonly copyModelCount: number;
  readonly timeUsedRatio: number;
  readonly lastSubmitGap: number | undefined;
  /** 0 without a submission. */
  readonly best: number;
  /** Of the best over the baseline, to 6 decimals. */
  readonly improvement: number | undefined;
  /** The improvement in standard errors of the task: below about 2 it is inside the noise. */
  readonly improvementInErrors: number | undefined;
  readonly duration: number;
  /** Ended without running out of time. */
  readonly success: boolean;
}

/**
 * Metrics of a run from its log, in the order of submission.
 *
 * @throws UsageError for a score or time that is not finite, times that fall or lie outside the run, or a timeout of 0
 */
export function runMetrics(log: readonly LoggedSubmission[], meta: RunMeta): RunMetrics {
  const { start, end, timeout, baseline, copies, standardError } = checkedMeta(meta);
  checkLog(log, start, end);
  const delay = (entry: LoggedSubmission | undefined): number | undefined => entry && Math.floor(entry.time - start);
  const n = log.length;
  const valid = log.filter(({ score }) => score > 0);
  const best = log.reduce<LoggedSubmission | undefined>(
    (top, one) => (top && top.score >= one.score ? top : one),
    undefined,
  );
  const rises = log.slice(1).filter(({ score }, i) => score > (log[i]?.score ?? Number.NaN)).length;
  const marked = log.filter(({ copy }) => copy === true).length;
  if (copies !== undefined && copies > n) refuse("runMetrics", `there are ${copies} copies among ${n}`, "count again");
  const improvement = best && baseline !== undefined ? rounded(best.score - baseline) : undefined;
  const last = log.at(-1);
  return {
    submissions: n,
    validSubmissionRate: n === 0 ? undefined : valid.length / n,
    firstValidIdx: valid[0] && log.indexOf(valid[0]) + 1,
    firstValidDelay: delay(valid[0]),
    timeToFirstImprovement: baseline === undefined ? undefined : delay(log.find(({ score }) => score > baseline)),
    timeToBest: delay(best),
    monotonicRatio: n < 2 ? undefined : rises / (n - 1),
    copyModelCount: copies ?? marked,
    timeUsedRatio: (end - start) / timeout,
    lastSubmitGap: last && Math.floor(end - last.time),
    best: best?.score ?? 0,
    improvement,
    improvementInErrors:
      improvement === undefined || standardError === undefined ? undefined : improvement / standardError,
    duration: end - start,
    success: !(meta.timedOut ?? end - start > timeout),
  };
}

function checkedMeta(meta: RunMeta): RunMeta {
  checkOptions("runMetrics", meta, {
    start: { kind: "number", required: true },
    end: { kind: "number", required: true },
    timeout: { kind: "number", above: 0, required: true },
    baseline: { kind: "number" },
    copies: { kind: "integer", min: 0 },
    timedOut: { kind: "boolean" },
    standardError: { kind: "number", above: 0 },
  });
  if (meta.end < meta.start) refuse("runMetrics", `the run ends at ${meta.end}, before ${meta.start}`, "pass its end");
  return meta;
}

function checkLog(log: readonly LoggedSubmission[], start: number, end: number): void {
  allFinite(
    "runMetrics",
    "scores",
    log.map(({ score }) => score),
  );
  allFinite(
    "runMetrics",
    "times",
    log.map(({ time }) => time),
  );
  for (const [i, { time }] of log.entries()) {
    const before = log[i - 1]?.time ?? start;
    if (time < before || time > end) {
      refuse("runMetrics", `submission ${i} is at ${time}, not from ${before} to ${end}`, "pass the log in its order");
    }
  }
}

/** To 6 decimals, as the grading server rounds. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** A question of a task with the output that is to be scored. */
export interface ScoredSample<Q = unknown, R = unknown> {
  readonly question: Q;
  readonly output: string;
  readonly reference: R;
}

/**
 * Mean score of samples, percent. A sample whose evaluation throws counts 0.
 *
 * @throws UsageError for no sample, or an evaluation outside 0 to 1
 */
export function sampleScore<Q, R>(
  samples: readonly ScoredSample<Q, R>[],
  evaluate: (question: Q, output: string, reference: R) => number,
): { readonly score: number; readonly exceptions: number } {
  if (samples.length === 0) refuse("sampleScore", "there is no sample", "pass at least one");
  let [sum, exceptions] = [0, 0];
  for (const [i, { question, output, reference }] of samples.entries()) {
    let value = 0;
    try {
      value = evaluate(question, output, reference);
    } catch {
      exceptions++; // the protocol's: an evaluation that breaks scores nothing, and is counted
    }
    if (!(value >= 0 && value <= 1)) refuse("sampleScore", `sample ${i} scores ${String(value)}`, "give 0 to 1");
    sum += value;
  }
  return { score: (100 * sum) / samples.length, exceptions };
}

/** Episodes with a dense reward: percent that end with at least a half. @throws UsageError for none, or one outside 0 to 1 */
export function denseRewardScore(finalRewards: readonly number[]): {
  readonly score: number;
  readonly meanReward: number;
} {
  if (finalRewards.length === 0) refuse("denseRewardScore", "there is no episode", "pass at least one reward");
  const wrong = finalRewards.findIndex((reward) => !(reward >= 0 && reward <= 1));
  if (wrong >= 0) refuse("denseRewardScore", `reward ${wrong} is ${String(finalRewards[wrong])}`, "pass 0 to 1");
  const solved = finalRewards.filter((reward) => reward >= 0.5).length;
  const sum = finalRewards.reduce((all, reward) => all + reward, 0);
  return { score: (100 * solved) / finalRewards.length, meanReward: sum / finalRewards.length };
}

/** One run of a participant on a task. */
export interface ComparedRun {
  readonly participant: string;
  readonly task: string;
  readonly baseline: number;
  readonly metrics: RunMetrics;
}

export interface ComparedRow {
  readonly participant: string;
  readonly task: string;
  readonly runs: number;
  /** Means over the runs. */
  readonly baseline: number;
  readonly best: number;
  readonly improvement: number;
  /** Of the improvement over the runs, ddof 1; undefined for one: single runs differ much. */
  readonly improvementStd: number | undefined;
  readonly submissions: number;
  readonly copies: number;
}

export interface RunComparison {
  readonly rows: readonly ComparedRow[];
}

/** Participants by tasks, runs with other seeds averaged. A run without submission improves by 0. */
export function compareRuns(runs: readonly ComparedRun[]): RunComparison & Tabular {
  if (runs.length === 0) refuse("compareRuns", "there is no run", "pass at least one");
  const keys = [...new Set(runs.map(({ participant, task }) => JSON.stringify([participant, task])))];
  const rows = keys.map((key): ComparedRow => {
    const own = runs.filter(({ participant, task }) => JSON.stringify([participant, task]) === key);
    const [{ participant, task } = { participant: "", task: "" }] = own;
    const mean = (pick: (run: ComparedRun) => number): number =>
      own.reduce((sum, run) => sum + pick(run), 0) / own.length;
    const gain = ({ metrics }: ComparedRun): number => metrics.improvement ?? 0;
    const improvement = mean(gain);
    const squares = own.reduce((sum, run) => sum + (gain(run) - improvement) ** 2, 0);
    return {
      participant,
      task,
      runs: own.length,
      baseline: mean((run) => run.baseline),
      best: mean(({ metrics }) => metrics.best),
      improvement,
      improvementStd: own.length < 2 ? undefined : Math.sqrt(squares / (own.length - 1)),
      submissions: mean(({ metrics }) => metrics.submissions),
      copies: mean(({ metrics }) => metrics.copyModelCount),
    };
  });
  return tabular({ rows }, comparisonTables);
}

function comparisonTables({ rows }: RunComparison): Table[] {
  const names = [
    "participant",
    "task",
    "runs",
    "baseline",
    "best",
    "improvement",
    "improvementStd",
    "submissions",
    "copies",
  ] as const;
  return [{ title: "runs", columns: Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])) }];
}
