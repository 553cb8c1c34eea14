import { expect, test } from "vitest";
import { grpoPassk, grpoPasskAdvantages } from "../../src/algorithms/grpo-passk.ts";
import { exactUpdate } from "../support/exact-update.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test("grpo-passk: the best of a group gets its lead over the second", () => {
  const found = grpoPasskAdvantages(Float32Array.of(0.2, 0.9, 0.5, -1, 0), Int32Array.of(0, 0, 0, 1, 1));
  expectNear(found, [0, 0.4, 0, 0, 1]);
});

test("grpo-passk: divided by the group's deviation as in verl", () => {
  // mean 1 / 3, squares 4/9 + 1/9 + 1/9 = 2/3, over 2: deviation sqrt(1/3)
  const found = grpoPasskAdvantages(Float32Array.of(0, 1, 0), new Int32Array(3), { scale: "group-std", epsilon: 0.5 });
  expectNear(found, [0, 1 / (Math.sqrt(1 / 3) + 0.5), 0]);
});

test("grpo-passk: ties at the top, equal rewards, unscored rows and a lone scored row get 0", () => {
  const rewards = Float32Array.of(1, 1, 0, 0.3, 0.3, nan, 1, nan, 1, 0);
  const found = grpoPasskAdvantages(rewards, Int32Array.of(0, 0, 0, 1, 1, 2, 2, 3, 3, 3));
  expect([...found]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
});

test("grpo-passk: the sum over n completions is the gradient of 1 - (1 - p)^n on average", async () => {
  const n = 3;
  const { update, gradient, success: p } = await exactUpdate(grpoPassk(), n);
  expectNear(
    update,
    [...gradient].map((g) => (n * (1 - p) ** (n - 1) * g) / n),
  ); // the update is a mean over n
});

test("grpo-passk: unknown options are refused", () => {
  expect(() => grpoPassk(Object({ scale: "std" }))).toThrow('grpoPassk: scale is "std"');
});
