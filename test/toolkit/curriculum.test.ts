import { expect, test } from "vitest";
import { freshProblems } from "../../src/toolkit/curriculum.ts";
import type { ProblemsOptions, Task } from "../../src/toolkit/tasks/task.ts";
import { echoTask } from "../support/tiny-task.ts";

const asked: ProblemsOptions[] = [];
const task: Task = {
  ...echoTask,
  problems(options) {
    asked.push(options);
    return echoTask.problems(options);
  },
};
const input = {
  task,
  seed: 1,
  step: 0,
  steps: 9,
  level: undefined,
  promptsPerStep: 2,
  samplesPerPrompt: 4,
  previous: undefined,
};

test("freshProblems: train split only, decided by seed and step alone, without level unless asked", () => {
  const batches = [input, { ...input, step: 1 }, { ...input, seed: 2 }, input].map(freshProblems);
  expect(batches[0]).toEqual(batches[3]);
  expect(batches[0]).toMatchObject({ samplesPerPrompt: 4, problems: [{}, {}] });
  expect(new Set(asked.map(({ seed }) => seed)).size).toBe(3);
  expect(asked.every((options) => options.split === "train" && options.count === 2 && !("level" in options))).toBe(
    true,
  );
  freshProblems({ ...input, level: 3 });
  expect(asked.at(-1)?.level).toBe(3);
});
