import { expect, test } from "vitest";
import { passVariance } from "../../src/analysis/boundary/settle.ts";
import { boundaryCourse, clusteredShare, fisherExact, passAtK, reasoningBoundary } from "../../src/analysis/index.ts";
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

test("reasoningBoundary: coverage by level is pass@1 and pass@n of the level's problems", () => {
  const { by, k, bins } = report.difficulty;
  expect([by, k]).toEqual(["level", 16]);
  const values = bins.map(({ name, problems, base: b, trained: t }) => [
    ...[name, problems, b.pass1.value, b.passK.value, t.pass1.value, t.passK.value],
  ]);
  expect(values).toEqual([
    ["level 1", 4, 19 / 64, 3 / 4, 39 / 64, 3 / 4],
    ["level 2", 4, 12 / 64, 3 / 4, 31 / 64, 2 / 4],
  ]);
  expect(bins.map(({ fates }) => fates)).toEqual([
    { kept: 3, lost: 0, gained: 0, never: 1 },
    { kept: 2, lost: 1, gained: 0, never: 1 },
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
  expect(excluded).toMatchObject({ onlyInBase: ["p0"], onlyInTrained: [], unsampled: [] });
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

test("reasoningBoundary: a band at k = 1 is that of clusteredShare; where all problems are solved it still has a width", () => {
  const scores = base.problems.map(({ n, correct }) => new Uint8Array(n).fill(1, 0, correct));
  const { value, low, high } = clusteredShare(scores);
  expect(report.curve[0]?.base).toEqual({
    value: expect.closeTo(value, 12),
    low: expect.closeTo(low, 9),
    high: expect.closeTo(high, 9),
  });
  const solved = reasoningBoundary(counts([9, 12, 8, 16, 3, 5]), counts([9, 12, 8, 16, 3, 5]), { ks: [16] });
  // Six of six problems: Wilson with t of 5 degrees of freedom, 2.5706: low = 6 / (6 + t²).
  expect(solved.curve[0]?.base).toEqual({ value: 1, low: expect.closeTo(6 / (6 + 2.5705818 ** 2), 6), high: 1 });
});

test("reasoningBoundary: one problem, or five, show nothing about others, however far apart the counts", () => {
  const one = reasoningBoundary(counts([16]), counts([0]));
  expect(one.crossing).toMatchObject({ k: 1, low: 1, high: undefined, clearFrom: undefined });
  expect(one.curve[0]?.difference).toEqual({ value: -1, low: -1, high: 1 });
  expect(one.curve[0]?.base.low).toBeLessThan(0.1);
  expect(one.questions.every(({ settled }) => !settled)).toBe(true);
  expect(one.fates.lost.beyondChance).toEqual(["p0"]); // of this problem all is known
  const all = (c: number, problems: number) => counts(Array(problems).fill(c));
  expect(reasoningBoundary(all(9, 5), all(2, 5)).crossing.clearFrom).toBeUndefined(); // 1/2⁵ > 2.5 %
  expect(reasoningBoundary(all(9, 6), all(2, 6)).crossing.clearFrom).toBe(1);
});

test("reasoningBoundary: a problem crossed the boundary when the rule says so, with unlike numbers of samples too", () => {
  const run = (first: number, n: number, rest: number) => ({
    problems: [{ id: "p0", n, correct: first }, ...counts(Array(39).fill(rest), 256, "q").problems],
  });
  const found = (from: number) => reasoningBoundary(run(from, 256, 99), run(0, 256, 99), { ks: [1] }).moves;
  expect(found(17)).toMatchObject({ verdict: "no change shown", lost: [], rule: { least: 18 } });
  expect(found(18)).toMatchObject({ verdict: "shrinks", lost: ["p0"], gained: [] });
  // A base rate of 18 in 256 against 0 of 64 only: the threshold is four times as high.
  const fewer = reasoningBoundary(run(18, 256, 99), run(0, 64, 99), { ks: [1] }).moves;
  expect(fewer.lost).toEqual([]);
  expect(fewer.rule.threshold).toBeCloseTo(1 - (0.05 / 80) ** (1 / 64), 12);
});

test("reasoningBoundary: what was not scored or left out is counted and listed", () => {
  const sample = (score: number | null, status: "correct" | "wrong" | "partial" | "failed") => ({
    text: "",
    score,
    status,
  });
  const completions = [sample(1, "correct"), sample(0.5, "partial"), sample(0, "wrong"), sample(null, "failed")];
  const judged = { id: "p0", n: 3, correct: 1, failed: 1, completions };
  const empty = { id: "p1", n: 0, correct: 0, failed: 4 };
  const other = {
    problems: [
      { id: "p0", n: 3, correct: 2 },
      { id: "p1", n: 3, correct: 0 },
      { id: "p2", n: 3, correct: 1 },
    ],
  };
  expect(() => reasoningBoundary({ problems: [judged, empty] }, other)).toThrow(
    'n of problem "p1" in the base run is 0',
  );
  const { excluded, problems } = reasoningBoundary({ problems: [judged, empty] }, other, { missing: "exclude" });
  expect(problems.map(({ id }) => id)).toEqual(["p0"]);
  expect(excluded).toEqual({
    onlyInBase: [],
    onlyInTrained: ["p2"],
    unsampled: ["p1"],
    unscored: { base: 1, trained: 0 },
    partial: { base: 1, trained: 0 },
  });
  const lying = { problems: [{ ...judged, n: 4 }] };
  expect(() => reasoningBoundary(lying, other, { missing: "exclude" })).toThrow(
    "counts 1 right of 4 and holds 1 right of 3",
  );
  const broken = { problems: [{ ...judged, completions: [sample(Number.NaN, "wrong")] }] };
  expect(() => reasoningBoundary(broken, other, { missing: "exclude" })).toThrow(
    'a score of problem "p0" in the base run is NaN',
  );
});

test("reasoningBoundary: difficulty by the base's rate does not find that hard problems improved by chance", () => {
  const rates = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 0.02 : 0.1));
  const random = rng({ seed: 3, stream: "difficulty" });
  const run = () => ({
    problems: rates.map((rate, i) => {
      let correct = 0;
      for (let s = 0; s < 32; s++) correct += random.uniform() < rate ? 1 : 0;
      return { id: `p${i}`, n: 32, correct };
    }),
  });
  const [first, second] = [run(), run()];
  const { by, k, bins } = reasoningBoundary(first, second, { ks: [1], resamples: 50 }).difficulty;
  expect([by, k]).toEqual(["base rate", 16]);
  const [never] = bins;
  expect(never?.name).toBe("never");
  expect(never?.problems).toBeGreaterThan(60);
  // Problems that half of the base's samples never solve; the other half does as the second run does, ...
  expect(Math.abs((never?.base.pass1.value ?? 1) - (never?.trained.pass1.value ?? 0))).toBeLessThan(0.02);
  expect(Math.abs((never?.base.passK.value ?? 1) - (never?.trained.passK.value ?? 0))).toBeLessThan(0.12);
  // ... where those that none of its samples solved do look as if they had improved.
  const chosen = first.problems.flatMap(({ correct }, i) => (correct === 0 ? [second.problems[i]?.correct ?? 0] : []));
  expect(chosen.reduce((sum, correct) => sum + correct, 0) / chosen.length / 32).toBeGreaterThan(0.02);
  expect(() => reasoningBoundary(first, second, { difficulty: "level" })).toThrow("no problem has a level");
  const single = (correct: number) => ({ problems: [{ id: "p0", n: 2, correct }] });
  expect(reasoningBoundary(single(1), single(1)).difficulty.bins).toEqual([]); // two samples cannot be halved
});

test("reasoningBoundary: problems without a level stand in a bin of their own", () => {
  const some = { problems: base.problems.map(({ level, ...rest }, i) => (i === 0 ? rest : { ...rest, level })) };
  const again = { problems: trained.problems.map(({ level, ...rest }, i) => (i === 0 ? rest : { ...rest, level })) };
  const { bins } = reasoningBoundary(some, again, { ks: [1] }).difficulty;
  expect(bins.map(({ name, problems }) => [name, problems])).toEqual([
    ["level 1", 3],
    ["level 2", 4],
    ["no level", 1],
  ]);
});

test("reasoningBoundary: so many samples would tell a loss from chance, at the observed rates", () => {
  // 2 of 16 against none: Fisher's p is 0.48. At p = 1/8 against 0, α = 0.05 (the first to be found of one problem).
  const { problems } = reasoningBoundary(counts([2]), counts([0]));
  const n = problems[0]?.samplesToTell ?? Number.NaN;
  const power = (samples: number): number => {
    let [sum, chance] = [0, (7 / 8) ** samples];
    for (let c = 0; c <= samples; c++) {
      if (fisherExact({ n: samples, correct: c }, { n: samples, correct: 0 }) <= 0.05) sum += chance;
      chance *= (samples - c) / (c + 1) / 7;
    }
    return sum;
  };
  expect(power(n)).toBeGreaterThanOrEqual(0.8);
  expect(power(n - 1)).toBeLessThan(0.8);
  const [never, equal, told] = reasoningBoundary(counts([0, 3, 16]), counts([0, 3, 0])).problems;
  expect([never, equal, told].map((problem) => problem?.samplesToTell)).toEqual([undefined, undefined, undefined]);
});

test("passVariance: that of the unbiased estimate over binomial counts", () => {
  // n = 2, k = 2: pass is 1 unless both fail; a Bernoulli of 1 − 0.7² = 0.51.
  expect(passVariance(0.3, 2, 2)).toBeCloseTo(0.51 * 0.49, 12);
  expect(passVariance(0.3, 1, 50)).toBeCloseTo((0.3 * 0.7) / 50, 12);
  expect(passVariance(0, 4, 9)).toBe(0);
  let [mean, square] = [0, 0];
  for (let c = 0; c <= 6; c++) {
    const chance = [1, 6, 15, 20, 15, 6, 1][c] ?? 0;
    const pass = passAtK({ n: 6, correct: c }, 3);
    mean += (chance / 64) * pass;
    square += (chance / 64) * pass ** 2;
  }
  expect(passVariance(0.5, 3, 6)).toBeCloseTo(square - mean ** 2, 12);
});

test("reasoningBoundary: an open difference says how many problems, or samples of each, would settle it", () => {
  // Differences of pass@1: +1/16 on five problems, −1/16 on three: mean 1/64, sd 0.0647.
  const [before, after] = [counts([4, 4, 4, 4, 4, 4, 4, 4]), counts([5, 5, 5, 5, 5, 3, 3, 3])];
  const [one] = reasoningBoundary(before, after).questions;
  expect(one).toMatchObject({ question: "right at once", k: 1, settled: false });
  const square = (5 * (1 / 16 - 1 / 64) ** 2 + 3 * (1 / 16 + 1 / 64) ** 2) / 7;
  const z = 1.959963985 + 0.841621234;
  expect(one?.problems).toBe(Math.ceil((z ** 2 * square) / (1 / 64) ** 2));
  // Sampling alone gives a variance of 0.0235 at these rates, so problems need not differ: (z² within / 8) falls to 1/64² at
  const within = (n: number): number => (0.25 * 0.75 + (5 * 5 * 11 + 3 * 3 * 13) / 256 / 8) / n;
  const least = (z ** 2 * within(1)) / 8 / (1 / 64) ** 2;
  expect(one?.samples).toBeUndefined(); // 770 a problem: more than 16 times 16
  expect(least).toBeGreaterThan(256);
  const sure = reasoningBoundary(counts(Array(12).fill(2)), counts(Array(12).fill(14))).questions[0];
  expect(sure).toMatchObject({ settled: true, problems: undefined, samples: undefined });
});

test("reasoningBoundary: 4,096 samples, curves exact to 1e-12, crossing and fates right", () => {
  const n = 4096;
  const [one, other] = [counts([1, 1, 1, 2000, 0], n), counts([4000, 0, 0, 4096, 0], n)];
  const { curve, crossing, fates, moves } = reasoningBoundary(one, other, { resamples: 200 });
  for (const { k, base: b } of curve) {
    // Of 1 in n: k / n. Of 2000 in 4096 nothing is left of the miss from k ≈ 80 on.
    const miss = Array.from({ length: k }, (_, i) => Math.max(0, n - 2000 - i) / (n - i)).reduce((x, y) => x * y, 1);
    expect(b.value).toBeCloseTo(((3 * k) / n + 1 - miss) / 5, 12);
  }
  // Trained is at 2/5 (to 1e-12) once its first problem's miss is gone; the base at (1 + 3k / n) / 5 reaches that at k = n / 3.
  expect(crossing.k).toBe(Math.floor(n / 3) + 1);
  expect(fates.lost.ids).toEqual(["p1", "p2"]);
  expect(fates.lost.beyondChance).toEqual([]); // 1 of 4096 against none
  expect(moves.lost).toEqual([]);
  expect(curve.at(-1)?.k).toBe(n);
});

test("reasoningBoundary: a run that is at chance level everywhere, an empty list of ks", () => {
  expect(() => reasoningBoundary(base, trained, { ks: [] })).toThrow("ks is empty");
  expect(reasoningBoundary(counts([0, 0]), counts([0, 0])).crossing.k).toBeUndefined();
});

const course = (...runs: (readonly number[])[]) =>
  runs.map((correct, s) => ({ name: `step ${10 * s}`, counts: counts(correct) }));

test("boundaryCourse: each checkpoint against the first, and problems over all of them", () => {
  const found = boundaryCourse(course([16, 8, 0], [0, 8, 16], [16, 9, 16]), { resamples: 50 });
  expect(found.ks).toEqual([1, 2, 4, 8, 16]);
  expect(found.checkpoints.map(({ name, pass }) => [name, pass[0]?.value])).toEqual([
    ["step 0", 24 / 48],
    ["step 10", 24 / 48],
    ["step 20", expect.closeTo(41 / 48, 12)],
  ]);
  expect(found.checkpoints[1]?.boundary?.fates.lost.ids).toEqual(["p0"]);
  expect(found.problems.map(({ change }) => change)).toEqual([
    [0, -1, 0],
    [0, 0, 0],
    [0, 1, 1],
  ]);
  expect(found.recovered).toEqual(["p0"]);
});

test("boundaryCourse: comparisons share the chances of error", () => {
  // 6 of 16 against 0: Fisher's p is 2 C(16,6)/C(32,6) = 0.0177; of two checkpoints, the other equal, 0.035; of four 0.071.
  const lost = (others: number) => boundaryCourse(course([6], [0], ...Array(others).fill([6])), { resamples: 10 });
  const p = (2 * 8008) / 906192;
  const adjusted = (others: number): number =>
    lost(others).checkpoints[1]?.boundary?.problems[0]?.adjustedP ?? Number.NaN;
  expect(adjusted(1)).toBeCloseTo(2 * p, 9);
  expect(adjusted(3)).toBeCloseTo(4 * p, 9);
  expect(lost(1).problems[0]?.change).toEqual([0, -1, 0]);
  expect(lost(3).problems[0]?.change).toEqual([0, 0, 0, 0, 0]);
  expect(lost(3).checkpoints[1]?.boundary?.moves.error).toBeCloseTo(0.05 / 4, 12);
});

test("boundaryCourse: what is not in every checkpoint is refused, or left out and listed; names are unique", () => {
  const [one, two] = [counts([1, 2, 3]), { problems: counts([1, 2, 3]).problems.slice(1) }];
  const runs = [
    { name: "a", counts: one },
    { name: "b", counts: two },
  ];
  expect(() => boundaryCourse(runs)).toThrow("boundaryCourse: 1 problems are in one run only (p0)");
  expect(boundaryCourse(runs, { missing: "exclude" }).excluded).toEqual(["p0"]);
  expect(() => boundaryCourse(runs.slice(1))).toThrow("there are 1 checkpoints");
  expect(() => boundaryCourse([...runs, { name: "a", counts: one }])).toThrow('two checkpoints are named "a"');
});
