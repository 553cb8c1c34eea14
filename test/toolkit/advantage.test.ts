import { expect, test } from "vitest";
import {
  type GroupAdvantageOptions,
  groupAdvantages,
  rowAdvantages,
  spreadOverTokens,
} from "../../src/toolkit/advantage.ts";

const standard: GroupAdvantageOptions = { scale: "group-std", deviation: "sample", epsilon: 1e-6 };
const advantagesOf = (rewards: number[], group: number[], options: Partial<GroupAdvantageOptions> = {}): number[] => [
  ...groupAdvantages(Float32Array.from(rewards), Int32Array.from(group), { ...standard, ...options }),
];

test("groupAdvantages: (reward - mean) / (sample deviation + epsilon)", () => {
  // mean 1/4; squared differences 9/16 + 3/16 = 3/4; sample deviation sqrt(3/4 / 3) = 1/2
  const [right, wrong] = [0.75 / (0.5 + 1e-6), -0.25 / (0.5 + 1e-6)];
  const found = advantagesOf([1, 0, 0, 0], [0, 0, 0, 0]);
  for (const [i, value] of [right, wrong, wrong, wrong].entries()) expect(found[i]).toBeCloseTo(value, 6);
});

test("groupAdvantages: population deviation and no scaling", () => {
  const population = Math.sqrt(3 / 16);
  expect(advantagesOf([1, 0, 0, 0], [0, 0, 0, 0], { deviation: "population" })[0]).toBeCloseTo(0.75 / population, 4);
  expect(advantagesOf([1, 0, 0, 0], [0, 0, 0, 0], { scale: "none" })).toEqual([0.75, -0.25, -0.25, -0.25]);
});

test("groupAdvantages: groups may be interleaved", () => {
  const found = advantagesOf([1, 5, 0, 7], [0, 1, 0, 1], { scale: "none" });
  expect(found).toEqual([0.5, -1, -0.5, 1]);
});

test("groupAdvantages: equal rewards give 0 exactly, though their float mean is off", () => {
  expect(advantagesOf([0.1, 0.1, 0.1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 2, 2])).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test("groupAdvantages: an unscored row gets 0 and moves neither mean nor deviation", () => {
  const found = advantagesOf([1, Number.NaN, 0], [0, 0, 0]);
  expect(found[1]).toBe(0);
  expect([found[0], found[2]]).toEqual(advantagesOf([1, 0], [0, 0]));
  expect(advantagesOf([Number.NaN, 1], [0, 0])).toEqual([0, 0]); // one scored row has no deviation
});

test("groupAdvantages: shifting or scaling a group's rewards changes nothing but epsilon's share", () => {
  const plain = advantagesOf([1, 0, 0.5, 0], [0, 0, 0, 0]);
  for (const [i, value] of advantagesOf([13, 10, 11.5, 10], [0, 0, 0, 0]).entries())
    expect(value).toBeCloseTo(plain[i] ?? 0, 4);
});

test("groupAdvantages: the order of the rows changes no bit", () => {
  const rewards = [0.1, 0.7, 0.3, 0.9, 0.2];
  const forward = advantagesOf(rewards, [0, 0, 0, 0, 0]);
  const backward = advantagesOf(rewards.toReversed(), [0, 0, 0, 0, 0]);
  expect(backward.toReversed()).toEqual(forward);
});

test("groupAdvantages: infinite rewards and missing group ids are refused", () => {
  expect(() => advantagesOf([1, Infinity], [0, 0])).toThrow("reward: row 1 has reward Infinity");
  expect(() => advantagesOf([1, 0], [0])).toThrow("2 rewards for 1 group ids");
});

test("groupAdvantages: rewards in double give advantages in double", () => {
  const options = { scale: "none", deviation: "sample", epsilon: 0 } as const;
  const found = groupAdvantages(Float64Array.of(1000.1, 1000.4), new Int32Array(2), options);
  expect(found).toBeInstanceOf(Float64Array);
  expect(found[1]).toBeCloseTo(0.15, 12); // in single precision 0.15002
  expect(groupAdvantages(Float32Array.of(1, 0), new Int32Array(2), options)).toBeInstanceOf(Float32Array);
});

test("spreadOverTokens: every token of a row gets the row's number", () => {
  expect([...spreadOverTokens(Float32Array.of(1, -2), 3)]).toEqual([1, 1, 1, -2, -2, -2]);
});

test("rowAdvantages: one number per row, 0 for a row without trained tokens; padding may hold anything", () => {
  const perToken = Float32Array.of(0.5, 0.5, Number.NaN, -1, 3, 9, 7, 8, 9);
  const mask = Float32Array.of(1, 1, 0, 1, 0, 0, 0, 0, 0);
  expect([...rowAdvantages("x", perToken, { mask, rows: 3 })]).toEqual([0.5, -1, 0]);
});

test("rowAdvantages: a row of several advantages is refused with them", () => {
  const mask = Float32Array.of(1, 1, 1, 1);
  expect(() => rowAdvantages("luspo", Float32Array.of(1, 1, 0, 2), { mask, rows: 2 })).toThrow(
    "luspo: row 1 has advantages 0 and 2; use an objective of tokens, or one per row.",
  );
  expect(() => rowAdvantages("luspo", Float32Array.of(1), { mask, rows: 2 })).toThrow("1 advantages for 4 positions");
});
