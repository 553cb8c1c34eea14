/** A run in words: a block of lines for a terminal, one line for a log, what was found before it, how it ended. */
import type { PreflightReport } from "../../toolkit/train/preflight/preflight.ts";
import type { EventSample, StepRecord, StepTiming } from "../../toolkit/train/record.ts";
import type { RunInfo, TrainedRun } from "../../toolkit/train/run.ts";
import { bar, duration, oneLine, short, sparkline } from "./text.ts";

/** A run at a moment. */
export interface RunState {
  readonly info: RunInfo;
  readonly records: readonly StepRecord[];
  readonly samples: readonly EventSample[];
  /** Steps that were not taken by this process. */
  readonly resumed: number;
  /** The pre-flight is over, or there is none. */
  readonly prepared: boolean;
  /** Since the first step that this process took began, and since the last step ended; seconds. */
  readonly running: number;
  readonly sinceStep: number;
}

/** Curves that are shown, where the run has them. */
const CURVES: readonly (readonly [metric: string, name: string])[] = [
  ["reward", "reward"],
  ["eval_reward", "held out"],
  ["entropy", "entropy"],
  ["completions/mean_length", "length"],
  ["completions/clipped_ratio", "cut off"],
  ["kl", "kl"],
  ["grad_norm", "grad norm"],
];
const PARTS: readonly (keyof StepTiming)[] = ["rollout", "verify", "score", "train"];
/** Steps whose times are added up. */
const RECENT = 10;
/** Events that stay in sight. */
const EVENTS = 3;

/** The block: progress, curves, time, completions, events. */
export function runLines(state: RunState, columns: number): string[] {
  const { info, records } = state;
  const gauge = bar(records.length / info.steps, 20);
  const lines = [
    `${titleOf(info)}   step ${records.length}/${info.steps} ${gauge} ${paceOf(state)}`,
    ...curveLines(records, columns),
    ...timeLines(records, columns),
    ...sampleLines(state),
    ...eventLines(records),
  ];
  return lines;
}

/** The line for a log. */
export function runLine({ info, records, ...state }: RunState): string {
  const last = records.at(-1);
  const figures = CURVES.flatMap(([metric, name]) => {
    const value = last?.metrics[metric];
    return value === undefined ? [] : [`${name} ${short(value)}`];
  });
  const shares = sharesOf(records).map(([part, share]) => `${part} ${percent(share)}`);
  const words = [`step ${records.length}/${info.steps}`, ...figures, ...shares, paceOf({ info, records, ...state })];
  return `${info.task} ${info.algorithm}: ${words.join(", ")}`;
}

function titleOf({ task, algorithm, seed }: RunInfo): string {
  return `train ${task}, ${algorithm}, seed ${seed}`;
}

function paceOf({ info, records, resumed, prepared, running, sinceStep }: RunState): string {
  const taken = records.length - resumed;
  const left = info.steps - records.length;
  if (left === 0) return "done";
  if (taken === 0) return `${duration(running)} ${prepared ? "in the first step" : "of preparing"}`;
  const each = (running - sinceStep) / taken;
  return `${duration(each)} a step, ${duration(Math.max(0, each * left - sinceStep))} left`;
}

function curveLines(records: readonly StepRecord[], columns: number): string[] {
  return CURVES.flatMap(([metric, name]) => {
    const values = records.map(({ metrics }) => metrics[metric] ?? Number.NaN);
    const known = values.filter(Number.isFinite);
    const [first, last] = [known[0], known.at(-1)];
    if (first === undefined || last === undefined) return [];
    const curve = metric === "eval_reward" ? known : values;
    const from = `${name.padEnd(10)} ${short(first).padStart(8)} `;
    return [`${from}${sparkline(curve, Math.max(8, Math.min(60, columns - 32)))} ${short(last)}`];
  });
}

/** Shares of the time of recent steps. */
function sharesOf(records: readonly StepRecord[]): (readonly [part: keyof StepTiming, share: number])[] {
  const recent = records.slice(-RECENT);
  const sums = PARTS.map((part) => recent.reduce((sum, { timing }) => sum + timing[part], 0));
  const total = sums.reduce((a, b) => a + b, 0);
  return total === 0 ? [] : PARTS.map((part, i) => [part, (sums[i] ?? 0) / total]);
}

function timeLines(records: readonly StepRecord[], columns: number): string[] {
  const shares = sharesOf(records);
  if (shares.length === 0) return [];
  const recent = records.slice(-RECENT);
  const total = recent.reduce((sum, { timing }) => sum + PARTS.reduce((ms, part) => ms + timing[part], 0), 0);
  const speed = records.at(-1)?.metrics.tokens_per_second;
  const tokens = speed === undefined ? "" : `, ${short(speed)} tokens/s sampled`;
  const width = Math.max(4, Math.floor((columns - 60) / 4));
  return [
    `time       ${duration(total / recent.length / 1000)} a step${tokens}`,
    `           ${shares.map(([part, share]) => `${part} ${bar(share, Math.min(8, width))} ${percent(share)}`).join("  ")}`,
  ];
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function sampleLines({ samples, records }: RunState): string[] {
  if (samples.length === 0) return [];
  const lines = samples.map(({ reward, prompt, completion, note }) => {
    const mark = reward === null ? "not scored" : short(reward);
    const why = note === "" ? "" : `   (${oneLine(note)})`;
    return `  ${mark.padStart(5)}  ${oneLine(prompt)} → ${oneLine(completion)}${why}`;
  });
  return [`completions of step ${records.length}, with their rewards`, ...lines];
}

function eventLines(records: readonly StepRecord[]): string[] {
  const told = records.flatMap(({ step, events }) => events.map((event) => ({ ...event, step: step + 1 })));
  return told
    .filter(({ kind }) => kind !== "preflight")
    .slice(-EVENTS)
    .map(eventLine);
}

/** "! step 12, entropy-collapse: …" */
export function eventLine({ step, kind, message }: { step: number; kind: string; message: string }): string {
  return `! step ${step}, ${kind}: ${oneLine(message)}`;
}

/** What the pre-flight found, how the run adds up, what it will take. */
export function preflightLines({ findings, arithmetic, memory, time, seconds }: PreflightReport): string[] {
  const refusals = findings.filter(({ level }) => level === "refusal").length;
  const counted = `${count(refusals, "refusal")}, ${count(findings.length - refusals, "warning")}`;
  const forecast =
    time === undefined
      ? []
      : [
          `a step takes about ${duration(time.step)} (${PARTS.map((part) => `${part} ${duration(time[part])}`).join(", ")}), the run ${duration(time.run)}`,
        ];
  return [
    `pre-flight of ${duration(seconds)}: ${counted}`,
    ...[...arithmetic, ...forecast, `memory: about ${short(memory.total / 2 ** 20)} MiB`].map((line) => `  ${line}`),
    ...findings.map(
      ({ level, check, problem, remedy }) => `! ${level} ${check}: ${oneLine(problem)}; ${oneLine(remedy)}`,
    ),
  ];
}

function count(n: number, one: string): string {
  return `${n} ${n === 1 ? one : `${one}s`}`;
}

/** How a run ended. */
export function endLine(
  { info, records }: Pick<RunState, "info" | "records">,
  outcome: Pick<TrainedRun, "stopped" | "seconds"> | Error,
): string {
  const rewards = records.flatMap(({ metrics }) => metrics.reward ?? []);
  const [first, last] = [rewards[0], rewards.at(-1)];
  const reward =
    first === undefined || last === undefined ? "" : `, reward ${short(first)} at first, ${short(last)} at last`;
  const kept = info.folder === undefined ? "" : `; kept in ${info.folder}`;
  const steps = `${records.length} of ${info.steps} steps`;
  if (outcome instanceof Error) return `${titleOf(info)} failed after ${steps}: ${oneLine(outcome.message)}`;
  const how = { finished: "finished", aborted: "stopped after", paused: "paused after" }[outcome.stopped];
  return `${titleOf(info)} ${how} ${steps} in ${duration(outcome.seconds)}${reward}${kept}`;
}
