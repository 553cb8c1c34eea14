/**
 * Relatives of pass@k, exact from n samples of a problem: what k of them, drawn without replacement, would show. A mean over
 * problems is the mean of these numbers; its interval comes from `clusteredBootstrap` or `pairedDifference`.
 */
import { refuse } from "../../toolkit/refuse.ts";
import { hypergeometricShares } from "./discrete.ts";
import { finiteNumbers, mean } from "./estimate.ts";
import { type Counts, checkCounts, passAtK } from "./pass-at-k.ts";

/**
 * avg@k: accuracy of k samples, whose expectation is the share of correct ones whatever k. Over problems with unlike numbers of
 * samples: every problem counts the same.
 */
export function averageAccuracy(problems: readonly Counts[]): number {
  if (problems.length === 0) refuse("averageAccuracy", "there is no problem", "pass at least one");
  return mean(
    problems.map(({ n, correct }, i) => {
      checkCounts("averageAccuracy", { n, correct }, `problem ${i}`);
      return correct / n;
    }),
  );
}

/**
 * G-Pass@k at τ: the chance that at least ⌈τ k⌉ of k samples are correct. Liu et al. 2024, "Are Your LLMs Capable of Stable
 * Reasoning?", arXiv:2412.13147, eq. 3. At τ ≤ 1 / k it is pass@k, at τ = 1 the chance that all k are correct.
 *
 * @param threshold τ in (0, 1]
 */
export function gPassAtK(counts: Counts, k: number, threshold: number): number {
  if (!(threshold > 0 && threshold <= 1)) {
    refuse("gPassAtK", `the threshold is ${threshold}`, "pass a share above 0, at most 1");
  }
  return atLeast("gPassAtK", counts, k, Math.max(1, Math.ceil(threshold * k - 1e-9))); // 0.7 · 10 is 7, whatever its last bit
}

/**
 * mG-Pass@k: 2 ∫ G-Pass@k over τ from 0.5 to 1, which the same paper computes as (2 / k) Σ_{i = ⌈k / 2⌉ + 1 … k} G-Pass@k at
 * i / k. For even k the two are equal; for odd k the sum leaves out half a term and is lower, at k = 1 it is 0.
 */
export function mGPassAtK(counts: Counts, k: number): number {
  let sum = 0;
  for (let i = k; i > Math.ceil(k / 2); i--) sum += atLeast("mGPassAtK", counts, k, i);
  if (sum === 0) atLeast("mGPassAtK", counts, k, k); // refuses what is to be refused
  return (2 * sum) / k;
}

/** Chance that at least `least` of k samples drawn from the n are correct: the tail of a hypergeometric distribution. */
function atLeast(where: string, { n, correct }: Counts, k: number, least: number): number {
  checkCounts(where, { n, correct });
  checkDrawn(where, k, n);
  const chances = hypergeometricShares(n, correct, k);
  return Math.min(
    1,
    chances.subarray(least).reduce((sum, chance) => sum + chance, 0),
  );
}

/** A sample as a scorer (a reward model, a likelihood, a length) sees it. */
export interface ScoredSample {
  /** What the choice goes by: the highest is taken. */
  readonly score: number;
  /** What the choice is worth: 1 for correct and 0 for not, or any reward. */
  readonly reward: number;
}

/**
 * Best-of-k under a scorer: expected reward of the sample with the highest score among k drawn from all. Samples with equal
 * scores are taken equally often. With the reward as its own scorer it is pass@k.
 *
 *     Σ over scores, rising: mean reward of the samples at it · (C(up to it, k) − C(below it, k)) / C(n, k)
 */
export function bestOfK(samples: readonly ScoredSample[], k: number): number {
  const [scores, rewards] = [samples.map(({ score }) => score), samples.map(({ reward }) => reward)];
  finiteNumbers("bestOfK", "scores", scores);
  finiteNumbers("bestOfK", "rewards", rewards);
  checkDrawn("bestOfK", k, samples.length);
  const order = [...samples].sort((a, b) => a.score - b.score);
  let [sum, below] = [0, 0]; // `below`: chance that all k lie below the score
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (order[end]?.score === order[start]?.score) end++;
    const upTo = allWithin(end, order.length, k);
    sum += (upTo - below) * mean(order.slice(start, end).map(({ reward }) => reward));
    [below, start] = [upTo, end];
  }
  return sum;
}

/** Chance that k of n samples are among a given `part` of them: 1 − pass@k with the others as correct ones. */
function allWithin(part: number, n: number, k: number): number {
  return 1 - passAtK({ n, correct: n - part }, k);
}

/** Refuses to draw more samples than there are. */
export function checkDrawn(where: string, k: number, n: number): void {
  if (!Number.isInteger(k) || k < 1 || k > n) {
    refuse(where, `k is ${k} of n = ${n} samples`, "pass a whole k from 1 to n, or draw more samples");
  }
}
