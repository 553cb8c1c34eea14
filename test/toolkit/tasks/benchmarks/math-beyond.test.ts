import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { boundaryDecomposition, netExpansion, reachable } from "../../../../src/analysis/index.ts";
import { mathVerifier } from "../../../../src/index.ts";
import {
  boxedContents,
  makeToyMathB,
  missChance,
  readMathBeyond,
  sampleCounts,
  verifyInteger,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

test("math-beyond: boxes by their braces, one in another too; open ones are none", () => {
  expect(boxedContents("\\boxed{\\frac{1}{2}} \\boxed{a \\boxed{7}} \\boxed{8")).toEqual([
    "\\frac{1}{2}",
    "a \\boxed{7}",
    "7",
  ]);
});

test("math-beyond: an evaluator may be plugged in; large answers are exact", () => {
  const verifier = mathVerifier();
  const equal = (content: string, answer: bigint) => {
    return verifier.verify({ answer: `${answer}` }, `\\boxed{${content}}`).status === "correct";
  };
  expect(verifyInteger("\\boxed{\\frac{84}{2}}", 42, "strict", { equal })).toBe(true);
  expect(verifyInteger("\\boxed{\\frac{84}{4}}", 42, "strict", { equal })).toBe(false);
  expect(verifyInteger("\\boxed{9007199254740993}", 9007199254740992n, "strict")).toBe(false);
  expect(() => verifyInteger("", 2 ** 53, "strict")).toThrow("the answer is 9007199254740992");
  expect(() => verifyInteger("", 1, "first" as "strict")).toThrow("the mode is first");
});

test("math-beyond: a problem of a rare success rate looks unsolved as often as the paper says", () => {
  expect([1e-4, 1e-3, 5e-3].map((p) => missChance(p, 1024))).toEqual([
    expect.closeTo(0.9027, 4),
    expect.closeTo(0.359, 4),
    expect.closeTo(0.0059, 4),
  ]);
  expect(() => missChance(2, 1)).toThrow("p is 2");
});

test("math-beyond: of a toy set, the base solves some problems again, which is taken off the expansion", () => {
  const problems = 600;
  const set = makeToyMathB({ problems, seed: 1 });
  expect(set.counts.every((row, i) => row.every((count, m) => (set.rates[i]?.[m] ?? 0) < 1 || count === 1024))).toBe(
    true,
  );
  const rates = set.rates.map(([rate = 0]) => rate);
  const expected = rates.reduce((sum, rate) => sum + missChance(rate, 1024), 0);
  const unsolved = set.perModel[0] ?? [];
  expect(Math.abs(unsolved.length - expected)).toBeLessThan(4 * Math.sqrt(problems / 4));
  expect(set.intersection.length).toBeLessThan(unsolved.length);
  expect(makeToyMathB({ problems, seed: 1 }).counts).toEqual(set.counts);
  const solved = (of: (rate: number) => number, seed: number): boolean[] => {
    const counts = sampleCounts(
      unsolved.map((i) => [of(rates[i] ?? 0)]),
      { k: 1024, seed },
    );
    return counts.map(([count = 0]) => count > 0);
  };
  const nothingLearned = netExpansion(
    solved((rate) => rate, 2),
    solved((rate) => rate, 3),
  );
  expect(nothingLearned.trained).toBeGreaterThan(0.05); // regression to the mean: these were unlucky before
  expect(Math.abs(nothingLearned.net)).toBeLessThan(0.08);
  const learned = netExpansion(
    solved((rate) => Math.min(1, 10 * rate), 2),
    solved((rate) => rate, 3),
  );
  expect(learned.net).toBeGreaterThan(0.15);
  expect(() => sampleCounts([[2]], { k: 1, seed: 1 })).toThrow("a rate of problem 0 is 2");
  expect(() => makeToyMathB({ problems: 0, seed: 1 })).toThrow("problems is 0");
});

test("math-beyond: the paper's table is expansion over unsolved problems, with its interval", () => {
  const rows = [
    [9, 115, 7.826],
    [11, 115, 9.565],
    [6, 115, 5.217],
    [21, 99, 21.212],
    [66, 112, 58.929],
    [77, 116, 66.379],
  ] as const;
  for (const [solved, n, percent] of rows) {
    const post = Array.from({ length: n }, (_, i) => i < solved);
    const { erUnsolved, erInterval } = boundaryDecomposition(
      post.map(() => false),
      post,
    );
    expect(100 * (erUnsolved ?? 0)).toBeCloseTo(percent, 3);
    expect([(erInterval?.low ?? 1) < solved / n, (erInterval?.high ?? 0) > solved / n]).toEqual([true, true]);
  }
});

test("math-beyond: within k asks for k samples", () => {
  expect(reachable([0, 3], { n: 4 })).toEqual([false, true]);
  expect(() => reachable([0], { n: 4, k: 8 })).toThrow("k is 8 of n = 4 samples");
  expect(() => reachable([0], { n: 4, k: 2 })).toThrow("k is 2, n is 4");
  expect(() => reachable([5], { n: 4 })).toThrow("problem 0 has 5 right of 4");
});

const folder = mkdtempSync(join(tmpdir(), "rlvr-math-b-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("math-beyond: released problems are read, with the models that solve them", async () => {
  const path = join(folder, "problems.jsonl");
  const row = { problem: "p", answer: "42", "A-7B_pass@1024": 0, "A-7B_unsolved": true, B_unsolved: false, topic: "t" };
  writeFileSync(path, JSON.stringify(row));
  expect(await readMathBeyond(path)).toEqual([
    { problem: "p", answer: 42, solvedBy: { "A-7B": false, B: true }, topic: "t", difficulty: undefined },
  ]);
  writeFileSync(path, JSON.stringify({ ...row, "A-7B_unsolved": false }));
  await expect(readMathBeyond(path)).rejects.toThrow("readMathBeyond, row 0: the columns of A-7B disagree");
  writeFileSync(path, JSON.stringify({ ...row, answer: "\\frac12" }));
  await expect(readMathBeyond(path)).rejects.toThrow("pass a text and a whole answer");
});
