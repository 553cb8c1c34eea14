/**
 * How often 95 % intervals hold the truth. Of independent trials it is counted exactly; of several samples a problem, problems
 * and samples are drawn many times. The truth is the success rate over all problems of the kind, not over those drawn.
 */

import { eachResample, pairedDifference } from "../../../src/analysis/statistics/bootstrap.ts";
import {
  bootstrapInterval,
  type IntervalKind,
  intervalKinds,
} from "../../../src/analysis/statistics/bootstrap-intervals.ts";
import { clusteredDifference, clusteredMean, clusteredShare } from "../../../src/analysis/statistics/clustered.ts";
import { binomialShares } from "../../../src/analysis/statistics/discrete.ts";
import { type Estimate, mean } from "../../../src/analysis/statistics/estimate.ts";
import type { Counts } from "../../../src/analysis/statistics/pass-at-k.ts";
import {
  clopperPearsonInterval,
  jeffreysInterval,
  wilsonInterval,
} from "../../../src/analysis/statistics/proportion.ts";
import { type Rng, rng } from "../../../src/toolkit/rng.ts";

const PROBLEMS = 30;
const SAMPLES = 8;

/** Share of outcomes, weighted by their chance, whose interval holds p. */
export function exactCoverage(interval: (counts: Counts) => Estimate, n: number, p: number): number {
  let covered = 0;
  for (const [correct, chance] of binomialShares(n, p).entries()) {
    if (chance > 0 && holds(interval({ n, correct }), p)) covered += chance;
  }
  return covered;
}

export const independentIntervals: Readonly<Record<string, (counts: Counts) => Estimate>> = {
  Wilson: (counts) => wilsonInterval(counts),
  "Clopper-Pearson": (counts) => clopperPearsonInterval(counts),
  Jeffreys: (counts) => jeffreysInterval(counts),
};

/** How success rates are spread over problems. */
export interface Design {
  readonly name: string;
  /** Mean success rate. */
  readonly truth: number;
  /** Rate of one more problem. */
  rate(random: Rng): number;
}

const alike = (p: number): Design => ({ name: `every problem ${p}`, truth: p, rate: () => p });

/** Some problems can be solved, each with a rate between 0 and 1, all others never (or always, at the other end). */
const some = (share: number, rest: 0 | 1): Design => ({
  name: `${share * 100} % of problems uniform, others ${rest}`,
  truth: rest === 0 ? share / 2 : 1 - share / 2,
  rate: (random) => (random.uniform() < share ? random.uniform() : rest),
});

export const designs: readonly Design[] = [
  alike(0.5),
  alike(0.1),
  alike(0.01),
  alike(0.99),
  some(1, 0),
  some(0.4, 0),
  some(0.2, 0),
  some(0.02, 0),
  some(0.02, 1),
];

export const clusteredIntervals: readonly string[] = [
  "Wilson of all samples",
  "clusteredMean",
  "clusteredShare",
  ...intervalKinds.map((kind) => `bootstrap ${kind}`),
  "clusteredDifference",
  "pairedDifference",
];

/**
 * Coverage of every clustered interval on a design.
 *
 * @param resamples of the bootstraps; 0 leaves them out
 */
export function clusteredCoverage(
  { truth, rate }: Design,
  { trials, resamples, seed }: { readonly trials: number; readonly resamples: number; readonly seed: number },
): Record<string, number> {
  const random = rng({ seed, stream: "coverage" });
  const covered: Record<string, number> = {};
  const count = (name: string, interval: Estimate, value = truth): void => {
    covered[name] = (covered[name] ?? 0) + Number(holds(interval, value)) / trials;
  };
  for (let trial = 0; trial < trials; trial++) {
    const rates = Array.from({ length: PROBLEMS }, () => rate(random));
    const draw = (): number[][] =>
      rates.map((p) => Array.from({ length: SAMPLES }, () => Number(random.uniform() < p)));
    const scores = draw();
    const correct = scores.flat().reduce((sum, score) => sum + score, 0);
    count("Wilson of all samples", wilsonInterval({ n: PROBLEMS * SAMPLES, correct }));
    count("clusteredMean", clusteredMean(scores));
    count("clusteredShare", clusteredShare(scores));
    const again = draw();
    count("clusteredDifference", clusteredDifference(scores, again), 0);
    if (resamples > 0) {
      for (const [kind, interval] of bootstraps(scores, resamples, trial)) count(`bootstrap ${kind}`, interval);
      count("pairedDifference", pairedDifference(scores.map(mean), again.map(mean), { resamples, seed: trial }), 0);
    }
  }
  return covered;
}

/** All kinds from one set of replicates. */
function bootstraps(scores: readonly number[][], resamples: number, seed: number): [IntervalKind, Estimate][] {
  const sums = scores.map((samples) => samples.reduce((sum, score) => sum + score, 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  const replicates = new Float64Array(resamples);
  eachResample(PROBLEMS, { resamples, seed }, (counts, r) => {
    let sum = 0;
    for (let c = 0; c < PROBLEMS; c++) sum += (counts[c] ?? 0) * (sums[c] ?? 0);
    replicates[r] = sum / (PROBLEMS * SAMPLES);
  });
  const jackknife = (): Float64Array => Float64Array.from(sums, (sum) => (total - sum) / (SAMPLES * (PROBLEMS - 1)));
  return intervalKinds.map((interval) => [
    interval,
    bootstrapInterval(total / (PROBLEMS * SAMPLES), replicates, { confidence: 0.95, interval, jackknife }),
  ]);
}

const holds = ({ low, high }: Estimate, value: number): boolean => low <= value + 1e-12 && value - 1e-12 <= high;
