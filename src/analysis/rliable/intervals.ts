/** Intervals from bootstrap replicates: percentile, basic and bias-corrected. */
import { checkConfidence, type Estimate, quantile } from "../statistics/estimate.ts";
import { normalQuantile } from "../statistics/wilson.ts";

/**
 * percentile: [Q(a), Q(1 − a)] of the replicates, a = (1 − confidence) / 2. basic: [2θ − Q(1 − a), 2θ − Q(a)]. bc: percentiles
 * Φ(2z₀ + Φ⁻¹(a)) and Φ(2z₀ + Φ⁻¹(1 − a)) with z₀ = Φ⁻¹(share of replicates below θ).
 */
export type IntervalKind = "percentile" | "basic" | "bc";

/** A value with its interval, and what it was made of. */
export interface BootstrapEstimate extends Estimate {
  /** The interval given: percentile where bc was asked for and is not defined. */
  readonly interval: IntervalKind;
  /** What the reader should know: an interval that collapses, a fallback. */
  readonly warnings: readonly string[];
  /** [resamples] values of the statistic, in the order drawn. */
  readonly replicates: Float64Array;
}

export function intervalOf(
  value: number,
  replicates: Float64Array,
  options: { readonly confidence: number; readonly interval: IntervalKind; readonly warnings: readonly string[] },
): BootstrapEstimate {
  checkConfidence("stratifiedBootstrap", options.confidence);
  const sorted = replicates.slice().sort();
  const tail = (1 - options.confidence) / 2;
  const at = (q: number): number => quantile(sorted, q);
  const result = (
    interval: IntervalKind,
    low: number,
    high: number,
    warnings = options.warnings,
  ): BootstrapEstimate => ({
    value,
    low,
    high,
    interval,
    warnings,
    replicates,
  });
  switch (options.interval) {
    case "percentile":
      return result("percentile", at(tail), at(1 - tail));
    case "basic":
      return result("basic", 2 * value - at(1 - tail), 2 * value - at(tail));
    case "bc": {
      const share = countBelow(sorted, value) / sorted.length;
      if (share === 0 || share === 1) {
        const warning = `${share === 0 ? "no" : "every"} replicate is below the value: bc is not defined, percentile given`;
        return result("percentile", at(tail), at(1 - tail), [...options.warnings, warning]);
      }
      const [bias, z] = [2 * normalQuantile(share), normalQuantile(tail)];
      return result("bc", at(normalShare(bias + z)), at(normalShare(bias - z)));
    }
    default:
      return options.interval satisfies never;
  }
}

function countBelow(sorted: Float64Array, value: number): number {
  const first = sorted.findIndex((replicate) => !(replicate < value));
  return first < 0 ? sorted.length : first;
}

/** Share of the standard normal below x, to 1e-15: Marsaglia 2004, "Evaluating the normal distribution", eq. 3. */
function normalShare(x: number): number {
  if (Math.abs(x) > 8.3) return x > 0 ? 1 : 0; // the rest is below half a unit in the last place of 1
  let [sum, term, before] = [x, x, Number.NaN];
  for (let i = 3; sum !== before; i += 2) {
    before = sum;
    term *= (x * x) / i;
    sum += term;
  }
  return Math.min(1, Math.max(0, 0.5 + sum * Math.exp(-0.5 * x * x - 0.5 * Math.log(2 * Math.PI))));
}
