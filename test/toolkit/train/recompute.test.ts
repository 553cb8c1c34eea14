import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { icpo } from "../../../src/algorithms/icpo.ts";
import { nudgeRl } from "../../../src/algorithms/nudgerl.ts";
import { ppo } from "../../../src/algorithms/ppo.ts";
import { rlPlus } from "../../../src/algorithms/rl-plus.ts";
import { semanticSoftBootstrapping } from "../../../src/algorithms/semantic-soft-bootstrapping.ts";
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { fromRows } from "../../../src/toolkit/rows.ts";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import { storedStep } from "../../../src/toolkit/runs/stored-step.ts";
import { compareGradients } from "../../../src/toolkit/train/compare-gradients.ts";
import { type RewardedRollouts, recompute } from "../../../src/toolkit/train/recompute.ts";
import type { StepRecord } from "../../../src/toolkit/train/record.ts";
import { train } from "../../../src/toolkit/train/train.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

/** Reward 1 for an "a" first, so that groups of an untrained policy differ in reward. */
const task = {
  ...echoTask,
  verify: (...of: Parameters<typeof echoTask.verify>) => {
    const right = of[1].startsWith("a");
    return { ...echoTask.verify(...of), score: right ? 1 : 0, status: right ? "correct" : "wrong" } as const;
  },
};

/** What is rewarded here is not what is asked for. */
const preflight = "off";

let policy: Policy;
let step: RewardedRollouts;
let record: StepRecord | undefined;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const runFolder = join(mkdtempSync(join(tmpdir(), "recompute-")), "run");
  const sizes = { steps: 1, seed: 5, promptsPerStep: 4, samplesPerPrompt: 16, preflight } as const;
  const run = train({ policy, task, algorithm: grpo({ entropyCoefficient: 0.01 }), runFolder, ...sizes });
  await (await run.finished).policy.dispose();
  record = run.records[0];
  step = await storedStep(await readRun(runFolder), 0, policy.tokenizer.padId);
});
afterAll(() => policy.dispose());

test("recompute: the run's own algorithm gives the run's own loss and gradient, from its folder", async () => {
  const found = await recompute(step, grpo({ entropyCoefficient: 0.01 }), { policy, maxTokens: 4 });
  expect(found.loss).toBeCloseTo(record?.metrics.loss ?? Number.NaN, 6);
  expect(found.gradientNorm / (record?.metrics.grad_norm ?? Number.NaN)).toBeCloseTo(1, 5);
  expect(found.metrics["clip_ratio/region_mean"]).toBe(0);
});

test("recompute: on-policy, a token of GRPO weighs its advantage over the rows and its row's length", async () => {
  const { tokenWeights, advantages, mask } = await recompute(step, grpo(), { policy });
  const width = step.rollouts.width - 1;
  for (const [i, weight] of tokenWeights.entries()) {
    const length = step.rollouts.completionLengths[Math.floor(i / width)] ?? Number.NaN;
    const expected = mask[i] === 1 ? (advantages[i] ?? Number.NaN) / length / step.rollouts.rows : 0;
    expect(weight).toBeCloseTo(expected, 6);
  }
  expect(tokenWeights.some((weight) => weight > 0.01)).toBe(true);
});

test("compareGradients: a scaled copy points the same way, its negative the other; one without gradient has no cosine", async () => {
  const doubled: Algorithm = {
    ...grpo(),
    name: "doubled",
    advantage: async (input) => {
      const { perToken } = await plainAdvantage(input);
      return { perToken: perToken.map((value) => value * 2) };
    },
  };
  const against: Algorithm = {
    ...grpo(),
    name: "against",
    advantage: async (input) => ({ perToken: (await plainAdvantage(input)).perToken.map((value) => -value) }),
  };
  const none: Algorithm = {
    ...grpo(),
    name: "none",
    advantage: () => ({ perToken: new Float32Array(step.rollouts.mask.length) }),
  };
  const algorithms = [grpo(), doubled, against, none];
  const { cosines, norms, layers, names } = await compareGradients(step, algorithms, { policy });
  expect(names).toEqual(["grpo", "doubled", "against", "none"]);
  expect(cosines[1]).toBeCloseTo(1, 6);
  expect(cosines[2]).toBeCloseTo(-1, 6);
  expect(cosines[3]).toBeNaN();
  expect((norms[1] ?? 0) / (norms[0] ?? 1)).toBeCloseTo(2, 5);
  expect(layers.map(({ name }) => name)).toEqual(["embed_tokens", "layer 0", "layer 1", "norm"]);
  const squares = layers.reduce((sum, layer) => sum + (layer.norms[0] ?? 0) ** 2, 0);
  expect(Math.sqrt(squares) / (norms[0] ?? 1)).toBeCloseTo(1, 6); // the layers are all of the weights
});

const plain = grpo().advantage;
async function plainAdvantage(input: Parameters<Extract<typeof plain, (...args: never[]) => unknown>>[0]) {
  if (typeof plain !== "function") throw new Error("grpo's advantage is a plain function");
  return plain(input);
}

test("compareGradients: two of one name are numbered; a single one is refused", async () => {
  const { names } = await compareGradients(step, [grpo(), grpo({ scale: "none" })], { policy });
  expect(names).toEqual(["grpo (1)", "grpo (2)"]);
  await expect(compareGradients(step, [grpo()], { policy })).rejects.toThrow(
    "compareGradients: 1 algorithms; pass two",
  );
});

test("recompute: a step without completions and an algorithm with a value head are refused", async () => {
  const empty = { ...step, rollouts: fromRows([], { problems: [], padId: 0 }) };
  await expect(recompute(empty, grpo(), { policy })).rejects.toThrow("recompute: the step has no completions");
  await expect(recompute(step, ppo(), { policy })).rejects.toThrow(
    "recompute: ppo needs a value head, which the policy has none of; pass await policy.withValueHead()",
  );
});

test("recompute: PPO's first step, whose values are 0, from the run's folder", async () => {
  const runFolder = join(mkdtempSync(join(tmpdir(), "recompute-")), "run");
  const sizes = { steps: 1, seed: 5, promptsPerStep: 4, samplesPerPrompt: 4, preflight } as const;
  const run = train({ policy, task, algorithm: ppo(), runFolder, ...sizes });
  await (await run.finished).policy.dispose();
  const stored = await storedStep(await readRun(runFolder), 0, policy.tokenizer.padId);
  const valued = await policy.withValueHead();
  const found = await recompute(stored, ppo(), { policy: valued, maxTokens: 4 });
  await valued.dispose();
  const { loss, grad_norm, value_loss } = run.records[0]?.metrics ?? {};
  expect(found.loss).toBeCloseTo(loss ?? Number.NaN, 6);
  expect(found.metrics.value_loss).toBeCloseTo(value_loss ?? Number.NaN, 6);
  expect(found.gradientNorm / (grad_norm ?? Number.NaN)).toBeCloseTo(1, 5);
});

test("recompute: PPO's second step, with the value head that its checkpoint keeps", async () => {
  const runFolder = join(mkdtempSync(join(tmpdir(), "recompute-")), "run");
  const sizes = { steps: 2, seed: 5, promptsPerStep: 4, samplesPerPrompt: 4, preflight, checkpointEvery: 1 } as const;
  const run = train({ policy, task, algorithm: ppo(), runFolder, learningRate: 1e-2, ...sizes });
  await (await run.finished).policy.dispose();
  const stored = await readRun(runFolder);
  const folder = stored.checkpoints.find((path) => path.endsWith("step-000001")) ?? "";
  const valued = await Policy.load(folder, { valueHead: true });
  expect(
    Math.max(...((await valued.parameters.read(["value_head.weight"]))["value_head.weight"]?.data ?? [])),
  ).not.toBe(0);
  const found = await recompute(await storedStep(stored, 1, policy.tokenizer.padId), ppo(), {
    ...{ policy: valued, reference: policy, maxTokens: 4 },
  });
  const { loss, value_loss, grad_norm } = run.records[1]?.metrics ?? {};
  expect(found.loss).toBeCloseTo(loss ?? Number.NaN, 6);
  expect(found.metrics.value_loss).toBeCloseTo(value_loss ?? Number.NaN, 6);
  expect(found.gradientNorm / (grad_norm ?? Number.NaN)).toBeCloseTo(1, 5);
  const [plain, again] = [await Policy.load(folder), await valued.withValueHead()];
  expect([plain.hasValueHead, again.hasValueHead]).toEqual([false, true]);
  expect(await again.fingerprint()).toBe(await valued.fingerprint());
  const other = mkdtempSync(join(tmpdir(), "valued-"));
  await valued.save(other);
  await plain.save(other); // the head of what was there before must not stay
  await expect(Policy.load(other, { valueHead: true })).rejects.toThrow(
    `Policy.load: ${other} has no value_head.safetensors; leave valueHead out, or pass a checkpoint of PPO's.`,
  );
  for (const each of [plain, again, valued]) await each.dispose();
});

test("recompute: options are checked", async () => {
  const wrong = (options: object) => expect(recompute(step, grpo(), { policy, ...options })).rejects;
  await wrong({ temperature: -1 }).toThrow("recompute: temperature is -1; pass a number above 0.");
  await wrong({ temprature: 1 }).toThrow('recompute: there is no option "temprature"; did you mean "temperature"?');
});

test("recompute: methods with columns of their own are recomputed from the folder too", async () => {
  const sizes = { steps: 1, seed: 5, promptsPerStep: 4, samplesPerPrompt: 8, preflight } as const;
  for (const algorithm of [rlPlus(), nudgeRl()]) {
    const runFolder = join(mkdtempSync(join(tmpdir(), "recompute-")), "run");
    const run = train({ policy, task, algorithm, runFolder, ...sizes });
    await (await run.finished).policy.dispose();
    const stored = await storedStep(await readRun(runFolder), 0, policy.tokenizer.padId);
    const found = await recompute(stored, algorithm, { policy, maxTokens: 4 });
    expect(found.loss).toBeCloseTo(run.records[0]?.metrics.loss ?? Number.NaN, 5);
  }
});

test("recompute: methods with rollouts of their own, on what GRPO drew: no row is hinted, no token external", async () => {
  const hinted = await recompute(step, icpo({ klCoefficient: 0 }), { policy });
  const tokenMean = await recompute(step, grpo({ aggregation: "token-mean", epsilon: 1e-6 }), { policy });
  expect(hinted.loss).toBeCloseTo(tokenMean.loss, 6);
  expect(Math.max(...hinted.tokenWeights.map((w, i) => Math.abs(w - (tokenMean.tokenWeights[i] ?? 0))))).toBeLessThan(
    1e-7,
  );
  expect(hinted.metrics["icpo/hinted_rows"]).toBe(0);
  const external = await recompute(step, rlPlus({ entropyCoefficient: 0 }), { policy, maxTokens: 4 });
  const centred = await recompute(step, grpo({ scale: "none", aggregation: "constant" }), { policy, maxTokens: 4 });
  // Divided by the longest completion alone, not by the rows too.
  expect(external.gradientNorm / centred.gradientNorm).toBeCloseTo(step.rollouts.rows, 3);
  expect(external.metrics["rl-plus/offLoss"]).toBe(0);
});

test("recompute: rows that others wrote are hinted, and external, where nothing else is stored of them", async () => {
  const foreign = Uint8Array.from({ length: step.rollouts.rows }, (_, b) => (b % 16 === 0 ? 1 : 0));
  const mixed = { ...step, rollouts: { ...step.rollouts, foreign } };
  const { metrics } = await recompute(mixed, icpo({ delta: 0 }), { policy });
  expect(metrics["icpo/hinted_rows"]).toBeCloseTo(1 / 16, 6);
  expect(metrics["icpo/shaped"]).toBeGreaterThan(0);
  expect((await recompute(mixed, rlPlus(), { policy })).metrics["rl-plus/meanMisWeight"]).toBeGreaterThan(0);
});

test("recompute: columns that only the method's own rollouts have are asked for", async () => {
  await expect(recompute(step, nudgeRl(), { policy })).rejects.toThrow(
    'recompute: the completions have no column "nudgeDistilled", which the rollout of nudgerl makes; pass a step of a run of nudgerl.',
  );
  await expect(recompute(step, semanticSoftBootstrapping(), { policy })).rejects.toThrow(
    'no column "ssbTeacherLogits", which the rollout of semantic-soft-bootstrapping makes; a run\'s folder does not keep',
  );
});
