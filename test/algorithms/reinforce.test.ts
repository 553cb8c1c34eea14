import { expect, test } from "vitest";
import { reinforce, reinforceAdvantages } from "../../src/algorithms/reinforce.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { exactUpdate } from "../support/exact-update.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test("reinforce: what is still to come, discounted, against nothing or the step's mean", () => {
  const input = advantageInput({ lengths: [2, 1, 1], rewards: [1, 0, nan], group: [0, 1, 2] });
  expectNear(reinforceAdvantages(input, { gamma: 0.5 }), [0.5, 1, 0, 0, 0, 0]);
  expectNear(reinforceAdvantages(input, { baseline: "batch-mean" }), [0.5, 0.5, -0.5, 0, 0, 0]);
  const rewards = { ...input.rewards, perToken: Float32Array.of(-1, 0, 0, 0, 0, 0) };
  expectNear(reinforceAdvantages({ ...input, rewards }), [1, 2, 0, 0, 0, 0]);
});

test("reinforce: equal rewards give 0 with the step's mean, told by value, and push up without", () => {
  const input = advantageInput({ lengths: [1, 1, 1], rewards: [0.1, 0.1, 0.1] });
  expect([...reinforceAdvantages(input, { baseline: "batch-mean" })]).toEqual([0, 0, 0]);
  expectNear(reinforceAdvantages(input), [0.1, 0.1, 0.1]);
});

test("reinforce: without baseline the update is the exact gradient on average, with the step's (n - 1) / n of it", async () => {
  const plain = await exactUpdate(reinforce(), 2);
  expectNear(plain.update, [...plain.gradient]);
  const { update, gradient } = await exactUpdate(reinforce({ baseline: "batch-mean" }), 3);
  expectNear(
    update,
    [...gradient].map((g) => (g * 2) / 3),
  );
});

test("reinforce: options out of range are refused", () => {
  expect(() => reinforce({ gamma: -1 })).toThrow("reinforce: gamma is -1; pass a number from 0 to 1.");
  expect(() => reinforce(Object({ baseline: "mean" }))).toThrow('reinforce: baseline is "mean"; pass one of "none"');
});
