import { afterAll, beforeAll, expect, test } from "vitest";
import { type EvaluateOptions, evaluate } from "../../src/toolkit/evaluate.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { Task } from "../../src/toolkit/tasks/task.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

test("evaluate: counts per problem what the verifier said of each completion", async () => {
  const found = await evaluate(policy, { task: echoTask, count: 3, samples: 20, keepCompletions: true, name: "base" });
  expect(found).toMatchObject({ policy: "base", task: "echo", samples: 20, temperature: 1, seed: 0 });
  expect(found.problems).toHaveLength(3);
  for (const { completions = [], n, correct, unparsed, failed } of found.problems) {
    expect(completions).toHaveLength(20);
    expect(n).toBe(20);
    expect(failed).toBe(0);
    expect(correct).toBe(completions.filter(({ status }) => status === "correct").length);
    expect(unparsed).toBe(completions.filter(({ text }) => !/^[a-h]*$/.test(text)).length);
  }
});

test("evaluate: completions on which the verifier failed are not among the n", async () => {
  const picky: Task = {
    ...echoTask,
    verify: (problem, completion) => {
      const verdict = echoTask.verify(problem, completion);
      return completion.startsWith("a") ? { ...verdict, score: null, status: "failed" } : verdict;
    },
  };
  const { problems } = await evaluate(policy, { task: picky, count: 4, samples: 50 });
  expect(problems.map(({ n, failed }) => n + failed)).toEqual([50, 50, 50, 50]);
  expect(problems.some(({ failed }) => failed > 0)).toBe(true);
});

test("evaluate: a verifier that throws counts as failed and stops nothing", async () => {
  const throwing: Task = {
    ...echoTask,
    verify: () => {
      throw new Error("broken");
    },
  };
  const { problems } = await evaluate(policy, { task: throwing, count: 2, samples: 3 });
  expect(problems.map(({ n, failed }) => [n, failed])).toEqual([
    [0, 3],
    [0, 3],
  ]);
});

test("evaluate: the same seed gives the same result, another seed another", async () => {
  const of = (seed: number) => evaluate(policy, { task: echoTask, count: 2, samples: 8, seed, keepCompletions: true });
  expect(await of(1)).toEqual(await of(1));
  expect((await of(2)).problems).not.toEqual((await of(1)).problems);
});

test("evaluate: an aborted signal rejects with its reason", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(evaluate(policy, { task: echoTask, count: 1, samples: 1, signal })).rejects.toThrow("enough");
});

test.each([
  [{ samples: 0 }, "evaluate: samples is 0; pass a whole number from 1."],
  [{ splt: "test" }, 'evaluate: there is no option "splt"; did you mean "split"?.'],
  [{ problems: [] }, "evaluate: there are no problems; pass at least one."],
])("evaluate: %o is refused", async (more, message) => {
  await expect(evaluate(policy, { task: echoTask, ...more } as EvaluateOptions)).rejects.toThrow(message);
});
