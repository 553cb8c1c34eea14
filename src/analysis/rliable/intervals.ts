/** Intervals of rliable's statistics, with the replicates that they are made of. */
import { type BootstrapInterval, bootstrapInterval, type IntervalKind } from "../statistics/bootstrap-intervals.ts";

/** A value with its interval, and what it was made of. */
export interface BootstrapEstimate extends BootstrapInterval {
  /** [resamples] values of the statistic, in the order drawn. */
  readonly replicates: Float64Array;
}

export function intervalOf(
  value: number,
  replicates: Float64Array,
  options: { readonly confidence: number; readonly interval: IntervalKind; readonly warnings: readonly string[] },
): BootstrapEstimate {
  const { warnings, ...rest } = bootstrapInterval(value, replicates, options);
  return { ...rest, warnings: [...options.warnings, ...warnings], replicates };
}
