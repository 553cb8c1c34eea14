import { expect, test } from "vitest";
import { verifiedReward } from "../../src/toolkit/reward.ts";
import type { Rollouts } from "../../src/toolkit/rollout.ts";
import type { Task } from "../../src/toolkit/tasks/task.ts";
import { echoTask } from "../support/tiny-task.ts";

const rolloutsOf = (group: number[], completions: string[]): Rollouts => ({
  problems: echoTask.problems({ split: "train", count: 2, seed: 0 }), // answers aa and dd
  rows: group.length,
  width: 1,
  ids: new Int32Array(group.length),
  promptLengths: new Int32Array(group.length),
  completionLengths: new Int32Array(group.length),
  group: Int32Array.from(group),
  sampleLogProbs: new Float32Array(0),
  policyLogProbs: new Float32Array(0),
  mask: new Float32Array(0),
  finish: group.map(() => "eos" as const),
  completions,
  tokensPerSecond: 1,
});

test("verifiedReward: each row is scored against its own group's problem", async () => {
  const { values, verdicts } = await verifiedReward({
    task: echoTask,
    rollouts: rolloutsOf([1, 0, 1], ["dd", "dd", "="]),
  });
  expect([...values]).toEqual([1, 0, 0]);
  expect(verdicts.map(({ status }) => status)).toEqual(["correct", "wrong", "unparsed"]);
});

test("verifiedReward: a verifier that failed is NaN, not 0", async () => {
  const task: Task = { ...echoTask, verify: (...of) => ({ ...echoTask.verify(...of), score: null, status: "failed" }) };
  const { values } = await verifiedReward({ task, rollouts: rolloutsOf([0], ["aa"]) });
  expect([...values]).toEqual([Number.NaN]);
});

test.each([Number.NaN, undefined, "1", Infinity])(
  "verifiedReward: a score of %j is a failure of the verifier",
  async (score) => {
    const task: Task = { ...echoTask, verify: (...of) => ({ ...echoTask.verify(...of), score: score as number }) };
    const { values, verdicts } = await verifiedReward({ task, rollouts: rolloutsOf([0], ["aa"]) });
    expect([...values]).toEqual([Number.NaN]);
    expect(verdicts[0]).toMatchObject({ score: null, status: "failed", reason: expect.stringContaining(`${score}`) });
  },
);

test("verifiedReward: a verifier that throws has failed on that row alone, and the error is told", async () => {
  const task: Task = {
    ...echoTask,
    verify: (problem, completion) => {
      if (completion === "dd") throw new RangeError("no such letter");
      return echoTask.verify(problem, completion);
    },
  };
  const { values, verdicts } = await verifiedReward({ task, rollouts: rolloutsOf([0, 0], ["dd", "aa"]) });
  expect([...values]).toEqual([Number.NaN, 1]);
  expect(verdicts[0]).toMatchObject({ score: null, status: "failed", reason: '"RangeError: no such letter"' });
  expect(verdicts[0]?.verifier).toEqual({ name: "echo", version: "unknown" });
});

test("verifiedReward: slow verification gives way to the event loop", async () => {
  const slow: Task = {
    ...echoTask,
    verify: (problem, completion) => {
      const until = performance.now() + 3;
      while (performance.now() < until);
      return echoTask.verify(problem, completion);
    },
  };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await verifiedReward({ task: slow, rollouts: rolloutsOf(Array(20).fill(0), Array(20).fill("aa")) });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3); // 60 ms of work in slices of about 8
});
