import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type SteerOptions, softmaxEntropyChange, steer, steerLoss, steerWeights } from "../../src/algorithms/steer.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { PolicyBatch } from "../../src/toolkit/objective.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { sumFigures } from "../support/sum-task.ts";

const { NaN: nan } = Number;

// Probabilities 1/2 (entropy 1) and 1/4 (entropy 1), A = 1, on policy; then padding.
const batch: PolicyBatch = {
  logProbs: tf.tensor2d([Math.log(0.5), Math.log(0.25), nan], [1, 3]),
  oldLogProbs: tf.tensor2d([Math.log(0.5), Math.log(0.25), 0], [1, 3]),
  advantages: tf.tensor2d([1, 1, nan], [1, 3]),
  mask: tf.tensor2d([1, 1, 0], [1, 3]),
  columns: { entropy: tf.tensor2d([1, 1, nan], [1, 3]) },
};
// omega = A / p x p (1 - p) (ln p + H) = (1 - p)(ln p + H)
const omega = [0.5 * (1 - Math.log(2)), 0.75 * (1 - Math.log(4))] as const; // 0.153 (surer), -0.290 (rarer)

const near = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
};
const weightsOf = (options: SteerOptions, of = batch) => [...steerWeights(of, options).weights.dataSync()];

test("steer: omega is above 0 where a reinforced token is likelier than typical, below 0 where it is rarer", () => {
  near(steerWeights(batch).omega.dataSync(), [...omega, 0]);
  const punished = { ...batch, advantages: tf.tensor2d([-1, -1, 0], [1, 3]) };
  near(steerWeights(punished).omega.dataSync(), [-omega[0], -omega[1], 0]);
});

test("steer: the most extreme token weighs minWeight, the others by how far they are from it", () => {
  const share = omega[0] / -omega[1];
  near(weightsOf({ minWeight: 0.3 }), [0.3 ** share, 0.3, 0]);
  near(weightsOf({ mode: "linear" }), [1.2, 0.8, 0]);
  near(weightsOf({ mode: "linear", minWeight: 0.5, maxWeight: 1 }, { ...batch, mask: tf.ones([1, 3]) }).slice(0, 2), [
    1 - (omega[0] / -omega[1]) * 0.5, // the third token's omega is 0, as it is not a number: the least
    0.5,
  ]);
});

test("steer: negligible changes keep weights near 1, equal ones are the middle, an empty mask weighs nothing", () => {
  const small = { ...batch, advantages: tf.tensor2d([0.01, 0.01, 0], [1, 3]) };
  near(weightsOf({}, small), [0.8 ** (omega[0] / 2), 0.8 ** (-omega[1] / 2), 0]); // |omega| / 100 / 0.02
  const none = { ...batch, advantages: tf.zeros([1, 3]) as tf.Tensor2D };
  near(weightsOf({ mode: "linear" }, none), [1, 1, 0]);
  const empty = { ...batch, mask: tf.zeros([1, 3]) as tf.Tensor2D };
  for (const mode of ["exp", "linear"] as const) {
    near(weightsOf({ mode }, empty), [0, 0, 0]);
    expect(Math.abs(steerLoss(empty, { mode }).loss.arraySync())).toBe(0);
  }
});

test("steer: weights multiply the loss after clipping, over the number of tokens; none of the gradient is theirs", () => {
  const options = { minWeight: 0.3 };
  const w = weightsOf(options);
  const gradient = tf.grad((x: tf.Tensor) => steerLoss({ ...batch, logProbs: x as tf.Tensor2D }, options).loss);
  near(gradient(batch.logProbs).dataSync(), [-(w[0] ?? 0) / 2, -(w[1] ?? 0) / 2, 0]); // ratio 1, A = 1
  // ratio e^3 = 20 with A = -1: 10, the dual clip, not 20
  const far = {
    ...batch,
    logProbs: tf.tensor2d([-0.1, -0.1, 0], [1, 3]),
    oldLogProbs: tf.tensor2d([-3.1, -3.1, 0], [1, 3]),
  };
  const punished = { ...far, advantages: tf.tensor2d([-1, -1, 0], [1, 3]) };
  expect(steerLoss(punished).unweighted.arraySync()).toBeCloseTo(10, 6);
  expect(steerLoss(far).unweighted.arraySync()).toBeCloseTo(-1.28, 6);
});

test("softmaxEntropyChange: the slope of the entropy along the update", () => {
  const logits = [1, 0, -1, 0.5];
  const entropyAt = (z: readonly number[]): number => {
    const log = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
    return -z.reduce((sum, x) => sum + Math.exp(x - log) * (x - log), 0);
  };
  const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
  for (const [action, advantage] of [
    [0, 1],
    [2, 1],
    [0, -0.5],
  ] as const) {
    const eta = 1e-5;
    const moved = (sign: number) =>
      logits.map((z, k) => z + sign * eta * advantage * 1.3 * ((k === action ? 1 : 0) - Math.exp(z) / total));
    const slope = (entropyAt(moved(1)) - entropyAt(moved(-1))) / 2;
    expect(softmaxEntropyChange({ logits, action, advantage, ratio: 1.3, eta }).deltaH / slope).toBeCloseTo(1, 6);
  }
  // by hand: logits 1, 0, -1 at eta 0.1; the change that comes about is -0.0143959
  const { deltaH } = softmaxEntropyChange({ logits: [1, 0, -1], action: 0, advantage: 1, ratio: 1, eta: 0.1 });
  expect(deltaH).toBeCloseTo(-0.01418170936, 10);
  expect(() => softmaxEntropyChange({ logits: [0, 0], action: 2, advantage: 1, ratio: 1, eta: 1 })).toThrow(
    "softmaxEntropyChange: the action is 2; pass 0 to 1.",
  );
  expect(() => softmaxEntropyChange({ logits: [0, nan], action: 0, advantage: 1, ratio: 1, eta: 1 })).toThrow("finite");
});

test.each([
  [{ minWeight: 0 }, "steer: minWeight is 0; pass a number above 0, at most 1."],
  [{ minWeight: 1.01 }, "steer: minWeight is 1.01; pass a number above 0, at most 1."],
  [
    { mode: "linear", minWeight: 1.3 },
    "steer: minWeight is 1.3, maxWeight 1.2; pass a minWeight of at most maxWeight.",
  ],
  [{ dualClip: 1 }, "steer: dualClip is 1; pass a number above 1."],
])("steer: %o is refused", (options, message) => {
  expect(() => steer(options as SteerOptions)).toThrow(message);
});

test("steer: entropies below 0 are refused before training, but for rounding", async () => {
  const inner = () => ({ perToken: new Float32Array(2) });
  const seam = openSeam(steer().wraps?.advantage?.(inner) ?? inner);
  const given = (value: number) =>
    advantageInput({ lengths: [2], rewards: [1], statistics: { entropy: Float32Array.of(0.5, value) } });
  await expect(Promise.resolve(seam.next(given(-0.2)))).rejects.toThrow("steer: the entropy is -0.2");
  await expect(Promise.resolve(seam.next(given(-1e-6)))).resolves.toBeDefined();
});

test("steer: entropy lasts longer than GRPO's, also where the clip is wide open", async () => {
  const wide = { clipLow: 0.99, clipHigh: 5 };
  for (const ranges of [{ clipLow: 0.2, clipHigh: 0.28 }, wide]) {
    const plain = await sumFigures(grpo({ aggregation: "token-mean", ...ranges }), { steps: 40 });
    const steered = await sumFigures(compose(grpo(), steer({ minWeight: 0.3, ...ranges })), { steps: 40 });
    expect(steered.entropy).toBeGreaterThan(1.2 * plain.entropy);
    expect(steered.success).toBeGreaterThan(0.93);
  }
});
