import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type LuspoBatch, type LuspoOptions, luspo, luspoLoss } from "../../src/algorithms/luspo.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { Objective, PolicyBatch } from "../../src/toolkit/objective.ts";
import type { Rollouts } from "../../src/toolkit/rollout.ts";
import { expectedReward, trainTabular } from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;

// Row 0: log-ratios 0.002 and 0.001, A = 1. Row 1: 0.004, A = -2, then padding that holds NaN. Row 2: nothing trained.
const batch: LuspoBatch = {
  logProbs: tf.tensor2d([-1.0, -0.5, -2.0, nan, -3, -3], [3, 2]),
  oldLogProbs: tf.tensor2d([-1.002, -0.501, -2.004, nan, -1, -1], [3, 2]),
  advantages: tf.tensor1d([1, -2, 5]),
  mask: tf.tensor2d([1, 1, 1, 0, 0, 0], [3, 2]),
};
const [up, down] = [Math.exp(0.0015), Math.exp(0.004)]; // 1.0015, inside; 1.004, above, where A < 0 keeps it

const gradientOf = (objective: (x: tf.Tensor2D) => tf.Scalar, at: tf.Tensor2D): number[] => [
  ...tf
    .grad((x: tf.Tensor) => objective(x as tf.Tensor2D))(at)
    .dataSync(),
];

test.each([
  { name: "mean over rows of length x loss", options: {}, loss: (2 * -up + 1 * 2 * down + 0) / 3 },
  { name: "a divisor", options: { scale: 1.5 }, loss: (2 * -up + 1 * 2 * down) / 4.5 },
  { name: "GSPO: mean over rows", options: { lengthScaled: false }, loss: (-up + 2 * down) / 3 },
  { name: "a narrow clip", options: { clipHigh: 0.001 }, loss: (2 * -1.001 + 2 * down) / 3 },
])("luspo loss: $name", ({ options, loss }) => {
  expect(luspoLoss(batch, options).loss.arraySync()).toBeCloseTo(loss, 5);
});

test("luspo gradient: A s / B for every token of a row, whatever the length; none where clipped or empty", () => {
  const of = (options: LuspoOptions) =>
    gradientOf((logProbs) => luspoLoss({ ...batch, logProbs }, options).loss, batch.logProbs);
  const near = (found: number[], expected: number[]) =>
    expected.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 5);
    });
  near(of({}), [-up / 3, -up / 3, (2 * down) / 3, 0, 0, 0]);
  near(of({ lengthScaled: false }), [-up / 6, -up / 6, (2 * down) / 3, 0, 0, 0]); // GSPO: a half for two tokens
  near(of({ clipHigh: 0.001 }), [0, 0, (2 * down) / 3, 0, 0, 0]);
});

test("luspo: share of a token at ratio 1 by length: GRPO and GSPO 1 / n, token mean 1 / sum n, LUSPO 1", () => {
  // lengths 4 and 1, A = 1 everywhere, B = 2; the first token's gradient times -B
  const logProbs = tf.fill([2, 4], -1) as tf.Tensor2D;
  const mask = tf.tensor2d([1, 1, 1, 1, 1, 0, 0, 0], [2, 4]);
  const rest = { oldLogProbs: logProbs.clone(), advantages: tf.onesLike(logProbs), mask };
  const share = (objective: Objective): number[] => {
    const all = gradientOf((x) => objective.loss({ ...rest, logProbs: x }).loss, logProbs);
    return [(all[0] ?? 0) * -2, (all[4] ?? 0) * -2];
  };
  const changed = (options: LuspoOptions) => compose(grpo(), luspo(options)).objective;
  expect(share(changed({}))).toEqual([1, 1]);
  expect(share(changed({ lengthScaled: false }))).toEqual([0.25, 1]);
  expect(share(grpo().objective)).toEqual([0.25, 1]);
  for (const value of share(grpo({ aggregation: "token-mean" }).objective)) expect(value).toBeCloseTo(2 / 5, 6);
});

test("luspo: metrics and parts tell which rows are clipped", () => {
  const { clipped, metrics, seqRatio } = luspoLoss(batch, { clipHigh: 0.001 });
  expect([...clipped.dataSync()]).toEqual([1, 0, 0]);
  expect(metrics["clip_ratio/high_mean"]?.arraySync()).toBeCloseTo(1 / 3, 6);
  expect(metrics["clip_ratio/low_mean"]?.arraySync()).toBe(0);
  expect(seqRatio.dataSync()[2]).toBe(1); // nothing trained
});

test.each([
  [{ clipLow: 0 }, "luspo: clipLow is 0; pass a number above 0."],
  [{ clipHigh: -1 }, "luspo: clipHigh is -1; pass a number above 0."],
  [{ scale: 0 }, "luspo: scale is 0; pass a number above 0."],
  [{ clip: 1 }, 'luspo: there is no option "clip"; known: clipLow, clipHigh, lengthScaled, scale.'],
])("luspo: %o is refused", (options, message) => {
  expect(() => luspo(options as LuspoOptions)).toThrow(message);
});

test("luspo: advantages per token are refused, by shape here and by value in a run", async () => {
  const wrong = { ...batch, advantages: tf.ones([3, 2]) } as PolicyBatch as Omit<PolicyBatch, "advantages">;
  expect(() => luspoLoss(wrong as LuspoBatch)).toThrow("luspo: advantages has shape [3,2], mask [3,2]; pass one per");
  const varying = {
    ...compose(grpo(), luspo()),
    advantage: ({ rollouts }: { rollouts: Rollouts }) => ({ perToken: rollouts.mask.map((_, i) => i) }),
  };
  const problem = { contexts: 1, symbols: 2, length: 2, reward: () => 1 };
  await expect(trainTabular({ problem, algorithm: varying, steps: 1 })).rejects.toThrow(
    "tabular: row 0 has advantages 1 and 2",
  );
});

test("luspo: composed, its choices stand in place of the objective's", () => {
  const names = describe(compose(grpo(), luspo({ clipLow: 0.1 })))
    .filter(({ seam }) => seam === "objective")
    .map(({ name, value, source }) => `${name} ${value} ${source === "given"}`);
  expect(names).toEqual([
    "luspo.clipLow 0.1 true",
    "luspo.clipHigh 0.0025 false",
    "luspo.lengthScaled true false",
    "luspo.scale 1 false",
  ]);
});

// Symbol 0 works on, symbol 1 stops: one logit per position, the stop's -2.2 at first, so about 10 tokens at the start.
// An answer of k symbols before the stop is right with probability 0.1 + 0.9 min(k, 60) / 60.
const problem = {
  ...{ contexts: 2, symbols: 2, length: 80, end: 1, states: "position" as const, features: [[1], [1]] },
  reward: (_: number, answer: readonly number[]) =>
    0.1 + (0.9 * Math.min(answer.filter((s) => s === 0).length, 60)) / 60,
  initial: () => [0, -2.2],
};

async function lengthAfter(options: LuspoOptions, seed: number): Promise<number> {
  const algorithm = compose(grpo(), luspo(options));
  const run = { problem, algorithm, steps: 120, seed, samplesPerPrompt: 16, learningRate: 8, measureEvery: 1000 };
  const { policy } = await trainTabular({
    ...run,
    observed: (reward, { random }) => (random.uniform() < reward ? 1 : 0),
  });
  return expectedReward(policy, (_, answer) => answer.length);
}

test("luspo: where longer answers are right more often, lengths grow further than GSPO's at equal first steps", async () => {
  const [luspoLengths, gspoLengths] = [[] as number[], [] as number[]];
  for (const seed of [1, 2]) {
    luspoLengths.push(await lengthAfter({ scale: 10 }, seed)); // mean length at the start
    gspoLengths.push(await lengthAfter({ lengthScaled: false }, seed));
  }
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(gspoLengths)).toBeGreaterThan(10);
  expect(mean(luspoLengths)).toBeGreaterThan(1.2 * mean(gspoLengths));
});
