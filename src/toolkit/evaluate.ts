/** Scores a policy on problems: many samples each, so that pass@k can be estimated for every k up to their number. */
import { checkOptions } from "./options.ts";
import type { Policy } from "./policy/policy.ts";
import { progressReporter } from "./progress.ts";
import { refuse } from "./refuse.ts";
import { verifiedReward } from "./reward.ts";
import { rng } from "./rng.ts";
import { sampleCompletions } from "./rollout.ts";
import type { Problem, Split, Task } from "./tasks/task.ts";
import { chunks } from "./train/columns.ts";
import type { Verdict, VerdictStatus } from "./verify/verifier.ts";

export interface EvaluateOptions {
  readonly task: Task;
  /** Problems to score on. Default: `count` problems of `split`. */
  readonly problems?: readonly Problem[];
  /** Default "test": problems that training never sees. */
  readonly split?: Split;
  /** Default 64. */
  readonly count?: number;
  /** Completions per problem. Default 64: pass@k up to k = 64. */
  readonly samples?: number;
  /** Default: the task's last. */
  readonly level?: number;
  /** Default 1: the policy as it is. */
  readonly temperature?: number;
  /** Longest completion, in tokens. Default: the task's bound. */
  readonly maxTokens?: number;
  /** Of problems and samples; shares no numbers with training's. Two policies see the same problems. Default 0. */
  readonly seed?: number;
  /** Name in the result and its figures. Default: the start of the weights' fingerprint. */
  readonly name?: string;
  /** Keep every completion's text, score, status and reason, and the problem's prompt and answer. Default false. */
  readonly keepCompletions?: boolean;
  /** Rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Scores of one problem. */
export interface ProblemScore {
  readonly id: string;
  readonly level: number;
  /** Completions that the verifier scored. */
  readonly n: number;
  /** Of n: right. */
  readonly correct: number;
  /** Of n: no answer could be read. */
  readonly unparsed: number;
  /** Completions on which the verifier itself failed; not among the n. */
  readonly failed: number;
  /** These where completions are kept. */
  readonly prompt?: string;
  readonly answer?: string;
  readonly completions?: readonly {
    readonly text: string;
    readonly score: number | null;
    readonly status: VerdictStatus;
    /** What the verifier says of it. */
    readonly reason: string;
  }[];
}

export interface Evaluation {
  /** Name of the policy. */
  readonly policy: string;
  readonly task: string;
  /** Completions drawn per problem. */
  readonly samples: number;
  readonly temperature: number;
  readonly seed: number;
  readonly problems: readonly ProblemScore[];
}

/** Completions drawn at once: enough rows for full speed, few enough to report progress and stop soon. */
const ROWS_AT_ONCE = 512;

/**
 * Samples and verifies.
 *
 * @throws UsageError for an unknown option, or one of the wrong type or range
 */
export async function evaluate(policy: Policy, options: EvaluateOptions): Promise<Evaluation> {
  checkEvaluateOptions(options);
  const { task, split = "test", count = 64, samples = 64, temperature = 1, seed = 0, level, signal } = options;
  const problems = options.problems ?? task.problems({ split, count, seed, ...(level === undefined ? {} : { level }) });
  if (problems.length === 0) refuse("evaluate", "there are no problems", "pass at least one");
  const sampling = {
    maxTokens: options.maxTokens ?? task.maxCompletionTokens,
    temperature,
    seed: rng({ seed, stream: "evaluation" }).integer(2 ** 32),
    ...(signal && { signal }),
  };
  const name = options.name ?? (await policy.fingerprint()).slice(0, 12);
  const report = progressReporter({ task: `evaluate ${name}`, total: problems.length, unit: "problems" });
  const scores: ProblemScore[] = [];
  for (const [step, some] of chunks(problems, Math.max(1, Math.floor(ROWS_AT_ONCE / samples))).entries()) {
    report(scores.length);
    const prompts = { problems: some, samplesPerPrompt: samples };
    const rollouts = await sampleCompletions({ prompts, sampler: policy, sampling: { ...sampling, step } });
    const { verdicts } = await verifiedReward({ task, rollouts });
    const rowsOf: Scored[][] = some.map(() => []);
    for (const [b, verdict] of verdicts.entries()) {
      rowsOf[rollouts.group[b] ?? -1]?.push({ text: rollouts.completions[b] ?? "", verdict });
    }
    for (const [g, problem] of some.entries())
      scores.push(score(problem, rowsOf[g] ?? [], options.keepCompletions === true));
  }
  report(problems.length);
  return { policy: name, task: task.name, samples, temperature, seed, problems: scores };
}

function checkEvaluateOptions(options: EvaluateOptions): void {
  checkOptions("evaluate", options, {
    task: { kind: "object", required: true },
    problems: { kind: "array" },
    split: { kind: "either", values: ["train", "test"] },
    count: { kind: "integer", min: 1 },
    samples: { kind: "integer", min: 1 },
    level: { kind: "number" },
    temperature: { kind: "number", above: 0 },
    maxTokens: { kind: "integer", min: 1 },
    seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
    name: { kind: "string" },
    keepCompletions: { kind: "boolean" },
    signal: { kind: "object" },
  });
}

interface Scored {
  readonly text: string;
  readonly verdict: Verdict;
}

function score(problem: Problem, rows: readonly Scored[], keep: boolean): ProblemScore {
  const count = (holds: (verdict: Verdict) => boolean): number => rows.filter(({ verdict }) => holds(verdict)).length;
  return {
    id: problem.id,
    level: problem.level,
    n: count((verdict) => verdict.score !== null),
    correct: count(({ status }) => status === "correct"),
    unparsed: count(({ status }) => status === "unparsed"),
    failed: count((verdict) => verdict.score === null),
    ...(keep && {
      prompt: problem.prompt,
      answer: problem.answer,
      completions: rows.map(({ text, verdict: { score: given, status, reason } }) => ({
        ...{ text, score: given, status, reason },
      })),
    }),
  };
}
