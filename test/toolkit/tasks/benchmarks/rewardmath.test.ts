import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { pearson } from "../../../../src/analysis/index.ts";
import { rng } from "../../../../src/index.ts";
import {
  aggregateSteps,
  bestOfN,
  makeRewardMathSet,
  oneToOneAccuracy,
  type RewardMathProblem,
  readRewardMath,
  rewardBenchmark,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

test("rewardmath: the benchmark averages problems in percent", () => {
  const records = [
    { chosen: [0.9], rejected: [0.1, 0.2] },
    { chosen: [0.5], rejected: [0.5, 0.7] }, // rank 3
  ];
  expect(rewardBenchmark(records)).toEqual({ acc: 50, accTie: 50, mrr: expect.closeTo(200 / 3, 9), n: 2 });
  expect(() => rewardBenchmark([])).toThrow("there is no problem");
});

test("rewardmath: step scores need an aggregate; the product favours short solutions, the geometric mean does not", () => {
  const records = [{ chosen: [[0.9, 0.9, 0.9]], rejected: [[0.8]] }]; // 0.729 against 0.8; 0.9 against 0.8
  expect(rewardBenchmark(records, { aggregate: "prod" }).acc).toBe(0);
  expect(rewardBenchmark(records, { aggregate: "geometric_mean" }).acc).toBe(100);
  expect(() => rewardBenchmark(records)).toThrow("problem 0 has scores of steps");
  expect(() => aggregateSteps([0.5], "median" as "mean")).toThrow("there is no aggregate median");
});

test("rewardmath: random scores are right in a tenth of problems, with the harmonic rank", () => {
  const random = rng({ seed: 3, stream: "scores" });
  const records = Array.from({ length: 20_000 }, () => ({
    chosen: [random.uniform()],
    rejected: Array.from({ length: 9 }, () => random.uniform()),
  }));
  const { acc, mrr } = rewardBenchmark(records);
  expect(acc).toBeCloseTo(10, 0); // standard error 0.2
  expect(Math.abs(mrr - 29.2896825)).toBeLessThan(0.6);
});

test("rewardmath: best of n takes the highest score, then the majority among equals, then the first", () => {
  const given = { scores: [1, 3, 3, 3, 2], answers: ["a", "b", "c", "c", "b"], ns: [1, 2, 3, 4, 5] };
  expect(bestOfN(given).map(({ pickedIndex }) => pickedIndex)).toEqual([0, 1, 1, 2, 2]);
  expect(bestOfN({ ...given, ns: [4], same: (a, b) => a < "d" && b < "d" })).toEqual([{ n: 4, pickedIndex: 1 }]);
  expect(() => bestOfN({ ...given, ns: [6] })).toThrow("n is 6 of 5 samples");
  expect(() => bestOfN({ ...given, scores: [1] })).toThrow("there are 1 scores and 5 answers");
});

const set = makeRewardMathSet({ problems: 60, seed: 5 });
const lastNumber = (steps: readonly string[]): number => Number(/= (-?\d+)\.$/.exec(steps.at(-1) ?? "")?.[1]);

test("rewardmath: a made problem has one right and nine wrong solutions of equal length, the right one anywhere", () => {
  for (const { answer, solutions, solution_reference } of set) {
    expect(solutions.map(({ length }) => length)).toEqual(Array(10).fill(5));
    const right = solutions.map((steps) => lastNumber(steps) === Number(answer));
    expect(right.map((is, i) => is === (solution_reference[i] === "human_to_GPT-4"))).toEqual(Array(10).fill(true));
  }
  expect(new Set(set.map(({ solution_reference: from }) => from.indexOf("human_to_GPT-4"))).size).toBeGreaterThan(5);
  expect(makeRewardMathSet({ problems: 60, seed: 5 })).toEqual(set);
  expect(() => makeRewardMathSet({ problems: 0, seed: 1 })).toThrow("problems is 0");
  expect(() => makeRewardMathSet({ problems: 1, seed: 1, terms: 3 })).toThrow("terms is 3");
});

/** Wrong steps of a solution, as a perfect process reward model sees them. */
function slips(steps: readonly string[]): number {
  return steps.filter((step) => {
    const [, a, operator, b, c] = /: (-?\d+) ([+-]) (\d+) = (-?\d+)/.exec(step)?.map((part) => part) ?? [];
    return (operator === "+" ? Number(a) + Number(b) : Number(a) - Number(b)) !== Number(c);
  }).length;
}

test("rewardmath: one-to-many accuracy follows what best-of-n gains, over models of rising noise", () => {
  const random = rng({ seed: 6, stream: "noise" });
  const models = [0.1, 0.4, 0.8, 1.5, 4].map((noise) => {
    const score = ({ answer }: RewardMathProblem, steps: readonly string[]): number =>
      (lastNumber(steps) === Number(answer) ? 1 : 0) - slips(steps) * 0.5 + noise * random.normal();
    const scored = set.map((problem) => problem.solutions.map((steps) => score(problem, steps)));
    const split = set.map(({ solution_reference: from }, i) => ({
      chosen: (scored[i] ?? []).filter((_, j) => from[j] === "human_to_GPT-4"),
      rejected: (scored[i] ?? []).filter((_, j) => from[j] !== "human_to_GPT-4"),
    }));
    const gold = set.map(({ answer, solutions }, i) => {
      const answers = solutions.map((steps) => `${lastNumber(steps)}`);
      const [best] = bestOfN({ scores: scored[i] ?? [], answers, ns: [10] });
      return answers[best?.pickedIndex ?? 0] === answer ? 1 : 0;
    });
    return { acc: rewardBenchmark(split).acc, gold: gold.reduce<number>((sum, right) => sum + right, 0) / set.length };
  });
  expect(
    pearson(
      models.map(({ acc }) => acc),
      models.map(({ gold }) => gold),
    ),
  ).toBeGreaterThan(0.99);
});

test("rewardmath: pairs of one right and one wrong solution", () => {
  const pairs = [
    { chosen: 1, rejected: 0 },
    { chosen: 1, rejected: 1 },
  ];
  expect(oneToOneAccuracy(pairs)).toBe(0.5);
  expect(() => oneToOneAccuracy([])).toThrow("there is no pair");
});

const folder = mkdtempSync(join(tmpdir(), "rlvr-rewardmath-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (name: string, rows: unknown): string => {
  writeFileSync(join(folder, name), JSON.stringify(rows));
  return join(folder, name);
};

test("rewardmath: released result files are read: scores, scores of steps, and a judge's choices", async () => {
  const sources = ["gpt", "human_to_GPT-4", "phi"];
  const plain = written("plain.json", [{ problem: "p", solution_reference: sources, score: [0.1, 0.9, [0.2, 0.3]] }]);
  expect(await readRewardMath(plain)).toEqual([{ problem: "p", chosen: [0.9], rejected: [0.1, [0.2, 0.3]] }]);
  expect((await readRewardMath(plain, { exceptModel: "gpt" }))[0]?.rejected).toEqual([[0.2, 0.3]]);
  const judged = written("judged.json", [{ problem: "p", score: [1, 2, 1], chosen_position: [1, 1, 1] }]);
  expect(rewardBenchmark(await readRewardMath(judged))).toEqual({ acc: 0, accTie: 0, mrr: 50, n: 1 }); // one loss
  const bad = written("bad.json", [{ problem: "p", solution_reference: ["gpt"], score: [1] }]);
  await expect(readRewardMath(bad)).rejects.toThrow("readRewardMath, row 0: there are 0 right and 1 wrong solutions");
  const text = written("text.json", [{ problem: "p", solution_reference: ["gpt"], score: ["1"] }]);
  await expect(readRewardMath(text)).rejects.toThrow('a score is "1"');
});
