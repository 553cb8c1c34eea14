import { expect, test, vi } from "vitest";
import type { StepRecord } from "../../../src/toolkit/train/record.ts";
import { type EmitStep, startRun, type TrainedRun } from "../../../src/toolkit/train/run.ts";

const info = { task: "t", algorithm: "a", steps: 3, seed: 0 };
const record = (step: number): StepRecord => ({
  step,
  metrics: { reward: step / 10 },
  timing: { rollout: 1, verify: 1, score: 1, train: 1 },
  identity: { fingerprint: "f", maxLogProbDifference: 0 },
  events: [],
});
const ending = { stopped: "finished", seconds: 1 } as Omit<TrainedRun, "records">;

async function threeSteps(emit: EmitStep): Promise<Omit<TrainedRun, "records">> {
  for (let step = 0; step < 3; step++) {
    await new Promise((resume) => setTimeout(resume, 1));
    emit(record(step));
  }
  return ending;
}

test("run: two loops over one run each see every step, also one that starts late", async () => {
  const run = startRun(info, threeSteps);
  const stepsOf = async (): Promise<number[]> => {
    const seen: number[] = [];
    for await (const { step } of run) seen.push(step);
    return seen;
  };
  expect(await Promise.all([stepsOf(), stepsOf()])).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
  expect(await stepsOf()).toEqual([0, 1, 2]);
  expect((await run.finished).records).toHaveLength(3);
});

test("run: leaving a loop early leaves the run going", async () => {
  const run = startRun(info, threeSteps);
  for await (const { step } of run) if (step === 0) break;
  await run.finished;
  expect(run.records).toHaveLength(3);
});

test("run: a failure reaches both the loop and finished, after the steps before it", async () => {
  const run = startRun(info, async (emit) => {
    emit(record(0));
    throw new Error("no longer possible");
  });
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const { step } of run) seen.push(step);
    })(),
  ).rejects.toThrow("no longer possible");
  expect(seen).toEqual([0]);
  await expect(run.finished).rejects.toThrow("no longer possible");
});

test("run: listeners are called until they leave; one that throws is dropped with a warning", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const run = startRun(info, threeSteps);
  const heard: number[] = [];
  const leave = run.onStep(({ step }) => {
    heard.push(step);
    if (step === 1) leave();
  });
  let calls = 0;
  run.onStep(() => {
    calls++;
    throw new Error("plot broke");
  });
  await run.finished;
  expect(heard).toEqual([0, 1]);
  expect(calls).toBe(1);
  expect(warn.mock.calls[0]?.[0]).toContain("a step listener failed at step 0 and was dropped");
  warn.mockRestore();
});
