/** Intervals from bootstrap replicates: percentile, basic, bias-corrected, and bias-corrected and accelerated. */
import { checkConfidence, type Estimate, quantile } from "./estimate.ts";
import { normalQuantile, normalShare } from "./normal.ts";

/**
 * With θ the value, Q the quantiles of the replicates and a = (1 − confidence) / 2 (Davison & Hinkley 1997, chapter 5):
 *
 *     percentile  [Q(a), Q(1 − a)]                     basic  [2θ − Q(1 − a), 2θ − Q(a)]
 *     bc          [Q(Φ(2z₀ + z_a)), Q(Φ(2z₀ − z_a))]   z₀ = Φ⁻¹(share of replicates below θ)
 *     bca         z₀ + (z₀ ± z_a) / (1 − â(z₀ ± z_a)) in place of 2z₀ ± z_a; replicates equal to θ count half in z₀
 *
 * â = Σ d³ / (6 (Σ d²)^1.5), d the deviations of the jackknife values from their mean, sign turned. bc follows arch and
 * rliable, bca scipy: they differ where replicates tie with the value. Take percentile, or bca for a skewed statistic: with 30
 * problems x 8 samples at a rate of 0.01, 95 % intervals cover 91 % (percentile), 69 % (basic), 70 % (bc) and 90 % (bca).
 */
export type IntervalKind = "percentile" | "basic" | "bc" | "bca";

/** Names of the kinds, for `checkOptions`. */
export const intervalKinds: readonly IntervalKind[] = ["percentile", "basic", "bc", "bca"];

/** An interval, and what the reader should know. */
export interface BootstrapInterval extends Estimate {
  /** The kind given: percentile where a corrected one was asked for and is not defined. */
  readonly interval: IntervalKind;
  readonly warnings: readonly string[];
}

/** What an interval is made of. */
export interface IntervalRequest {
  readonly confidence: number;
  readonly interval: IntervalKind;
  /** Values with each unit left out once; needed by bca. */
  readonly jackknife?: () => Float64Array;
}

/** The interval of a value from its replicates, which are left as they are. */
export function bootstrapInterval(
  value: number,
  replicates: Float64Array,
  { confidence, interval, jackknife }: IntervalRequest,
): BootstrapInterval {
  checkConfidence("bootstrap", confidence);
  const sorted = replicates.slice().sort();
  const tail = (1 - confidence) / 2;
  const between = (kind: IntervalKind, low: number, high: number, warnings: string[] = []): BootstrapInterval => ({
    value,
    low: quantile(sorted, low),
    high: quantile(sorted, high),
    interval: kind,
    warnings,
  });
  const fallback = (why: string): BootstrapInterval =>
    between("percentile", tail, 1 - tail, [`${why}: ${interval} is not defined, percentile given`]);
  const z = normalQuantile(tail);
  switch (interval) {
    case "percentile":
      return between("percentile", tail, 1 - tail);
    case "basic": {
      const { low, high, ...rest } = between("basic", tail, 1 - tail);
      return { ...rest, low: 2 * value - high, high: 2 * value - low };
    }
    case "bc": {
      const share = countBelow(sorted, value) / sorted.length;
      if (share === 0 || share === 1) return fallback(`${share === 0 ? "no" : "every"} replicate is below the value`);
      const bias = 2 * normalQuantile(share);
      return between("bc", normalShare(bias + z), normalShare(bias - z));
    }
    case "bca": {
      const share = (countBelow(sorted, value) + countBelow(sorted, value, true)) / 2 / sorted.length;
      if (share === 0 || share === 1) return fallback(`${share === 0 ? "no" : "every"} replicate is below the value`);
      const slope = jackknife === undefined ? Number.NaN : acceleration(jackknife());
      if (Number.isNaN(slope)) return fallback("leaving units out changes nothing");
      const bias = normalQuantile(share);
      const at = (end: number): number => normalShare(bias + (bias + end) / (1 - slope * (bias + end)));
      return between("bca", at(z), at(-z));
    }
    default:
      return interval satisfies never;
  }
}

/** How many sorted numbers are below the value, or up to it. */
function countBelow(sorted: Float64Array, value: number, orEqual = false): number {
  const first = sorted.findIndex((replicate) => !(replicate < value || (orEqual && replicate === value)));
  return first < 0 ? sorted.length : first;
}

/** Efron 1987, "Better bootstrap confidence intervals", eq. 7.3 with the jackknife; NaN where all values are one. */
function acceleration(values: Float64Array): number {
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    squares += (centre - value) ** 2;
    cubes += (centre - value) ** 3;
  }
  return cubes / (6 * squares ** 1.5);
}
