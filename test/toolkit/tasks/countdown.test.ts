import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { countdown } from "../../../src/toolkit/tasks/countdown.ts";
import { evaluateExpression, searchExpression } from "../../../src/toolkit/tasks/expression.ts";

const task = countdown();
const problem = { id: "x", prompt: "3,7,5:26=", answer: "3*7+5", level: 3, data: { numbers: [3, 7, 5], target: 26 } };

test.each([
  ["3*7+5", 26],
  ["3*(7+5)-1", 35],
  ["100-4-6", 90],
  ["8/2/2", 2],
  ["((2))*3", 6],
  ["2-5", -3],
])("expression: %s is %i", (text, value) => {
  expect(evaluateExpression(text)).toMatchObject({ kind: "value", value });
});

test.each([
  ["", "ends too early"],
  ["3+", "ends too early"],
  ["(3", "not closed"],
  ["3)", "follows the expression"],
  ["3 + 4", "follows the expression"],
  ["-3", "is no number"],
  ["03", "is no number"],
  ["٣", "is no number"],
  ["7/2", "is not whole"],
  ["7/(3-3)", "divides by 0"],
  ["999999999*999999999", "too large"],
  ["9999999999", "is no number"],
])("expression: %j cannot be read", (text, problem) => {
  expect(evaluateExpression(text)).toMatchObject({ kind: "error", problem: expect.stringContaining(problem) });
});

test("expression: deep nesting is refused, not a stack overflow", () => {
  const nested = (n: number): string => `${"(".repeat(n)}1${")".repeat(n)}`;
  expect(evaluateExpression(nested(50))).toMatchObject({ value: 1 });
  expect(evaluateExpression(nested(100_000)).kind).toBe("error");
});

test("expression: a search finds what exists, spelled so that it is read back with the same value", () => {
  const r = rng({ seed: 3, stream: "search" });
  for (let i = 0; i < 300; i++) {
    const numbers = Array.from({ length: 2 + r.integer(3) }, () => 1 + r.integer(12));
    const text = searchExpression(numbers, (value) => value % 7 === 3, r);
    if (text === undefined) continue;
    const read = evaluateExpression(text);
    expect(read, text).toMatchObject({ kind: "value" });
    expect(read.kind === "value" && read.value % 7, text).toBe(3);
    expect(read.kind === "value" && read.numbers.toSorted(), text).toEqual(numbers.toSorted());
  }
  expect(searchExpression([1, 1], (value) => value === 7, r)).toBeUndefined();
});

test.each([
  ["3*7+5", "correct"],
  ["5+7*3", "correct"],
  ["(3*7)+5", "correct"],
  ["3*7+5=26", "unparsed"],
  ["26", "wrong"],
  ["21+5", "wrong"],
  ["3*7+7-5+3", "wrong"],
  ["3+7+5", "wrong"],
  ["", "unparsed"],
  ["3*7+5 ", "unparsed"],
])("countdown: %j is %s", (completion, status) => {
  expect(task.verify(problem, completion).status).toBe(status);
});

test("countdown: not every number has to be used", () => {
  const one = { ...problem, data: { numbers: [3, 7, 5], target: 21 } };
  expect(task.verify(one, "3*7")).toMatchObject({ score: 1, parsed: "3*7" });
});

test("countdown: demonstrations are right or wrong as asked, within alphabet and bounds", () => {
  const r = rng({ seed: 1, stream: "demonstrations" });
  for (const one of [task, countdown({ numbers: 5, largest: 99, largestTarget: 999 })]) {
    for (const level of one.levels) {
      for (const p of one.problems({ split: "train", count: 20, seed: 2, level })) {
        expect(one.verify(p, p.answer).status).toBe("correct");
        for (const flawed of [false, true]) {
          const text = one.demonstration(p, r, { flawed });
          expect(one.verify(p, text).status, p.prompt + text).toBe(flawed ? "wrong" : "correct");
          expect(text.length + 1).toBeLessThanOrEqual(one.maxCompletionTokens);
          expect([...(p.prompt + text)].every((character) => one.alphabet.includes(character))).toBe(true);
        }
        expect(p.prompt.length + 1).toBeLessThanOrEqual(one.maxPromptTokens);
      }
    }
  }
});

test("countdown: the splits share no set of numbers with its target", () => {
  const ids = (split: "train" | "test"): string[] => task.problems({ split, count: 500, seed: 1 }).map(({ id }) => id);
  const train = new Set(ids("train"));
  expect(train.size).toBe(500);
  expect(ids("test").some((id) => train.has(id))).toBe(false);
});

test("countdown: mutated completions never break the verifier and are right only when they reach the target", () => {
  const r = rng({ seed: 5, stream: "mutations" });
  for (let i = 0; i < 10_000; i++) {
    const letters = [..."3*7+5"];
    for (let edit = r.integer(3); edit >= 0; edit--) {
      letters.splice(r.integer(letters.length + 1), r.integer(3), r.pick([..."0123456789+-*/(),:= "]));
    }
    const verdict = task.verify(problem, letters.join(""));
    expect(verdict.status).not.toBe("failed");
    if (verdict.status !== "correct") continue;
    // An independent reading: JavaScript's own arithmetic on the characters that are left.
    expect(new Function(`return ${letters.join("")}`)()).toBe(26);
  }
});

test("countdown: bad options are refused; more problems than there are is said", () => {
  expect(() => countdown({ numbers: 6 })).toThrow("countdown: numbers is 6; pass 2 to 5.");
  const tiny = countdown({ numbers: 2, largest: 2, largestTarget: 4 });
  expect(() => tiny.problems({ split: "train", count: 1000, seed: 1 })).toThrow(/count is 1000, and the train split/);
});
