/** Entropy of a discrete distribution from counts, nats. */

/** Ways to estimate it: what is seen, and two corrections for what was not. */
export const entropyEstimators = ["plugin", "miller-madow", "chao-shen"] as const;
export type EntropyEstimator = (typeof entropyEstimators)[number];

/**
 * - plugin: −Σ q log q of the shares seen; too low by about (K − 1) / 2n
 * - miller-madow: that plus (K − 1) / 2n, K the kinds seen (Miller 1955, "Note on the bias of information estimates")
 * - chao-shen: shares shrunk to the coverage C = 1 − f₁ / n (f₁ kinds seen once; n − 1 where all were, so that C stays above 0), each
 *   term divided by its chance to be seen, −Σ C q log(C q) / (1 − (1 − C q)ⁿ) (Chao and Shen 2003, doi:10.1023/A:1026096204727)
 *
 * @param counts whole numbers from 1
 */
export function countEntropy(counts: readonly number[], estimator: EntropyEstimator): number {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const plugin = counts.reduce((sum, count) => sum - (count / n) * Math.log(count / n), 0);
  if (estimator === "plugin") return plugin;
  if (estimator === "miller-madow") return plugin + (counts.length - 1) / (2 * n);
  const once = counts.filter((count) => count === 1).length;
  const coverage = 1 - (once === n ? n - 1 : once) / n;
  return counts.reduce((sum, count) => {
    const share = (coverage * count) / n;
    return sum - (share * Math.log(share)) / (1 - (1 - share) ** n);
  }, 0);
}
