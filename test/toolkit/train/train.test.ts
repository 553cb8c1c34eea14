import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { sampleCompletions } from "../../../src/toolkit/rollout.ts";
import { readRun } from "../../../src/toolkit/runs/read-run.ts";
import type { Problem, Task } from "../../../src/toolkit/tasks/task.ts";
import { type TrainOptions, train } from "../../../src/toolkit/train/train.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  policy,
  task: echoTask,
  algorithm: grpo(),
  steps: 3,
  seed: 5,
  promptsPerStep: 4,
  samplesPerPrompt: 4,
  learningRate: 1e-2,
  preflight: "off", // an untrained policy is never right here
  ...more,
});

async function endOf(more: Partial<TrainOptions> = {}): Promise<string> {
  const { policy: trained } = await train(options(more)).finished;
  const fingerprint = await trained.fingerprint();
  await trained.dispose();
  return fingerprint;
}

/** The score is not the answer's but the letter's: every completion that has an "a" is half right. */
const lenient: Task = {
  ...echoTask,
  verify: (problem: Problem, completion) => {
    const verdict = echoTask.verify(problem, completion);
    return completion.includes("a") ? { ...verdict, score: 0.5, status: "partial" } : { ...verdict, score: 0 };
  },
};

test("train: raises the reward, leaves the given policy as it was, and proves identity at every step", async () => {
  const before = await policy.fingerprint();
  const run = train(options({ task: lenient, steps: 25, samplesPerPrompt: 16 }));
  const { policy: trained, base, stopped, records } = await run.finished;
  expect(await policy.fingerprint()).toBe(before);
  expect(base).toBe(policy);
  expect(stopped).toBe("finished");
  expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 25 }, (_, step) => step));
  expect(records.at(-1)?.metrics.reward).toBeGreaterThan((records[0]?.metrics.reward ?? 1) + 0.1);
  for (const { identity, metrics } of records) {
    expect(identity.maxLogProbDifference).toBeLessThan(1e-4);
    expect(Number.isFinite(metrics.loss) && Number.isFinite(metrics.grad_norm)).toBe(true);
  }
  expect(records[0]?.metrics["clip_ratio/region_mean"]).toBe(0); // one update a step: every ratio is 1
  expect(records[0]?.identity.fingerprint).toBe(before);
  expect(new Set(records.map(({ identity }) => identity.fingerprint)).size).toBeGreaterThan(20);
  await trained.dispose();
});

test("train: the same seed gives the same weights, another seed others", async () => {
  const [first, again, other] = [
    await endOf({ task: lenient }),
    await endOf({ task: lenient }),
    await endOf({ task: lenient, seed: 6 }),
  ];
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test("train: micro-batches change the loss by rounding alone", async () => {
  const lossOf = async (microBatches: number): Promise<number[]> => {
    const { records, policy: trained } = await train(options({ task: lenient, microBatches, steps: 2 })).finished;
    await trained.dispose();
    return records.map(({ metrics }) => metrics.grad_norm ?? Number.NaN);
  };
  const [whole, pieces] = [await lossOf(1), await lossOf(3)]; // 16 rows in pieces of 6, the last filled up
  for (const [i, norm] of whole.entries()) expect(pieces[i]).toBeCloseTo(norm, 5);
});

test("train: equal rewards everywhere give no gradient and an event, not NaN", async () => {
  const flat: Task = { ...echoTask, verify: (...of) => ({ ...echoTask.verify(...of), score: 1, status: "correct" }) };
  const { records, policy: trained } = await train(options({ task: flat, steps: 1 })).finished;
  expect(records[0]?.metrics).toMatchObject({ grad_norm: 0, reward: 1, frac_reward_zero_std: 1 });
  expect(records[0]?.events.map(({ kind }) => kind)).toContain("no-gradient");
  expect(await trained.fingerprint()).toBe(await policy.fingerprint());
  await trained.dispose();
});

test("train: a verifier that fails leaves its rows out and is told of", async () => {
  const broken: Task = {
    ...echoTask,
    verify: (...of) => ({ ...echoTask.verify(...of), score: null, status: "failed" }),
  };
  const { records, policy: trained } = await train(options({ task: broken, steps: 1 })).finished;
  expect(records[0]?.metrics.reward).toBeUndefined();
  expect(records[0]?.events[0]?.message).toBe("the verifier failed on 16 of 16 completions");
  expect(await trained.fingerprint()).toBe(await policy.fingerprint());
  await trained.dispose();
});

test("train: rollouts from other weights stop training with row, token and both values", async () => {
  const drifted: Algorithm = {
    ...grpo(),
    rollout: async (input) => {
      const rollouts = await sampleCompletions(input);
      return { ...rollouts, policyLogProbs: rollouts.policyLogProbs.map((value) => value - 0.01) };
    },
  };
  await expect(train(options({ algorithm: drifted })).finished).rejects.toThrow(
    /step 0: the sampler and the learner disagree: row 0, token \d+ has log-prob .* when sampled and .* when learned/,
  );
});

test("train: weights changed between sampling and learning stop training", async () => {
  const run = train(
    options({
      algorithm: {
        ...grpo(),
        rollout: async (input) => {
          const rollouts = await sampleCompletions(input);
          if (input.sampler instanceof Policy) {
            const [name = "", tensor] = Object.entries(await input.sampler.parameters.read())[0] ?? [];
            if (tensor)
              await input.sampler.parameters.write({ [name]: { ...tensor, data: tensor.data.map((x) => x + 1) } });
          }
          return rollouts;
        },
      },
    }),
  );
  await expect(run.finished).rejects.toThrow("the weights changed between sampling and learning");
});

test.each([
  [Number.NaN, "NaN"],
  [-1e-4, "-0.0001"],
  [Number.POSITIVE_INFINITY, "Infinity"],
])("train: a schedule that gives %d is refused before that step's rollouts", async (bad, written) => {
  let rollouts = 0;
  const algorithm: Algorithm = {
    ...grpo(),
    rollout: (input) => {
      rollouts++;
      return sampleCompletions(input);
    },
  };
  const run = train(options({ algorithm, learningRate: (step) => (step === 1 ? bad : 1e-3) }));
  const message = `train: learningRate gives ${written} at step 1; return a finite number, 0 or more.`;
  await expect(run.finished).rejects.toThrow(message);
  expect(rollouts).toBe(1);
});

test("train: the KL term needs reference log-probs and starts at 0", async () => {
  const { records, policy: trained } = await train(options({ task: lenient, algorithm: grpo({ klCoefficient: 0.1 }) }))
    .finished;
  expect(Math.abs(records[0]?.metrics.kl ?? 1)).toBeLessThan(1e-6); // the policy is still its own reference
  expect(records[2]?.metrics.kl).toBeGreaterThan(0);
  await trained.dispose();
});

test("train: several updates per step clip and stay finite", async () => {
  const more = { task: lenient, innerEpochs: 2, miniBatches: 2, learningRate: 0.1 };
  const { records, policy: trained } = await train(options(more)).finished;
  expect(records.some(({ metrics }) => (metrics["clip_ratio/region_mean"] ?? 0) > 0)).toBe(true);
  await trained.dispose();
});

test("train: a signal stops the run after whole steps and keeps what was learned", async () => {
  const controller = new AbortController();
  const run = train(options({ task: lenient, steps: 1000, signal: controller.signal }));
  run.onStep(({ step }) => {
    if (step === 1) controller.abort();
  });
  const { stopped, records, policy: trained } = await run.finished;
  expect([stopped, records.length]).toEqual(["aborted", 2]);
  expect(await trained.fingerprint()).toBe(await endOf({ task: lenient, steps: 2 }));
  await trained.dispose();
});

test("train: a signal stops a held-out evaluation; the step before it is kept", async () => {
  const controller = new AbortController();
  const stopping: Task = {
    ...lenient,
    problems: (of) => {
      if (of.split === "test") controller.abort();
      return lenient.problems(of);
    },
  };
  const run = train(options({ task: stopping, evaluateEvery: 1, signal: controller.signal }));
  const { stopped, records, policy: trained } = await run.finished;
  expect([stopped, records.length]).toEqual(["aborted", 1]);
  expect(records[0]?.metrics.eval_reward).toBeUndefined();
  expect(await trained.fingerprint()).toBe(await endOf({ task: lenient, steps: 1 }));
  await trained.dispose();
});

test("train: a signal stops learning between micro-batches; a step without an update is no step", async () => {
  const controller = new AbortController();
  const plain = grpo();
  let pieces = 0;
  const algorithm: Algorithm = {
    ...plain,
    advantage: ({ rollouts }) => ({
      get perToken() {
        if (++pieces === 2) controller.abort(); // read once for each micro-batch
        return rollouts.mask;
      },
    }),
  };
  const run = train(options({ algorithm, microBatches: 4, signal: controller.signal }));
  const { stopped, records, policy: trained } = await run.finished;
  expect([stopped, records.length, pieces]).toEqual(["aborted", 0, 2]);
  expect(await trained.fingerprint()).toBe(await policy.fingerprint());
  await trained.dispose();
});

test("train: a run folder holds config, records, rollouts and checkpoints that load", async () => {
  const runFolder = join(mkdtempSync(join(tmpdir(), "train-")), "run");
  const run = train(
    options({ task: lenient, runFolder, checkpointEvery: 2, evaluateEvery: 3, evaluation: { count: 2, samples: 2 } }),
  );
  const { policy: trained, records } = await run.finished;
  const stored = await readRun(runFolder);
  expect(stored.records).toEqual(records);
  expect(records[2]?.metrics.eval_reward).toBeGreaterThanOrEqual(0);
  expect(stored.config).toMatchObject({
    task: { name: "echo" },
    algorithm: { name: "grpo" },
    settings: { steps: 3, seed: 5 },
  });
  expect(await stored.rollouts(2)).toHaveLength(16);
  expect(stored.checkpoints.map((path) => path.slice(-6))).toEqual(["000000", "000002", "000003"]);
  const [start = "", , end = ""] = stored.checkpoints;
  const [first, loaded] = [await Policy.load(start), await Policy.load(end)];
  expect(await first.fingerprint()).toBe(await policy.fingerprint());
  expect(await loaded.fingerprint()).toBe(await trained.fingerprint());
  expect(readdirSync(end)).toEqual(expect.arrayContaining(["optimizer.safetensors", "trainer.json", "manifest.json"]));
  await Promise.all([first.dispose(), loaded.dispose(), trained.dispose()]);
});

test.each([
  [{ stepss: 3 }, 'train: there is no option "stepss"; did you mean "steps"?.'],
  [{ steps: 0 }, "train: steps is 0; pass a whole number from 1."],
  [{ temperature: 0 }, "train: temperature is 0; pass a number above 0."],
  [{ maxTokens: 500 }, /train: prompt and completion take up to \d+ positions, the policy has \d+; lower maxTokens/],
  [{ miniBatches: 17 }, "train: miniBatches is 17 for 16 completions a step; pass at most one per completion."],
  [{ algorithm: {} }, "algorithm: there is no advantage; pass an object such as grpo()."],
])("train: %o is refused before anything runs", (more, message) => {
  expect(() => train(options(more as Partial<TrainOptions>))).toThrow(message);
});

test("train: snapshots are the policy as it was, the last one the trained policy", async () => {
  const run = train(options({ steps: 4, snapshotEvery: 2 }));
  const { snapshots, policy: trained } = await run.finished;
  const [first, last] = await Promise.all(snapshots.map((snapshot) => snapshot.policy.fingerprint()));
  expect(snapshots.map(({ step }) => step)).toEqual([2, 4]);
  expect(first).toBe(await endOf({ steps: 2 }));
  expect(last).toBe(await trained.fingerprint());
  for (const kept of [trained, ...snapshots.map((snapshot) => snapshot.policy)]) await kept.dispose();
});
