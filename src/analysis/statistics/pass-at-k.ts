/**
 * Unbiased pass@k: the chance that k of a problem's n samples, drawn without replacement, hold a correct one.
 * Chen et al. 2021, "Evaluating Large Language Models Trained on Code", arXiv:2107.03374, eq. 1. With c of the n correct:
 *
 *     1 − C(n − c, k) / C(n, k) = 1 − Π_{i = n−c+1 … n} (1 − k / i)
 *
 * The product cannot overflow. Drawing with replacement, 1 − (1 − c/n)^k, is biased low: 0.684 instead of 1 at n = k = 4,
 * c = 1.
 */
import { refuse } from "../../toolkit/refuse.ts";

/** Samples of one problem and how many of them are correct. */
export interface Counts {
  /** Number of samples, at least 1. */
  readonly n: number;
  /** Number of correct ones among them. */
  readonly correct: number;
}

/**
 * Unbiased pass@k of one problem.
 *
 * @throws UsageError when a count is not whole, correct is outside 0..n, or k is outside 1..n
 */
export function passAtK({ n, correct }: Counts, k: number): number {
  checkCounts("passAtK", { n, correct });
  if (!Number.isInteger(k) || k < 1 || k > n) {
    refuse("passAtK", `k is ${k} of n = ${n} samples`, "pass a whole k from 1 to n, or draw more samples");
  }
  if (n - correct < k) return 1; // so that no factor below is negative: thousands of them would overflow
  const [few, many] = correct < k ? [correct, k] : [k, correct]; // C(n − c, k) / C(n, k) = C(n − k, c) / C(n, c)
  let miss = 1;
  for (let i = n - few + 1; i <= n; i++) miss *= 1 - many / i;
  return 1 - miss;
}

/**
 * Unbiased pass@k of one problem for k = 1 … upTo, all in one pass: C(n−c, k) / C(n, k) is its neighbour at k − 1 times
 * (n − c − k + 1) / (n − k + 1).
 *
 * @param upTo last k. Default n.
 * @returns [upTo], entry k − 1 is pass@k
 */
export function passCurve({ n, correct }: Counts, upTo: number = n): Float64Array {
  checkCounts("passCurve", { n, correct });
  if (!Number.isInteger(upTo) || upTo < 1 || upTo > n) {
    refuse(
      "passCurve",
      `the last k is ${upTo} of n = ${n} samples`,
      "pass a whole k from 1 to n, or draw more samples",
    );
  }
  const curve = new Float64Array(upTo);
  let miss = 1;
  for (let k = 1; k <= upTo; k++) {
    miss *= Math.max(0, n - correct - k + 1) / (n - k + 1);
    curve[k - 1] = 1 - miss;
  }
  return curve;
}

/** Refuses counts that are not whole, or more correct samples than samples; `what` names the problem in the message. */
export function checkCounts(where: string, { n, correct }: Counts, what = ""): void {
  const of = what === "" ? "" : ` of ${what}`;
  if (!Number.isInteger(n) || n < 1) refuse(where, `n${of} is ${n}`, "pass a whole number of samples, at least 1");
  if (!Number.isInteger(correct) || correct < 0 || correct > n) {
    refuse(where, `correct${of} is ${correct} of n = ${n} samples`, "count the correct ones among the n samples");
  }
}
