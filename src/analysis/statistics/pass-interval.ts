/**
 * Interval of a mean of unbiased pass@k over problems, as a statement about further problems of the same kind.
 *
 * Wilson's ends at the effective number of problems m (1 − m) / SE² with Student's quantile, as `clusteredShare` has them (which
 * this equals at k = 1 and equal numbers of samples). At large k nearly every problem is at 0 or 1; where all that were drawn
 * agree, their spread says nothing of the rare ones that were not drawn, and a bootstrap's interval has no width: it covers 38 %
 * instead of 95 % where rates are uniform and n = k = 64 (docs/statistics.md). So the effective number is bounded by
 * P k / (k − 1): P at large k, where each problem is one verdict, no bound but the samples themselves at k = 1 (our choice).
 */
import { studentQuantile } from "./beta.ts";
import { type Estimate, mean, squaredDeviations } from "./estimate.ts";
import { wilsonAt } from "./proportion.ts";

/**
 * @param values [P] pass@k of each problem
 * @param options.samples of all problems together: the bound at k = 1
 * @param options.t of `passQuantile`
 */
export function passInterval(
  values: ArrayLike<number>,
  { k, samples, t }: { readonly k: number; readonly samples: number; readonly t: number },
): Estimate {
  const problems = values.length;
  const value = Math.min(1, Math.max(0, mean(values))); // rounding
  if (problems === 1) return wilsonAt(value, 1, t);
  const square = squaredDeviations(values) / (problems - 1) / problems;
  const most = k === 1 ? samples : (problems * k) / (k - 1);
  const effective = square < ROUNDING ? problems : Math.min(most, (value * (1 - value)) / square);
  return wilsonAt(value, effective, t);
}

/** Student's t for so many problems, once for all k; for one problem as for two, since it says nothing of others. */
export function passQuantile(problems: number, confidence: number): number {
  return studentQuantile(confidence, Math.max(1, problems - 1));
}

/** Squared standard errors below are rounding: all problems agree. */
const ROUNDING = 1e-24;
