import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { scheduledPrefix } from "../../src/algorithms/temporal-schedule-prefix.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { Rollout, Rollouts } from "../../src/toolkit/rollout.ts";
import { fromRows } from "../../src/toolkit/rows.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { echoTask } from "../support/tiny-task.ts";

const tokenizer = charTokenizer(echoTask.alphabet);
const problems = echoTask.problems({ split: "train", count: 2, seed: 1 }); // "b=" and "e=", answers "bb" and "ee"

/** Answers every prompt with "x" after looking at it, and verifies once. */
const asked: string[] = [];
const verified: string[] = [];
const inner: Rollout = async ({ prompts, verify }) => {
  asked.push(...prompts.problems.map((problem) => problem.prompt));
  const rows = prompts.problems.map((problem, group) => ({
    ...{ group, promptIds: Int32Array.from(tokenizer.encodePrompt(problem.prompt)), completionIds: Int32Array.of(3) },
    ...{ sampleLogProbs: Float32Array.of(-1), policyLogProbs: Float32Array.of(-1) },
    ...{ completion: "x", finish: "eos" as const, foreign: false },
  }));
  const rollouts = fromRows(rows, { problems: prompts.problems, padId: tokenizer.padId });
  await verify(rollouts);
  return rollouts;
};

async function at(step: number, prefixTokens = 9): Promise<Rollouts> {
  const seam = openSeam(scheduledPrefix({ prefixTokens, magnitude: 1, maxRatio: 1 }).wraps?.rollout?.(inner) ?? inner);
  const verify = async (rollouts: Rollouts) => {
    verified.push(...rollouts.completions);
    return { values: new Float32Array(rollouts.rows), verdicts: [] };
  };
  const input = {
    prompts: { problems, samplesPerPrompt: 1 },
    sampling: { maxTokens: 4, temperature: 1, seed: 1, step },
    ...{ task: echoTask, steps: 10, models: { policy: { tokenizer } } as never, sampler: {} as never, verify },
  };
  return seam.next(input);
}

test("scheduled prefix: a part of the solution stands before the completion, in the prompt and when it is verified", async () => {
  asked.length = verified.length = 0;
  const rollouts = await at(0); // rho 0.9: round(2 x 0.9) = 2 of "bb"
  expect(asked).toEqual(["b=bb", "e=ee"]);
  expect(verified).toEqual(["bbx", "eex"]);
  expect(rollouts.completions).toEqual(["bbx", "eex"]);
  expect(rollouts.problems).toBe(problems);
  expect([...rollouts.promptLengths]).toEqual([5, 5]); // BOS and four
  expect([...rollouts.mask]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  expect(rollouts.metrics?.["schedule/shown"]).toBeCloseTo(0.9, 12);
});

test("scheduled prefix: it grows shorter, is cut to its room, and is gone at the end", async () => {
  expect((await at(5)).completions).toEqual(["bx", "ex"]); // rho 0.4: round(0.8) = 1
  expect((await at(0, 1)).completions).toEqual(["bx", "ex"]);
  expect((await at(9)).completions).toEqual(["x", "x"]);
});

test("scheduled prefix: prompts may grow by what is shown; bad options are refused", () => {
  expect(compose(grpo(), scheduledPrefix({ prefixTokens: 7 })).extraPromptTokens).toBe(7);
  expect(() => scheduledPrefix({ prefixTokens: 0 })).toThrow("prefixTokens is 0; pass a whole number from 1");
  expect(() => scheduledPrefix({ prefixTokens: 1, magnitude: 2 })).toThrow("magnitude is 2; pass a number from 0 to 1");
  expect(() => scheduledPrefix({ prefixTokens: 1, minRatio: 0.9 })).toThrow("raise maxRatio");
});
