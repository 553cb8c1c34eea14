import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { type PpoOptions, ppo, tokenAdvantages } from "../../src/algorithms/ppo.ts";
import { valueError } from "../../src/algorithms/ppo-value.ts";
import type { AdvantageInput, Advantages } from "../../src/toolkit/advantage.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { generalizedAdvantages } from "../../src/toolkit/gae.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";
import { trainedTwice } from "../support/trained-twice.ts";

const { NaN: nan } = Number;

// Rows of 2 and 1 tokens in [2, 2]; the padding's value is NaN.
const input = advantageInput({ lengths: [2, 1], rewards: [1, 0], group: [0, 1] });
const values = Float32Array.of(0.5, 0.25, 0.5, nan);

async function advantagesOf(options: PpoOptions, given: AdvantageInput): Promise<Advantages> {
  const { advantage } = ppo(options);
  if (typeof advantage !== "function") throw new Error("a function is there");
  return advantage({ ...given, statistics: { oldValues: values } });
}

test("ppo: GAE of each completion, 0 after its end; returns are advantage and value", async () => {
  // row 0: delta 1 - 0.25 = 0.75, then 0.25 - 0.5 = -0.25: A = 0.75, -0.25 + 0.5 * 0.75 = 0.125; row 1: -0.5
  const { perToken, columns } = await advantagesOf({ lambda: 0.5, whiten: false }, input);
  expectNear(perToken, [0.125, 0.75, -0.5, 0]);
  expectNear(columns?.returns as Float32Array, [0.625, 1, 0, 0]);
});

test("ppo: it is the toolkit's GAE, row by row", () => {
  const { rollouts } = advantageInput({ lengths: [4], rewards: [1] });
  const [rewards, of] = [Float32Array.of(0, -0.5, 0, 1), Float32Array.of(0.1, 0.7, -0.2, 0.4)];
  const options = { gamma: 0.9, lambda: 0.8 };
  const episode = generalizedAdvantages({ rewards, values: [...of, 9], done: [0, 0, 0, 1] }, options);
  const found = tokenAdvantages({ rollouts, rewards, values: of }, options);
  expectNear(found.advantages, [...episode.advantages]);
  expectNear(found.returns, [...episode.returns]);
});

test("ppo: advantages are whitened over the step's scored tokens", async () => {
  const { perToken, scaledBy } = await advantagesOf({ lambda: 0.5 }, input);
  const raw = [0.125, 0.75, -0.5];
  const deviation = Math.sqrt(raw.reduce((sum, x) => sum + (x - 0.125) ** 2, 0) / 2); // mean 0.125
  expectNear(perToken, [...raw.map((x) => (x - 0.125) / deviation), 0]);
  expect(scaledBy).toBe("ppo");
});

test("ppo: an unscored row is masked; where none is scored the step is skipped", async () => {
  const rewards = (...of: number[]) => ({ ...input, rewards: { ...input.rewards, values: Float32Array.from(of) } });
  const some = await advantagesOf({}, rewards(1, nan));
  expect([...(some.mask ?? [])]).toEqual([1, 1, 0, 0]);
  expect((await advantagesOf({}, rewards(nan, nan))).skip).toBe("no completion is scored");
  expect((await advantagesOf({}, input)).mask).toBeUndefined();
});

test("ppo: explained variance is 1 - Var(R - V) / Var(R) of the trained tokens", async () => {
  // returns 0.625, 1, 0: mean 13/24; returns - values 0.125, 0.75, -0.5: mean 0.125
  const squares = (...x: number[]): number => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    return x.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  };
  const { metrics } = await advantagesOf({ lambda: 0.5 }, input);
  const expected = 1 - squares(0.125, 0.75, -0.5) / squares(0.625, 1, 0);
  expect(metrics?.value_explained_variance).toBeCloseTo(expected, 6);
});

// V, V_old, R: inside the clip; far, clipped error larger; far, plain error larger; masked.
const numbers = { values: [0.1, 1, 1, nan], oldValues: [0, 0, 0, nan], returns: [1, 1, -1, nan] };
const row = (list: readonly number[]): tf.Tensor2D => tf.tensor2d([...list], [1, 4]);
const batch = {
  ...{ logProbs: row([-1, -1, -1, -1]), oldLogProbs: row([-1, -1, -1, -1]), advantages: row([0, 0, 0, 0]) },
  mask: row([1, 1, 1, 0]),
  values: row(numbers.values),
  columns: { oldValues: row(numbers.oldValues), returns: row(numbers.returns) },
};

test("ppo value loss: the larger of the plain and the clipped squared error, halved", () => {
  const { error, clipped } = valueError(batch, 0.2);
  expectNear(error.dataSync(), [0.81 / 2, 0.64 / 2, 4 / 2, 0]); // (0.2 - 1)^2 beats 0; (1 + 1)^2 beats (0.2 + 1)^2
  expect([...clipped.dataSync()]).toEqual([0, 1, 0, 0]);
  expectNear(valueError(batch, Infinity).error.dataSync(), [0.81 / 2, 0, 2, 0]);
});

test("ppo value loss: the gradient is V - R, none where the clip acts or the mask is 0", () => {
  const of = (x: tf.Tensor): tf.Scalar =>
    valueError({ ...batch, values: x as tf.Tensor2D }, 0.2)
      .error.sum()
      .asScalar();
  expectNear(tf.grad(of)(batch.values).dataSync(), [-0.9, 0, 2, 0]);
});

test("ppo: loss and metrics of a batch", () => {
  const { loss, metrics } = ppo({ valueCoefficient: 0.5 }).objective.loss(batch);
  expect(loss.arraySync()).toBeCloseTo((0.5 * (0.405 + 0.32 + 2)) / 3, 6);
  expect(metrics.value_loss?.arraySync()).toBeCloseTo((0.405 + 0.32 + 2) / 3, 6);
  expect(metrics.value_clip_ratio?.arraySync()).toBeCloseTo(1 / 3, 6);
});

test("ppo: in training the values learn what is to come", async () => {
  const { records } = await trainedTwice(ppo({ valueCoefficient: 2, valueClip: Infinity }), { steps: 12 });
  const loss = (from: number) =>
    records.slice(from, from + 3).reduce((sum, r) => sum + (r.metrics.value_loss ?? nan), 0);
  expect(loss(9)).toBeLessThan(loss(0));
});

test("ppo: choices name their sources; unknown options are refused; values need a head", async () => {
  const choices = describe(ppo({ lambda: 1 }));
  expect(choices.find(({ name }) => name === "lambda")).toMatchObject({ value: 1, source: "given" });
  expect(() => ppo(Object({ lam: 1 }))).toThrow('ppo: there is no option "lam"');
  expect(() => ppo({ gamma: 1.5 })).toThrow("ppo: gamma is 1.5; pass a number from 0 to 1.");
  const { statistics } = ppo();
  const view = { rawLogits: tf.zeros([1, 2]), logits: tf.zeros([1, 2]), logProbs: tf.zeros([1]) };
  const bare = { ...view, entropies: tf.zeros([1]), targets: tf.zeros([1]) };
  expect(() => statistics?.oldValues?.(bare as Parameters<NonNullable<typeof statistics>[string]>[0])).toThrow(
    "ppo: the policy has no value head; use train, or a policy from withValueHead().",
  );
});
