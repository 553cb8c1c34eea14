import { expect, test } from "vitest";
import { reasoningBoundary } from "../../src/analysis/index.ts";
import { rng } from "../../src/toolkit/rng.ts";

// Yue et al. 2025 (arXiv:2504.13837): curve, crossing and Δ_SE of eight problems with 16 samples each.
const counts = (correct: readonly number[], n = 16, prefix = "p") => ({
  problems: correct.map((c, i) => ({ id: `${prefix}${i}`, level: i < 4 ? 1 : 2, n, correct: c })),
});
const base = counts([1, 2, 0, 16, 8, 1, 3, 0]);
const trained = counts([14, 9, 0, 16, 16, 0, 15, 0]);
const report = reasoningBoundary(base, trained, { ks: [1, 2, 4, 8, 16] });

test("reasoningBoundary: the curves are means of unbiased pass@k", () => {
  const expected = {
    base: [0.2421875, 0.3260416667, 0.4398351648, 0.5833236208, 0.75],
    trained: [0.546875, 0.6020833333, 0.6225961538, 0.625, 0.625],
  };
  for (const [i, point] of report.curve.entries()) {
    expect(point.base.value).toBeCloseTo(expected.base[i] ?? Number.NaN, 9);
    expect(point.trained.value).toBeCloseTo(expected.trained[i] ?? Number.NaN, 9);
    expect(point.difference.value).toBeCloseTo((expected.trained[i] ?? 0) - (expected.base[i] ?? 0), 9);
  }
  expect(report.curve.map(({ k }) => k)).toEqual([1, 2, 4, 8, 16]);
});

test("reasoningBoundary: the crossing is the first k at which the base leads", () => {
  expect(report.crossing.k).toBe(10);
  expect(report.samplingGap).toBeCloseTo(0.75 - 0.546875, 12);
  expect(report.crossing.share).toBeGreaterThan(0.3);
  expect(report.crossing.share).toBeLessThan(1);
  expect(report.crossing.high).toBeUndefined(); // in more than 2.5 % of the resamples the base never leads
  expect(report.crossing.clearFrom).toBeUndefined();
});

test("reasoningBoundary: problems are kept, lost, gained or never solved", () => {
  expect(report.fates.kept.ids).toEqual(["p0", "p1", "p3", "p4", "p6"]);
  expect(report.fates.lost.ids).toEqual(["p5"]);
  expect(report.fates.gained.ids).toEqual([]);
  expect(report.fates.never.ids).toEqual(["p2", "p7"]);
  // Lost by chance: p5's one correct sample falls into the base half (1/2); p1's 11 do so with C(16,11)/C(32,11); ...
  const within = (c: number): number =>
    Array.from({ length: c }, (_, i) => (16 - i) / (32 - i)).reduce((a, b) => a * b, 1);
  expect(report.fates.lost.expectedByChance).toBeCloseTo(within(1) + within(11) + within(15), 9);
  expect(report.fates.gained.expectedByChance).toBeCloseTo(report.fates.lost.expectedByChance, 12);
  expect(report.fates.lost.beyondChance).toEqual([]); // 1 of 16 against 0 of 16
  expect(report.problems.find(({ id }) => id === "p5")?.p).toBeCloseTo(1, 12);
});

test("reasoningBoundary: a loss beyond chance is told from a chance loss", () => {
  const { fates } = reasoningBoundary(counts([16, 1, 8, 8, 8]), counts([0, 0, 8, 8, 8]));
  expect(fates.lost.ids).toEqual(["p0", "p1"]);
  expect(fates.lost.beyondChance).toEqual(["p0"]);
  // 4 of 16 against none: Fisher's p is 2 · C(16, 4) / C(32, 4) = 0.101, the larger of two and so not adjusted further
  const nearly = (confidence: number) => reasoningBoundary(counts([16, 4]), counts([0, 0]), { confidence });
  expect(nearly(0.95).problems[1]?.adjustedP).toBeCloseTo((2 * 1820) / 35960, 12);
  expect(nearly(0.95).fates.lost.beyondChance).toEqual(["p0"]);
  expect(nearly(0.89).fates.lost.beyondChance).toEqual(["p0", "p1"]);
});

test("reasoningBoundary: levels carry pass@1 and pass@n", () => {
  expect(report.levels).toEqual([
    { level: 1, problems: 4, base: { pass1: 19 / 64, passN: 3 / 4 }, trained: { pass1: 39 / 64, passN: 3 / 4 } },
    { level: 2, problems: 4, base: { pass1: 12 / 64, passN: 3 / 4 }, trained: { pass1: 31 / 64, passN: 2 / 4 } },
  ]);
});

test("reasoningBoundary: equal runs neither cross nor differ, and intervals contain their value", () => {
  const same = reasoningBoundary(base, base);
  expect(same.crossing).toMatchObject({ k: undefined, share: 0 });
  expect(same.curve.every(({ difference: d }) => d.value === 0 && d.low === 0 && d.high === 0)).toBe(true);
  expect(same.curve).toHaveLength(16);
  for (const { base: b } of same.curve) expect(b.low <= b.value && b.value <= b.high).toBe(true);
});

test("reasoningBoundary: a trained policy that is worse everywhere crosses at 1, clearly", () => {
  const { crossing } = reasoningBoundary(counts([9, 8, 10, 12, 9, 11]), counts([1, 2, 0, 3, 1, 2]));
  expect(crossing).toEqual({ k: 1, low: 1, high: 1, share: 1, clearFrom: 1 });
});

test("reasoningBoundary: unlike sample counts bring the curve to the smallest n, and the result says so", () => {
  const mixed = { problems: [{ id: "p0", n: 4, correct: 1 }, ...base.problems.slice(1)] };
  const { n, curve } = reasoningBoundary(mixed, trained);
  expect(n).toEqual({ common: 4, equal: false });
  expect(curve.map(({ k }) => k)).toEqual([1, 2, 3, 4]);
  expect(curve[0]?.base.value).toBeCloseTo((1 / 4 + 30 / 16) / 8, 12);
});

test("reasoningBoundary: runs of two tasks or two temperatures are refused", () => {
  const at = (temperature: number, task = "sums") => ({ ...base, temperature, task });
  expect(() => reasoningBoundary(at(1), at(0.6))).toThrow("the temperature is 1 in one run and 0.6 in the other");
  expect(() => reasoningBoundary(at(1), at(1, "chains"))).toThrow(
    "the task is sums in one run and chains in the other",
  );
  expect(reasoningBoundary(at(1), base).n.equal).toBe(true);
});

test("reasoningBoundary: the crossing is exact between the steps of a long curve", () => {
  // Base 1 of 512 on two problems against 256 of 512 on one: base pass@k = k/512, trained = (1 − C(256,k)/C(512,k)) / 2.
  const { crossing, curve } = reasoningBoundary(counts([1, 1], 512), counts([256, 0], 512));
  expect(crossing.k).toBe(257); // trained is 1/2 to rounding from k ≈ 40; 256/512 is 1/2 as well
  expect(curve.length).toBeLessThan(250);
  expect(curve.at(-1)?.k).toBe(512);
});

test("reasoningBoundary: a seed repeats the intervals, another seed does not", () => {
  const run = (seed: number) => reasoningBoundary(base, trained, { seed, resamples: 200 }).curve;
  expect(run(5)).toEqual(run(5));
  expect(run(5)).not.toEqual(run(6));
});

test("reasoningBoundary: problems in one run only are refused, or left out and listed", () => {
  const fewer = { problems: trained.problems.slice(1) };
  expect(() => reasoningBoundary(base, fewer)).toThrow("1 problems are in one run only (p0)");
  const { excluded, problems } = reasoningBoundary(base, fewer, { missing: "exclude" });
  expect(excluded).toEqual({ onlyInBase: ["p0"], onlyInTrained: [] });
  expect(problems).toHaveLength(7);
  expect(() => reasoningBoundary(base, counts([1], 16, "q"), { missing: "exclude" })).toThrow("no problem is in both");
});

test.each([
  {
    name: "a duplicate",
    base: { problems: [...base.problems, ...base.problems] },
    ks: [1],
    message: 'problem "p0" is twice',
  },
  { name: "k above n", base, ks: [17], message: "k is 17, and every problem has 16 samples or more" },
  { name: "k = 0", base, ks: [0], message: "k is 0" },
  {
    name: "correct above n",
    base: counts([17, 0, 0, 0, 0, 0, 0, 0]),
    ks: [1],
    message: 'correct of problem "p0" in the base run is 17',
  },
  { name: "NaN", base: counts([Number.NaN, 0, 0, 0, 0, 0, 0, 0]), ks: [1], message: "is NaN of n = 16" },
  {
    name: "no sample",
    base: counts([0, 0, 0, 0, 0, 0, 0, 0], 0),
    ks: [1],
    message: 'n of problem "p0" in the base run is 0',
  },
])("reasoningBoundary: $name is refused", ({ base, ks, message }) => {
  expect(() => reasoningBoundary(base, trained, { ks })).toThrow(message);
});

test("reasoningBoundary: a misspelt option is refused with the right name", () => {
  const misspelt = { seed: 1, resample: 10 };
  expect(() => reasoningBoundary(base, trained, misspelt)).toThrow('no option "resample"; did you mean "resamples"?');
  expect(() => reasoningBoundary(base, trained, { confidence: 1 })).toThrow("confidence is 1");
  expect(() => reasoningBoundary(base, trained, { seed: -1 })).toThrow("seed is -1");
});

test("reasoningBoundary: with nothing changed, a clear lead at any k of the curve is as rare as stated", () => {
  const [problems, n, repetitions] = [40, 64, 200];
  let found = 0;
  for (let r = 0; r < repetitions; r++) {
    const random = rng({ seed: 77, stream: "nothing changed", step: r });
    const rates = Array.from({ length: problems }, () => random.uniform() ** 3);
    const run = () => ({
      problems: rates.map((rate, i) => {
        const correct = Array.from({ length: n }, () => (random.uniform() < rate ? 1 : 0)).reduce<number>(
          (a, b) => a + b,
          0,
        );
        return { id: `p${i}`, n, correct };
      }),
    });
    const { crossing } = reasoningBoundary(run(), run(), { resamples: 400, seed: r });
    if (crossing.clearFrom !== undefined) found++;
  }
  // 2.5 % is stated; three standard errors of 200 repetitions above it: 5.8 %. Taking the first clear k of many: 18 %.
  expect(found / repetitions).toBeLessThanOrEqual(0.025 + 3 * Math.sqrt((0.025 * 0.975) / repetitions));
}, 60_000);
