import { expect, test } from "vitest";
import { gdpo, gdpoAdvantages } from "../../src/algorithms/gdpo.ts";
import { groupAdvantages } from "../../src/toolkit/advantage.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;
const pair = new Int32Array(2);
const root = Math.SQRT1_2; // deviation of two numbers 1 apart, n - 1

test("gdpo: each reward is normalised in its group, then summed, then normalised over the step", () => {
  // group 0: right (1, 0) and long (0, 10): +-1 / root / 2 each = +-root; they cancel: S = 0, 0. group 1: right alone.
  const components = { right: Float32Array.of(1, 0, 1, 0), long: Float32Array.of(0, 10, 3, 3) };
  const S = [0, 0, 0.5 / root, -0.5 / root]; // mean 0, squares 2 / (4 root^2) = 1, over 3
  const found = gdpoAdvantages(components, Int32Array.of(0, 0, 1, 1), { epsilon: 0 });
  expectNear(
    found,
    S.map((s) => s / Math.sqrt(1 / 3)),
  );
});

test("gdpo: weights act after the first normalisation", () => {
  const components = { right: Float32Array.of(1, 0), long: Float32Array.of(0, 10) };
  const found = gdpoAdvantages(components, pair, { weights: { right: 3 }, epsilon: 0 }); // S = +-(3 - 1) root
  expectNear(found, [root, -root]);
  expect(found[0]).toBeGreaterThan(0); // summed first, 3 and 10: the other way
  expectNear(gdpoAdvantages(components, pair, { weights: { right: 3 }, order: "sum-then-normalize", epsilon: 0 }), [
    -root,
    root,
  ]);
});

test("gdpo: totals 0 and 1, and 0 and 2: the second pair counts double, which GRPO makes equal", () => {
  const components = { a: Float32Array.of(0, 1, 0, 1), b: Float32Array.of(0, 0, 0, 1) };
  const groups = Int32Array.of(0, 0, 1, 1); // totals 0 and 1; 0 and 2
  const grpo = gdpoAdvantages(components, groups, { order: "sum-then-normalize", epsilon: 0 });
  expect(grpo[1]).toBeCloseTo(grpo[3] ?? 0, 6);
  const own = gdpoAdvantages(components, groups, { epsilon: 0 });
  expect(own[3]).toBeCloseTo(2 * (own[1] ?? 0), 6);
});

test("gdpo: NaN components add nothing; a row without any is unscored; equal ones give 0", () => {
  const components = { a: Float32Array.of(1, 0, nan), b: Float32Array.of(nan, 5, nan) };
  const found = gdpoAdvantages(components, new Int32Array(3), { epsilon: 0 });
  expectNear(found, [root, -root, 0]); // b has one scored row and adds 0
  expect([...gdpoAdvantages({ a: Float32Array.of(1, 1) }, pair)]).toEqual([0, 0]);
});

test("gdpo: one score counts as one component; an unscored row stays so", () => {
  const { advantage } = gdpo({ epsilon: 0 }).replaces ?? {};
  if (typeof advantage !== "function") throw new Error("a function is there");
  const input = advantageInput({ lengths: [1, 1, 1], rewards: [1, 0, nan] });
  expect(advantage(input)).toMatchObject({ scaledBy: "gdpo" });
  const rewards = { ...input.rewards, components: { a: Float32Array.of(1, 0, 7) } };
  const { perToken } = advantage({ ...input, rewards }) as { perToken: Float32Array };
  const same = groupAdvantages(Float32Array.of(1, 0, nan), new Int32Array(3), {
    ...{ scale: "group-std", deviation: "sample", epsilon: 0 },
  });
  expectNear(perToken, [...same]);
});

test.each([
  [() => gdpoAdvantages({}, pair), "gdpo: there is no reward component; return components"],
  [() => gdpoAdvantages({ a: Float32Array.of(1) }, pair), "gdpo: group has 2 entries, a 1"],
  [() => gdpoAdvantages({ a: Float32Array.of(1, Infinity) }, pair), "row 1 has reward Infinity"],
  [() => gdpoAdvantages({ a: Float32Array.of(1, 0) }, pair, { weights: { b: 1 } }), 'there is a weight for "b"; the'],
  [() => gdpo({ weights: { a: nan } }), "gdpo: weights[0] is NaN"],
])("gdpo: refusal %#", (call, message) => {
  expect(call).toThrow(message);
});
