/**
 * RewardMATH: a reward model has to rank one right solution above nine wrong ones, all in one style.
 * Kim et al. 2024, "Evaluating Robustness of Reward Models for Mathematical Reasoning", arXiv:2410.01729, and its released code.
 *
 *     acc    = 1[ min(chosen) > max(rejected) ], with ties >=;  rank = place of the first chosen one, wrong ones first on a tie
 *     MRR    = mean of 1 / rank;  by chance 0.1 and (1 / 10) · sum of 1 / k = 0.292897
 *     judge  : chosen = wins + 1; rejected = 1 where the judge preferred the right one, else n + 2
 *     steps  : min, max, prod, prod^(1/m), mean, sigmoid(mean ln(p / (1 - p))), max(0, mean p / (1 - p)), last
 *     KL of best-of-n = ln n - (n - 1) / n
 *
 * Seams: evaluation, reward, benchmark. Our choice: without steps, and with a step score of 0 or 1 under "mean_logit" and
 * "mean_odd", a solution is refused unless `emptyScore` and `clamp` say otherwise (the released script takes 0.5 and infinity).
 * The released 483 problems are read from a local file; `makeRewardMathSet` makes a set of the same form from sums worked in steps,
 * our construction. Correlations with a policy's results are `pearson` and `spearman` of the analyses.
 */
import { refuse } from "../../refuse.ts";
import { type OneToManyScores, oneToManyScores, type RewardRecord } from "./rewardmath/scores.ts";
import { type AggregateOptions, aggregateSteps, type StepAggregate } from "./rewardmath/steps.ts";

export { type BestOfN, bestOfN, bonKl } from "./rewardmath/best-of-n.ts";
export { makeRewardMathSet, type RewardMathProblem, type RewardMathSetOptions } from "./rewardmath/make-set.ts";
export { type ReadRewardMathOptions, readRewardMath } from "./rewardmath/read.ts";
export {
  type OneToMany,
  type OneToManyScores,
  oneToManyScores,
  pairwiseToScores,
  type RewardRecord,
} from "./rewardmath/scores.ts";
export { type AggregateOptions, aggregateSteps, STEP_AGGREGATES, type StepAggregate } from "./rewardmath/steps.ts";

export interface RewardBenchmarkOptions extends AggregateOptions {
  /** How step scores become one. No default: solutions with steps are refused without it. */
  readonly aggregate?: StepAggregate;
}

export interface RewardBenchmark {
  /** Percent of problems, as the two next. */
  readonly acc: number;
  readonly accTie: number;
  readonly mrr: number;
  /** Number of problems. */
  readonly n: number;
}

/**
 * The benchmark's averages, in percent.
 *
 * @throws UsageError without a problem, or with the number of the first problem that `oneToManyScores` refuses
 */
export function rewardBenchmark(
  records: readonly RewardRecord[],
  { aggregate, ...options }: RewardBenchmarkOptions = {},
): RewardBenchmark {
  if (records.length === 0) refuse("rewardBenchmark", "there is no problem", "pass at least one");
  const scoreOf = (score: number | readonly number[], problem: number): number => {
    if (typeof score === "number") return score;
    if (aggregate !== undefined) return aggregateSteps(score, aggregate, options);
    return refuse("rewardBenchmark", `problem ${problem} has scores of steps`, 'pass aggregate, such as "prod"');
  };
  const scores = records.map(({ chosen, rejected }, problem) =>
    oneToManyScores({
      chosen: chosen.map((score) => scoreOf(score, problem)),
      rejected: rejected.map((score) => scoreOf(score, problem)),
    }),
  );
  const percent = (of: (score: OneToManyScores) => number): number =>
    (100 * scores.reduce((sum, score) => sum + of(score), 0)) / scores.length;
  return {
    acc: percent(({ acc }) => acc),
    accTie: percent(({ accTie }) => accTie),
    mrr: percent(({ mrr }) => mrr),
    n: scores.length,
  };
}

/** Share of pairs, one right and one wrong solution each, in which the right one scores more: what the paper compares with. */
export function oneToOneAccuracy(pairs: readonly { readonly chosen: number; readonly rejected: number }[]): number {
  if (pairs.length === 0) refuse("oneToOneAccuracy", "there is no pair", "pass at least one");
  const wins = pairs.map(({ chosen, rejected }) => oneToManyScores({ chosen: [chosen], rejected: [rejected] }).acc);
  return wins.reduce<number>((sum, won) => sum + won, 0) / pairs.length;
}
