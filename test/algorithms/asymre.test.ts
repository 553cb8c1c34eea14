import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { asymre } from "../../src/algorithms/asymre.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { exactEntropy, expectedReward, trainTabular } from "../../src/toolkit/tabular.ts";
import { stepOf } from "../support/step.ts";
import { notFinite, trainedTwice } from "../support/trained-twice.ts";

test("asymre: the reward minus the group's mean plus 0.1; unscored rows get 0", async () => {
  const step = stepOf({ group: [0, 0, 0, 1], rewards: [1, 0, Number.NaN, 1] });
  const { perToken } = await openSeam(asymre().advantage).next(step);
  expect([...perToken]).toEqual([0.6, -0.4, 0, 0.1].map((value) => expect.closeTo(value, 6))); // mean 1/2, and 1 alone
});

const batch = {
  logProbs: tf.tensor2d([-1, -2, -3, Number.NaN], [2, 2]),
  oldLogProbs: tf.tensor2d([-9, -9, -9, -9], [2, 2]),
  advantages: tf.tensor2d([0.6, 0.6, -0.4, Number.NaN], [2, 2]),
  mask: tf.tensor2d([1, 1, 1, 0], [2, 2]),
};

test("asymre: advantage times log-prob, without a ratio; padding may hold NaN", () => {
  const { loss } = asymre().objective.loss(batch);
  expect(loss.dataSync()[0]).toBeCloseTo(-(0.6 * -1 + 0.6 * -2 - 0.4 * -3) / 3, 6);
  const slope = tf.grad((x) => asymre().objective.loss({ ...batch, logProbs: x as tf.Tensor2D }).loss)(batch.logProbs);
  expect([...slope.dataSync()]).toEqual([-0.2, -0.2, 0.4 / 3, 0].map((value) => expect.closeTo(value, 6)));
});

test("asymre: with old samples a baseline below the mean keeps all good answers, one above it keeps one", async () => {
  // Ten answers; the first three are right. Many updates on one draw of the uniform policy.
  const problem = {
    contexts: 1,
    symbols: 10,
    reward: (_: number, [answer = 9]: readonly number[]) => (answer < 3 ? 1 : 0),
  };
  const ends = async (shift: number) => {
    const sizes = { steps: 1, samplesPerPrompt: 300, innerEpochs: 400, learningRate: 10, seed: 2 };
    const { policy } = await trainTabular({ problem, algorithm: asymre({ shift }), ...sizes });
    return { entropy: exactEntropy(policy), reward: expectedReward(policy) };
  };
  const [below, above] = [await ends(-0.1), await ends(0.1)];
  expect(below.reward).toBeGreaterThan(0.9);
  expect(below.entropy).toBeGreaterThan(Math.log(2.5)); // three right answers live on
  expect(above.entropy).toBeLessThan(0.1);
});

test("asymre: three steps of training, the same ones again", async () => {
  const { records, before, after } = await trainedTwice(asymre());
  expect(notFinite(records)).toEqual([]);
  expect(after[0]).not.toBe(before);
  expect(after[1]).toBe(after[0]);
});

test("asymre: an unknown option and an infinite shift are refused", () => {
  expect(() => asymre({ shfit: 0 } as never)).toThrow('asymre: there is no option "shfit"; did you mean "shift"?.');
  expect(() => asymre({ shift: Number.POSITIVE_INFINITY })).toThrow("asymre: shift is Infinity");
});
