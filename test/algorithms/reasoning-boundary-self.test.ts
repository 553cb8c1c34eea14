import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import {
  forwardKlFull,
  forwardKlOf,
  forwardKlToken,
  grpo,
  influence,
  reasoningBoundarySelf,
  selfFilter,
  shrinkage,
  winnerTakeAll,
} from "../../src/algorithms/index.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { CurriculumInput } from "../../src/toolkit/curriculum.ts";
import type { Model } from "../../src/toolkit/models.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { echoTask } from "../support/tiny-task.ts";

test("selfFilter: keeps what is not exactly right; a verdict that failed keeps its prompt", () => {
  expect(selfFilter([1, 0, 1, 0.5, 0])).toEqual([1, 3, 4]);
  expect(selfFilter([1, 1])).toEqual([]);
  expect(selfFilter([1, Number.NaN])).toEqual([1]);
  expect(() => selfFilter([])).toThrow("selfFilter: there are no rewards");
});

function curriculumOf(completions: readonly string[]) {
  const { curriculum } = compose(grpo(), reasoningBoundarySelf());
  if (curriculum === undefined) throw new Error("no curriculum");
  const asked: unknown[] = [];
  const policy = {
    generate: async (prompts: readonly string[], options: unknown) => {
      asked.push([prompts, options]);
      return { completions };
    },
  };
  const models = { policy: policy as never as Model, reference: policy as never as Model };
  const input: CurriculumInput = {
    ...{ task: echoTask, seed: 1, step: 0, steps: 9, level: undefined, promptsPerStep: 2, samplesPerPrompt: 4 },
    ...{ previous: undefined, models },
  };
  return { next: () => openSeam(curriculum).next(input), asked };
}

test("reasoningBoundarySelf: prompts that greedy decoding solves are left out; none left is a step without problems", async () => {
  const all = await curriculumOf(["", ""]).next();
  const [first, second] = all.problems;
  expect(all.problems).toHaveLength(2);
  const one = curriculumOf([first?.answer ?? "", ""]);
  const batch = await one.next();
  expect(batch.problems).toEqual([second]);
  expect(batch.metrics).toEqual({ "self/keep_rate": 0.5 });
  expect(one.asked).toEqual([[[first?.prompt, second?.prompt], expect.objectContaining({ greedy: true })]]);
  const none = await curriculumOf(all.problems.map(({ answer }) => answer)).next();
  expect(none.problems).toEqual([]);
});

test("forward KL: over the vocabulary it is that of the distributions, 0 where they agree, padding may hold NaN", () => {
  const [reference, theta] = [
    [0.7, 0.2, 0.1],
    [0.5, 0.3, 0.2],
  ];
  const log = (rows: readonly (readonly number[])[]) => tf.tensor3d([rows.map((row) => row.map(Math.log))]);
  const batch = {
    logits: log([theta, reference, [Number.NaN, 1, 1]]),
    referenceLogits: log([reference, reference, [1, Number.NaN, 1]]),
    mask: tf.tensor2d([[1, 1, 0]]),
  };
  const found = [...forwardKlFull(batch).dataSync()];
  expect(found[0]).toBeCloseTo(forwardKlOf(reference, theta), 6);
  expect(found.slice(1)).toEqual([expect.closeTo(0, 6), 0]);
});

test("forward KL by token: its mean under the policy is the KL, and it is never below 0", () => {
  const [reference, theta] = [
    [0.7, 0.2, 0.1],
    [0.5, 0.3, 0.2],
  ];
  const batch = {
    logProbs: tf.tensor2d([theta.map(Math.log)]),
    referenceLogProbs: tf.tensor2d([reference.map(Math.log)]),
    mask: tf.ones<tf.Rank.R2>([1, 3]),
  };
  const values = [...forwardKlToken(batch).dataSync()];
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  const mean = values.reduce((sum, value, v) => sum + (theta[v] ?? 0) * value, 0);
  expect(mean).toBeCloseTo(forwardKlOf(reference, theta), 6);
});

test("influence: the first order is the limit of the exact change, and orthogonal problems do not touch", () => {
  const W = [
    [0.5, 0.2],
    [0.1, 0.4],
    [0, 0],
  ];
  const batch = [{ phi: [1, 0], y: 0, advantage: 1 }];
  const probe = { phi: [0.8, 0.6], y: 1 };
  const { linear, exact } = influence(W, batch, probe, { eta: 1e-5 });
  expect(exact / linear).toBeCloseTo(1, 4);
  expect(linear).toBeLessThan(0); // negative interference
  expect(influence(W, batch, { phi: [0, 1], y: 1 }, { eta: 0.5 })).toMatchObject({ exact: 0 });
});

test("winnerTakeAll: the likelier of two right answers runs away from the other, while both leave the wrong one", () => {
  const [first = []] = winnerTakeAll([0.3, 0.1, 0.6], [0, 1], { eta: 2, steps: 1 });
  // dz = 2 * (0.18, 0.06, -0.24)
  const powers = [0.3 * Math.exp(0.36), 0.1 * Math.exp(0.12), 0.6 * Math.exp(-0.48)];
  const sum = powers.reduce((a, b) => a + b, 0);
  for (const [i, power] of powers.entries()) expect(first[i]).toBeCloseTo(power / sum, 12);
  const last = winnerTakeAll([0.3, 0.1, 0.6], [0, 1], { eta: 2, steps: 200 }).at(-1) ?? [];
  expect(last[0]).toBeCloseTo(0.9824603722, 9);
  expect(last[2]).toBeCloseTo(0.0012949494, 9);
});

test("shrinkage: solved by the base, by none of the trained policy's samples", () => {
  expect(shrinkage([3, 0, 1, 2], [1, 0, 0, 0])).toEqual([2, 3]);
});

test.each([
  [() => reasoningBoundarySelf({ forwardKlCoefficient: -1 }), "reasoningBoundarySelf: forwardKlCoefficient is -1"],
  [() => forwardKlOf([0.5, 0.5], [1]), "forwardKlOf: 2 and 1 probabilities"],
  [() => forwardKlOf([0.5, 0.6], [0.5, 0.5]), "forwardKlOf: reference sums to 1.1"],
  [() => influence([[1]], [], { phi: [1], y: 0 }, { eta: 1 }), "influence: W is [1, 1]"],
  [() => winnerTakeAll([1], [1], { eta: 1, steps: 1 }), "winnerTakeAll: a right answer is 1"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});

test("forward KL: infinite where the policy gives nothing to what the reference does", () => {
  expect(forwardKlOf([0.5, 0.5], [1, 0])).toBe(Number.POSITIVE_INFINITY);
});
