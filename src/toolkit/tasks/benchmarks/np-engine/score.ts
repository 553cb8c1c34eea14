/** Ratios to the reference, rewards, and the benchmark's two figures. */
import { refuse } from "../../../refuse.ts";
import type { NpResult, NpTask, VerifyOptions } from "./np-task.ts";

type Direction = Pick<NpTask<unknown>, "direction">;

/**
 * How near an answer is to the reference: 1 is as good, 0 is infeasible; above 1 beats it.
 *
 * @param gt value of the reference, from 0
 * @throws UsageError for a gt that is missing, not finite or below 0
 */
export function npRatio(
  { direction }: Direction,
  { feasible, value }: Pick<NpResult, "feasible" | "value">,
  gt: number,
  { strict = true }: VerifyOptions = {},
): number {
  if (!(gt >= 0 && Number.isFinite(gt)))
    refuse("npRatio", `the reference is ${gt}`, "pass the value of a reference answer");
  if (!feasible) return 0;
  const [upper, lower] = direction === "min" ? [gt, value] : [value, gt];
  if (lower !== 0) return upper / lower;
  return upper === 0 ? 1 : strict ? 0 : Infinity;
}

export interface NpRewardOptions {
  /**
   * "ratio": 0 where infeasible or unreadable, else the ratio up to 1. "signed": the same with -1 where unreadable. "feasible": 1
   * or 0. Default "ratio": reconstruction.
   */
  readonly kind?: "ratio" | "signed" | "feasible";
}

/** The reward of an answer. */
export function npReward(
  task: Direction,
  result: NpResult,
  gt: number,
  { kind = "ratio" }: NpRewardOptions = {},
): number {
  const ratio = Math.min(1, npRatio(task, result, gt));
  switch (kind) {
    case "ratio":
      return ratio;
    case "signed":
      return result.formatOk ? ratio : -1;
    case "feasible":
      return result.feasible ? 1 : 0;
    default:
      return refuse("npReward", `kind is ${String(kind satisfies never)}`, 'pass "ratio", "signed" or "feasible"');
  }
}

export interface NpScore {
  /** Percent of problems that some sample solves. */
  readonly SR: number;
  /** Percent: mean over problems of the best ratio. */
  readonly AR: number;
}

/**
 * @param ratios [problem][sample]
 * @throws UsageError without a problem or a sample, for NaN and ratios below 0
 */
export function scoreOfTask(ratios: readonly (readonly number[])[]): NpScore {
  if (ratios.length === 0) refuse("scoreOfTask", "there is no problem", "pass the ratios of at least one");
  const best = ratios.map((samples, problem) => {
    if (samples.length === 0) refuse("scoreOfTask", `problem ${problem} has no sample`, "sample every problem");
    const wrong = samples.find((ratio) => !(ratio >= 0));
    if (wrong !== undefined) refuse("scoreOfTask", `a ratio of problem ${problem} is ${wrong}`, "pass ratios from 0");
    return Math.max(...samples);
  });
  const mean = (of: (ratio: number) => number): number => best.reduce((sum, ratio) => sum + of(ratio), 0) / best.length;
  return { SR: 100 * mean((ratio) => (ratio > 0 ? 1 : 0)), AR: 100 * mean((ratio) => ratio) };
}

/** Plain mean of tasks, or of categories. */
export function scoreOfCategory(scores: readonly NpScore[]): NpScore {
  if (scores.length === 0) refuse("scoreOfCategory", "there is no score", "pass at least one");
  const mean = (of: (score: NpScore) => number): number =>
    scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
  return { SR: mean(({ SR }) => SR), AR: mean(({ AR }) => AR) };
}

export interface NpScores {
  readonly perTask: Readonly<Record<string, NpScore>>;
  readonly perCategory: Readonly<Record<string, NpScore>>;
  readonly overall: NpScore;
}

/**
 * The benchmark's figures.
 *
 * @param results ratios by task: [problem][sample]
 * @param categoryOf the category of a task
 */
export function npBenchScore(
  results: Readonly<Record<string, readonly (readonly number[])[]>>,
  categoryOf: (task: string) => string,
): NpScores {
  const perTask = Object.fromEntries(Object.entries(results).map(([task, ratios]) => [task, scoreOfTask(ratios)]));
  const categories = [...new Set(Object.keys(results).map(categoryOf))];
  const perCategory = Object.fromEntries(
    categories.map((category) => {
      const inside = Object.entries(perTask).filter(([task]) => categoryOf(task) === category);
      return [category, scoreOfCategory(inside.map(([, score]) => score))];
    }),
  );
  return { perTask, perCategory, overall: scoreOfCategory(Object.values(perCategory)) };
}
