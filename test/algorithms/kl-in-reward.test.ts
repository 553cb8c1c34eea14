import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import {
  adaptedCoefficient,
  type KlInRewardOptions,
  klInReward,
  penalisedRewards,
  tokenKl,
} from "../../src/algorithms/kl-in-reward.ts";
import { reinforcePlusPlus } from "../../src/algorithms/reinforce-plus-plus.ts";
import type { AdvantageInput, Advantages } from "../../src/toolkit/advantage.ts";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { type Json, openSeam, type SeamSession } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test.each([
  { estimator: "k1" as const, expected: [0.5, -0.5, 20] },
  { estimator: "k2" as const, expected: [0.125, 0.125, 200] },
  { estimator: "k3" as const, expected: [Math.exp(-0.5) - 0.5, Math.exp(0.5) - 1.5, Math.exp(-20) + 19] },
])("kl in reward: $estimator of each token, the log-ratio cut at 20", ({ estimator, expected }) => {
  const columns = { logProbs: Float32Array.of(-1, -1.5, -1), referenceLogProbs: Float32Array.of(-1.5, -1, -90) };
  expectNear(tokenKl(columns, estimator), expected);
});

// Rows of 2 and 1 tokens; k1 is 0.5, 0.25 and -0.5; padding holds NaN.
const input = advantageInput({ lengths: [2, 1], rewards: [1, 0] });
const kl = Float32Array.of(0.5, 0.25, -0.5, nan);
const columns = {
  statistics: { logProb: Float32Array.of(-1, -1, -1, nan) },
  referenceStatistics: { logProb: Float32Array.of(-1.5, -1.25, -0.5, nan) },
};

test("kl in reward: a row pays the sum, a token its own; the measure is the mean over rows", () => {
  const { rewards, mean, rows } = penalisedRewards(input, kl, { coefficient: 2 });
  expectNear(rewards.values, [1 - 1.5, 1]);
  expectNear(rewards.perToken ?? [], [-1, -0.5, 1, 0]);
  expect([mean, rows]).toEqual([(0.375 - 0.5) / 2, 2]);
  expect(penalisedRewards(input, kl, { coefficient: 2, measure: "sum" }).mean).toBe((0.75 - 0.5) / 2);
  expect([...input.rewards.values]).toEqual([1, 0]); // the given ones are left as they are
});

test("kl in reward: unscored rows stay so and do not count; penalties add up with those that are there", () => {
  const rewards = { ...input.rewards, values: Float32Array.of(1, nan), perToken: Float32Array.of(4, 0, 0, 0) };
  const after = penalisedRewards({ ...input, rewards }, kl, { coefficient: 1 });
  expectNear(after.rewards.perToken ?? [], [3.5, -0.25, 0, 0]);
  expect([...after.rewards.values]).toEqual([0.25, nan]);
  expect([after.mean, after.rows]).toEqual([0.375, 1]);
});

test("kl in reward: in full it is the sum over the vocabulary, at each token of a completion", async () => {
  const logits = (...rows: number[][]): Float32Array => Float32Array.from(rows.flat().map((p) => Math.log(p)));
  const of = (p: number[], q: number[]): number => p.reduce((sum, x, i) => sum + x * Math.log(x / (q[i] ?? 0)), 0);
  const [a, b] = [
    [0.5, 0.5],
    [0.9, 0.1],
  ];
  const statistics = { allLogits: logits(a, b, a, [1, 1]) };
  const referenceStatistics = { allLogits: logits(b, b, [0.25, 0.75], [1, 1]) };
  const plain = {
    ...grpo({ scale: "none" }),
    advantage: ({ rewards }: AdvantageInput) => ({ perToken: rewards.perToken ?? nan }),
  };
  const { advantage } = compose(plain as unknown as Algorithm, klInReward({ coefficient: 1, estimator: "full" }));
  const { perToken } = await openSeam(advantage).next({ ...input, statistics, referenceStatistics });
  expectNear(perToken, [-of(a, b), 0, -of(a, [0.25, 0.75]), 0]);
});

test("kl in reward: the price follows the KL, a fifth of rows / horizon at most", () => {
  const settings = { rows: 100, target: 0.1, horizon: 1000 };
  expect(adaptedCoefficient(2, { kl: 0.11, ...settings })).toBeCloseTo(2 * (1 + 0.1 * 0.1), 9);
  expect(adaptedCoefficient(2, { kl: 5, ...settings })).toBeCloseTo(2 * 1.02, 9);
  expect(adaptedCoefficient(2, { kl: -5, ...settings })).toBeCloseTo(2 * 0.98, 9);
});

function open(base: Algorithm, options: KlInRewardOptions, saved?: Json): SeamSession<AdvantageInput, Advantages> {
  return openSeam(compose(base, klInReward(options)).advantage, saved);
}

test("kl in reward: GRPO sees a row's reward less its sum", async () => {
  const { perToken, metrics } = await open(grpo({ scale: "none" }), { coefficient: 2 }).next({ ...input, ...columns });
  expectNear(perToken, [-0.75, -0.75, 0.75, 0.75]); // -0.5 and 1, mean 0.25
  expect(metrics).toMatchObject({ reward_kl: (0.375 - 0.5) / 2, reward_kl_coefficient: 2 });
});

test("kl in reward: REINFORCE++ sees each token's return", async () => {
  const base = compose(grpo(), reinforcePlusPlus({ epsilon: 0 }));
  const { perToken } = await open(base, { coefficient: 2 }).next({ ...input, ...columns });
  // returns -1 - 0.5 + 1 = -0.5, 0.5; 1: mean 1/3, squares (25 + 1 + 16) / 36 = 7/6, over 2
  expectNear(perToken, [...[-5 / 6, 1 / 6, 4 / 6].map((x) => x / Math.sqrt(7 / 12)), 0]);
});

test("kl in reward: the adaptive price is used before it moves, and goes over a checkpoint", async () => {
  const options: KlInRewardOptions = { coefficient: 2, controller: "adaptive", target: 0.1, horizon: 4 };
  const session = open(grpo(), options);
  const first = await session.next({ ...input, ...columns });
  expect(first.metrics?.reward_kl_coefficient).toBe(2);
  const saved = session.save(); // KL -0.0625: clipped at -0.2, times 2 / 4
  expect(saved).toEqual({ own: 2 * 0.9, inside: null });
  const second = await open(grpo(), options, saved).next({ ...input, ...columns });
  expect(second.metrics?.reward_kl_coefficient).toBe(1.8);
  const fixed = open(grpo(), { coefficient: 2 });
  await fixed.next({ ...input, ...columns });
  expect(fixed.save()).toEqual({ own: 2, inside: null });
});

test("kl in reward: what it cannot use is refused", async () => {
  expect(() => klInReward(Object({ estimator: "k4" }))).toThrow('klInReward: estimator is "k4"; pass one of "k1"');
  expect(() => klInReward({ target: 0 })).toThrow("klInReward: target is 0; pass a number above 0.");
  expect(() => open(grpo(), {}, { own: -1, inside: null })).toThrow("klInReward: the saved price is -1");
  await expect(async () => open(grpo(), {}).next(input)).rejects.toThrow('klInReward: there is no statistic "logProb"');
});
