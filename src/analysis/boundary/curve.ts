/** Pass@k curves of two policies over the same problems, their intervals and their crossing. */
import { refuse } from "../../toolkit/refuse.ts";
import { type BootstrapOptions, eachResample, percentileEstimate } from "../statistics/bootstrap.ts";
import { type Estimate, quantile } from "../statistics/estimate.ts";
import { passCurve } from "../statistics/pass-at-k.ts";
import type { ProblemPair } from "./pairs.ts";

/** Mean unbiased pass@k over problems. */
export interface BoundaryPoint {
  readonly k: number;
  readonly base: Estimate;
  readonly trained: Estimate;
  /** Trained − base, paired by problem. */
  readonly difference: Estimate;
}

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

/** Means this close are one number: sums in another order differ by rounding. */
const ROUNDING = 1e-12;
/** The default curve holds every k up to here, then steps of `STEP`. */
const DENSE = 128;
const STEP = 1.02;

interface Curves {
  readonly problems: number;
  /** [n, P] pass@k of each problem, row k − 1: a mean at one k reads neighbours. */
  readonly base: Float64Array;
  readonly trained: Float64Array;
}

type PassAt = (k: number, problem: (index: number) => boolean) => { base: number; trained: number };

/** The curves, the crossing, and a reader of plain means over some problems. */
export function boundaryCurve(
  pairs: readonly ProblemPair[],
  common: number,
  options: Required<BootstrapOptions> & { readonly ks: readonly number[] | undefined },
): { curve: BoundaryPoint[]; crossing: Crossing; passAt: PassAt } {
  const grid = curveGrid(common);
  const ks = options.ks === undefined ? grid : checkKs(options.ks, common);
  const curves: Curves = {
    problems: pairs.length,
    base: new Float64Array(pairs.length * common),
    trained: new Float64Array(pairs.length * common),
  };
  for (const [i, pair] of pairs.entries()) {
    const [base, trained] = [passCurve(pair.base, common), passCurve(pair.trained, common)];
    for (let k = 0; k < common; k++) {
      curves.base[k * pairs.length + i] = base[k] ?? 0;
      curves.trained[k * pairs.length + i] = trained[k] ?? 0;
    }
  }
  const drawn = ks.map(() => ({
    base: new Float64Array(options.resamples),
    trained: new Float64Array(options.resamples),
    difference: new Float64Array(options.resamples),
  }));
  const crossings = new Float64Array(options.resamples);
  eachResample(pairs.length, options, (counts, r) => {
    for (const [j, k] of ks.entries()) {
      const point = meansAt(curves, k, counts);
      const column = drawn[j];
      if (column === undefined) throw new Error("internal: no column for a k of the curve");
      column.base[r] = point.base;
      column.trained[r] = point.trained;
      column.difference[r] = point.trained - point.base;
    }
    crossings[r] = firstCrossing(curves, grid, counts);
  });
  const ones = new Uint32Array(pairs.length).fill(1);
  const differences = ks.map((k, j) => {
    const { base, trained } = meansAt(curves, k, ones);
    return { k, value: trained - base, drawn: drawn[j]?.difference.slice() ?? new Float64Array() }; // unsorted
  });
  const clearFrom = firstBelow(differences, options.confidence);
  const curve = ks.map((k, j): BoundaryPoint => {
    const point = meansAt(curves, k, ones);
    const column = drawn[j];
    if (column === undefined) throw new Error("internal: no column for a k of the curve");
    return {
      k,
      base: percentileEstimate(point.base, column.base, options.confidence),
      trained: percentileEstimate(point.trained, column.trained, options.confidence),
      difference: percentileEstimate(point.trained - point.base, column.difference, options.confidence),
    };
  });
  const every = Array.from({ length: common }, (_, i) => i + 1);
  return {
    curve,
    crossing: { ...crossingOf(firstCrossing(curves, every, ones), crossings, options.confidence), clearFrom },
    passAt: (k, problem) =>
      meansAt(
        curves,
        k,
        Uint32Array.from(ones, (_, i) => (problem(i) ? 1 : 0)),
      ),
  };
}

function crossingOf(k: number, drawn: Float64Array, confidence: number): Omit<Crossing, "clearFrom"> {
  drawn.sort();
  const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
  return {
    k: finite(k),
    low: finite(Math.floor(quantile(drawn, (1 - confidence) / 2))),
    high: finite(Math.ceil(quantile(drawn, (1 + confidence) / 2))),
    share: drawn.filter(Number.isFinite).length / drawn.length,
  };
}

/** A difference at one k, and the same in each resample. */
interface DrawnDifference {
  readonly k: number;
  readonly value: number;
  readonly drawn: Float64Array;
}

/**
 * First k whose difference is below 0 by the upper end of a simultaneous band: value + c se, c the quantile of the largest
 * studentised deviation over all k. Looking at every k and taking the first clear one would find one by chance too often
 * (18 % of runs in which nothing had changed, 60 problems of 64 samples, at a nominal 2.5 %).
 */
function firstBelow(differences: readonly DrawnDifference[], confidence: number): number | undefined {
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
  const c = quantile(largest, (1 + confidence) / 2);
  return differences.find(({ value }, j) => value + c * (spread[j] ?? 0) < -ROUNDING)?.k;
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(values.length - 1, 1));
}

/** First k at which the weighted base mean is ahead, to the exact k between two steps of the grid; Infinity if none. */
function firstCrossing(curves: Curves, grid: readonly number[], counts: Uint32Array): number {
  let before = 0;
  for (const k of grid) {
    if (baseLeads(curves, k, counts)) {
      for (let between = before + 1; between < k; between++) if (baseLeads(curves, between, counts)) return between;
      return k;
    }
    before = k;
  }
  return Number.POSITIVE_INFINITY;
}

function baseLeads(curves: Curves, k: number, counts: Uint32Array): boolean {
  const { base, trained } = meansAt(curves, k, counts);
  return base - trained > ROUNDING;
}

/** Means over problems, each counted as often as it was drawn. */
function meansAt(
  { problems, base, trained }: Curves,
  k: number,
  counts: Uint32Array,
): { base: number; trained: number } {
  const row = (k - 1) * problems;
  let baseSum = 0;
  let trainedSum = 0;
  let weight = 0;
  for (let i = 0; i < problems; i++) {
    const count = counts[i] ?? 0;
    weight += count;
    baseSum += count * (base[row + i] ?? 0);
    trainedSum += count * (trained[row + i] ?? 0);
  }
  return { base: baseSum / weight, trained: trainedSum / weight };
}

/** All k up to 128, then steps of 2 %, ending at n. */
function curveGrid(common: number): number[] {
  const grid = Array.from({ length: Math.min(common, DENSE) }, (_, i) => i + 1);
  for (let k = DENSE; k < common; ) {
    k = Math.min(common, Math.ceil(k * STEP));
    grid.push(k);
  }
  return grid;
}

function checkKs(ks: readonly number[], common: number): number[] {
  for (const k of ks) {
    if (!Number.isInteger(k) || k < 1 || k > common) {
      refuse(
        "reasoningBoundary",
        `k is ${k}, and every problem has ${common} samples or more`,
        `pass whole ks from 1 to ${common}, or draw more samples`,
      );
    }
  }
  return [...new Set(ks)].sort((a, b) => a - b);
}
