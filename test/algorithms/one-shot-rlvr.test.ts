import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import {
  alignmentScore,
  historicalVariance,
  oneShotLoss,
  oneShotRlvr,
  postSaturation,
  repeatToBatch,
} from "../../src/algorithms/index.ts";
import type { CurriculumInput } from "../../src/toolkit/curriculum.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { stepOf } from "../support/step.ts";
import { echoTask } from "../support/tiny-task.ts";

const history = { flat: [0.5, 0.5], moving: [0, 1], also: [1, 0] };

test("historicalVariance: ranks by deviation, equal ones in the order given", () => {
  const { variance, std, rank } = historicalVariance(history);
  expect(variance).toEqual({ flat: 0, moving: 0.25, also: 0.25 });
  expect(std.moving).toBe(0.5);
  expect(rank).toEqual(["moving", "also", "flat"]);
});

test("alignmentScore: 1 on the mean curve, cut to the shortest history", () => {
  // means 1/2 and 1/2; room (1/2)^2 + (1/2)^2 = 1/2; moving is 1/2 off twice: 1 - (1/2) / (1/2) = 0
  expect(alignmentScore({ ...history, also: [1, 0, 0.3] })).toEqual({ flat: 1, moving: 0, also: 0 });
  expect(() => alignmentScore({ a: [1], b: [1] })).toThrow("every prompt is right at every epoch");
});

test("oneShotRlvr: a step is copies of the chosen prompts, each a group of its own", async () => {
  const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
  const { curriculum, advantage } = oneShotRlvr({ problems });
  if (curriculum === undefined) throw new Error("no curriculum");
  const input: CurriculumInput = {
    ...{ task: echoTask, seed: 1, step: 0, steps: 9, level: undefined, promptsPerStep: 5, samplesPerPrompt: 2 },
    previous: undefined,
  };
  const batch = await openSeam(curriculum).next(input);
  expect(batch.problems.map(({ id }) => id)).toEqual(["a", "d", "a", "d", "a"]);
  // groups 0 and 1 are copies of one prompt: not one group of four
  const { perToken } = await openSeam(advantage).next(stepOf({ group: [0, 0, 1, 1], rewards: [1, 1, 1, 0] }));
  expect([...perToken]).toEqual([0, 0, Math.SQRT1_2, -Math.SQRT1_2].map((x) => expect.closeTo(x, 5)));
});

const batch = {
  logProbs: tf.tensor2d([-0.5, -0.9], [1, 2]),
  oldLogProbs: tf.tensor2d([-0.6, -0.9], [1, 2]),
  referenceLogProbs: tf.tensor2d([-0.7, -0.8], [1, 2]),
  entropies: tf.tensor2d([0.8, 0.4], [1, 2]),
  advantages: tf.tensor2d([0, 0], [1, 2]),
  mask: tf.tensor2d([1, 1], [1, 2]),
};

test("oneShotLoss: once solved, entropy and anchor alone are left", () => {
  const { loss, pgLoss, meanEntropy, k3 } = oneShotLoss(batch, { entropyCoefficient: 0.5, klCoefficient: 2 });
  const divergence = (Math.exp(-0.2) + 0.2 - 1 + Math.exp(0.1) - 0.1 - 1) / 2; // d = -0.2 and 0.1
  expect(pgLoss.dataSync()[0]).toBeCloseTo(0, 12);
  expect(meanEntropy.dataSync()[0]).toBeCloseTo(0.6, 6);
  expect(k3.dataSync()[0]).toBeCloseTo(divergence, 6);
  expect(loss.dataSync()[0]).toBeCloseTo(-0.5 * 0.6 + 2 * divergence, 6);
});

test("oneShotLoss: without the policy's term the gradient does not see the advantages", () => {
  const slope = (advantage: number): number[] => {
    const advantages = tf.fill<tf.Rank.R2>([1, 2], advantage);
    const of = (x: tf.Tensor) =>
      oneShotLoss({ ...batch, advantages, logProbs: x as tf.Tensor2D }, { pgCoefficient: 0 });
    return [
      ...tf
        .grad((x) => of(x).loss)(batch.logProbs)
        .dataSync(),
    ];
  };
  expect(slope(3)).toEqual(slope(-1));
});

test("postSaturation: what held-out accuracy gains after training accuracy is there", () => {
  expect(postSaturation({ trainAcc: [0, 0.99, 1], testAcc: [0.3, 0.5, 0.75] })).toEqual({
    saturationStep: 1,
    testAtSaturation: 0.5,
    bestAfter: 0.75,
    gain: 0.25,
  });
  expect(postSaturation({ trainAcc: [0.5], testAcc: [0.5] }).saturationStep).toBeUndefined();
});

test.each([
  [() => historicalVariance({}), "historicalVariance: there is no history"],
  [() => historicalVariance({ a: [] }), "historicalVariance: the history of a is empty"],
  [() => historicalVariance({ a: [2] }), "historicalVariance: a has accuracy 2 at epoch 0"],
  [() => repeatToBatch([], 3), "repeatToBatch: there is nothing to repeat"],
  [() => postSaturation({ trainAcc: [1], testAcc: [1, 1] }), "postSaturation: 1 training accuracies, 2 held out"],
  [() => oneShotRlvr({ clip: 2 }), "oneShotRlvr: clip is 2"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});
