/** Where the base overtakes, how sure that is, and a band that holds for all k at once. */
import { type Estimate, quantile } from "../statistics/estimate.ts";
import { type Curves, meanDifference, ROUNDING } from "./curves.ts";

/** Where the base overtakes the trained policy. */
export interface Crossing {
  /** First k with base pass@k above trained pass@k; undefined when there is none up to n. */
  readonly k: number | undefined;
  /** Interval of that k over resampled problems; an end is undefined when it lies beyond n. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Share of resamples with a crossing at or before n. */
  readonly share: number;
  /**
   * First k of the curve at which a band that holds for all k at once (Romano and Wolf 2005, studentised bootstrap) puts
   * trained − base below 0: with nothing changed, the chance that there is any such k is (1 − confidence) / 2.
   */
  readonly clearFrom: number | undefined;
}

export function crossingOf(k: number, drawn: Float64Array, confidence: number): Omit<Crossing, "clearFrom"> {
  drawn.sort();
  const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
  return {
    k: finite(k),
    low: finite(Math.floor(quantile(drawn, (1 - confidence) / 2))),
    high: finite(Math.ceil(quantile(drawn, (1 + confidence) / 2))),
    share: drawn.filter(Number.isFinite).length / drawn.length,
  };
}

/** First k at which the weighted base mean is ahead, to the exact k between two steps of the grid; Infinity if none. */
export function firstCrossing(curves: Curves, ks: readonly number[], counts: Uint32Array): number {
  let before = 0;
  for (const k of ks) {
    if (baseLeads(curves, k, counts)) {
      for (let between = before + 1; between < k; between++) if (baseLeads(curves, between, counts)) return between;
      return k;
    }
    before = k;
  }
  return Number.POSITIVE_INFINITY;
}

function baseLeads(curves: Curves, k: number, counts: Uint32Array): boolean {
  return meanDifference(curves, k, counts) < -ROUNDING;
}

/** A difference at one k, and the same in each resample. */
interface DrawnDifference {
  readonly k: number;
  readonly value: number;
  readonly drawn: Float64Array;
}

/** The base's lead by a band over all k. */
export interface ClearLead {
  readonly clearFrom: number | undefined;
  /** The k at which the base's lead is largest in standard errors; undefined where it leads nowhere. */
  readonly clearest: { readonly k: number; readonly difference: Estimate } | undefined;
  /** Standard errors that the band asks for. */
  readonly critical: number;
}

/**
 * Whether so few problems can show anything: with nothing changed, one policy is ahead on each of P problems once in 2^P times, so
 * that 5 problems do not do at 95 %, whatever they say, and a bootstrap of them has no idea of it.
 */
export function fewCanTell(problems: number, error: number): boolean {
  return 2 ** -problems <= error / 2;
}

/**
 * First k whose difference is below 0 by the upper end of a simultaneous band: value + c se, c the quantile of the largest
 * studentised deviation over all k. Looking at every k and taking the first clear one would find one by chance too often
 * (18 % of runs in which nothing had changed, 60 problems of 64 samples, at a nominal 2.5 %).
 */
export function clearLead(differences: readonly DrawnDifference[], problems: number, error: number): ClearLead {
  const spread = differences.map(({ drawn }) => deviationOf(drawn));
  const resamples = differences[0]?.drawn.length ?? 0;
  const largest = Float64Array.from({ length: resamples }, (_, r) => {
    let most = 0;
    for (const [j, { value, drawn }] of differences.entries()) {
      const se = spread[j] ?? 0;
      if (se > ROUNDING) most = Math.max(most, (value - (drawn[r] ?? value)) / se);
    }
    return most;
  }).sort();
  const critical = quantile(largest, 1 - error / 2);
  const lead = (j: number): number => -(differences[j]?.value ?? 0) / Math.max(spread[j] ?? 0, ROUNDING);
  const best = differences.reduce((at, _, j) => (lead(j) > lead(at) ? j : at), 0);
  const { k = 0, value = 0 } = differences[best] ?? {};
  const half = critical * (spread[best] ?? 0);
  const clear = differences.find((one, j) => one.value + critical * (spread[j] ?? 0) < -ROUNDING);
  return {
    clearFrom: fewCanTell(problems, error) ? clear?.k : undefined,
    clearest: value < -ROUNDING ? { k, difference: { value, low: value - half, high: value + half } } : undefined,
    critical,
  };
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(values.length - 1, 1));
}
