/** Small exact tests. */
import { refuse } from "../../toolkit/refuse.ts";
import { walk } from "./discrete.ts";
import { type Counts, checkCounts } from "./pass-at-k.ts";

/** Tables this much likelier than the observed one still count as equally likely (rounding; as R and scipy do). */
const EQUALLY_LIKELY = 1 + 1e-7;

/**
 * Fisher's exact test, two-sided: could one success rate have given both counts? Fisher 1922, JRSS 85:87. p is the sum over
 * all tables with the same margins that are no likelier than the observed one. Conservative (true error below p) at small n.
 */
export function fisherExact(a: Counts, b: Counts): number {
  checkCounts("fisherExact", a, "the first");
  checkCounts("fisherExact", b, "the second");
  const total = a.correct + b.correct;
  const first = Math.max(0, total - b.n);
  const weights = walk(
    first,
    Math.min(a.n, total),
    (x) => ((a.n - x) * (total - x)) / ((x + 1) * (b.n - total + x + 1)), // weight(x + 1) / weight(x)
  );
  const limit = (weights[a.correct - first] ?? 0) * EQUALLY_LIKELY;
  return shareWhere(weights, (weight) => weight <= limit);
}

/**
 * Sign test, two-sided and exact: are rises and falls equally likely? Ties are left out by the caller (Dixon & Mood 1946).
 *
 * @returns 2 · P(X ≤ min(rises, falls)) for X ~ Binomial(rises + falls, 1/2), at most 1; 1 when both are 0
 */
export function signTest({ rises, falls }: { readonly rises: number; readonly falls: number }): number {
  for (const [name, value] of Object.entries({ rises, falls })) {
    if (!Number.isInteger(value) || value < 0) refuse("signTest", `${name} is ${value}`, "pass a whole count");
  }
  const n = rises + falls;
  const weights = walk(0, n, (x) => (n - x) / (x + 1));
  return Math.min(1, 2 * shareWhere(weights, (_, x) => x <= Math.min(rises, falls)));
}

function shareWhere(weights: Float64Array, chosen: (weight: number, index: number) => boolean): number {
  let [some, all] = [0, 0];
  for (const [i, weight] of weights.entries()) {
    all += weight;
    if (chosen(weight, i)) some += weight;
  }
  return some / all;
}
