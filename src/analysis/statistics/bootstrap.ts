/**
 * Bootstrap clustered by problem (or by sequence): whole clusters are drawn with replacement, so samples of one problem stay
 * together and the interval speaks about new problems of the same kind. Percentile intervals (Efron 1979; Davison & Hinkley
 * 1997, chapter 5).
 *
 * Limits, measured on pass@1 from 8 samples a problem (1000 trials): a 95 % interval covers 90 % of the time with 10 problems,
 * 93 % with 30 and 95 % with 200 when success rates are spread evenly. When nine problems in ten cannot be solved it covers
 * 55 %, 85 % and 93 %. Where all clusters agree its width is 0, which is no proof (0 of 20 problems solved still allows 16 %, see
 * `wilsonInterval`). It knows nothing of problems unlike those drawn.
 */

import type { OptionRule } from "../../toolkit/options.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { rng } from "../../toolkit/rng.ts";
import { checkConfidence, type Estimate, mean, quantile } from "./estimate.ts";

/** How intervals are drawn. */
export interface BootstrapOptions {
  /** Default 0.95. */
  readonly confidence?: number;
  /** Number of resamples. Default 2000: the ends of a 95 % interval move by about 0.05 standard errors between seeds. */
  readonly resamples?: number;
  /** Same seed, same interval. Default 0. */
  readonly seed?: number;
}

/** What `checkOptions` accepts for `BootstrapOptions`; an analysis adds its own. */
export const bootstrapRules: Readonly<Record<keyof BootstrapOptions, OptionRule>> = {
  confidence: { kind: "number", above: 0, max: 1 },
  resamples: { kind: "integer", min: 1 },
  seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
};

/**
 * Calls `visit` with each resample: how often each of the clusters was drawn.
 *
 * @param visit gets [clusters] counts that sum to `clusters`; the array is reused by the next call
 */
export function eachResample(
  clusters: number,
  { resamples = 2000, seed = 0 }: Pick<BootstrapOptions, "resamples" | "seed">,
  visit: (counts: Uint32Array, resample: number) => void,
): void {
  if (!Number.isInteger(clusters) || clusters < 1)
    refuse("bootstrap", `there are ${clusters} clusters`, "pass at least one");
  if (!Number.isInteger(resamples) || resamples < 1) {
    refuse("bootstrap", `resamples is ${resamples}`, "pass a whole number, 1000 or more for intervals");
  }
  const random = rng({ seed, stream: "analysis/bootstrap" });
  const counts = new Uint32Array(clusters);
  for (let r = 0; r < resamples; r++) {
    counts.fill(0);
    for (let i = 0; i < clusters; i++) {
      const drawn = random.integer(clusters);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    visit(counts, r);
  }
}

/**
 * Interval of any statistic of weighted clusters.
 *
 * @param statistic of how often each cluster counts; called with all ones for the value, then once a resample
 */
export function clusteredBootstrap(
  clusters: number,
  statistic: (counts: Uint32Array) => number,
  { confidence = 0.95, resamples = 2000, seed = 0 }: BootstrapOptions = {},
): Estimate {
  const drawn = new Float64Array(resamples);
  eachResample(clusters, { resamples, seed }, (counts, r) => {
    drawn[r] = statistic(counts);
  });
  return percentileEstimate(statistic(new Uint32Array(clusters).fill(1)), drawn, confidence);
}

/** A value with the percentile interval of its resampled twins. Sorts `drawn` in place. */
export function percentileEstimate(value: number, drawn: Float64Array, confidence: number): Estimate {
  checkConfidence("bootstrap", confidence);
  drawn.sort();
  return { value, low: quantile(drawn, (1 - confidence) / 2), high: quantile(drawn, (1 + confidence) / 2) };
}

/** A difference between two measurements of the same problems. */
export interface PairedDifference extends Estimate {
  /** Standard error of the mean of the per-problem differences (n − 1 in the denominator); 0 for a single problem. */
  readonly standardError: number;
  /** Number of problems that rose, fell and stayed. */
  readonly rises: number;
  readonly falls: number;
  readonly ties: number;
}

/**
 * Mean of y − x over problems measured twice, with an interval from resampling problems. Pairing removes how hard each problem
 * is, which two separate intervals cannot. `signTest` of the result's rises and falls tests the direction.
 */
export function pairedDifference(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: BootstrapOptions = {},
): PairedDifference {
  if (x.length !== y.length || x.length === 0) {
    refuse(
      "pairedDifference",
      `there are ${x.length} and ${y.length} values`,
      "pass one value of each problem in both",
    );
  }
  const difference = Float64Array.from(x, (value, i) => (y[i] ?? Number.NaN) - value);
  if (!difference.every(Number.isFinite)) {
    refuse("pairedDifference", "a value is not a finite number", "leave unmeasured problems out of both lists");
  }
  const n = difference.length;
  const centre = mean(difference);
  const squares = difference.reduce((sum, d) => sum + (d - centre) ** 2, 0);
  const rises = difference.filter((d) => d > 0).length;
  const falls = difference.filter((d) => d < 0).length;
  const weighted = (counts: Uint32Array): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (counts[i] ?? 0) * (difference[i] ?? 0);
    return sum / n;
  };
  return {
    ...clusteredBootstrap(n, weighted, options),
    standardError: n === 1 ? 0 : Math.sqrt(squares / (n - 1) / n),
    rises,
    falls,
    ties: n - rises - falls,
  };
}
