import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { real, realLabels, realLoss } from "../../src/algorithms/real.ts";
import { type Algorithm, describe } from "../../src/toolkit/algorithm.ts";
import { countGroups } from "../../src/toolkit/groups.ts";
import type { ObjectiveResult, PolicyBatch } from "../../src/toolkit/objective.ts";
import { type TabularProblem, trainTabular } from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;

// Group 0: one right of four, group 1: all wrong.
const group = tf.tensor1d([0, 0, 0, 0, 1], "int32");
const label = tf.tensor1d([1, -1, -1, -1, -1]);
const settings = { scoreTemperature: 0.5, variant: "real" } as const;
const at = (scores: number[], of: Partial<typeof settings> = {}) =>
  realLoss(tf.tensor1d(scores), { label, group, groups: countGroups(group) }, { ...settings, ...of });
const slopeAt = (scores: number[]): number[] => [
  ...tf
    .grad((s: tf.Tensor) => realLoss(s as tf.Tensor1D, { label, group, groups: tf.scalar(2) }, settings).loss)(
      tf.tensor1d(scores),
    )
    .dataSync(),
];

test("real loss: on policy log(1 + n+) + log(1 + n-) of the mixed group, over both groups", () => {
  const { loss, mixedShare } = at([0, 0, 0, 0, 0]);
  expect(loss.arraySync()).toBeCloseTo((Math.log(2) + Math.log(4)) / 2, 6);
  expect(mixedShare.arraySync()).toBeCloseTo(0.5, 6);
});

test("real loss: log-ratios move the terms of their label by s / tau", () => {
  const s = [0.15, -0.05, 0.4, 0, 9];
  const expected = Math.log(1 + Math.exp(-0.3)) + Math.log(1 + Math.exp(-0.1) + Math.exp(0.8) + 1);
  expect(at(s).loss.arraySync()).toBeCloseTo(expected / 2, 6);
});

test("real gradient: 1 / tau times a share below 1, larger for the unlikely right and the likely wrong", () => {
  const weight = (s: number): number => 1 / 0.5 / (1 + Math.exp(s / 0.5)); // of the one right row: C+ = 1
  for (const s of [-2, 0, 2]) expect(slopeAt([s, 0, 0, 0, 0])[0]).toBeCloseTo(-weight(s) / 2, 5);
  const [, likely = 0, unlikely = 0] = slopeAt([0, 1, -1, 0, 0]);
  expect(likely).toBeGreaterThan(unlikely);
  for (const value of slopeAt([-300, 300, 200, -300, 0])) expect(Math.abs(value)).toBeLessThanOrEqual(2 / 2 + 1e-6);
});

test("real loss: what is sure of every label overflows nowhere, also in float32", () => {
  expect(at([60, -60, -60, -60, 0]).loss.arraySync()).toBeCloseTo(0, 6); // exp(120) is infinite in float32
  for (const value of slopeAt([60, -60, -60, -60, 0])) expect(Math.abs(value)).toBeLessThan(1e-6);
});

test("real loss: without the other label a group gives nothing, in each variant", () => {
  const one = tf.tensor1d([1, 1, 1], "int32");
  for (const variant of ["real", "bce", "product"] as const) {
    for (const of of [1, -1]) {
      const rows = { label: tf.fill([3], of) as tf.Tensor1D, group: one, groups: tf.scalar(1) };
      const gradient = tf.grad((s: tf.Tensor) => realLoss(s as tf.Tensor1D, rows, { ...settings, variant }).loss);
      expect([...gradient(tf.tensor1d([0.5, -1, 2])).dataSync()].map(Math.abs)).toEqual([0, 0, 0]);
    }
  }
});

test("real loss: two-row groups make the product and the anchored loss differ as stated", () => {
  const rows = { label: tf.tensor1d([1, -1]), group: tf.tensor1d([3, 3], "int32"), groups: tf.scalar(1) };
  const loss = (variant: "bce" | "product"): number =>
    realLoss(tf.tensor1d([0.25, -0.5]), rows, { scoreTemperature: 1, variant }).loss.arraySync();
  const softplus = (x: number): number => Math.log(1 + Math.exp(x));
  expect(loss("product")).toBeCloseTo(softplus(-0.5 - 0.25), 6);
  expect(loss("bce")).toBeCloseTo((softplus(-0.25) + softplus(-0.5)) / 2, 6);
});

test("real labels: exact takes 1 and 0, centered takes what is above the group's mean", () => {
  const mask = new Float32Array(8).fill(1);
  const rows = { rewards: [1, 0, 0, 1], group: [0, 0, 1, 1], mask };
  expect([...realLabels(rows)]).toEqual([1, -1, -1, 1]);
  const graded = { ...rows, rewards: [0.9, 0.1, 0.1, 0.1] };
  expect([...realLabels(graded, { labelRule: "centered" })]).toEqual([1, -1, -1, -1]);
  expect([...realLabels({ ...rows, rewards: [1, nan, 0, 1] }, { unscored: "left out" })]).toEqual([1, 0, -1, 1]);
});

test("real: what has no label or no mean log-ratio is refused with its value", () => {
  const rows = { rewards: [1, 0], group: [0, 0], mask: [1, 1, 1, 0] };
  expect(() => realLabels({ ...rows, rewards: [1, 0.5] })).toThrow("real: row 1 has reward 0.5;");
  expect(() => realLabels({ ...rows, rewards: [1, nan] }, { labelRule: "centered" })).toThrow("real: a reward is NaN");
  expect(() => realLabels({ ...rows, mask: [1, 1, 0, 0] })).toThrow(
    "real: row 1 has no tokens, so no mean log-ratio; leave rows of an empty mask out.",
  );
  expect(() => realLabels({ ...rows, group: [0] })).toThrow("real: 2 rewards for 1 group ids");
  expect(() => realLabels({ ...rows, mask: [1, 1, 1] })).toThrow("real: 3 masked positions for 2 rows");
  expect(() => real({ scoreTemperature: 0 })).toThrow("real: scoreTemperature is 0; pass a number above 0.");
  expect(() => real({ ...{ tau: 1, variant: "real" } })).toThrow('real: there is no option "tau"');
});

test("real: its choices carry value and source", () => {
  const choices = describe(real({ scoreTemperature: 1 }));
  expect(choices.find(({ name }) => name === "scoreTemperature")).toMatchObject({ value: 1, source: "given" });
  expect(choices.find(({ name }) => name === "labelRule")).toMatchObject({ seam: "advantage", value: "exact" });
});

/** The algorithm with, among its metrics, the largest |slope of the loss by a row's mean log-ratio|, times `count`. */
function weighed(algorithm: Algorithm, count: number): Algorithm {
  const { needs, loss } = algorithm.objective;
  const withWeight = (batch: PolicyBatch): ObjectiveResult => {
    const slope = tf.grad((x: tf.Tensor) => loss({ ...batch, logProbs: x as tf.Tensor2D }).loss)(batch.logProbs);
    const result = loss(batch);
    const weight = slope.sum(1).abs().max().mul(count).asScalar();
    return { ...result, metrics: { ...result.metrics, weight } };
  };
  return { ...algorithm, objective: { needs, loss: withWeight } };
}

test("real: off policy with long steps, no row weighs more than 1 / tau; rows of unclipped GRPO do", async () => {
  const problem: TabularProblem = {
    ...{ contexts: 3, symbols: 6, length: 3, states: "position" },
    reward: (context, answer) => (answer.reduce((sum, s) => sum + s, 0) % 3 === context ? 1 : 0),
  };
  const largest = async (algorithm: Algorithm, count: number): Promise<number> => {
    const sizes = { samplesPerPrompt: 16, innerEpochs: 6, learningRate: 16, measureEvery: 12 };
    const { steps } = await trainTabular({
      problem,
      algorithm: weighed(algorithm, count),
      steps: 12,
      seed: 3,
      ...sizes,
    });
    expect(steps.at(-1)?.expected_reward).toBeGreaterThan(0.8); // of 1/3: all of them learn the task
    return Math.max(...steps.map(({ weight }) => weight ?? 0));
  };
  expect(await largest(grpo({ clipLow: 1, clipHigh: 1e6 }), 48)).toBeGreaterThan(4);
  expect(await largest(real(), 3)).toBeLessThanOrEqual(2 + 1e-5);
  expect(await largest(real({ scoreTemperature: 1 }), 3)).toBeLessThanOrEqual(1 + 1e-5);
});
