/** From the names of the rewardmath forms to `src/toolkit/tasks/benchmarks/rewardmath.ts` and the correlations of the analyses. */
import { pearson, spearman } from "../../src/analysis/index.ts";
import {
  type AggregateOptions,
  aggregateSteps,
  bonKl,
  oneToManyScores,
  pairwiseToScores,
  STEP_AGGREGATES,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs extends AggregateOptions {
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
  readonly steps: readonly number[];
  readonly wins: readonly number[];
  readonly n: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export function evaluate(inputs: Inputs, form: string): unknown {
  const { chosen, rejected, steps, wins, n, x, y, ...options } = inputs;
  switch (form) {
    case "rewardmath/0":
      return oneToManyScores({ chosen, rejected });
    case "rewardmath/1":
      return Object.fromEntries(STEP_AGGREGATES.map((kind) => [kind, aggregateSteps(steps, kind, options)]));
    case "rewardmath/2":
      return oneToManyScores(pairwiseToScores(wins));
    case "rewardmath/3":
      return { kl: bonKl(n), pearson: pearson(x, y), spearman: spearman(x, y) };
    default:
      throw new Error(`no form ${form}`);
  }
}
