import { expect, test } from "vitest";
import { maxRl, maxRlAdvantages } from "../../src/algorithms/max-rl.ts";
import { exactUpdate } from "../support/exact-update.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;

test("max-rl: the distance from the group's mean, in units of that mean", () => {
  // group 0 has mean 1 / 4: (1 - 1/4) 4 = 3 and -1; group 1 mean 3 / 2: 1 / 3 and -1 / 3
  const found = maxRlAdvantages(Float32Array.of(1, 0, 0, 0, 2, 1), Int32Array.of(0, 0, 0, 0, 1, 1));
  expectNear(found, [3, -1, -1, -1, 1 / 3, -1 / 3]);
});

test("max-rl: all wrong, all right and unscored rows give 0", () => {
  const rewards = Float32Array.of(0, 0, 1, 1, nan, 1, 0);
  expect([...maxRlAdvantages(rewards, Int32Array.of(0, 0, 1, 1, 2, 2, 2))]).toEqual([0, 0, 0, 0, 0, 1, -1]);
});

test("max-rl: on average the gradient times sum_{k < n - 1} (1 - p)^k, which is 1 / p in the limit", async () => {
  for (const n of [2, 4]) {
    const { update, gradient, success: p } = await exactUpdate(maxRl(), n);
    const weight = (1 - (1 - p) ** (n - 1)) / p;
    expectNear(
      update,
      [...gradient].map((g) => g * weight),
    );
  }
});

test("max-rl: rewards below 0 are refused", () => {
  expect(() => maxRlAdvantages(Float32Array.of(1, -1), Int32Array.of(0, 0))).toThrow("maxRl: row 1 has reward -1");
});
