import { expect, test } from "vitest";
import { type PkpoOptions, pkpo, pkpoAdvantages } from "../../src/algorithms/pkpo.ts";
import { rlooAdvantages } from "../../src/algorithms/rloo.ts";
import { exactUpdate } from "../support/exact-update.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;
const of = (rewards: number[], options: PkpoOptions): Float32Array =>
  pkpoAdvantages(Float32Array.from(rewards), new Int32Array(rewards.length), options);

test("pkpo: rewards 1, 2, 4 in pairs", () => {
  // pairs with 1: best 2 and 4; with 2: 2 and 4; with 4: 4 and 4. k times the mean.
  expectNear(of([1, 2, 4], { k: 2, baseline: "none" }), [6, 6, 8]);
  // less k times the mean of the others: (2 + 4) / 2, (1 + 4) / 2, (1 + 2) / 2
  expectNear(of([1, 2, 4], { k: 2, baseline: "loo-1" }), [6 - 6, 6 - 5, 8 - 3]);
  // less k times the best of the pair that is left: 4, 4, 2
  expectNear(of([1, 2, 4], { k: 2, baseline: "loo" }), [6 - 8, 6 - 8, 8 - 4]);
});

test("pkpo: at k = 1 the leave-one-out form is RLOO, without baseline the reward", () => {
  const rewards = [0.5, -1, 2, 0];
  expectNear(of(rewards, { k: 1, baseline: "loo" }), [
    ...rlooAdvantages(Float32Array.from(rewards), new Int32Array(4)),
  ]);
  expectNear(of(rewards, { k: 1, baseline: "none" }), rewards);
  expectNear(of(rewards, { k: 1, baseline: "loo-1" }), rewards);
});

test.each(["none", "loo", "loo-1"] as const)(
  "pkpo: with baseline %s the update is the gradient of pass@k",
  async (baseline) => {
    const k = 2;
    const { update, gradient, success: p } = await exactUpdate(pkpo({ k, baseline }), 4);
    expectNear(
      update,
      [...gradient].map((g) => k * (1 - p) ** (k - 1) * g),
    );
  },
);

test("pkpo: equal rewards give 0 with a baseline, told by value; unscored rows do not count; too few give 0", () => {
  const third = 1 / 3;
  expect([...of([third, third, third, third, third], { k: 3 })]).toEqual([0, 0, 0, 0, 0]);
  expect([...of([third, third, third], { k: 2, baseline: "loo" })]).toEqual([0, 0, 0]);
  expectNear(of([1, nan, 2, 4], { k: 2 }), [0, 0, 1, 5]);
  expect([...of([1, nan, nan], { k: 2 })]).toEqual([0, 0, 0]);
});

test("pkpo: groups smaller than k, and an unknown baseline, are refused", () => {
  expect(() => of([1, 0], { k: 3 })).toThrow("pkpo: no group has 3 completions for k = 3; raise samplesPerPrompt");
  expect(() => of([1, 0], { k: 2, baseline: "loo" })).toThrow("no group has 3 completions for k = 2");
  expect(() => pkpo(Object({ baseline: "mean" }))).toThrow('pkpo: baseline is "mean"');
});
