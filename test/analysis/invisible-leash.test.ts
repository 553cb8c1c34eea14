import { expect, test } from "vitest";
import {
  answerEntropy,
  limitReport,
  type SolveCounts,
  supportClasses,
  supportClassesFromCounts,
  supportMetrics,
  supportReport,
  supportRule,
  tiltedPolicy,
  tokenEntropy,
} from "../../src/analysis/index.ts";
import { rng } from "../../src/toolkit/rng.ts";

test("supportClasses: exact probabilities of correct completions, strictly above epsilon", () => {
  const base = [0.0005, 1e-5, 0.2, 1e-6, 0.0003];
  const trained = [0.0001, 0.0004, 0.5, 2e-6, 0.0002];
  const classes = supportClasses({ base, trained, correct: [1, 1, 1, 1, 0] }, 3e-4);
  expect(classes).toEqual({ P: 1, E: 1, S: 1, O: 1 });
  // At epsilon itself a completion is out.
  expect(supportClasses({ base: [0.25], trained: [0.5], correct: [true] }, 0.25)).toEqual({ P: 0, E: 1, S: 0, O: 0 });
  expect(() => supportClasses({ base: [0.6, 0.6], trained: [0, 0], correct: [1, 1] }, 0)).toThrow("base sums to 1.2");
  expect(() => supportClasses({ base: [-0.1], trained: [0], correct: [1] }, 0)).toThrow(
    "probability 0 of base is -0.1",
  );
  expect(() => supportClasses({ base: [0.1], trained: [0, 0], correct: [1] }, 0)).toThrow("1, 2 and 1 entries");
});

test("supportClassesFromCounts: unlike numbers of samples are refused, as are counts above them", () => {
  const counts = { base: [1, 0], trained: [0, 4] };
  expect(supportClassesFromCounts(counts, { base: 4, trained: 4 })).toEqual({ P: 0, E: 1, S: 1, O: 0 });
  expect(() => supportClassesFromCounts(counts, { base: 4, trained: 8 })).toThrow("the base has 4 samples");
  expect(() => supportClassesFromCounts(counts, { base: 3, trained: 3 })).toThrow("the count of problem 1 is 4");
});

test("tiltedPolicy: the KL-regularised optimum keeps the support, and the ratios among equal rewards", () => {
  const q = [0.4, 0.3, 0.2, 0.1, 0];
  const rewards = [1, 0, 1, 0, 1];
  for (const beta of [0.1, 1, 30]) {
    const p = tiltedPolicy(q, rewards, beta);
    // Mass of the correct: 0.6 e^β / (0.6 e^β + 0.4).
    const correct = 0.6 * Math.exp(beta);
    expect((p[0] ?? 0) + (p[2] ?? 0)).toBeCloseTo(correct / (correct + 0.4), 12);
    expect((p[0] ?? 0) / (p[2] ?? 1)).toBeCloseTo(2, 12);
    const { E, S } = supportClasses({ base: q, trained: p, correct: rewards }, 0);
    expect([E, S]).toEqual([0, 0]);
  }
  expect(tiltedPolicy(q, rewards, Number.POSITIVE_INFINITY)).toEqual([
    expect.closeTo(2 / 3, 12),
    0,
    expect.closeTo(1 / 3, 12),
    0,
    0,
  ]);
  expect(tiltedPolicy([0.5, 0.5], [1000, 0], 10)).toEqual([1, 0]); // no overflow
  expect(() => tiltedPolicy(q, [1], 1)).toThrow("5 probabilities and 1 rewards");
  expect(() => tiltedPolicy(q, rewards, -1)).toThrow("beta is -1");
});

test("entropies: of answers, and of tokens as mean over positions, then over sequences", () => {
  const answers = [...Array(20).fill("A"), ...Array(8).fill("B"), ...Array(4).fill("C")];
  expect(answerEntropy(answers)).toBeCloseTo(0.900256051, 9);
  expect(() => answerEntropy([])).toThrow("there are no answers");
  const sequences = [
    [
      [0.7, 0.2, 0.1],
      [0.5, 0.25, 0.25],
    ],
    [[1, 0, 0]],
  ];
  expect(tokenEntropy(sequences)).toBeCloseTo(0.460384831, 9); // (0.920769662 + 0) / 2
  const logits = sequences.map((rows) => rows.map((row) => row.map((p) => Math.log(p) + 7)));
  expect(tokenEntropy(logits, { kind: "logits" })).toBeCloseTo(0.460384831, 9);
  const masked = tokenEntropy(sequences, { mask: [[0, 1], [1]] });
  expect(masked).toBeCloseTo((0.5 * Math.log(2) + 0.5 * Math.log(4)) / 2, 12);
  expect(() => tokenEntropy(sequences, { mask: [[0, 0], [1]] })).toThrow("sequence 0 has no position that counts");
  expect(() => tokenEntropy([[[0.5, 0.4]]])).toThrow("the probabilities sum to 0.9");
});

// A world of 40 problems, one correct completion each, of which the base has rates from `least` to 0.4.
const problems = 40;
const samples = 256;
const moved = (i: number): boolean => i % 4 === 3; // ten of them
type Rates = (i: number) => number;
type World = "same" | "shrinks" | "grows";
function worldsFrom(least: number): Record<World, { readonly base: Rates; readonly trained: Rates }> {
  const rate: Rates = (i) => least * (0.4 / least) ** ((i % 20) / 19);
  return {
    same: { base: rate, trained: rate },
    // Mass moves to what is sampled often: nothing is left of ten completions, the others double.
    shrinks: { base: rate, trained: (i) => (moved(i) ? 0 : 2 * rate(i)) },
    // Ten completions that the base cannot produce at all.
    grows: { base: (i) => (moved(i) ? 0 : rate(i)), trained: (i) => (moved(i) ? 0.1 : rate(i)) },
  };
}
/** The rarest completion is missed by 256 samples more often than one time in three: problems are lost and gained by chance. */
const rare = worldsFrom(0.004);
/** Every completion is found by 256 samples, but for one time in 180. */
const common = worldsFrom(0.02);

function sampled(rate: Rates, stream: string, repetition: number): SolveCounts {
  return {
    problems: Array.from({ length: problems }, (_, i) => {
      const draw = rng({ seed: 9, stream, step: repetition, row: i });
      let correct = 0;
      for (let s = 0; s < samples; s++) if (draw.uniform() < rate(i)) correct++;
      return { id: `problem ${i}`, n: samples, correct };
    }),
  };
}

const exact = (rate: Rates): number[] => Array.from({ length: problems }, (_, i) => rate(i));

test.each([
  { world: "same", truth: { P: 40, E: 0, S: 0, O: 0 }, nscr: 0 },
  { world: "shrinks", truth: { P: 30, E: 0, S: 10, O: 0 }, nscr: -10 / 40 },
  { world: "grows", truth: { P: 30, E: 10, S: 0, O: 0 }, nscr: 10 / 40 },
] as const)("support: by exact probabilities, the world named $world is what it says", ({ world, truth, nscr }) => {
  const { base, trained } = rare[world];
  const counts = { P: 0, E: 0, S: 0, O: 0 };
  for (const [i, rate] of exact(base).entries()) {
    const classes = supportClasses({ base: [rate], trained: [exact(trained)[i] ?? 0], correct: [true] }, 0);
    for (const letter of ["P", "E", "S", "O"] as const) counts[letter] += classes[letter];
  }
  expect(counts).toEqual(truth);
  expect(supportMetrics(counts).nscr).toBeCloseTo(nscr, 12);
});

test("supportReport: says shrinks, grows or neither in 200 sampled repetitions of each world, with the stated error rates", () => {
  const repetitions = 200;
  let lostByChance = 0;
  const verdicts = (world: World): Record<string, number> => {
    const found: Record<string, number> = {};
    for (let r = 0; r < repetitions; r++) {
      const { base, trained } = rare[world];
      const report = supportReport(sampled(base, `${world}/base`, r), sampled(trained, `${world}/trained`, r), {
        resamples: 1,
      });
      found[report.verdict] = (found[report.verdict] ?? 0) + 1;
      if (world === "same" && report.counts.S > 0) lostByChance++;
    }
    return found;
  };
  // At most 1 − confidence = 5 % wrong: 10 of 200, and three standard errors more.
  const limit = repetitions * (0.05 + 3 * Math.sqrt((0.05 * 0.95) / repetitions));
  expect(repetitions - (verdicts("same")["no change shown"] ?? 0)).toBeLessThanOrEqual(limit);
  expect(lostByChance).toBeGreaterThan(0.5 * repetitions); // so the verdict has something to see through
  // Two problems fall from 0.4 to 0, ten rise from 0 to 0.1: that none of ten reaches 18 of 256 has a chance below 1e-9.
  expect(repetitions - (verdicts("shrinks").shrinks ?? 0)).toBeLessThanOrEqual(limit);
  expect(repetitions - (verdicts("grows").grows ?? 0)).toBeLessThanOrEqual(limit);
});

test("supportRule: a count on one side that the threshold hardly gives, 0 on the other that what is above it hardly gives", () => {
  const { threshold, least } = supportRule(4, 1, 0.5);
  const delta = 0.25; // error 0.5 over one problem and two directions
  expect((1 - threshold) ** 4).toBeCloseTo(delta, 12);
  // P(X ≥ c) at threshold 0.2929: 4 of 4 0.0074, 3 or more 0.0784, 2 or more 0.3358.
  expect(least).toBe(3);
  const tail = (c: number, n: number, p: number): number => {
    let [sum, chance] = [0, (1 - p) ** n];
    for (let x = 0; x <= n; x++) {
      if (x >= c) sum += chance;
      chance *= ((n - x) / (x + 1)) * (p / (1 - p));
    }
    return sum;
  };
  const many = supportRule(256, 40, 0.05);
  expect(many.least).toBe(18);
  expect(tail(18, 256, many.threshold)).toBeLessThanOrEqual(0.05 / 80);
  expect(tail(17, 256, many.threshold)).toBeGreaterThan(0.05 / 80);
  expect(supportRule(8, 40, 0.05).least).toBeUndefined(); // even 8 of 8 may come from a rate that 0 of 8 allows
});

test("supportReport: an unlucky 0 before a rate that rises is not new support", () => {
  const run = (correct: number): SolveCounts => ({
    problems: [
      { id: "unlucky", n: 256, correct },
      ...Array.from({ length: 39 }, (_, i) => ({ id: `p${i}`, n: 256, correct: 200 })),
    ],
  });
  // 17 of 256 against none: Fisher's p is 1e-5, but a base rate of 2 % gives 0 of 256 once in 176 problems.
  expect(supportReport(run(0), run(17), { resamples: 5 }).verdict).toBe("no change shown");
  expect(supportReport(run(0), run(18), { resamples: 5 }).verdict).toBe("grows");
  expect(supportReport(run(18), run(0), { resamples: 5 }).lost).toEqual(["unlucky"]);
});

test("limitReport: a clear lead of the base at one declared k tells the worlds apart in 200 repetitions", () => {
  const repetitions = 200;
  const leads = (world: World, k: number): number => {
    const counts = (rate: Rates, of: string, r: number) => ({
      n: samples,
      correct: sampled(rate, `${world}/${of}`, r).problems.map(({ correct }) => correct),
    });
    let found = 0;
    for (let r = 0; r < repetitions; r++) {
      const { base, trained } = common[world];
      const pair = { base: counts(base, "base", r), trained: counts(trained, "trained", r) };
      const { boundary } = limitReport(pair, { ks: [k], resamples: 400 });
      if (boundary.crossing.clearFrom !== undefined) found++;
    }
    return found / repetitions;
  };
  expect(leads("shrinks", samples)).toBeGreaterThanOrEqual(0.95);
  expect(leads("grows", samples)).toBeLessThanOrEqual(0.05);
  // Nominal is 2.5 %; measured over 4000 other repetitions of this world it is 4.2 % at k = 16 and 0 at k = n, since percentile
  // intervals over 40 problems are a little short. Three standard errors of 200 repetitions above that: 8.4 %.
  const limit = 0.042 + 3 * Math.sqrt((0.042 * 0.958) / repetitions);
  expect(leads("same", 16)).toBeLessThanOrEqual(limit);
  expect(leads("same", samples)).toBeLessThanOrEqual(limit);
}, 60_000);

test("supportReport: counts, metrics with intervals, and unlike samples refused", () => {
  const run = (correct: readonly number[], n = 64): SolveCounts => ({
    problems: correct.map((count, i) => ({ id: `p${i}`, n, correct: count })),
  });
  const report = supportReport(run([30, 20, 0, 0, 12]), run([64, 0, 3, 0, 40]), { resamples: 500 });
  expect(report.counts).toEqual({ P: 2, E: 1, S: 1, O: 1 });
  expect(report.metrics.srr?.value).toBeCloseTo(2 / 3, 12);
  expect(report.metrics.nscr?.value).toBe(0);
  expect(report.metrics.nscr?.low).toBeLessThan(0);
  expect(report.metrics.nscr?.high).toBeGreaterThan(0);
  expect(report.lost).toEqual(["p1"]);
  expect(report.gained).toEqual([]); // 3 of 64 against none may be chance
  expect(report.verdict).toBe("shrinks");
  expect(report.threshold).toBeCloseTo(1 - 0.05 ** (1 / 64), 12);
  const chance = supportReport(run([1, 20]), run([0, 25]), { resamples: 5 });
  expect([chance.counts.S, chance.verdict]).toEqual([1, "no change shown"]); // one of 64, then none
  const none = supportReport(run([0, 0]), run([0, 0]), { resamples: 5 });
  expect(none.metrics).toEqual({ srr: undefined, ndr: undefined, sds: { value: 0, low: 0, high: 0 }, nscr: undefined });
  expect(() => supportReport(run([1]), run([1], 32))).toThrow("problems have 64, 32 samples");
  expect(() => supportReport(run([1, 2]), run([1]))).toThrow("1 problems are in one run only");
  expect(() => supportReport(run([1]), run([1]), { zeta: 0 })).toThrow("zeta is 0");
});
