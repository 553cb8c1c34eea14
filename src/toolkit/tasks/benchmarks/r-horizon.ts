/**
 * R-HORIZON: known problems are chained, so that each needs the answer of the one before it.
 * Lu et al. 2025, "R-HORIZON: How Far Can Your Large Reasoning Model Really Go in Breadth and Depth?", arXiv:2510.08189, algorithm 1,
 * and its released code.
 *
 *     chain   : a key number m of problem i+1 becomes [variable(i+1)] = [answer i] + (m - a_i)
 *     Acc     = 1 where all answers are right;  accLast = 1 where as many answers as problems are given and the last is right
 *     Acc_exp = prod_i p_i, p_i the pass rate of problem i alone; the gap Acc_exp - Acc is what the paper looks at
 *     R_last  = 1[last answer right];  R_all = 1[all right]
 *
 * Seams: benchmark, curriculum, reward, evaluation. The judge by whom the paper picks key numbers is a function here; without one the
 * rules alone decide (reconstruction), and answers are compared by this project's verifier of mathematics. Acc_exp takes problems
 * for independent: `horizonCurve` gives the mean of products beside the product of means. Seeds and chains are read from local files
 * of the released form; `wordProblems` makes seeds (our construction).
 */
import { expectedAccuracy } from "./r-horizon/expected.ts";
import type { ChainScore } from "./r-horizon/judge.ts";

export {
  type ChainedProblem,
  type ComposeOptions,
  chainOffsets,
  composeChain,
  composeDataset,
  type KeyNumber,
  type SeedProblem,
} from "./r-horizon/compose.ts";
export { expectedAccuracy } from "./r-horizon/expected.ts";
export {
  extractIntegers,
  type FoundInteger,
  isPureInteger,
  type KeyCandidate,
  keyCandidates,
  type NumberJudge,
  pickKey,
} from "./r-horizon/integers.ts";
export {
  type ChainRewardOptions,
  type ChainScore,
  chainReward,
  finalAnswers,
  scoreChain,
} from "./r-horizon/judge.ts";
export { readHorizonChains, readHorizonSeeds } from "./r-horizon/read.ts";
export { wordProblems } from "./r-horizon/word-problems.ts";

/** A chain that was answered, with the pass rates of its problems alone. */
export interface HorizonResult extends Pick<ChainScore, "accAll" | "accLast"> {
  readonly passRates: readonly number[];
}

export interface HorizonPoint {
  /** Problems of a chain. */
  readonly n: number;
  readonly chains: number;
  /** Means over chains. */
  readonly accAll: number;
  readonly accLast: number;
  /** Mean over chains of the product of their problems' rates. */
  readonly expected: number;
  /** Product over places of the mean rate there: less than `expected` where hard problems come together. */
  readonly expectedOfMeans: number;
  /** expected - accAll. */
  readonly gap: number;
}

/** Actual against expected accuracy by length of chain, shortest first. */
export function horizonCurve(results: readonly HorizonResult[]): HorizonPoint[] {
  const lengths = [...new Set(results.map(({ passRates }) => passRates.length))].sort((a, b) => a - b);
  return lengths.map((n) => {
    const chains = results.filter(({ passRates }) => passRates.length === n);
    const mean = (of: (chain: HorizonResult) => number): number =>
      chains.reduce((sum, chain) => sum + of(chain), 0) / chains.length;
    const expected = mean(({ passRates }) => expectedAccuracy(passRates));
    const places = Array.from({ length: n }, (_, i) => mean(({ passRates }) => passRates[i] ?? 0));
    const accAll = mean((chain) => chain.accAll);
    return {
      n,
      chains: chains.length,
      accAll,
      accLast: mean((chain) => chain.accLast),
      expected,
      expectedOfMeans: places.reduce((product, rate) => product * rate, 1),
      gap: expected - accAll,
    };
  });
}
