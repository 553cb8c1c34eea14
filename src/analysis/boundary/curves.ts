/** Pass@k of every problem at every k, in two runs, and means over problems of it. */
import { refuse } from "../../toolkit/refuse.ts";
import { passCurve } from "../statistics/pass-at-k.ts";
import type { ProblemPair } from "./pairs.ts";

export type Run = "base" | "trained";

export interface Curves {
  readonly problems: number;
  /** Largest k. */
  readonly common: number;
  /** [n, P] pass@k of each problem, row k − 1: a mean at one k reads neighbours. */
  readonly base: Float64Array;
  readonly trained: Float64Array;
  /** Trained − base. */
  readonly difference: Float64Array;
}

/** Means this close are one number: sums in another order differ by rounding. */
export const ROUNDING = 1e-12;

export function passCurves(pairs: readonly Pick<ProblemPair, Run>[], common: number): Curves {
  const problems = pairs.length;
  const [base, trained] = [new Float64Array(problems * common), new Float64Array(problems * common)];
  for (const [i, pair] of pairs.entries()) {
    const [before, after] = [passCurve(pair.base, common), passCurve(pair.trained, common)];
    for (let k = 0; k < common; k++) {
      base[k * problems + i] = before[k] ?? 0;
      trained[k * problems + i] = after[k] ?? 0;
    }
  }
  return { problems, common, base, trained, difference: trained.map((value, i) => value - (base[i] ?? 0)) };
}

/** [P] pass@k of each problem. */
export function valuesAt(curves: Curves, run: Run | "difference", k: number): Float64Array {
  return curves[run].subarray((k - 1) * curves.problems, k * curves.problems);
}

/** Mean over problems of trained − base, each problem counted as often as it was drawn (P draws in all). */
export function meanDifference({ problems, difference }: Curves, k: number, counts: Uint32Array): number {
  const row = (k - 1) * problems;
  let sum = 0;
  for (let i = 0; i < problems; i++) sum += (counts[i] ?? 0) * (difference[row + i] ?? 0);
  return sum / problems;
}

/** The default grid holds every k up to here, then steps of `STEP`. */
const DENSE = 128;
const STEP = 1.02;

/** All k up to 128, then steps of 2 %, ending at n. */
export function curveGrid(common: number): number[] {
  const ks = Array.from({ length: Math.min(common, DENSE) }, (_, i) => i + 1);
  for (let k = DENSE; k < common; ) {
    k = Math.min(common, Math.ceil(k * STEP));
    ks.push(k);
  }
  return ks;
}

/** The ks asked for, each once, in rising order. @throws UsageError for one outside 1..common */
export function checkKs(where: string, ks: readonly number[], common: number): number[] {
  if (ks.length === 0) refuse(where, "ks is empty", "pass at least one k, or leave ks out");
  for (const k of ks) {
    if (!Number.isInteger(k) || k < 1 || k > common) {
      refuse(
        where,
        `k is ${k}, and every problem has ${common} samples or more`,
        `pass whole ks from 1 to ${common}, or draw more samples`,
      );
    }
  }
  return [...new Set(ks)].sort((a, b) => a - b);
}
