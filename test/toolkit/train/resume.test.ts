import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import type { Curriculum, CurriculumInput, PromptBatch } from "../../../src/toolkit/curriculum.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { sampleCompletions } from "../../../src/toolkit/rollout.ts";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import { stateful } from "../../../src/toolkit/seam.ts";
import type { Task } from "../../../src/toolkit/tasks/task.ts";
import type { TrainedRun } from "../../../src/toolkit/train/run.ts";
import { type TrainOptions, train } from "../../../src/toolkit/train/train.ts";
import { runContent } from "../../support/run-content.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

let policy: Policy;
let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "resume-"));
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(async () => {
  await policy.dispose();
  rmSync(root, { recursive: true });
});

let folders = 0;
const fresh = (): string => join(root, `run-${folders++}`);

/** Right is what begins with a, b or c, so that groups are mixed. */
const task: Task = {
  ...echoTask,
  verify: (problem, completion) => {
    const right = /^[abc]/.test(completion);
    return { ...echoTask.verify(problem, completion), score: right ? 1 : 0, status: right ? "correct" : "wrong" };
  },
};

/** A curriculum whose problems depend on how often it was asked, so that a call too many shows. */
const countingOf = (of: Task): Curriculum =>
  stateful<number, CurriculumInput, PromptBatch>({
    init: () => 0,
    next: (count, { promptsPerStep, samplesPerPrompt }) => [
      { problems: of.problems({ split: "train", count: promptsPerStep, seed: count }), samplesPerPrompt },
      count + 1,
    ],
    save: (count) => count,
    restore: Number,
  });
const algorithm: Algorithm = { ...grpo(), curriculum: countingOf(task) };

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  ...{ policy, task, algorithm, seed: 5, steps: 6, learningRate: 1e-2 },
  ...{ promptsPerStep: 4, samplesPerPrompt: 4, checkpointEvery: 2 },
  preflight: "off", // calls are counted here, and what is right is not what is asked for
  ...more,
});

async function run(more: Partial<TrainOptions> = {}): Promise<TrainedRun & { readonly weights: string }> {
  const ended = await train(options(more)).finished;
  const weights = await ended.policy.fingerprint();
  await ended.policy.dispose();
  return { ...ended, weights };
}

/** Breaks the run off when its n-th step asks for problems, as a fault of the program would: no checkpoint is made then. */
function failing(step: number): Partial<TrainOptions> {
  let asks = 0;
  const broken: Task = {
    ...task,
    problems: (of) => {
      if (asks++ === step) throw new Error("power cut");
      return task.problems(of);
    },
  };
  return { algorithm: { ...grpo(), curriculum: countingOf(broken) } };
}

let whole: { readonly folder: string; readonly weights: string };
beforeAll(async () => {
  const folder = fresh();
  whole = { folder, weights: (await run({ runFolder: folder })).weights };
});

test("resume: after a failure between checkpoints the run ends as one that was never stopped", async () => {
  const runFolder = fresh();
  await expect(run({ runFolder, ...failing(3) })).rejects.toThrow("power cut");
  expect((await readRun(runFolder)).records).toHaveLength(3); // one more than the newest checkpoint has
  const seen: number[] = [];
  const resumed = train(options({ runFolder, resume: true }));
  resumed.onStep(({ step }) => seen.push(step));
  const { records, policy: trained } = await resumed.finished;
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  expect(records.flatMap(({ events }) => events.map(({ kind }) => kind))).not.toContain("diverged");
  expect(await trained.fingerprint()).toBe(whole.weights);
  expect(runContent(runFolder)).toEqual(runContent(whole.folder));
  await trained.dispose();
});

test.each([
  ["while it samples", "rollout"],
  ["between two steps", "step"],
])("resume: a run interrupted %s goes on in the next cell, though a seam had been asked already", async (_, when) => {
  const [runFolder, controller] = [fresh(), new AbortController()];
  let asks = 0;
  const stopping: Partial<TrainOptions> =
    when === "rollout"
      ? {
          algorithm: {
            ...algorithm,
            rollout: (input) => {
              if (asks++ === 3) controller.abort();
              return sampleCompletions(input);
            },
          },
        }
      : {};
  const first = train(options({ runFolder, signal: controller.signal, ...stopping }));
  first.onStep(({ step }) => {
    if (when === "step" && step === 2) controller.abort();
  });
  const ended = await first.finished;
  expect([ended.stopped, ended.records.length]).toEqual(["aborted", 3]);
  await ended.policy.dispose();
  expect((await readRun(runFolder)).checkpoints.at(-1)).toMatch(/step-000003$/); // nothing is taken again
  const { weights, stopped } = await run({ runFolder, resume: true });
  expect([stopped, weights]).toEqual(["finished", whole.weights]);
  expect(runContent(runFolder)).toEqual(runContent(whole.folder));
});

test("resume: an evaluation that was interrupted is made", async () => {
  const evaluating = { evaluateEvery: 3, evaluation: { count: 2, samples: 2 } };
  const [expected, runFolder, controller] = [fresh(), fresh(), new AbortController()];
  await run({ runFolder: expected, ...evaluating });
  const stopping: Task = {
    ...task,
    problems: (of) => {
      if (of.split === "test") controller.abort();
      return task.problems(of);
    },
  };
  const { records } = await run({ runFolder, ...evaluating, task: stopping, signal: controller.signal });
  expect(records.at(-1)?.metrics.eval_reward).toBeUndefined();
  await run({ runFolder, ...evaluating, resume: true });
  expect(runContent(runFolder)).toEqual(runContent(expected));
});

test("resume: a run that has ended is given back; where there is none it begins", async () => {
  const again = await run({ runFolder: whole.folder, resume: true });
  expect([again.weights, again.records.length, again.stopped]).toEqual([whole.weights, 6, "finished"]);
  const runFolder = fresh();
  expect((await run({ runFolder, resume: true })).weights).toBe(whole.weights);
  await expect(run({ runFolder })).rejects.toThrow(/is not empty; choose another runFolder, pass resume: true/);
});

test("resume: more steps go on from the end", async () => {
  const runFolder = fresh();
  await run({ runFolder, steps: 3 });
  expect((await run({ runFolder, resume: true })).weights).toBe(whole.weights);
});

const warnings = (): string[] => {
  const told: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void told.push(String(warning)));
  return told;
};

test.each([
  [
    "a byte is other",
    (at: string) => flip(join(at, "model.safetensors")),
    "model.safetensors has other content than was",
  ],
  ["the optimizer is cut off", (at: string) => truncateSync(join(at, "optimizer.safetensors"), 99), "has 99 bytes, "],
  ["a file is missing", (at: string) => rmSync(join(at, "trainer.json")), "trainer.json is missing"],
  [
    "its list is broken",
    (at: string) => writeFileSync(join(at, "manifest.json"), "{"),
    "manifest.json is missing or broken",
  ],
])("resume: of a checkpoint in which %s, the one before is taken, with a message", async (_, damage, reason) => {
  const [runFolder, told] = [fresh(), warnings()];
  await expect(run({ runFolder, ...failing(5) })).rejects.toThrow("power cut");
  damage(join(runFolder, "checkpoints", "step-000004"));
  expect((await run({ runFolder, resume: true })).weights).toBe(whole.weights);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(reason);
  expect(told[0]).toMatch(/step-000004 cannot be used .*; it is now .*step-000004\.broken, the one before it is taken/);
  expect(readdirSync(join(runFolder, "checkpoints"))).toContain("step-000004.broken");
  expect(runContent(runFolder)).toEqual(runContent(whole.folder));
  vi.restoreAllMocks();
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test("resume: with every checkpoint broken the run begins anew, and lines cut off or after a broken one are taken again", async () => {
  const [runFolder, told] = [fresh(), warnings()];
  await expect(run({ runFolder, ...failing(4) })).rejects.toThrow("power cut");
  for (const name of readdirSync(join(runFolder, "checkpoints")))
    flip(join(runFolder, "checkpoints", name, "config.json"));
  appendFileSync(join(runFolder, "metrics.jsonl"), '{"step":4,"met');
  expect((await run({ runFolder, resume: true })).weights).toBe(whole.weights);
  expect(told).toHaveLength(3); // steps 4, 2 and 0
  expect(runContent(runFolder)).toEqual(runContent(whole.folder));
  vi.restoreAllMocks();
});

test("resume: a checkpoint without all its records is not used", async () => {
  const [runFolder, told] = [fresh(), warnings()];
  await expect(run({ runFolder, ...failing(5) })).rejects.toThrow("power cut");
  const metrics = join(runFolder, "metrics.jsonl");
  writeFileSync(metrics, `${readFileSync(metrics, "utf8").split("\n").slice(0, 3).join("\n")}\n`);
  expect((await run({ runFolder, resume: true })).weights).toBe(whole.weights);
  expect(told[0]).toContain("records of its steps are missing: 3 of 4 are whole");
  expect(runContent(runFolder)).toEqual(runContent(whole.folder));
  vi.restoreAllMocks();
});

test("resume: a step that comes out otherwise than before is told", async () => {
  const runFolder = fresh();
  await expect(run({ runFolder, ...failing(3) })).rejects.toThrow("power cut");
  const metrics = join(runFolder, "metrics.jsonl");
  const changed = readFileSync(metrics, "utf8").replace(/("step":2,.*"reward":)[\d.]+/, (_, head) => `${head}0.123`);
  writeFileSync(metrics, changed);
  const { records } = await run({ runFolder, resume: true });
  const { message } = records[2]?.events.find(({ kind }) => kind === "diverged") ?? {};
  expect(message).toMatch(/^taken again after a resume, the step came out otherwise: reward is [\d.]+, before 0.123$/);
});

test.each([
  ["seed", { seed: 6 }, "settings.seed: 5 in the folder, 6 now; pass what the run began with"],
  ["algorithm", { algorithm: grpo({ clipLow: 0.1 }) }, "algorithm.clipLow: 0.2 in the folder, 0.1 now (and 1 more)"],
  ["learning rate", { learningRate: () => 1e-3 }, "learningRate is 0.01 in the folder, 0.001 now, at step 0"],
])("resume: another %s is refused", async (_, more, message) => {
  await expect(run({ runFolder: whole.folder, resume: true, ...more })).rejects.toThrow(message);
  expect(readdirSync(whole.folder)).not.toContain("lock");
});

test("resume: another policy is refused; the one that the run began with is in the folder", async () => {
  const other = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 2 });
  const message = /policy.fingerprint: .*; pass the policy that the run began with: Policy.load\("(.*)"\)/;
  const refused = await run({ runFolder: whole.folder, resume: true, policy: other }).catch(String);
  expect(refused).toMatch(message);
  const loaded = await Policy.load(message.exec(String(refused))?.[1] ?? "");
  expect((await run({ runFolder: whole.folder, resume: true, policy: loaded })).weights).toBe(whole.weights);
  await Promise.all([other.dispose(), loaded.dispose()]);
});

test("resume: without a folder it is refused", async () => {
  expect(() => train(options({ resume: true }))).toThrow("train: resume is true and there is no runFolder");
});

test("resume: a clock that jumps changes nothing", async () => {
  const runFolder = fresh();
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(new Date("2030-01-01"));
  await expect(run({ runFolder, ...failing(3) })).rejects.toThrow("power cut");
  vi.setSystemTime(new Date("2001-01-01"));
  expect((await run({ runFolder, resume: true })).weights).toBe(whole.weights);
  vi.useRealTimers();
  expect(runContent(runFolder)).toEqual(runContent(whole.folder));
});

test("train: of the checkpoints the last and the best stay, and the start", async () => {
  const runFolder = fresh();
  const keepCheckpoints = { last: 1, best: 1, by: "reward" };
  const { records } = await run({ runFolder, checkpointEvery: 1, keepCheckpoints });
  const best = Math.max(...records.map(({ metrics }) => metrics.reward ?? 0));
  const step = records.findLastIndex(({ metrics }) => metrics.reward === best) + 1;
  const expected = [...new Set([0, step, 6])].sort((a, b) => a - b).map((done) => `step-00000${done}`);
  expect(readdirSync(join(runFolder, "checkpoints"))).toEqual(expected);
});
