/** What k of a problem's n samples show: as it should be estimated, and as verl estimates it. */
import { mean } from "../statistics/estimate.ts";
import { bestOfK } from "../statistics/pass-variants.ts";

/** Expected best of k samples drawn without replacement: unbiased for k fresh ones. For scores of 0 and 1 it is pass@k. */
export function bestWithout(values: readonly number[], k: number): number {
  return bestOfK(
    values.map((value) => ({ score: value, reward: value })),
    k,
  );
}

export function worstWithout(values: readonly number[], k: number): number {
  return -bestWithout(
    values.map((value) => -value),
    k,
  );
}

/** Expected best of k samples drawn with replacement: Σ over the i-th smallest, v_i ((i / n)^k − ((i − 1) / n)^k). */
export function bestWith(values: readonly number[], k: number): number {
  const [sorted, n] = [[...values].sort((a, b) => a - b), values.length];
  return sorted.reduce((sum, value, i) => sum + value * (((i + 1) / n) ** k - (i / n) ** k), 0);
}

export function worstWith(values: readonly number[], k: number): number {
  return -bestWith(
    values.map((value) => -value),
    k,
  );
}

/** Standard deviation with n − `lost` in the denominator; 0 for one value. */
export function deviation(values: readonly number[], lost: 0 | 1): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - lost));
}

/** Standard error of the mean over problems, each counting once. */
export function errorOfMean(values: readonly number[]): number {
  return deviation(values, 1) / Math.sqrt(values.length);
}
