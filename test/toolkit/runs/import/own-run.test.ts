import { expect, test } from "vitest";
import { importedSet, importRun, tokenRollouts } from "../../../../src/index.ts";
import { dump } from "../../../support/dump.ts";

const record = { step: 0, metrics: { reward: 0.5 }, timing: {}, identity: {}, events: [] };
const row = (reward: number | null, status: string): object => ({
  ...{
    row: 0,
    group: 0,
    problem: "p0",
    level: 2,
    prompt: "a",
    answer: "b",
    completion: "x",
    reward,
    status,
    reason: "why",
  },
  ...{
    finish: "eos",
    ids: [5, 6, 7, 2],
    promptLength: 2,
    logProbs: [-1, -2],
    sampleLogProbs: [-0.5, -0.25],
    advantages: [1, 1],
  },
});

test("run folder: a step's completions are a set, with levels, statuses and tokens", async () => {
  const folder = dump({
    "run/config.json": JSON.stringify({ format: "rlvr-run/1", seed: 3 }),
    "run/metrics.jsonl": [record, { ...record, step: 1, metrics: { reward: 1 } }],
    "run/rollouts/step-000001.jsonl": [row(1, "correct"), row(0, "unparsed"), row(null, "failed")],
  });
  const run = await importRun(folder);
  expect(run.formats).toEqual(["rlvr-run"]);
  expect(run.curves).toEqual([{ name: "reward", run: "run", format: "rlvr-run", steps: [0, 1], values: [0.5, 1] }]);
  expect(importedSet(run, { step: 1 }).problems).toMatchObject([
    { id: "p0", level: 2, prompt: "a", answer: "b", n: 2, correct: 1, unparsed: 1, failed: 1 },
  ]);
  const { rollouts, rewards } = tokenRollouts(run.tokens);
  expect([...rollouts.ids.subarray(0, 4)]).toEqual([5, 6, 7, 2]);
  expect([...rollouts.policyLogProbs.subarray(0, 3)]).toEqual([0, -1, -2]);
  expect(rollouts.width - 1).toBe(3);
  const advantages = rollouts.columns?.advantages;
  expect(advantages).toEqual(Float32Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? Number.NaN : 1)));
  expect([...rewards.values]).toEqual([1, 0, Number.NaN]);
});

test("run folder: one that cannot be read is a bad row with the reader's own words", async () => {
  const folder = dump({ "run/config.json": JSON.stringify({ format: "rlvr-run/9" }) });
  await expect(importRun(folder)).rejects.toThrow('has format "rlvr-run/9"; this version reads rlvr-run/1');
});
