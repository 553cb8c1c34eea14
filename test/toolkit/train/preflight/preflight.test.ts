import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../../src/algorithms/grpo.ts";
import { Policy } from "../../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../../src/toolkit/policy/tokenizer.ts";
import { preflight } from "../../../../src/toolkit/train/preflight/preflight.ts";
import { type TrainOptions, train } from "../../../../src/toolkit/train/train.ts";
import { startsTask } from "../../../support/planted-task.ts";
import { tinyConfig } from "../../../support/tiny-policy.ts";
import { echoTask } from "../../../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  policy,
  task: startsTask,
  algorithm: grpo(),
  steps: 2,
  seed: 5,
  promptsPerStep: 8,
  samplesPerPrompt: 8,
  learningRate: 1e-3,
  ...more,
});

test("preflight: a healthy run has no refusal; figures, arithmetic, forecast and samples are there, the same again", async () => {
  const report = await preflight(options());
  expect(report.findings.filter(({ level }) => level === "refusal")).toEqual([]);
  expect(report.figures).toMatchObject({
    "verifier/gold_accepted": 1,
    "verifier/wrong_accepted": 0,
    "verifier/attack/empty": 0,
    completions: 64,
    reward_min: 0,
    reward_max: 1,
  });
  const { reward = 0, group_variance: variance = 0, grad_norm: gradient } = report.figures;
  expect(Math.abs(variance - reward * (1 - reward))).toBeLessThan(0.1); // of a coin, but for chance
  expect(gradient).toBeGreaterThan(1e-3);
  expect(report.samples).toHaveLength(8);
  expect(report.memory.total).toBeGreaterThan(report.memory.weights);
  expect(report.time?.run).toBeCloseTo(2 * (report.time?.step ?? 0), 6);
  expect(report.arithmetic[0]).toBe("8 prompts x 8 completions = 64 completions a step");
  const again = await preflight(options());
  expect(again.findings).toEqual(report.findings);
  const { "verifier/max_ms": _, ...figures } = report.figures;
  expect(again.figures).toMatchObject(figures);
});

test("preflight: passes nano in five seconds", async () => {
  const nano = await Policy.create({ size: "nano", tokenizer: policy.tokenizer, seed: 1 });
  const { findings, seconds } = await preflight(options({ policy: nano, promptsPerStep: 32 }));
  await nano.dispose();
  expect(findings.filter(({ level }) => level === "refusal")).toEqual([]);
  expect(seconds).toBeLessThan(5);
});

test("preflight: shows as tables", async () => {
  const report = await preflight(options({ task: echoTask }));
  const frame = await report.toDataFrame("findings");
  expect(frame.columns).toEqual(["level", "check", "problem", "remedy"]);
  expect(frame.shape[0]).toBe(report.findings.length);
  expect((await report.toDataFrame("forecast")).shape[0]).toBe(11); // five of memory, six of time
});

test("train: warned instead of refused, the first step's record lists what was found; off, nothing is looked at", async () => {
  const hopeless = options({ task: echoTask });
  const warned = await train({ ...hopeless, preflight: "warn" }).finished;
  const [first, second] = warned.records;
  const found = first?.events.filter(({ kind }) => kind === "preflight") ?? [];
  expect(found.map(({ message }) => message.slice(0, 12))).toContain("no-gradient:");
  expect(found.find(({ message }) => message.startsWith("no-gradient"))?.samples).toHaveLength(3);
  expect(second?.events.some(({ kind }) => kind === "preflight")).toBe(false);
  const off = await train({ ...hopeless, preflight: "off" }).finished;
  expect(off.records[0]?.events.some(({ kind }) => kind === "preflight")).toBe(false);
  expect(await off.policy.fingerprint()).toBe(await warned.policy.fingerprint());
  await Promise.all([warned.policy.dispose(), off.policy.dispose()]);
  expect(() => train({ ...hopeless, preflight: "on" as "off" })).toThrow('pass one of "refuse", "warn", "off"');
});

test("train: a refused run leaves no folder behind; that of one that starts has the report", async () => {
  const runFolder = join(mkdtempSync(join(tmpdir(), "preflight-")), "run");
  await expect(train(options({ task: echoTask, runFolder })).finished).rejects.toThrow(
    "the pre-flight refuses the run",
  );
  expect(readdirSync(join(runFolder, ".."))).toEqual([]);
  const { policy: trained } = await train(options({ runFolder, steps: 1 })).finished;
  await trained.dispose();
  const kept: unknown = JSON.parse(readFileSync(join(runFolder, "preflight.json"), "utf8"));
  expect(kept).toMatchObject({ figures: { "verifier/gold_accepted": 1 }, time: { run: expect.any(Number) } });
});

test("train: a signal stops the pre-flight", async () => {
  const controller = new AbortController();
  const task = {
    ...startsTask,
    verify: (...of: Parameters<typeof startsTask.verify>) => {
      controller.abort();
      return startsTask.verify(...of);
    },
  };
  const { stopped, records, policy: trained } = await train(options({ task, signal: controller.signal })).finished;
  expect([stopped, records]).toEqual(["aborted", []]);
  await trained.dispose();
});
