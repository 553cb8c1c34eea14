import { expect, test } from "vitest";
import { rloo, rlooAdvantages } from "../../src/algorithms/rloo.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { exactUpdate } from "../support/exact-update.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test("rloo: each reward against the mean of the others of its group", () => {
  // group 0: 1, 0, 0.5 -> 1 - 0.25, 0 - 0.75, 0.5 - 0.5; group 1: 2 and 5 -> -3, 3
  const found = rlooAdvantages(Float32Array.of(1, 2, 0, 0.5, 5), Int32Array.of(0, 1, 0, 0, 1));
  expectNear(found, [0.75, -3, -0.75, 0, 3]);
});

test("rloo: equal rewards, unscored rows and the only scored row of a group get 0", () => {
  const third = 1 / 3;
  const rewards = Float32Array.of(third, third, third, 1, nan, nan, 1, 0);
  expect([...rlooAdvantages(rewards, Int32Array.of(0, 0, 0, 1, 1, 2, 2, 2))]).toEqual([0, 0, 0, 0, 0, 0, 1, -1]);
});

test("rloo: divided by the deviation of the others, and by nothing where they are equal", () => {
  const rewards = Float32Array.of(1, 0, 0, 0.5, 1, 0, 0, 1, 0, nan);
  const group = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 2, 2, 2);
  const found = rlooAdvantages(rewards, group, { scale: "others-std" });
  const root = Math.sqrt(1 / 12); // of 0, 0, 0.5: squares 1/6 over 2
  const expected = [
    (1 - 1 / 6) / (root + 1e-6),
    -0.5 / (0.5 + 1e-6),
    -0.5 / (0.5 + 1e-6),
    (0.5 - 1 / 3) / (Math.sqrt(1 / 3) + 1e-6),
  ];
  const pair = -0.5 / (Math.SQRT1_2 + 1e-6); // others 1 and 0
  expectNear(found, [...expected, 1, pair, pair, 1, -1, 0]);
  expect(() => rloo({ scale: "std" as never })).toThrow('rloo: scale is "std"; pass one of "none", "others-std".');
});

test("rloo: the update is the exact gradient on average", async () => {
  const { update, gradient } = await exactUpdate(rloo(), 3);
  expectNear(update, [...gradient]);
});

test("rloo: a step of groups of one, and a reward that is not finite, are refused", async () => {
  const input = advantageInput({ lengths: [2, 2], rewards: [1, 0], group: [0, 1] });
  const { advantage } = rloo().replaces ?? {};
  if (typeof advantage !== "function") throw new Error("a function is there");
  await expect(async () => advantage(input)).rejects.toThrow("rloo: every group has one completion; raise");
  expect(() => rlooAdvantages(Float32Array.of(Infinity, 0), Int32Array.of(0, 0))).toThrow("row 0 has reward Infinity");
});
