import { expect, test } from "vitest";
import { someCompany } from "../../src/toolkit/group-rows.ts";
import { pickRewards, selectRows } from "../../src/toolkit/rows.ts";
import {
  completionSpan,
  moments,
  returnsToGo,
  scoredMask,
  tokenRewards,
  whiten,
} from "../../src/toolkit/token-rewards.ts";
import { advantageInput } from "../support/advantage-input.ts";

// Rows of 3, 1 and 2 tokens after a prompt of one: columns [0, 3), [3, 4), [6, 8) of [3, 3].
const { rollouts, rewards } = advantageInput({ lengths: [3, 1, 2], rewards: [1, -0.5, Number.NaN], group: [0, 0, 1] });
const { values } = rewards;

test("token rewards: a completion's reward is on its last token; an unscored row has none", () => {
  expect([0, 1, 2].map((b) => completionSpan(rollouts, b))).toEqual([
    { start: 0, end: 3 },
    { start: 3, end: 4 },
    { start: 6, end: 8 },
  ]);
  expect([...tokenRewards(rollouts, { values })]).toEqual([0, 0, 1, -0.5, 0, 0, 0, 0, 0]);
});

test("token rewards: penalties stay where they are, the last token has the rest, a row sums to its reward", () => {
  const perToken = Float32Array.of(-0.25, -0.5, 0, 0.5, 9, 9, 9, 9, 9); // 9: outside of completions, or unscored
  const found = tokenRewards(rollouts, { values, perToken });
  expect([...found]).toEqual([-0.25, -0.5, 1.75, -0.5, 0, 0, 0, 0, 0]); // 1 + 0.75; 0.5 and -0.5 - 0.5
  expect(() => tokenRewards(rollouts, { values, perToken: new Float32Array(4) })).toThrow(
    "tokenRewards: 4 rewards for 9 positions; pass one per token.",
  );
});

test("returns to go: each token has what is still to come, discounted", () => {
  const given = Float32Array.of(1, 2, 4, 8, 9, 9, 16, 32, 9);
  expect([...returnsToGo(rollouts, given, 1)]).toEqual([7, 6, 4, 8, 0, 0, 48, 32, 0]);
  expect([...returnsToGo(rollouts, given, 0.5)]).toEqual([3, 4, 4, 8, 0, 0, 32, 32, 0]); // 1 + 2 / 2 + 4 / 4
});

test("scored mask: without the rows that have no reward", () => {
  expect([...scoredMask(rollouts, values)]).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0]);
  expect(scoredMask(rollouts, Float32Array.of(1, 1, 1))).toBe(rollouts.mask);
});

/** A copy, whitened. */
function whitened(values: Float32Array, mask: Float32Array, epsilon: number): Float32Array {
  const copy = values.slice();
  whiten(copy, mask, epsilon);
  return copy;
}

test("whitened: mean 0 and variance 1 (n - 1) where the mask is 1", () => {
  const mask = Float32Array.of(1, 1, 0, 1);
  const found = whitened(Float32Array.of(1, 2, Number.NaN, 6), mask, 0); // mean 3; 4 + 1 + 9 = 14, over 2
  [-2, -1, 0, 3].forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value / Math.sqrt(7), 6);
  });
  expect(whitened(Float32Array.of(1, 2, 0, 6), mask, 2)[3]).toBeCloseTo(3 / Math.sqrt(9), 6); // epsilon in the variance
});

test("whitened: the moments before are told", () => {
  const mask = Float32Array.of(0, 1, 0, 1, 1);
  const values = Float32Array.of(Number.NaN, 1, Number.NaN, 2, 6);
  expect(moments(values, mask)).toEqual({ count: 3, mean: 3, squares: 14 });
  expect(whiten(values, mask, 0)).toEqual({ count: 3, mean: 3, squares: 14 });
  expect(moments(values, new Float32Array(5))).toEqual({ count: 0, mean: Number.NaN, squares: 0 });
});

test("whitened: equal numbers and a single one give 0, told by value", () => {
  const third = Float32Array.from({ length: 7 }, () => 1 / 3);
  expect([...whitened(third, new Float32Array(7).fill(1), 0)]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  expect([...whitened(Float32Array.of(5, 1), Float32Array.of(1, 0), 0)]).toEqual([0, 0]);
  expect([...whitened(Float32Array.of(5, 1), Float32Array.of(0, 0), 0)]).toEqual([0, 0]);
});

test("rows: rewards per token go along with their rows, and become as narrow as those", () => {
  const perToken = Float32Array.from({ length: 9 }, (_, i) => i);
  const verdicts = rollouts.completions.map(() => ({
    ...{ score: 1, status: "correct" as const, reason: "", ms: 0, verifier: { name: "t", version: "1" } },
  }));
  const all = { values, verdicts, perToken };
  expect([...(pickRewards(all, [2, 0]).perToken ?? [])]).toEqual([6, 7, 8, 0, 1, 2]);
  const picked = selectRows({ ...rollouts, rewards: all }, [2, 1], 0);
  expect(picked.width).toBe(3);
  expect([...(picked.rewards?.perToken ?? [])]).toEqual([6, 7, 3, 4]);
});

test("company: a step of groups of one is refused", () => {
  expect(() => someCompany("x", [0, 1, 2])).toThrow(
    "x: every group has one completion; raise samplesPerPrompt to 2 or more.",
  );
  expect(() => someCompany("x", [0, 1, 1])).not.toThrow();
  expect(() => someCompany("x", [])).not.toThrow();
});
