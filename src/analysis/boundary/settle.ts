/**
 * How many problems, or samples of each, would settle what the curves leave open. The variance of a mean difference at k over P
 * problems is (between² + within(n)) / P: `within` is the noise of sampling, which more samples lower, `between` how unlike
 * problems are in what training did to them, which only more problems average out. `within` is worked out exactly from the
 * observed rates (each count binomial); `between²` is what is left of the observed variance.
 */
import { binomialShares } from "../statistics/discrete.ts";
import { type Estimate, squaredDeviations } from "../statistics/estimate.ts";
import { normalQuantile } from "../statistics/normal.ts";
import type { Counts } from "../statistics/pass-at-k.ts";
import { type ClearLead, fewCanTell } from "./crossing.ts";
import type { BoundaryPoint } from "./curve.ts";
import { type Curves, valuesAt } from "./curves.ts";
import type { ProblemPair } from "./pairs.ts";

/** What it would take to see a difference in four runs of five, if it is as large as observed. */
export interface BoundaryQuestion {
  readonly question: "right at once" | "solved within n" | "base overtakes";
  readonly k: number;
  /** Trained − base at k. */
  readonly difference: Estimate;
  /** The interval leaves 0 out. For "base overtakes" it is the band's that holds for all k at once. */
  readonly settled: boolean;
  /** Problems of this kind, with as many samples each; undefined where it is settled, or nothing differs. */
  readonly problems: number | undefined;
  /** Samples of each of these problems; undefined where it is settled, or 16 times as many would not do. */
  readonly samples: number | undefined;
}

/** Chance of seeing it (Cohen's convention), and how far more samples are looked for. */
const [POWER, FURTHEST] = [0.8, 16];

export function boundaryQuestions(
  pairs: readonly ProblemPair[],
  curves: Curves,
  {
    points,
    lead,
    confidence,
  }: { readonly points: readonly BoundaryPoint[]; readonly lead: ClearLead; readonly confidence: number },
): BoundaryQuestion[] {
  const z = normalQuantile((1 + confidence) / 2);
  const ask = (
    question: BoundaryQuestion["question"],
    k: number,
    difference: Estimate,
    critical: number,
  ): BoundaryQuestion => {
    const settled = fewCanTell(pairs.length, 1 - confidence) && (difference.low > 0 || difference.high < 0);
    const open = !settled && difference.value !== 0;
    const target = (difference.value / (critical + normalQuantile(POWER))) ** 2; // the variance that would do
    return {
      ...{ question, k, difference, settled },
      problems: open ? problemsFor(curves, k, target) : undefined,
      samples: open ? samplesFor(pairs, curves, k, target) : undefined,
    };
  };
  const at = (k: number): Estimate | undefined => points.find((point) => point.k === k)?.difference;
  const [one, all] = [at(1), at(curves.common)];
  return [
    ...(one ? [ask("right at once", 1, one, z)] : []),
    ...(all && curves.common > 1 ? [ask("solved within n", curves.common, all, z)] : []),
    ...(lead.clearest ? [ask("base overtakes", lead.clearest.k, lead.clearest.difference, lead.critical)] : []),
  ];
}

function problemsFor(curves: Curves, k: number, target: number): number | undefined {
  const variance = observedVariance(curves, k);
  return variance > 0 ? Math.ceil(variance / target) : undefined;
}

/** Variance over problems of the observed difference. */
function observedVariance(curves: Curves, k: number): number {
  return squaredDeviations(valuesAt(curves, "difference", k)) / Math.max(1, curves.problems - 1);
}

function samplesFor(pairs: readonly ProblemPair[], curves: Curves, k: number, target: number): number | undefined {
  const now = curves.common;
  const between = Math.max(0, observedVariance(curves, k) - sampling(pairs, k, now));
  const enough = (n: number): boolean => (between + sampling(pairs, k, n)) / pairs.length <= target;
  if (between / pairs.length > target) return undefined;
  let [low, high] = [now, 2 * now];
  while (!enough(high)) {
    if (high >= now * FURTHEST) return undefined;
    [low, high] = [high, 2 * high];
  }
  while (high - low > Math.max(1, low / 50)) {
    const middle = Math.round((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Mean over problems of the sampling variance of trained − base pass@k, n samples each. */
function sampling(pairs: readonly ProblemPair[], k: number, n: number): number {
  const known = new Map<number, number>(); // problems with one rate have one variance
  const of = ({ n: drawn, correct }: Counts): number => {
    const rate = correct / drawn;
    const found = known.get(rate) ?? passVariance(rate, k, n);
    known.set(rate, found);
    return found;
  };
  return pairs.reduce((sum, { base, trained }) => sum + of(base) + of(trained), 0) / pairs.length;
}

/** Exact variance of the unbiased pass@k of n samples that are each right with chance `rate`. */
export function passVariance(rate: number, k: number, n: number): number {
  if (rate <= 0 || rate >= 1) return 0;
  let [mean, square] = [0, 0];
  let miss = 1; // C(n − c, k) / C(n, k)
  for (const [c, chance] of binomialShares(n, rate).entries()) {
    const pass = 1 - miss;
    mean += chance * pass;
    square += chance * pass ** 2;
    miss *= Math.max(0, n - c - k) / (n - c);
  }
  return Math.max(0, square - mean ** 2);
}
