import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type KlLossOptions, klLoss } from "../../src/algorithms/kl-loss.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

const { exp } = Math;
const { NaN: nan } = Number;

// d = 0.3 and -0.2 to the reference; to the sampler 0.1 and unknown. No advantage, so the penalty is all of the loss.
const batch = {
  logProbs: [[-1.0, -0.5, nan]],
  oldLogProbs: [[-1.2, -0.5, nan]],
  referenceLogProbs: [[-0.7, -0.7, nan]],
  sampleLogProbs: [[-0.9, nan, nan]],
  advantages: [0],
  mask: [[1, 1, 0]],
};
const of = (options: KlLossOptions) =>
  lossAndGradient(compose(grpo(), klLoss({ coefficient: 2, ...options })).objective, batch);
const r = exp(0.2);
const k3 = (d: number) => exp(d) - d - 1;

test.each<{ name: string; options: KlLossOptions; loss: number; gradient: number[] }>([
  { name: "k1", options: { estimator: "k1" }, loss: -0.3 + 0.2, gradient: [1, 1] },
  { name: "k2", options: { estimator: "k2" }, loss: (0.09 + 0.04) / 2, gradient: [-0.3, 0.2] },
  { name: "k3", options: {}, loss: k3(0.3) + k3(-0.2), gradient: [1 - exp(0.3), 1 - exp(-0.2)] },
  { name: "k3, k2's gradient", options: { gradient: "k2" }, loss: k3(0.3) + k3(-0.2), gradient: [-0.3, 0.2] },
  {
    name: "k3 weighted by the ratio",
    options: { weighted: true },
    loss: r * k3(0.3) + k3(-0.2),
    gradient: [r * (k3(0.3) + 1 - exp(0.3)), k3(-0.2) + 1 - exp(-0.2)],
  },
  {
    name: "k2 to the sampler, one unknown",
    options: { estimator: "k2", to: "sampler" },
    loss: 0.005,
    gradient: [-0.1, 0],
  },
  { name: "k2 to the old policy", options: { estimator: "k2", to: "old" }, loss: 0.02, gradient: [0.2, 0] },
])("kl loss: $name", ({ options, loss, gradient }) => {
  const found = of(options); // 2 x the mean of two tokens: the sum
  expect(found.loss).toBeCloseTo(loss, 6);
  expect(found.metrics.kl).toBeCloseTo(loss / 2, 6);
  for (const [t, value] of [...gradient, 0].entries()) expect(found.gradient[0]?.[t]).toBeCloseTo(value, 6);
});

test("kl loss: full is the KL of the two distributions", () => {
  const { objective } = compose(grpo(), klLoss({ coefficient: 1, estimator: "full" }));
  const [logits, referenceLogits] = [[0, 1, nan, nan], [1, 1, nan, nan]].map((x) => tf.tensor3d(x, [1, 2, 2])); // biome-ignore format: rows
  const columns = { logProbs: tf.tensor2d([[-1, nan]]), oldLogProbs: tf.tensor2d([[-1, nan]]) };
  const rest = { advantages: tf.zeros<tf.Rank.R2>([1, 2]), mask: tf.tensor2d([[1, 0]]) };
  const p = 1 / (1 + Math.E); // softmax of (0, 1); the reference is (1/2, 1/2)
  const { loss } = objective.loss({
    ...columns,
    ...rest,
    ...{ logits: logits as tf.Tensor3D, referenceLogits: referenceLogits as tf.Tensor3D },
  });
  expect(loss.arraySync()).toBeCloseTo(p * Math.log(2 * p) + (1 - p) * Math.log(2 * (1 - p)), 6);
});

test("kl loss: an adaptive coefficient grows where the KL was above its target, and is saved", async () => {
  const algorithm = compose(grpo(), klLoss({ coefficient: 0.5, adaptive: { target: 0.1, horizon: 10 } }));
  const input = advantageInput({ lengths: [1, 1], rewards: [0, 1], group: [0, 0] });
  const first = openSeam(algorithm.advantage);
  expect((await first.next(input)).columns?.klLossCoefficient).toBe(0.5);
  const high = { ...input, previousMetrics: { kl: 0.4 } }; // 0.4 / 0.1 - 1 is cut to 0.2
  expect((await first.next(high)).columns?.klLossCoefficient).toBeCloseTo(0.5 * (1 + (0.2 * 2) / 10), 9);
  const resumed = openSeam(algorithm.advantage, first.save());
  const low = { ...input, previousMetrics: { kl: 0.09 } }; // -0.1
  const before = 0.5 * 1.04;
  expect((await resumed.next(low)).columns?.klLossCoefficient).toBeCloseTo(before * (1 - (0.1 * 2) / 10), 9);
  expect(() => openSeam(algorithm.advantage, { own: "x", inside: null })).toThrow("the saved coefficient is");
});

test.each([
  [{ coefficient: -1 }, "klLoss: coefficient is -1; pass a number from 0."],
  [{ estimator: "full", to: "old" }, 'klLoss: "full" with to "old"'],
  [{ adaptive: { target: 0.1 } }, 'klLoss adaptive: the option "horizon" is missing'],
])("kl loss: %o is refused", (options, message) => {
  expect(() => klLoss(options as KlLossOptions)).toThrow(message);
});
