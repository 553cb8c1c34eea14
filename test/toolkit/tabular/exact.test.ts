import { expect, test } from "vitest";
import {
  answerProbabilities,
  exactEntropy,
  exactGradient,
  exactPassAtK,
  expectedReward,
} from "../../../src/toolkit/tabular/exact.ts";
import { tabularPolicy } from "../../../src/toolkit/tabular/policy.ts";
import type { TabularProblem } from "../../../src/toolkit/tabular/problem.ts";

const right = (_: number, answer: readonly number[]): number => (answer.every((symbol) => symbol === 1) ? 1 : 0);

/** Two symbols, two places: p(1) is 2/3 at first, then 1/2 after a 0 and 3/4 after a 1. */
const pair: TabularProblem = {
  contexts: 1,
  symbols: 2,
  length: 2,
  reward: right,
  initial: (_, prefix) => [0, Math.log(prefix.length === 0 ? 2 : prefix[0] === 1 ? 3 : 1)],
};

test("tabular: probabilities of answers are products along the tree", () => {
  const p = [...answerProbabilities(tabularPolicy(pair), 0)]; // 00, 01, 10, 11
  const expected = [1 / 6, 1 / 6, 1 / 6, 1 / 2]; // 1/3 · 1/2, 1/3 · 1/2, 2/3 · 1/4, 2/3 · 3/4
  for (const [i, value] of expected.entries()) expect(p[i]).toBeCloseTo(value, 14);
});

test("tabular: expected reward, pass@k and entropy are those of the distribution", () => {
  const policy = tabularPolicy(pair);
  expect(expectedReward(policy)).toBeCloseTo(1 / 2, 14);
  expect(exactPassAtK(policy, 3)).toBeCloseTo(1 - 1 / 8, 14);
  expect(exactEntropy(policy)).toBeCloseTo(3 * (1 / 6) * Math.log(6) + (1 / 2) * Math.log(2), 14);
});

test("tabular: a symbol that ends an answer leaves shorter ones", () => {
  const policy = tabularPolicy({ contexts: 1, symbols: 2, length: 3, end: 0, reward: (_, answer) => answer.length });
  expect(policy.layout.answers.map(({ symbols }) => symbols.join(""))).toEqual(["0", "10", "110", "111"]);
  expect(expectedReward(policy)).toBeCloseTo(1 / 2 + 2 / 4 + 3 / 8 + 3 / 8, 14);
});

test("tabular: positions share their logits over prefixes", () => {
  const initial = (context: number, prefix: readonly number[]) => [0, context + prefix.length];
  const position = tabularPolicy({ ...pair, contexts: 2, states: "position", initial });
  expect([...position.logits]).toEqual([0, 0, 0, 1, 0, 1, 0, 2]); // contexts x places x symbols
});

test("tabular: a long answer with a symbol that ends it has as many answers as lengths", () => {
  const problem = { contexts: 1, symbols: 2, length: 80, end: 0, states: "position" as const };
  const policy = tabularPolicy({ ...problem, reward: (_, answer) => answer.length });
  expect(policy.layout.answers.length).toBe(81);
  // half of the answers end at each symbol: Σ n / 2^n = 2 up to the last, which none passes
  expect(expectedReward(policy)).toBeCloseTo(2, 10);
});

test.each([
  { name: "prefix", change: {} },
  { name: "position", change: { states: "position" } },
  { name: "ended", change: { end: 2 } },
] as const)("tabular: the exact gradient is the slope of the expected reward ($name)", ({ change }) => {
  const problem: TabularProblem = {
    ...{ contexts: 2, symbols: 3, length: 2 },
    reward: (context, answer) => context + answer.reduce((sum, symbol) => sum + symbol * symbol, 0),
    initial: (context, prefix) => [context, Math.sin(1 + prefix.length), 0.3],
    ...change,
  };
  const policy = tabularPolicy(problem);
  const gradient = exactGradient(policy);
  for (const [i, at] of policy.logits.entries()) {
    const around = [1e-5, -1e-5].map((by) => {
      policy.logits[i] = at + by;
      return expectedReward(policy);
    });
    policy.logits[i] = at;
    expect(gradient[i]).toBeCloseTo(((around[0] ?? 0) - (around[1] ?? 0)) / 2e-5, 8);
  }
});

test.each([
  [{ ...pair, symbols: 0 }, "tabular: symbols is 0; pass a whole number from 1."],
  [
    { ...pair, symbols: 10, length: 6 },
    "tabular: there are more than 65536 answers; make them fewer: they are enumerated.",
  ],
  [{ ...pair, end: 2 }, "tabular: end is 2; pass a symbol from 0 to 1."],
  [{ ...pair, features: [[1], [1]] }, "tabular: features are 2 rows, the first of 1; pass equally many per context."],
  [{ ...pair, tokens: () => 1 }, "tabular: tokens([0,0]) is 1; return a whole number from 2."],
  [{ ...pair, initial: () => [1] }, "tabular: initial(0, []) is [1]; return 2 finite numbers."],
])("tabular: a problem that is none is refused (%#)", (problem, message) => {
  expect(() => tabularPolicy(problem)).toThrow(message);
});
