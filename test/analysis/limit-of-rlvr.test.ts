import { expect, test } from "vitest";
import {
  accuracyHistogram,
  countsOf,
  crossoverK,
  entropyMatchedTemperature,
  guessFilter,
  HISTOGRAM_BINS,
  limitReport,
  meanPassAtK,
  perplexity,
  samplingEfficiencyGap,
  solvedCoverage,
} from "../../src/analysis/index.ts";

const base = { n: 16, correct: [1, 2, 0, 16, 8, 1, 3, 0] };
const trained = { n: 16, correct: [14, 9, 0, 16, 16, 0, 15, 0] };

test("limitReport: bundles the single diagnostics, with intervals that hold them", () => {
  const report = limitReport({ base, trained }, { ks: [1, 4, 16], resamples: 300 });
  expect(report.boundary.crossing.k).toBe(crossoverK({ base, trained }));
  expect(report.boundary.curve.map((point) => point.base.value)).toEqual(meanPassAtK(base, [1, 4, 16]).map(near));
  const gap = report.samplingEfficiencyGap;
  expect(gap.k).toBe(16); // 256, or n where that is less
  expect(gap.value).toBeCloseTo(samplingEfficiencyGap({ base, trained }, 16), 12);
  expect(gap.low).toBeLessThan(gap.value);
  expect(gap.high).toBeGreaterThan(gap.value);
  expect(report.coverage).toEqual(solvedCoverage(base.correct, trained.correct));
  expect(report.histogram.trained).toEqual([3, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 2]);
});

const near = (value: number): unknown => expect.closeTo(value, 12);

test("limitReport: shows as tables, under the problems' names", () => {
  const ids = base.correct.map((_, i) => `aime/${i}`);
  const report = limitReport({ base, trained }, { resamples: 20, ids });
  expect(report.boundary.fates.lost.ids).toEqual(["aime/5"]);
  const text = report[Symbol.for("Jupyter.display") as never] as () => { "text/plain": string };
  expect(text()["text/plain"]).toContain("sampling efficiency gap");
  expect(() => limitReport({ base, trained }, { ids: ["one"] })).toThrow("there are 1 ids for 8 problems");
});

test("crossoverK: the first k with the base ahead; sums that differ by rounding alone do not cross", () => {
  expect(crossoverK({ base, trained })).toBe(10);
  expect(crossoverK({ base: trained, trained: base })).toBe(1);
  // One third and two thirds in another order: the sums differ in the last place.
  const [one, other] = [
    { n: 9, correct: [1, 3, 6, 7] },
    { n: 9, correct: [7, 6, 1, 3] },
  ];
  expect(crossoverK({ base: one, trained: other })).toBeUndefined();
  expect(crossoverK({ base: other, trained: one })).toBeUndefined();
});

test("crossoverK: a crossing by chance at k = n is still found", () => {
  // Base solves both problems at n, trained one of them: 1 against 0.5 at k = n, pass@1 0.1 against 0.5.
  expect(crossoverK({ base: { n: 10, correct: [1, 1] }, trained: { n: 10, correct: [10, 0] } })).toBe(6); // k/10 > 1/2
});

test("solvedCoverage: the published lists of AIME24 and LiveCodeBench", () => {
  const solved = (indices: readonly number[], problems: number): number[] =>
    Array.from({ length: problems }, (_, i) => (indices.includes(i) ? 1 : 0));
  const tail = [22, 23, 24, 25, 26, 27, 28, 29];
  const aime = solvedCoverage(
    solved([0, 1, 4, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, ...tail], 30),
    solved([0, 1, 6, 7, 8, 9, 12, 14, 15, 16, 18, ...tail], 30),
  );
  expect([aime.both.length, aime.baseOnly, aime.trainedOnly, aime.containment]).toEqual([19, [4, 11, 17, 19], [], 1]);
  // 23 by the base, 20 by the trained policy, 19 of them by both.
  const shared = Array.from({ length: 19 }, (_, i) => i);
  const code = solvedCoverage(solved([...shared, 20, 21, 22, 23], 50), solved([...shared, 30], 50));
  expect([code.baseOnly.length, code.trainedOnly, code.containment]).toEqual([4, [30], 19 / 20]);
});

test("accuracyHistogram: twelve bins, whose edges belong to the bin below", () => {
  expect(HISTOGRAM_BINS).toHaveLength(12);
  expect([HISTOGRAM_BINS[0], HISTOGRAM_BINS[1], HISTOGRAM_BINS[10], HISTOGRAM_BINS[11]]).toEqual([
    "0",
    "(0, 0.1]",
    "(0.9, 1)",
    "1",
  ]);
  // 3/10 and 0.7 · 1000 are not exact in binary: the counts are.
  const places = (n: number, correct: number): number => accuracyHistogram({ n, correct: [correct] }).indexOf(1);
  expect([places(10, 3), places(1000, 700), places(1000, 701), places(1024, 1023)]).toEqual([3, 7, 8, 10]);
});

test("countsOf: outcomes become counts; ragged rows are refused", () => {
  expect(
    countsOf([
      [true, false],
      [true, true],
    ]),
  ).toEqual({ n: 2, correct: [1, 2] });
  expect(() => countsOf([[true, false], [true]])).toThrow("problem 1 has 1 samples, problem 0 has 2");
  expect(() => countsOf([])).toThrow("there is no problem");
});

test("perplexity: masked tokens do not count, overflow is Infinity", () => {
  expect(perplexity([-1, -9, -3], [1, 0, 1])).toBeCloseTo(Math.exp(2), 12);
  expect(perplexity([-800])).toBe(Number.POSITIVE_INFINITY);
  expect(perplexity([-Infinity])).toBe(Number.POSITIVE_INFINITY);
  expect(() => perplexity([-1], [0])).toThrow("no token counts");
  expect(() => perplexity([-1], [1, 1])).toThrow("1 log-probs and 2 mask entries");
  expect(() => perplexity([0.5])).toThrow("log-prob 0 is 0.5");
  expect(() => perplexity([Number.NaN])).toThrow("log-prob 0 is NaN");
});

test("guessFilter: keeps 0 and 5 % and more, drops what lies between", () => {
  expect(guessFilter({ n: 100, correct: [0, 1, 4, 5, 60] })).toEqual({ kept: [0, 3, 4], guessable: [1, 2] });
  expect(() => guessFilter({ n: 100, correct: [0] }, 0)).toThrow("the limit is 0");
});

test("entropyMatchedTemperature: the entropy there is the target", () => {
  // Two outcomes with logits 0 and 1 at temperature T.
  const entropyAt = (temperature: number): number => {
    const p = 1 / (1 + Math.exp(1 / temperature));
    return -p * Math.log(p) - (1 - p) * Math.log(1 - p);
  };
  expect(entropyMatchedTemperature(entropyAt, entropyAt(0.6))).toBeCloseTo(0.6, 5);
  expect(() => entropyMatchedTemperature(entropyAt, 1)).toThrow("the target is 1"); // ln 2 is the most
});

test("samplingEfficiencyGap: the published table's columns", () => {
  // pass@256 of the base in percent − pass@1: 69.1 − 25.1 = 44.0 for GRPO; as counts of 1000 with n = 256 one cannot have
  // them, so a made case: half the problems solved once in 256, half never; trained right always on a quarter.
  const pair = { base: { n: 256, correct: [1, 1, 0, 0] }, trained: { n: 256, correct: [256, 0, 0, 0] } };
  expect(samplingEfficiencyGap(pair)).toBeCloseTo(0.5 - 0.25, 12);
  expect(() => samplingEfficiencyGap({ base, trained })).toThrow("k is 256 of n = 16 samples");
  expect(() => samplingEfficiencyGap({ base, trained: { n: 8, correct: base.correct.map(() => 1) } }, 4)).toThrow(
    "the base has 16 samples a problem, the trained policy 8",
  );
});
