import { expect, test } from "vitest";
import { type CanonOptions, type CanonRows, canon, canonAdvantage } from "../../src/algorithms/canon.ts";
import { canonMu } from "../../src/algorithms/canon-schedule.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type Algorithm, describe } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { expectedReward, trainTabular } from "../../src/toolkit/tabular.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { trainedTwice } from "../support/trained-twice.ts";

const { NaN: nan } = Number;
const near = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
};

// Low half: rows 2, 5, 0 with rewards 1, 0, 1. High half: rows 3, 4, 1 with rewards 1, 0, 0.
const rows: CanonRows = {
  rewards: [1, 0, 1, 1, 0, 0],
  metric: [120, 300, 80, 210, 260, 90],
  group: [4, 4, 4, 4, 4, 4],
};
const third = 1 / 3;

test("canon: between halves a reward is held against the other half's mean, within them against its own", () => {
  near(canonAdvantage(rows).advantages, [2 * third, -2 * third, 2 * third, third, -2 * third, -third]);
  near(canonAdvantage(rows, { mu: 0 }).advantages, [third, -third, third, 2 * third, -third, -2 * third]);
  const [group] = canonAdvantage(rows).groupStats;
  expect(group).toMatchObject({ group: 4, rows: 6, tiedCut: false });
  expect(group?.interGap).toBeCloseTo(-third, 12);
});

test("canon: at mu 0.5 with halves of one size it is Dr. GRPO; advantages sum to 0 at every mu", () => {
  near(canonAdvantage(rows, { mu: 0.5 }).advantages, [0.5, -0.5, 0.5, 0.5, -0.5, -0.5]);
  for (const mu of [0, 0.3, 1]) {
    const { advantages } = canonAdvantage(rows, { mu });
    expect(advantages.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 12);
  }
});

test("canon: alpha is on one half's rewards, and leaves a preference where all are right", () => {
  near(canonAdvantage(rows, { alpha: 0.96 }).advantages, [0.68, -2 * third, 0.68, 0.96 - 2 * third, -2 * third, -0.32]);
  const right = { rewards: [1, 1, 1, 1], metric: [5, 9, 7, 3], group: [0, 0, 0, 0] };
  near(canonAdvantage(right, { alpha: 0.96 }).advantages, [0.04, -0.04, -0.04, 0.04]);
  near(canonAdvantage(right, { alpha: 0.96, alphaOn: "low" }).advantages, [-0.04, 0.04, 0.04, -0.04]);
  near(canonAdvantage({ ...right, rewards: [0, 0, 0, 0] }, { alpha: 0.5 }).advantages, [0, 0, 0, 0]);
});

test("canon: an odd group's larger half is the high one; equal metrics are split by their order", () => {
  const odd = { rewards: [1, 1, 0, 0, 1], metric: [0.9, 0.4, 0.4, 0.7, 0.1], group: [0, 0, 0, 0, 0] };
  const found = canonAdvantage(odd);
  expect(found.isHigh).toEqual([true, false, true, true, false]);
  near(found.advantages, [0, 2 * third, -1, -1, 2 * third]);
  expect(found.groupStats[0]?.tiedCut).toBe(true);
});

test("canon: a group of one gets 0, or its reward; an unscored row is left out", () => {
  const one = { rewards: [1, nan], metric: [3, 4], group: [0, 0] };
  near(canonAdvantage(one).advantages, [0, 0]);
  near(canonAdvantage(one, { singleton: "raw", mu: 0.5, alpha: 0.5 }).advantages, [0.75, 0]); // 0.5 x 0.5 + 0.5 x 1
  expect(canonAdvantage(one).isHigh).toEqual([true, false]);
});

test("canon: cosine schedules begin again after each cycle", () => {
  const steps = [0, 14, 29, 30, 50, 69, 70, 149];
  const intra = steps.map((step) => 1 - canonMu(step, { kind: "cosine-intra-first" }));
  const last = 0.3 * (1 + Math.cos((Math.PI * 39) / 40)); // step 69 is the 39th of 40
  near(intra, [0.02, 0.3, 0.6, 0.6, 0.3, last, 0.6, last]);
  const end = 0.4 + 0.3 * (1 + Math.cos((Math.PI * 39) / 40));
  near(
    steps.map((step) => canonMu(step, { kind: "cosine-inter-first" })),
    [1 / 30, 0.5, 1, 1, 0.7, end, 1, end],
  );
  expect(canonMu(9, { kind: "accuracy" }, { batchAccuracy: 0.3 })).toBe(0.3);
  expect(canonMu(9, { kind: "reverse-accuracy" }, { batchAccuracy: 0.3 })).toBe(0.7);
});

test("canon: as a seam it measures entropy, length or nothing, and gives every token its row's number", async () => {
  const statistics = { entropy: Float32Array.of(0.5, 0.7, 0.1, 9, 0.2, 0.2) };
  const input = advantageInput({ lengths: [2, 1, 2], rewards: [1, 0, 1], statistics });
  const at = async (options: CanonOptions) => {
    const { perToken, metrics } = await openSeam(canon(options).replaces?.advantage ?? grpo().advantage).next(input);
    return { rows: [perToken[0], perToken[2], perToken[4]], metrics };
  };
  // means 0.6, 0.1, 0.2: low half is row 1 (reward 0), high half rows 0 and 2 (mean 1)
  expect((await at({})).rows).toEqual([1, -1, 1]);
  // lengths 2, 1, 2: the same halves. By number: low is row 0 (1), high rows 1 and 2 (mean 1/2)
  expect((await at({ metric: "length" })).rows).toEqual([1, -1, 1]);
  expect((await at({ metric: "random" })).rows).toEqual([0.5, -1, 0]);
  const moved = await at({ metric: "length", mu: { kind: "accuracy" } });
  expect(moved.metrics?.["canon/mu"]).toBeCloseTo(2 / 3, 6);
  near(moved.rows.map(Number), [2 / 3, -2 / 3, 2 / 3]); // intra: 0, 0, 0
  expect(canon({ metric: "length" }).statistics).toBeUndefined();
});

test("canon: alpha is on the low half for entropies, on the high one for lengths", () => {
  const half = (options: CanonOptions) =>
    describe(compose(grpo(), canon(options))).find(({ name }) => name === "canon.alphaOn")?.value;
  expect([half({}), half({ metric: "length" }), half({ alphaOn: "high" })]).toEqual(["low", "high", "high"]);
});

test.each([
  [{ mu: 1.1 }, "canon: mu is 1.1; pass a number from 0 to 1."],
  [{ alpha: -1 }, "canon: alpha is -1; pass a number from 0."],
  [{ normaliser: 0 }, "canon: normaliser is 0; pass a number above 0."],
  [{ metric: "loss" }, 'canon: metric is "loss"; pass one of "entropy", "length", "random".'],
  [{ mu: { kind: "cosine-intra-first", cycles: 200 } }, "canonMu: 200 cycles in 120 steps"],
  [{ mu: { kind: "cosine" } }, "canonMu: the schedule is of kind cosine"],
])("canon: %o is refused", (options, message) => {
  expect(() => canon(options as CanonOptions)).toThrow(message);
});

test("canon: metrics that are not finite, columns of unlike length and accuracies beyond 1 are refused", () => {
  expect(() => canonAdvantage({ ...rows, metric: [1, 2, nan, 4, 5, 6] })).toThrow("canon: row 2 has metric NaN");
  expect(() => canonAdvantage({ ...rows, metric: [1] })).toThrow("canon: there are 6 rewards, 1 metrics");
  expect(() => canonMu(0, { kind: "accuracy" }, { batchAccuracy: 1.5 })).toThrow(
    "canonMu: the batch's accuracy is 1.5",
  );
});

// One choice, the length of an answer from 1 to 10; a draw decides whether it is right.
const regimes = {
  longer: (length: number) => 0.2 + 0.07 * length,
  shorter: (length: number) => 0.97 - 0.07 * length,
  flat: (length: number) => (length >= 4 ? 0.8 : 0.15),
};

async function outcome(algorithm: Algorithm, regime: keyof typeof regimes, steps: number) {
  const length = ([symbol = 0]: readonly number[]): number => symbol + 1;
  const problem = {
    ...{ contexts: 8, symbols: 10, features: Array.from({ length: 8 }, () => [1]), tokens: length },
    reward: (_: number, answer: readonly number[]) => regimes[regime](length(answer)),
  };
  const figures = [1, 2, 3].map(async (seed) => {
    const run = { problem, algorithm, steps, seed, samplesPerPrompt: 16, learningRate: 2, measureEvery: steps };
    const { policy } = await trainTabular({ ...run, observed: (p, { random }) => (random.uniform() < p ? 1 : 0) });
    return { accuracy: expectedReward(policy), length: expectedReward(policy, (_, answer) => length(answer)) };
  });
  const all = await Promise.all(figures);
  const mean = (of: "accuracy" | "length"): number => all.reduce((sum, run) => sum + run[of], 0) / all.length;
  return { accuracy: mean("accuracy"), length: mean("length") };
}

const plain = grpo({ scale: "none", aggregation: "seq-mean-token-sum" });
const byLength = (options: CanonOptions): Algorithm => compose(plain, canon({ metric: "length", ...options }));
/** Rewards less 0.08 a token. */
const penalised: Algorithm = {
  ...plain,
  advantage: (input) => {
    const { rollouts, rewards } = input;
    const values = rewards.values.map((reward, b) => reward - 0.08 * (rollouts.completionLengths[b] ?? 0));
    return openSeam(plain.advantage).next({ ...input, rewards: { ...rewards, values } });
  },
};

test("canon: follows the rewards where longer is better and where shorter is; a fixed penalty does in one", async () => {
  for (const regime of ["longer", "shorter"] as const) {
    const at = async (algorithm: Algorithm) => (await outcome(algorithm, regime, 30)).accuracy;
    const [drGrpo, inter] = [await at(plain), await at(byLength({}))];
    expect(inter, regime).toBeGreaterThan(drGrpo + 0.03); // 0.87 and 0.82 in both
    expect(await at(byLength({ mu: 0 })), regime).toBeLessThan(drGrpo - 0.1); // 0.65
    const fixed = await at(penalised);
    if (regime === "longer")
      expect(fixed).toBeLessThan(0.6); // 0.55
    else expect(fixed).toBeGreaterThan(inter); // 0.89
  }
});

test("canon: where length decides nothing, alpha below 1 shortens answers at the same accuracy", async () => {
  const even = await outcome(byLength({}), "flat", 120);
  const short = await outcome(byLength({ alpha: 0.9 }), "flat", 120);
  expect(short.length).toBeLessThan(even.length - 2); // 4.3 and 8.6
  expect(Math.abs(short.accuracy - even.accuracy)).toBeLessThan(0.02);
});

test("canon: a step tells how many groups have nothing to be compared with", async () => {
  const { records } = await trainedTwice(compose(grpo(), canon()), { samplesPerPrompt: 1, preflight: "off" });
  expect(records[0]?.events.find(({ kind }) => kind === "advantage")?.message).toBe(
    "canon: 4 of 4 groups have one scored completion, which has no other half and gets 0; raise samplesPerPrompt",
  );
  const input = advantageInput({ lengths: [2, 2, 2], rewards: [1, 0, 1], group: [0, 0, 1] });
  const pairs = { ...input, statistics: { entropy: new Float32Array(6) } };
  const told = async (singleton: "zero" | "raw") =>
    (await openSeam(compose(grpo(), canon({ singleton })).advantage).next(pairs)).events;
  expect(await told("raw")).toEqual([
    "canon: 1 of 2 groups have one scored completion, which has no other half and gets its reward; raise samplesPerPrompt",
  ]);
});
