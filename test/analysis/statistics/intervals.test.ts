import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  betaQuantile,
  betaShare,
  clopperPearsonInterval,
  clusteredBootstrap,
  clusteredDifference,
  clusteredMean,
  clusteredShare,
  normalQuantile,
  normalShare,
  normalTail,
  pairedDifference,
  studentQuantile,
} from "../../../src/analysis/index.ts";
import { clusteredCoverage, clusteredIntervals, designs, exactCoverage, independentIntervals } from "./coverage.ts";

// scipy.stats.beta.ppf
test.each([
  [0.025, 0.5, 20.5, 2.4246478459242733e-5],
  [0.975, 3, 18, 0.31698271401908235],
  [0.5, 2000, 2100, 0.4878028949087453],
  [1e-6, 0.5, 0.5, 2.46740110027031e-12],
  [0.999, 100, 0.5, 0.9999999921263548],
])("betaQuantile: %f of Beta(%f, %f)", (q, a, b, expected) => {
  expect(betaQuantile(q, a, b) / expected).toBeCloseTo(1, 9);
  expect(betaShare(expected, a, b)).toBeCloseTo(q, 10);
});

test("betaShare: 1 − (1 − x)ᵇ for a = 1, and nothing outside [0, 1]", () => {
  expect(betaShare(0.3, 1, 4)).toBeCloseTo(1 - 0.7 ** 4, 14);
  expect([betaShare(-1, 2, 3), betaShare(2, 2, 3)]).toEqual([0, 1]);
});

// scipy.stats.t.ppf((1 + confidence) / 2, degrees); one degree is Cauchy: tan(π · 0.495)
test.each([
  [0.95, 29, 2.045229642132703],
  [0.99, 1, Math.tan(Math.PI * 0.495)],
  [0.9, 3.5, 2.2224334936496004],
  [0.95, 1000, 1.9623390808264083],
])("studentQuantile: %f with %f degrees of freedom", (confidence, degrees, expected) => {
  expect(studentQuantile(confidence, degrees) / expected).toBeCloseTo(1, 9);
});

// scipy.stats.norm.sf
test.each([
  [-1, 0.8413447460685429],
  [2.9, 0.0018658133003840375],
  [3.1, 0.0009676032132183563],
  [8, 6.22096057427174e-16],
  [37, 5.7255712225239266e-300],
])("normalTail: above %f, to small relative error", (x, expected) => {
  expect(normalTail(x) / expected).toBeCloseTo(1, 10);
  expect(normalShare(-x)).toBeCloseTo(expected, 14);
  if (expected > 1e-10) expect(normalQuantile(expected)).toBeCloseTo(-x, 11);
});

// scipy.stats.bootstrap(values, np.mean, n_resamples=200000): ends within the noise of 20,000 resamples
const skewed = [0.1, -1, 2, 0.5, 1.3, -0.2, 0.9, 1.1, -0.7, 0.3, 2.5, 0.05].map(Math.exp);
test.each([
  ["percentile", 1.3584068, 5.0871413],
  ["basic", 0.8366643, 4.5653988],
  ["bca", 1.6052612, 5.8718089],
] as const)("clusteredBootstrap: %s as scipy's", (interval, low, high) => {
  const mean = (counts: Uint32Array): number => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return skewed.reduce((sum, value, i) => sum + value * (counts[i] ?? 0), 0) / total;
  };
  const result = clusteredBootstrap(skewed.length, mean, { interval, resamples: 20_000 });
  expect(Math.abs(result.low - low)).toBeLessThan(0.06);
  expect(Math.abs(result.high - high)).toBeLessThan(0.12);
  expect(result).toMatchObject({ interval, warnings: [] });
});

test("clusteredBootstrap: strata keep their sizes", () => {
  const strata = ["a", "b", "a", "b", "b"];
  const first = (counts: Uint32Array): number => (counts[0] ?? 0) + (counts[2] ?? 0);
  expect(clusteredBootstrap(5, first, { strata })).toMatchObject({ low: 2, high: 2 }); // always two of stratum a
  expect(clusteredBootstrap(5, first).high).toBeGreaterThan(2);
  expect(() => clusteredBootstrap(5, first, { strata: ["a"] })).toThrow("1 strata labels for 5 clusters");
});

test("clusteredBootstrap: corrected intervals that are not defined fall back and say so; wrong options are refused", () => {
  const result = pairedDifference([0, 0], [1, 1], { interval: "bca" });
  expect(result).toMatchObject({ low: 1, high: 1, interval: "percentile" });
  expect(result.warnings).toEqual(["leaving units out changes nothing: bca is not defined, percentile given"]);
  expect(() => clusteredBootstrap(2, () => 0, Object.assign({ interval: "student" }))).toThrow("interval is");
  expect(() => clusteredBootstrap(2, () => 0, Object.assign({ stratum: [1, 1] }))).toThrow('no option "stratum"');
});

test("clusteredMean: value, standard errors and Student's interval by hand", () => {
  // Mean 4/6; residual sums 3 − 2, 1 − 4/3, 0 − 2/3: squares 1 + 1/9 + 4/9 = 14/9.
  const { value, uncorrected, standardError, independent, low, high, clusters, samples } = clusteredMean([
    [1, 1, 1],
    [1, 0],
    [0],
  ]);
  expect([clusters, samples]).toEqual([3, 6]);
  expect(value).toBeCloseTo(4 / 6, 14);
  expect(uncorrected).toBeCloseTo(Math.sqrt(14 / 9) / 6, 14);
  expect(standardError).toBeCloseTo((Math.sqrt(14 / 9) / 6) * Math.sqrt(3 / 2), 14);
  expect(independent).toBeCloseTo(Math.sqrt((4 / 6) * (2 / 6) * (6 / 5)) / Math.sqrt(6), 14);
  const t = 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025)); // quantile for 2 degrees of freedom, in closed form
  expect((high - low) / 2).toBeCloseTo(t * standardError, 12);
});

test("clusteredShare: Wilson's ends at the effective number of samples", () => {
  // Two of each kind: residual sums ±1, SE² = (4 / 64) (4 / 3); effective n = 0.25 / SE² = 3; t of 3 degrees = 3.182446305284263.
  const { value, low, high, standardError } = clusteredShare([
    [1, 1],
    [0, 0],
    [1, 1],
    [0, 0],
  ]);
  expect(standardError).toBeCloseTo(Math.sqrt(1 / 12), 14);
  const t = 3.182446305284263;
  for (const end of [low, high]) expect((value - end) ** 2).toBeCloseTo((t ** 2 * end * (1 - end)) / 3, 9);
  expect(low).toBeLessThan(high);
  const none = clusteredShare(Array.from({ length: 30 }, () => [0, 0, 0])); // each problem counts as one sample
  expect([none.low, none.high]).toEqual([0, expect.closeTo(2.045229642132703 ** 2 / (30 + 2.045229642132703 ** 2), 9)]);
  expect(() => clusteredShare([[0.5], [1]])).toThrow("problem 0 has a score of 0.5");
  expect(() => clusteredShare([[1, 0]])).toThrow("1 problem; pass at least two");
});

test("clusteredDifference: the mean of the differences clustered, and x against itself is 0", () => {
  const x = [
    [1, 0, 1],
    [0, 0],
    [1, 1, 0, 1],
  ];
  const y = [
    [0, 0, 1],
    [1, 0],
    [1, 0, 0, 1],
  ];
  const differences = x.map((samples, c) => samples.map((score, i) => score - (y[c]?.[i] ?? 0)));
  expect(clusteredDifference(x, y)).toEqual(clusteredMean(differences));
  expect(clusteredDifference(x, x)).toMatchObject({ value: 0, low: 0, high: 0 });
  expect(() => clusteredDifference(x, [[1], [0, 0], [1, 1, 0, 1]])).toThrow("problem 0 has 3 samples in x and 1 in y");
});

test("clopperPearsonInterval: its ends are the rates that one tail of 2.5 % rejects", () => {
  const { low, high } = clopperPearsonInterval({ n: 20, correct: 3 });
  const share = (n: number, k: number, p: number): number => betaShare(1 - p, n - k, k + 1); // P(X <= k)
  expect(1 - share(20, 2, low)).toBeCloseTo(0.025, 10);
  expect(share(20, 3, high)).toBeCloseTo(0.025, 10);
});

const page = readFileSync(new URL("../../../docs/statistics.md", import.meta.url), "utf8");
const rowOf = (name: string): number[] =>
  page
    .split("\n")
    .find((line) => line.startsWith(`| ${name} |`))
    ?.split("|")
    .slice(2, -1)
    .map((cell) => Number(cell) / 100) ?? [];

test.each([30, 240].flatMap((n) => [0.5, 0.1, 0.01, 0.99].map((p) => [n, p] as const)))(
  "coverage: %i independent trials at %f as the page says",
  (n, p) => {
    const found = Object.values(independentIntervals).map((interval) => exactCoverage(interval, n, p));
    const stated = rowOf(`${n} trials at ${p}`);
    for (const [i, share] of found.entries()) expect(share).toBeCloseTo(stated[i] ?? Number.NaN, 2.99);
    expect(found[1]).toBeGreaterThanOrEqual(0.95); // Clopper-Pearson never falls below
  },
);

test("coverage: Clopper-Pearson is at its level or above for every p; Wilson falls to 85 % at single ones", () => {
  let [least, leastWilson] = [1, 1];
  for (let p = 0.0005; p < 1; p += 0.0005) {
    least = Math.min(
      least,
      exactCoverage((counts) => clopperPearsonInterval(counts), 30, p),
    );
    leastWilson = Math.min(leastWilson, exactCoverage(independentIntervals.Wilson ?? clopperPearsonInterval, 30, p));
  }
  expect(least).toBeGreaterThanOrEqual(0.95);
  expect(leastWilson).toBeCloseTo(0.848, 2);
});

test.each(designs)("coverage: $name, 30 problems x 8 samples, as the page says", (design) => {
  const trials = 300;
  const found = clusteredCoverage(design, { trials, resamples: 200, seed: 1 });
  const stated = rowOf(design.name);
  expect(stated.length).toBe(clusteredIntervals.length);
  for (const [i, name] of clusteredIntervals.entries()) {
    const share = stated[i] ?? Number.NaN;
    const spread = Math.sqrt((Math.max(share * (1 - share), 0.01) * 1.1) / trials); // the page's own noise is a tenth of this variance
    expect(Math.abs((found[name] ?? 0) - share), name).toBeLessThan(4 * spread);
  }
  const share = stated[clusteredIntervals.indexOf("clusteredShare")] ?? 0;
  expect(share).toBeGreaterThan(0.93);
  expect(share).toBeLessThanOrEqual(0.97);
});
