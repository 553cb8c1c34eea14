import { expect, test } from "vitest";
import { passAtKTraining, passAtKTrainingAdvantages } from "../../src/algorithms/pass-at-k-training.ts";
import { groupAdvantages } from "../../src/toolkit/advantage.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";

const { NaN: nan } = Number;
const group = (n: number): Int32Array => new Int32Array(n);

test("pass@k training: n 4, one right, k 2", () => {
  // C(3, 2) / C(4, 2) = 1/2 of the pairs fail; of those with a given wrong one C(2, 1) / C(3, 1) = 2/3
  const deviation = Math.sqrt(1 / 4);
  const [right, wrong] = [1 / 2 / deviation, (1 / 2 - 2 / 3) / deviation];
  const found = passAtKTrainingAdvantages(Float32Array.of(1, 0, 0, 0), group(4), { k: 2 });
  expectNear(found, [right, wrong, wrong, wrong]); // 1 and -1/3
});

test("pass@k training: it is the mean over all subsets of (best - mean) / deviation", () => {
  const rewards = [1, 0, 0, 1, 0, 0];
  const [n, k] = [6, 3];
  const subsets = Array.from({ length: 2 ** n }, (_, bits) => rewards.map((_, i) => i).filter((i) => (bits >> i) & 1));
  const best = subsets.filter((s) => s.length === k).map((s) => ({ s, r: Math.max(...s.map((i) => rewards[i] ?? 0)) }));
  const mean = best.reduce((sum, { r }) => sum + r, 0) / best.length;
  const deviation = Math.sqrt(best.reduce((sum, { r }) => sum + (r - mean) ** 2, 0) / best.length);
  const expected = rewards.map((_, i) => {
    const own = best.filter(({ s }) => s.includes(i));
    return own.reduce((sum, { r }) => sum + (r - mean) / deviation, 0) / own.length;
  });
  expectNear(passAtKTrainingAdvantages(Float32Array.from(rewards), group(n), { k }), expected);
});

test("pass@k training: at k = 1 it is GRPO's with n in the variance", () => {
  const rewards = Float32Array.of(1, 0, 0, 1, 1);
  const grpo = groupAdvantages(rewards, group(5), { scale: "group-std", deviation: "population", epsilon: 0 });
  expectNear(passAtKTrainingAdvantages(rewards, group(5), { k: 1 }), [...grpo]);
});

test("pass@k training: no failing subset, none right, too few scored: 0", () => {
  const rewards = Float32Array.of(1, 1, 0, 0, 0, 0, 1, 0, nan);
  const of = Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2);
  expect([...passAtKTrainingAdvantages(rewards, of, { k: 3 })]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("pass@k training: other rewards, k above every group, and k below 1 are refused", () => {
  expect(() => passAtKTrainingAdvantages(Float32Array.of(0.5, 1), group(2), { k: 2 })).toThrow("row 0 has reward 0.5");
  const { advantage } = passAtKTraining().replaces ?? {};
  if (typeof advantage !== "function") throw new Error("a function is there");
  expect(() => advantage(advantageInput({ lengths: [1, 1], rewards: [1, 0] }))).toThrow(
    "no group has k = 4 completions",
  );
  expect(() => passAtKTraining({ k: 0 })).toThrow("passAtKTraining: k is 0; pass a whole number from 1.");
});
