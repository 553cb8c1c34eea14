import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rng } from "../../../../src/toolkit/rng.ts";
import {
  choiceArithmetic,
  choicePrompt,
  evalExtract,
  gradeChoice,
  majorityOf,
  medReward,
  orderByDifficulty,
  passStats,
  readChoiceItems,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

const folder = mkdtempSync(join(tmpdir(), "rlvr-choice-"));
afterAll(() => rmSync(folder, { recursive: true }));

const key = { answer: "Mitral stenosis", answerLabel: "C" };

test("medvlthinker: an answer on a line of its own fails in training and passes in evaluation", () => {
  const response = "<think>a</think><answer>\nMitral stenosis\n</answer>";
  expect(medReward(response, key)).toEqual({ reward: 0, format: 1, prediction: response });
  expect(evalExtract(response)).toBe("Mitral stenosis");
  expect(gradeChoice(evalExtract(response), key)).toBe(true);
  expect(gradeChoice(evalExtract("mitral stenosis "), key)).toBe(true); // no gate on the format
});

test("medvlthinker: megabytes of open tags are read at once", () => {
  const started = performance.now();
  for (const part of ["<answer>", "</think>  ", "<think>", "</think><answer>"]) {
    medReward(`<think>${part.repeat(100_000)}</answer>`, key);
  }
  expect(performance.now() - started).toBeLessThan(2000); // the plain patterns take minutes
});

test("medvlthinker: order by difficulty, shuffled within ties by a seed", () => {
  const items = Array.from({ length: 20 }, (_, item) => ({ item, passCount: item % 2 }));
  const hard = orderByDifficulty(items, "hard_to_easy", 42);
  expect(hard.map(({ passCount }) => passCount)).toEqual([...Array(10).fill(0), ...Array(10).fill(1)]);
  expect(hard).toEqual(orderByDifficulty(items, "hard_to_easy", 42));
  expect(hard).not.toEqual(orderByDifficulty(items, "hard_to_easy", 43));
});

test("medvlthinker: shares over rollouts, majority by the first seen of equals", () => {
  expect(majorityOf(["A", "B", "A", "C"])).toBe("A");
  expect(majorityOf(["B", "A", "A", "B"])).toBe("B");
  const items = [
    { predictions: ["A", "B", "A", "C"], correct: [true, false, true, false] },
    { predictions: ["D", "B", "D", "C"], correct: [false, true, false, false] },
  ];
  expect(passStats(items)).toEqual({ mean: (0.5 + 0.25) / 2, any: 1, majority: 0.5 });
  expect(() => passStats([{ predictions: ["A"], correct: [] }])).toThrow("1 predictions and 0 grades");
});

test("medvlthinker: items of the published format are read, the first wrong row is named", async () => {
  const row = { question: "Which?", options: { A: "x", B: "y" }, answer_label: "B", answer: "y", dataset_index: 3 };
  const path = (name: string, rows: readonly object[]): string => {
    writeFileSync(join(folder, name), rows.map((one) => JSON.stringify(one)).join("\n"));
    return join(folder, name);
  };
  const [first, second] = await readChoiceItems(path("a.jsonl", [row, { ...row, options: '{"A":"x","B":"y"}' }]));
  expect(first).toMatchObject({ answerLabel: "B", answer: "y", datasetIndex: 3, images: 0 });
  expect(second).toEqual(first);
  expect(first && choicePrompt(first)).toMatch(/Question: Which\?\nOptions:\nA\. x\nB\. y$/);
  const bad = path("b.jsonl", [row, { ...row, answer: "x" }]);
  await expect(readChoiceItems(bad)).rejects.toThrow(/row 1 of .*b\.jsonl: the answer is "x", option B is "y"/);
  await expect(readChoiceItems(path("c.jsonl", [{ ...row, answer_label: "E" }]))).rejects.toThrow("not among");
  await expect(readChoiceItems(path("d.jsonl", [{ ...row, answer: "" }]))).rejects.toThrow("the answer is empty");
  await expect(readChoiceItems(join(folder, "none.jsonl"))).rejects.toThrow("ENOENT");
});

test.each([0, 8])("choice arithmetic with %i marks: demonstrations, alphabet and bounds", (marks) => {
  const task = choiceArithmetic({ marks });
  const random = rng({ seed: 1, stream: "demonstrations" });
  for (const level of task.levels) {
    for (const problem of task.problems({ split: "train", count: 30, seed: 2, level })) {
      const right = task.demonstration(problem, random, { flawed: false });
      const flawed = task.demonstration(problem, random, { flawed: true });
      expect(task.verify(problem, right).status, right).toBe("correct");
      expect(task.verify(problem, flawed).status, flawed).toBe("wrong");
      expect(task.verify(problem, `${right} `).status).toBe("unparsed");
      expect([...(problem.prompt + right)].every((character) => task.alphabet.includes(character))).toBe(true);
      expect(problem.prompt.length + 1).toBeLessThanOrEqual(task.maxPromptTokens);
      expect(flawed.length + 1).toBeLessThanOrEqual(task.maxCompletionTokens);
    }
  }
});
