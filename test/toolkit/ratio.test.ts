import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { clippedGain, klDivergence, sequenceLogRatio, stopGradient, tokenRatio } from "../../src/toolkit/ratio.ts";

// Log ratios 0.2 and 0.1 in row 0; 60 (limited to 20 in exp) and padding with NaN in row 1; an empty row 2.
const batch = {
  logProbs: tf.tensor2d([-1, -0.5, -1, Number.NaN, -3, -3], [3, 2]),
  oldLogProbs: tf.tensor2d([-1.2, -0.6, -61, Number.NaN, -1, -1], [3, 2]),
  advantages: tf.zeros<tf.Rank.R2>([3, 2]),
  mask: tf.tensor2d([1, 1, 1, 0, 0, 0], [3, 2]),
};
const near = (found: tf.Tensor, expected: readonly number[]): void => {
  for (const [i, value] of found.dataSync().entries())
    expect(value / (expected[i] || 1)).toBeCloseTo(expected[i] ? 1 : 0, 5);
};

test("ratio: exp of the difference, limited, and 1 where the mask is 0", () => {
  near(tokenRatio(batch), [Math.exp(0.2), Math.exp(0.1), Math.exp(20), 1, 1, 1]);
  near(sequenceLogRatio(batch), [0.15, 60, 0]); // (0.2 + 0.1) / 2
});

test("clippedGain: PPO's minimum; a dual clip bounds the loss of negative advantages", () => {
  const ratio = tf.tensor1d([1.5, 1.5, 0.5, 0.5, 5]);
  const advantages = tf.tensor1d([1, -1, 1, -1, -1]);
  const range = { clipLow: 0.2, clipHigh: 0.28 };
  near(clippedGain(ratio, advantages, range), [1.28, -1.5, 0.5, -0.8, -5]);
  near(clippedGain(ratio, advantages, { ...range, dualClip: 3 }), [1.28, -1.5, 0.5, -0.8, -3]);
});

test("klDivergence: k1 = -d, k2 = d^2 / 2, k3 = e^d - d - 1, 0 where the mask is 0", () => {
  const reference = tf.tensor2d([-1.5, -0.5, Number.NaN, 0, 0, 0], [3, 2]); // d = -0.5 and 0
  const rows = { ...batch, mask: tf.tensor2d([1, 1, 0, 0, 0, 0], [3, 2]) };
  near(klDivergence(rows, reference, "k1"), [0.5, 0, 0, 0, 0, 0]);
  near(klDivergence(rows, reference, "k2"), [0.125, 0, 0, 0, 0, 0]);
  near(klDivergence(rows, reference), [Math.exp(-0.5) + 0.5 - 1, 0, 0, 0, 0, 0]);
});

test("stopGradient: the same numbers, no gradient", () => {
  const x = tf.tensor1d([2, 3]);
  expect([...stopGradient(x).dataSync()]).toEqual([2, 3]);
  expect([
    ...tf
      .grad((v) => stopGradient(v).mul(v).sum())(x)
      .dataSync(),
  ]).toEqual([2, 3]); // not 4 and 6
});
