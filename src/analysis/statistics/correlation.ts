/**
 * Correlation of two lists: straight-line (Pearson), of ranks (Spearman), of the order of pairs (Kendall). NaN where one side is
 * constant, since nothing varies together with it (as scipy).
 */
import { refuse } from "../../toolkit/refuse.ts";
import { finiteNumbers, mean } from "./estimate.ts";

type Values = ArrayLike<number>;

/** Pearson's r. @throws UsageError for unlike lengths, fewer than two pairs, or a value that is not finite */
export function pearson(x: Values, y: Values): number {
  checkPairs("pearson", x, y);
  return correlate(finiteNumbers("pearson", "x", x), finiteNumbers("pearson", "y", y));
}

/** Spearman's ρ: Pearson's r of the ranks, tied values sharing the mean of their ranks. */
export function spearman(x: Values, y: Values): number {
  checkPairs("spearman", x, y);
  return correlate(ranks(finiteNumbers("spearman", "x", x)), ranks(finiteNumbers("spearman", "y", y)));
}

/**
 * Kendall's τ-b: (concordant − discordant) / √((pairs − ties in x)(pairs − ties in y)). Kendall 1945, Biometrika 33:239.
 * Counted pair by pair: n² / 2 comparisons.
 */
export function kendallTau(x: Values, y: Values): number {
  checkPairs("kendallTau", x, y);
  const [a, b] = [finiteNumbers("kendallTau", "x", x), finiteNumbers("kendallTau", "y", y)];
  const n = a.length;
  let [score, untiedX, untiedY] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [direction(a[i], a[j]), direction(b[i], b[j])];
      score += dx * dy;
      untiedX += Math.abs(dx);
      untiedY += Math.abs(dy);
    }
  }
  return untiedX === 0 || untiedY === 0 ? Number.NaN : score / Math.sqrt(untiedX) / Math.sqrt(untiedY);
}

const direction = (a = Number.NaN, b = Number.NaN): number => (a > b ? 1 : a < b ? -1 : 0);

/** Ranks from 1, the mean rank for ties. */
function ranks(values: Values): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => direction(values[a], values[b]));
  const out = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end++;
    for (let i = start; i < end; i++) out[order[i] ?? 0] = (start + 1 + end) / 2;
    start = end;
  }
  return out;
}

/** Both are scaled by their largest deviation first, so that no square over- or underflows. */
function correlate(x: Float64Array, y: Float64Array): number {
  const [a, b] = [deviations(x), deviations(y)];
  if (a === undefined || b === undefined) return Number.NaN;
  let [both, squaresA, squaresB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    both += value * other;
    squaresA += value * value;
    squaresB += other * other;
  }
  return Math.max(-1, Math.min(1, both / Math.sqrt(squaresA) / Math.sqrt(squaresB)));
}

function deviations(values: Float64Array): Float64Array | undefined {
  if (values.every((value) => value === values[0])) return undefined;
  const centre = mean(values);
  const centred = values.map((value) => value - centre);
  const largest = centred.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return centred.map((value) => value / largest);
}

function checkPairs(where: string, x: Values, y: Values): void {
  if (x.length !== y.length) refuse(where, `there are ${x.length} and ${y.length} values`, "pass pairs");
  if (x.length < 2) refuse(where, `there are ${x.length} pairs`, "pass at least two");
}
