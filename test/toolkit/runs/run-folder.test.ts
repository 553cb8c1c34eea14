import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import { createRunFolder, type StepColumns } from "../../../src/toolkit/runs/run-folder.ts";
import type { StepRecord } from "../../../src/toolkit/train/record.ts";

const fresh = (): string => join(mkdtempSync(join(tmpdir(), "run-")), "run");
const record = (step: number): StepRecord => ({
  step,
  metrics: { reward: 0.5 },
  timing: { rollout: 1, verify: 2, score: 3, train: 4 },
  identity: { fingerprint: "00ff", maxLogProbDifference: 1e-6 },
  events: [{ kind: "unscored", message: "the verifier failed on 1 of 2 completions" }],
});

// Two rows of 4 + 1 ids. Row 0: prompt 5 6, completion 7 2. Row 1: prompt 5, completion 8 9 2, not scored.
const verdict = { status: "correct", reason: "right", ms: 0, verifier: { name: "v", version: "1" } } as const;
const columns: StepColumns = {
  rollouts: {
    problems: [
      { id: "p0", prompt: "a", answer: "b", level: 1, data: {} },
      { id: "p1", prompt: "c", answer: "d", level: 2, data: {} },
    ],
    rows: 2,
    width: 5,
    ids: Int32Array.of(5, 6, 7, 2, 0, 5, 8, 9, 2, 0),
    promptLengths: Int32Array.of(2, 1),
    completionLengths: Int32Array.of(2, 3),
    group: Int32Array.of(0, 1),
    sampleLogProbs: Float32Array.of(0, -0.1, -0.2, 0, -0.3, -0.4, -0.5, 0),
    policyLogProbs: Float32Array.of(0, -1, -2, 0, -3, -4, -5, 0),
    mask: Float32Array.of(0, 1, 1, 0, 1, 1, 1, 0),
    finish: ["eos", "eos"],
    completions: ["x", "yz"],
    tokensPerSecond: 1,
  },
  rewards: {
    values: Float32Array.of(1, Number.NaN),
    verdicts: [
      { ...verdict, score: 1 },
      { ...verdict, score: null, status: "failed", reason: "broke" },
    ],
  },
  advantages: { perToken: Float32Array.of(9, 1, 1, 9, 0, 0, 0, 9) },
};

test("run folder: what is written is read back, token ids and float32 log-probs exactly", async () => {
  const path = fresh();
  const folder = await createRunFolder(path, { config: { seed: 3 } });
  await folder.step(record(0), columns);
  await folder.step(record(1), columns);
  await folder.checkpoint(2, async (at) => writeFileSync(join(at, "weights"), "w"));
  await folder.close();
  const run = await readRun(path);
  expect(run.config).toMatchObject({ format: "rlvr-run/2", seed: 3 });
  expect(run.records).toEqual([record(0), record(1)]);
  expect(run.notes).toEqual([]);
  expect(run.checkpoints).toEqual([join(path, "checkpoints", "step-000002")]);
  const [first, second] = await run.rollouts(1);
  expect(first).toMatchObject({ problem: "p0", ids: [5, 6, 7, 2], promptLength: 2, reward: 1, advantages: [1, 1] });
  expect(second).toMatchObject({
    problem: "p1",
    ids: [5, 8, 9, 2],
    reward: null,
    status: "failed",
    logProbs: [-3, -4, -5],
  });
  expect(Float32Array.from(second?.sampleLogProbs ?? [])).toEqual(Float32Array.of(-0.3, -0.4, -0.5));
});

test("run folder: a folder with anything in it is refused", async () => {
  const path = fresh();
  await (await createRunFolder(path, { config: {} })).close();
  await expect(createRunFolder(path, { config: {} })).rejects.toThrow(/is not empty; choose another runFolder/);
});

test("readRun: a last line cut off is left out with a note; whole lines before it are kept", async () => {
  const path = fresh();
  const folder = await createRunFolder(path, { config: {} });
  await folder.step(record(0), columns);
  await folder.close();
  appendFileSync(join(path, "metrics.jsonl"), '{"step":1,"metr');
  const run = await readRun(path);
  expect(run.records).toHaveLength(1);
  expect(run.notes).toEqual([`${join(path, "metrics.jsonl")}, line 2 was cut off and is left out`]);
});

test("readRun: a broken line in the middle is refused with file and line", async () => {
  const path = fresh();
  const folder = await createRunFolder(path, { config: {} });
  for (const step of [0, 1, 2]) await folder.step(record(step), columns);
  await folder.close();
  const metrics = join(path, "metrics.jsonl");
  const lines = readFileSync(metrics, "utf8").split("\n");
  writeFileSync(metrics, [lines[0], '{"step":"one"}', lines[2], ""].join("\n"));
  await expect(readRun(path)).rejects.toThrow(`readRun: ${metrics}, line 2 cannot be read`);
});

test("readRun: no folder, no JSON and another format are each named", async () => {
  const path = fresh();
  await expect(readRun(path)).rejects.toThrow(/cannot read .*config.json; pass a folder that train\(\) wrote/);
  await (await createRunFolder(path, { config: {} })).close();
  writeFileSync(join(path, "config.json"), "[1");
  await expect(readRun(path)).rejects.toThrow(/config.json is not a JSON object/);
  writeFileSync(join(path, "config.json"), '{"format":"rlvr-run/9"}');
  await expect(readRun(path)).rejects.toThrow(
    /has format "rlvr-run\/9"; this version reads rlvr-run\/1 and rlvr-run\/2/,
  );
});
