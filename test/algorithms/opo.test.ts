import { expect, test } from "vitest";
import { type OpoRows, opo, opoAdvantages } from "../../src/algorithms/opo.ts";
import { rlooAdvantages } from "../../src/algorithms/rloo.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;
const advantages = (rewards: number[], lengths: number[], group = rewards.map(() => 0)): Float32Array => {
  const rows: OpoRows = { rewards: Float32Array.from(rewards), lengths, group: Int32Array.from(group) };
  return opoAdvantages(rows);
};

test("opo: the baseline is the mean weighted by length", () => {
  // (4 * 1 + 1 * 0 + 5 * 1) / 10 = 0.9
  expectNear(advantages([1, 0, 1], [4, 1, 5]), [0.1, -0.9, 0.1]);
  expectNear(advantages([3, 1, 0, 2], [1, 3, 2, 2], [0, 0, 1, 1]), [1.5, -0.5, -1, 1]); // 6 / 4 and 4 / 4
});

test("opo: with equal lengths it is the group mean, RLOO times (n - 1) / n", () => {
  const rewards = Float32Array.of(1, 0, 0.25);
  const found = advantages([...rewards], [7, 7, 7]);
  expectNear(
    found,
    [...rlooAdvantages(rewards, new Int32Array(3))].map((a) => (a * 2) / 3),
  );
});

test("opo: equal rewards and unscored rows give 0; an unscored row's length does not count", () => {
  const third = 1 / 3;
  expect([...advantages([third, third, third], [3, 5, 11])]).toEqual([0, 0, 0]);
  expectNear(advantages([1, nan, 0], [1, 100, 3]), [0.75, 0, -0.25]);
  expect(() => advantages([1, 0], [1])).toThrow("opo: rewards has 2 entries, lengths 1");
});

test("opo: lengths are the completions', over all their tokens", () => {
  const { advantage } = opo().replaces ?? {};
  if (typeof advantage !== "function") throw new Error("a function is there");
  const found = advantage(advantageInput({ lengths: [3, 1], rewards: [1, 0] }));
  expect(found).toEqual({ perToken: Float32Array.of(0.25, 0.25, 0.25, -0.75, -0.75, -0.75) });
});
