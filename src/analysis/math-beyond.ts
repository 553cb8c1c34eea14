/**
 * MATH-Beyond's metrics: which problems a trained policy solves that its base does not, and the reverse.
 * Mayilvahanan et al. 2025, "MATH-Beyond: A Benchmark for RL to Expand Beyond the Base Model", arXiv:2510.11653, section 2.
 *
 *     ER over the unsolved = |E| / |D without R(base)|;  ER over all = |E| / |D|;  shrink rate = |S| / (|S| + |P|)
 *
 * Seam: evaluation. Which of the two ER the paper means where the base solves some problems is not known: both are given. Solved
 * within k is "at least one correct of k samples", which is noisy: sample the base again (`netExpansion`).
 */
import { refuse } from "../toolkit/refuse.ts";
import type { Estimate } from "./statistics/estimate.ts";
import { clopperPearsonInterval } from "./statistics/proportion.ts";

/** Whether each problem is solved; 1 and 0 are true and false. */
export type Solved = readonly (boolean | number)[];

export interface BoundaryDecomposition {
  /** Numbers of the problems that only the trained policy solves, that only the base solves, that both solve. */
  readonly expansion: readonly number[];
  readonly shrinkage: readonly number[];
  readonly preservation: readonly number[];
  /** Shares of all problems that each policy solves. */
  readonly passBase: number;
  readonly passPost: number;
  /** Expansion over the problems that the base does not solve; undefined where it solves all. */
  readonly erUnsolved: number | undefined;
  /** The same with an exact (Clopper-Pearson) 95 % interval over problems. */
  readonly erInterval: Estimate | undefined;
  /** Expansion over all problems. */
  readonly erAll: number;
  /** Share of the base's solved problems that are lost; 0 where it solves none (our choice: nothing can be lost). */
  readonly shrinkRate: number;
}

/**
 * @param base whether the base solves each problem within k samples
 * @param post the same for the trained policy, with the same prompt, limits and k
 * @throws UsageError without a problem, for unlike lengths, and entries other than true, false, 1 and 0
 */
export function boundaryDecomposition(base: Solved, post: Solved): BoundaryDecomposition {
  if (base.length !== post.length || base.length === 0) {
    const counts = `there are ${base.length} problems of the base and ${post.length} of the trained policy`;
    refuse("boundaryDecomposition", counts, "pass the same problems of both");
  }
  const [before, after] = [solvedOf("base", base), solvedOf("post", post)];
  const where = (wasSolved: boolean, isSolved: boolean): number[] =>
    before.flatMap((was, i) => (was === wasSolved && after[i] === isSolved ? [i] : []));
  const [expansion, shrinkage, preservation] = [where(false, true), where(true, false), where(true, true)];
  const n = base.length;
  const solvedBefore = shrinkage.length + preservation.length;
  const unsolved = n - solvedBefore;
  return {
    expansion,
    shrinkage,
    preservation,
    passBase: solvedBefore / n,
    passPost: (expansion.length + preservation.length) / n,
    erUnsolved: unsolved === 0 ? undefined : expansion.length / unsolved,
    erInterval: unsolved === 0 ? undefined : clopperPearsonInterval({ n: unsolved, correct: expansion.length }),
    erAll: expansion.length / n,
    shrinkRate: solvedBefore === 0 ? 0 : shrinkage.length / solvedBefore,
  };
}

function solvedOf(name: string, entries: Solved): boolean[] {
  return entries.map((entry, i) => {
    if (entry === true || entry === 1) return true;
    if (entry === false || entry === 0) return false;
    return refuse("boundaryDecomposition", `${name}[${i}] is ${entry}`, "pass true or false, 1 or 0");
  });
}

/**
 * Whether each problem is reached within k samples, from counts of exactly k.
 *
 * @throws UsageError where n is not k ("any of k" of more samples depends on which; `passAtK` gives its chance), or a count is not
 * within 0..n
 */
export function reachable(
  correct: readonly number[],
  { n, k = n }: { readonly n: number; readonly k?: number },
): boolean[] {
  if (!Number.isInteger(n) || n < 1) refuse("reachable", `n is ${n}`, "pass a whole number of samples from 1");
  if (k > n) refuse("reachable", `k is ${k} of n = ${n} samples`, "draw k samples");
  if (k !== n) refuse("reachable", `k is ${k}, n is ${n}`, "count k samples, or take passAtK");
  return correct.map((count, i) => {
    if (Number.isInteger(count) && count >= 0 && count <= n) return count > 0;
    return refuse("reachable", `problem ${i} has ${count} right of ${n}`, "pass whole counts within the samples");
  });
}

export interface NetExpansion {
  /** Share of the base's unsolved problems that the trained policy solves, and that the base solves when sampled again. */
  readonly trained: number;
  readonly baseAgain: number;
  /** The first less the second: what is not regression to the mean. */
  readonly net: number;
}

/** Expansion on the base's own unsolved set, less what fresh samples of the base solve there. */
export function netExpansion(post: Solved, baseAgain: Solved): NetExpansion {
  const both = boundaryDecomposition(baseAgain, post);
  return { trained: both.passPost, baseAgain: both.passBase, net: both.passPost - both.passBase };
}

export interface ConsolidationOptions {
  /** Success rate from which a problem counts as consolidated. Default 0.5: reconstruction. */
  readonly threshold?: number;
}

/** Problems that both policies solve sometimes and the trained one mostly: its rate is at least the threshold, and above the base's. */
export function consolidated(
  baseRates: readonly number[],
  postRates: readonly number[],
  { threshold = 0.5 }: ConsolidationOptions = {},
): number[] {
  if (baseRates.length !== postRates.length) {
    refuse(
      "consolidated",
      `there are ${baseRates.length} and ${postRates.length} rates`,
      "pass the same problems of both",
    );
  }
  for (const rate of [...baseRates, ...postRates, threshold]) {
    if (!(rate >= 0 && rate <= 1)) refuse("consolidated", `a rate is ${rate}`, "pass numbers from 0 to 1");
  }
  return postRates.flatMap((rate, i) => {
    const before = baseRates[i] ?? 0;
    return before > 0 && rate >= threshold && rate > before ? [i] : [];
  });
}
