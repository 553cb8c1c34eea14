import { expect, test } from "vitest";
import {
  type Answer,
  averageAccuracy,
  bestOfK,
  gPassAtK,
  type MajorityOptions,
  majorityAtK,
  mGPassAtK,
  passAtK,
} from "../../../src/analysis/index.ts";

/** All ways to choose k of the items. */
function* choices<T>(items: readonly T[], k: number): Generator<T[]> {
  if (k === 0) return yield [];
  for (const [i, item] of items.entries()) for (const rest of choices(items.slice(i + 1), k - 1)) yield [item, ...rest];
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What a majority of these answers is worth, by counting. */
function vote(answers: readonly Answer[], right: string, ties: "share" | "wrong" | "right"): number {
  const given = answers.filter((answer) => answer !== undefined);
  const count = (answer: Answer): number => given.filter((other) => other === answer).length;
  const most = Math.max(0, ...given.map(count));
  const winners = [...new Set(given)].filter((answer) => count(answer) === most);
  if (most === 0 || !winners.includes(right)) return 0;
  return winners.length === 1 || ties === "right" ? 1 : ties === "wrong" ? 0 : 1 / winners.length;
}

const answers: readonly Answer[] = ["a", "b", "a", "c", "c", undefined, "d", "a", "b"];

test.each(["share", "wrong", "right"] as const)("majorityAtK: every draw counted, ties %s", (ties) => {
  for (const right of ["a", "b", "c", "d", "z"]) {
    for (let k = 1; k <= answers.length; k++) {
      const counted = average([...choices(answers, k)].map((drawn) => vote(drawn, right, ties)));
      expect(majorityAtK(answers, right, k, { ties }), `${right} of ${k}`).toBeCloseTo(counted, 12);
    }
  }
});

test("majorityAtK: one sample is accuracy, silence does not vote, sampling comes near", () => {
  expect(majorityAtK(answers, "a", 1)).toBeCloseTo(3 / 9, 14);
  expect(majorityAtK([undefined, undefined, 7], 7, 2)).toBeCloseTo(2 / 3, 14); // 7 alone decides where it is drawn
  expect(majorityAtK([undefined, undefined], 7, 2)).toBe(0);
  const sampled = majorityAtK(answers, "a", 5, { method: "sampled", draws: 4000 });
  expect(Math.abs(sampled - majorityAtK(answers, "a", 5))).toBeLessThan(4 * (0.5 / Math.sqrt(4000)));
  expect(majorityAtK(answers, "a", 5, { method: "sampled", draws: 4000 })).toBe(sampled);
  // 30 of 100 right and all others different: the more votes, the surer
  const lone: Answer[] = Array.from({ length: 100 }, (_, i) => (i < 30 ? "right" : i));
  expect(majorityAtK(lone, "right", 64)).toBeGreaterThan(0.999);
});

test("majorityAtK: thousands of samples", () => {
  // 2000 of 4000 right, 1500 of one wrong answer, 500 silent: at k = 400 the lead is about 50 votes, 2.8 standard errors
  const many: Answer[] = Array.from({ length: 4000 }, (_, i) => (i < 2000 ? "right" : i < 3500 ? "wrong" : undefined));
  const exact = majorityAtK(many, "right", 400);
  expect(Math.abs(exact - majorityAtK(many, "right", 400, { method: "sampled", draws: 500 }))).toBeLessThan(0.02);
  expect(exact + majorityAtK(many, "wrong", 400)).toBeCloseTo(1, 10); // ties are shared
  expect(majorityAtK(many, "right", 4000)).toBe(1);
  expect(majorityAtK(many, "wrong", 4000)).toBe(0);
});

test.each([
  [0, {}, "k is 0 of n = 9"],
  [10, {}, "k is 10 of n = 9"],
  [2, { ties: "first" }, "ties is"],
  [2, { tie: "share" }, 'no option "tie"'],
])("majorityAtK: k = %i with %o is refused", (k, options, message) => {
  expect(() => majorityAtK(answers, "a", k, options as MajorityOptions)).toThrow(message);
});

test("gPassAtK: at least ⌈τk⌉ right of k, every draw counted", () => {
  for (let correct = 0; correct <= 7; correct++) {
    const samples = Array.from({ length: 7 }, (_, i) => Number(i < correct));
    for (const [k, threshold] of [
      [3, 0.5],
      [4, 0.75],
      [5, 1],
      [7, 0.3],
      [5, 0.6],
    ] as const) {
      const hits = [...choices(samples, k)].map((drawn) =>
        Number(drawn.reduce((a, b) => a + b, 0) >= threshold * k - 1e-9),
      );
      expect(gPassAtK({ n: 7, correct }, k, threshold)).toBeCloseTo(average(hits), 12);
    }
    for (const k of [1, 3, 7]) {
      expect(gPassAtK({ n: 7, correct }, k, 1e-9)).toBeCloseTo(passAtK({ n: 7, correct }, k), 12); // τ → 0 is pass@k
    }
  }
  expect(gPassAtK({ n: 10, correct: 7 }, 10, 0.7)).toBe(1); // 0.7 · 10 asks for 7, not for 8
  expect(() => gPassAtK({ n: 4, correct: 1 }, 2, 0)).toThrow("the threshold is 0");
  expect(() => gPassAtK({ n: 4, correct: 1 }, 5, 0.5)).toThrow("k is 5 of n = 4");
});

test("mGPassAtK: twice the mean of G-Pass@k over the upper thresholds", () => {
  const counts = { n: 16, correct: 11 };
  const sum = gPassAtK(counts, 4, 3 / 4) + gPassAtK(counts, 4, 1); // i = 3, 4 of k = 4
  expect(mGPassAtK(counts, 4)).toBeCloseTo((2 / 4) * sum, 12);
  // For even k the sum is the integral 2 ∫ from 0.5 to 1: midpoints of 400 pieces
  const integral = average(Array.from({ length: 400 }, (_, i) => gPassAtK(counts, 4, 0.5 + (i + 0.5) / 800)));
  expect(mGPassAtK(counts, 4)).toBeCloseTo(integral, 12);
  expect(mGPassAtK({ n: 4, correct: 4 }, 4)).toBe(1);
  expect(mGPassAtK({ n: 4, correct: 4 }, 1)).toBe(0);
  expect(() => mGPassAtK({ n: 4, correct: 4 }, 5)).toThrow("k is 5 of n = 4");
});

test("bestOfK: the highest score of every draw, ties shared", () => {
  const samples = [
    { score: 0.1, reward: 1 },
    { score: 0.5, reward: 0 },
    { score: 0.5, reward: 1 },
    { score: 0.9, reward: 0.25 },
    { score: -2, reward: 1 },
  ];
  for (let k = 1; k <= 5; k++) {
    const counted = [...choices(samples, k)].map((drawn) => {
      const top = Math.max(...drawn.map(({ score }) => score));
      return average(drawn.filter(({ score }) => score === top).map(({ reward }) => reward));
    });
    expect(bestOfK(samples, k)).toBeCloseTo(average(counted), 12);
  }
});

test("bestOfK: with the reward as scorer it is pass@k; unusable scores are refused", () => {
  const samples = Array.from({ length: 40 }, (_, i) => ({ score: Number(i < 5), reward: Number(i < 5) }));
  for (const k of [1, 7, 40]) expect(bestOfK(samples, k)).toBeCloseTo(passAtK({ n: 40, correct: 5 }, k), 12);
  expect(() => bestOfK([{ score: Number.NaN, reward: 1 }], 1)).toThrow("scores[0] is NaN");
  expect(() => bestOfK(samples, 41)).toThrow("k is 41 of n = 40");
});

test("averageAccuracy: every problem counts the same", () => {
  const problems = [
    { n: 4, correct: 1 },
    { n: 8, correct: 8 },
  ];
  expect(averageAccuracy(problems)).toBeCloseTo((1 / 4 + 1) / 2, 14);
  expect(() => averageAccuracy([])).toThrow("there is no problem");
  expect(() => averageAccuracy([{ n: 4, correct: 5 }])).toThrow("correct of problem 0 is 5");
});
