import { expect, test } from "vitest";
import { reinforcePlusPlus, reinforcePlusPlusAdvantages } from "../../src/algorithms/reinforce-plus-plus.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test("reinforce++: returns of tokens, normalised over the step's tokens", () => {
  // returns 1, 1, 1 and 0: mean 3/4, squares 3/16 + 9/16 = 3/4, over 3: deviation 1/2
  const input = advantageInput({ lengths: [3, 1], rewards: [1, 0], group: [0, 1] });
  const { perToken } = reinforcePlusPlusAdvantages(input, { epsilon: 0 });
  expectNear(perToken, [0.5, 0.5, 0.5, -1.5, 0, 0]);
});

test("reinforce++: token rewards and a discount", () => {
  const input = advantageInput({ lengths: [2, 1], rewards: [1, 0], group: [0, 1] });
  const rewards = { ...input.rewards, perToken: Float32Array.of(-1, 0, 0, 0) }; // row 0: -1, then 2
  const { perToken } = reinforcePlusPlusAdvantages({ ...input, rewards }, { gamma: 0.5, epsilon: 0 });
  // returns -1 + 1 = 0, 2, and 0: mean 2/3, squares 4/9 + 16/9 + 4/9 = 8/3, over 2
  const deviation = Math.sqrt(4 / 3);
  expectNear(perToken, [-2 / 3 / deviation, 4 / 3 / deviation, -2 / 3 / deviation, 0]);
});

test("reinforce++-baseline: the group's mean off, then normalised over the step's tokens", () => {
  // 1/2 on three tokens, -1/2 on one: mean 1/4, squares 3/16 + 9/16 = 3/4, over 3
  const input = advantageInput({ lengths: [3, 1], rewards: [1, 0] });
  const { perToken } = reinforcePlusPlusAdvantages(input, { baseline: "group-mean", epsilon: 0 });
  expectNear(
    perToken,
    [0.5, 0.5, 0.5, -1.5, -1.5, -1.5].map((x, i) => (i > 3 ? 0 : x)),
  );
});

test("reinforce++: equal rewards give 0; unscored rows get 0 and do not count", () => {
  const equal = advantageInput({ lengths: [2, 3], rewards: [1 / 3, 1 / 3], group: [0, 1] });
  expect([...reinforcePlusPlusAdvantages(equal).perToken].every((x) => x === 0)).toBe(true);
  const some = advantageInput({ lengths: [1, 1, 1], rewards: [1, nan, 0], group: [0, 0, 1] });
  expectNear(reinforcePlusPlusAdvantages(some, { epsilon: 0 }).perToken, [Math.SQRT1_2, 0, -Math.SQRT1_2]);
});

test("reinforce++: options out of range are refused", () => {
  expect(() => reinforcePlusPlus({ gamma: 2 })).toThrow("reinforcePlusPlus: gamma is 2; pass a number from 0 to 1.");
  expect(() => reinforcePlusPlus({ epsilon: -1 })).toThrow("epsilon is -1");
});
