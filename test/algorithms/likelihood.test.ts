/** DPPO, TOPR, Kimi's objective, GPG and the likelihood of what was right, on hand-sized batches. */
import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { dppo } from "../../src/algorithms/dppo.ts";
import { gmpo } from "../../src/algorithms/gmpo.ts";
import { gpg } from "../../src/algorithms/gpg.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { kimi } from "../../src/algorithms/kimi.ts";
import { positiveNll } from "../../src/algorithms/positive-nll.ts";
import { topr } from "../../src/algorithms/topr.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

const { log, exp, sqrt } = Math;
const { NaN: nan } = Number;

// Probabilities 0.8 of 0.4 and 0.1 of 0.2 with A = 1 (w = 1); 0.1 of 0.4 with A = -1, then padding.
const batch = {
  logProbs: [[log(0.8), log(0.1)], [log(0.1), nan]], // biome-ignore format: rows
  oldLogProbs: [[log(0.4), log(0.2)], [log(0.4), nan]], // biome-ignore format: rows
  advantages: [1, -1],
  mask: [[1, 1], [1, 0]], // biome-ignore format: rows
};
const of = (change: AlgorithmChange, on = batch) => lossAndGradient(compose(grpo(), change).objective, on);
const near = (found: readonly number[][], expected: readonly number[]) => {
  for (const [i, value] of expected.entries()) expect(found.flat()[i]).toBeCloseTo(value, 6);
};

test("dppo: 0.8 of 0.4 is too far up, 0.1 of 0.4 too far down; 0.1 of 0.2 is near", () => {
  const { gradient, metrics } = of(dppo());
  near(gradient, [0, -0.5 / 3, 0, 0]);
  expect(metrics["dppo/masked_fraction"]).toBeCloseTo(2 / 3, 6);
  near(of(dppo({ divergenceHigh: 0.5, ratioLimit: 1.5 })).gradient, [-1.5 / 3, -0.5 / 3, 0, 0]);
  // binary KL of 0.4 to 0.1: 0.4 ln 4 + 0.6 ln(0.6 / 0.9) = 0.311
  near(of(dppo({ divergence: "kl", divergenceLow: 0.32, divergenceHigh: 0.1 })).gradient, [0, -0.5 / 3, 0.25 / 3, 0]);
  near(of(dppo({ divergence: "kl", divergenceLow: 0.3 })).gradient.slice(1), [0]);
});

test("topr: the good row as it is, the bad one at its ratio of 0.25", () => {
  const { loss, gradient, metrics } = of(topr());
  near(gradient, [-1 / 2, -1 / 2, 0.25 / 2, 0]);
  expect(loss).toBeCloseTo(-(log(0.8) + log(0.1) - 0.25 * log(0.1)) / 2, 6);
  expect(metrics["topr/tapered_mean"]).toBeCloseTo(0.75 / 3, 6);
  const likelier = { ...batch, oldLogProbs: [[-1, -1], [log(0.05), nan]] }; // biome-ignore format: rows
  near(of(topr(), likelier).gradient, [-1 / 2, -1 / 2, 1 / 2, 0]); // at most 1
});

test("kimi: the square of the completion's log ratio, or of each token's", () => {
  const x = log(0.25); // row 1; row 0's log ratios are log 2 and -log 2
  near(of(kimi({ tau: 0.5 })).gradient, [-1 / 2, -1 / 2, (1 + 0.5 * x) / 2, 0]);
  const byToken = of(kimi({ tau: 0.5, level: "token", aggregation: "token-mean" }));
  near(byToken.gradient, [(0.5 * log(2) - 1) / 3, (-0.5 * log(2) - 1) / 3, (1 + 0.5 * x) / 3, 0]);
  expect(byToken.loss).toBeCloseTo((-log(0.8) - log(0.1) + log(0.1) + 0.25 * (2 * log(2) ** 2 + x ** 2)) / 3, 6);
});

test("gmpo: geometric mean of ratios clipped in the log", () => {
  // Row 0: log 2 is cut to 0.4, -log 2 is kept: sqrt(e^0.4 / 2). Row 1: log 0.25 is cut to -0.4.
  const up = sqrt(exp(0.4) / 2);
  const { loss, gradient } = of(gmpo());
  expect(loss).toBeCloseTo(-(up - exp(-0.4)) / 2, 6);
  near(gradient, [0, -up / 4, 0, 0]);
  near(of(gmpo({ clipLow: 2, clipHigh: 2 })).gradient, [-1 / 4, -1 / 4, 0.25 / 2, 0]); // sqrt(2 / 2) and 1 / 4
});

test("gpg: centred rewards, scaled up by the share of groups that differ", async () => {
  const input = advantageInput({ lengths: [1, 1, 1, 1], rewards: [1, 0, 1, 1], group: [0, 0, 1, 1] });
  const { perToken, metrics } = await openSeam(gpg().advantage).next(input);
  expect([...perToken]).toEqual([1, -1, 0, 0]); // +-0.5 x 4 / 2
  expect(metrics?.["gpg/alpha"]).toBe(2);
  const plain = await openSeam(gpg({ rescale: false }).advantage).next(input);
  expect([...plain.perToken]).toEqual([0.5, -0.5, 0, 0]);
  const equal = { ...input, rewards: { values: new Float32Array(4), verdicts: [] } };
  expect((await openSeam(gpg().advantage).next(equal)).metrics?.["gpg/alpha"]).toBe(1);
  near(lossAndGradient(gpg().objective, batch).gradient, [-1 / 3, -1 / 3, 1 / 3, 0]);
});

test("positive nll: the tokens of positive completions, and nothing else", async () => {
  const algorithm = compose(grpo(), positiveNll({ weight: 0.5 }));
  const input = advantageInput({ lengths: [2, 1], rewards: [1, 0] });
  const { columns } = await openSeam(algorithm.advantage).next(input);
  expect(columns?.positiveTokenShare).toBeCloseTo(2 / 3, 9);
  const numbers = { rewards: tf.tensor1d([1, 0]), columns: { positiveTokenShare: tf.scalar(2 / 3) } };
  const still = { ...batch, advantages: [0, 0], ...numbers };
  const { loss, gradient, metrics } = lossAndGradient(algorithm.objective, still);
  expect(metrics.positive_nll_loss).toBeCloseTo(-(log(0.8) + log(0.1)) / 2, 6);
  expect(loss).toBeCloseTo(-0.25 * (log(0.8) + log(0.1)), 6);
  near(gradient, [-0.25, -0.25, 0, 0]);
  const none = { ...still, rewards: tf.tensor1d([0, 0]), columns: { positiveTokenShare: tf.scalar(0) } };
  expect(lossAndGradient(algorithm.objective, none).loss).toBeCloseTo(0, 9);
});

test("likelihood methods: options out of range are refused", () => {
  expect(() => dppo({ divergenceLow: -1 })).toThrow("dppo: divergenceLow is -1; pass a number from 0.");
  expect(() => topr({ negativeLimit: -1 })).toThrow("topr: negativeLimit is -1; pass a number from 0.");
  expect(() => kimi({ tau: -1 })).toThrow("kimi: tau is -1; pass a number from 0.");
  expect(() => gmpo({ clipHigh: -1 })).toThrow("gmpo: clipHigh is -1; pass a number from 0.");
  expect(() => positiveNll({ weight: -1 })).toThrow("positiveNll: weight is -1; pass a number from 0.");
});
