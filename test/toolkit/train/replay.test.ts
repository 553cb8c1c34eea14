/** A stored run taken again: the same bits, or the first token that is not. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { klLoss } from "../../../src/algorithms/kl-loss.ts";
import { rlep } from "../../../src/algorithms/rlep.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import { linearWarmup } from "../../../src/toolkit/jit/schedules.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { decodeColumns, encodeColumns } from "../../../src/toolkit/runs/column-file.ts";
import { divergenceText } from "../../../src/toolkit/runs/divergence.ts";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import { columnsPath } from "../../../src/toolkit/runs/run-folder.ts";
import type { Task } from "../../../src/toolkit/tasks/task.ts";
import { replay } from "../../../src/toolkit/train/replay.ts";
import { train } from "../../../src/toolkit/train/train.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

const root = mkdtempSync(join(tmpdir(), "replay-"));
const run = join(root, "run");

/** Right is what begins with one of these, so that groups are mixed. */
const taskOf = (right: RegExp): Task => ({
  ...echoTask,
  verify: (problem, completion) => {
    const is = right.test(completion);
    return { ...echoTask.verify(problem, completion), score: is ? 1 : 0, status: is ? "correct" : "wrong" };
  },
});
const task = taskOf(/^[abc]/);
/** With states of its own: a controller and a replay buffer. */
const algorithm = () => compose(grpo(), klLoss({ adaptive: { target: 0.01, horizon: 100 } }), rlep({ again: 1 }));

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const sizes = { seed: 5, steps: 5, promptsPerStep: 4, samplesPerPrompt: 4, microBatches: 2, evaluateEvery: 2 };
  const learningRate = linearWarmup(1e-2, { warmupSteps: 3 });
  const options = { policy, task, algorithm: algorithm(), ...sizes, learningRate, runFolder: run } as const;
  const { policy: trained } = await train({ ...options, preflight: "off" }).finished;
  await trained.dispose();
});
afterAll(async () => {
  await policy.dispose();
  rmSync(root, { recursive: true, force: true });
});

test("replay: a run comes out again bit for bit, from what lies in its folder", async () => {
  const result = await replay(run, { task, algorithm: algorithm() });
  expect(result).toMatchObject({ run, same: 5, of: 5, environment: [] });
  expect(result.divergence).toBeUndefined();
  expect(await replay(run, { task, algorithm: algorithm(), policy, until: 1 })).toMatchObject({ same: 2, of: 2 });
});

test("replay: a token that is other is named, with both values", async () => {
  const tampered = join(root, "tampered");
  cpSync(run, tampered, { recursive: true });
  const path = columnsPath(tampered, 2);
  const { columns, about } = decodeColumns(path, readFileSync(path));
  const logProbs = columns.logProbs as Float32Array;
  const [row] = (await (await readRun(run)).rollouts(2)).slice(0, 1);
  const at = (row?.logProbs.length ?? 0) + 1; // the second token of the second row
  const honest = logProbs[at];
  logProbs[at] = -7;
  writeFileSync(path, encodeColumns({ columns, about }));
  const { same, divergence } = await replay(tampered, { task, algorithm: algorithm() });
  expect([same, divergence?.step]).toEqual([2, 2]);
  expect(divergence?.sample).toMatchObject({ row: 1, position: 1, quantity: "log-prob", a: -7, b: honest });
  expect(divergence && divergenceText(divergence, ["stored", "now"]).join("; ")).toMatch(
    /^they part at step 2; sample 1 \(problem .*\), token 1: log-prob -7 stored, -[0-9.]+ now$/,
  );
});

test("replay: another verifier shows at the first reward that it changes, and the weights after at the end", async () => {
  const { divergence } = await replay(run, { task: taskOf(/^[ab]/), algorithm: algorithm() });
  expect(divergence?.sample).toMatchObject({ quantity: "reward", a: 1, b: 0 });
  const trainer = join(run, "checkpoints", "step-000005", "trainer.json");
  const text = readFileSync(trainer, "utf8");
  writeFileSync(trainer, text.replace(/"fingerprint":"[0-9a-f]+"/, '"fingerprint":"0"'));
  const { same, divergence: last } = await replay(run, { task, algorithm: algorithm() });
  writeFileSync(trainer, text);
  expect([same, last?.step, last?.weights?.a]).toEqual([5, 5, "0"]);
});

test("replay: what is not the run's is refused with the first difference", async () => {
  await expect(replay(run, { task, algorithm: grpo() })).rejects.toThrow(/is not a run of these: algorithm\.name: /);
  const renamed = { ...task, settings: { digits: 9 } };
  await expect(replay(run, { task: renamed, algorithm: algorithm() })).rejects.toThrow("task.settings.digits: ");
  const stranger = await Policy.create({ config: tinyConfig, tokenizer: policy.tokenizer, seed: 2 });
  await expect(replay(run, { task, algorithm: algorithm(), policy: stranger })).rejects.toThrow("policy.fingerprint: ");
  await stranger.dispose();
  await expect(replay(run, { task, algorithm: algorithm(), until: -1 })).rejects.toThrow("until");
});

test("replay: a run without its start asks for the policy", async () => {
  const without = join(root, "without");
  cpSync(run, without, { recursive: true });
  rmSync(join(without, "checkpoints", "step-000000"), { recursive: true });
  await expect(replay(without, { task, algorithm: algorithm() })).rejects.toThrow(
    "pass the policy that the run began with",
  );
  expect(await replay(without, { task, algorithm: algorithm(), policy, until: 0 })).toMatchObject({ same: 1, of: 1 });
});
