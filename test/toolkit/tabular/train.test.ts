import { expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { exactPassAtK, expectedReward } from "../../../src/toolkit/tabular/exact.ts";
import type { TabularProblem } from "../../../src/toolkit/tabular/problem.ts";
import { type TrainTabularOptions, trainTabular } from "../../../src/toolkit/tabular/train.ts";

/** Ten contexts of six paths, the right one unlikely at first. */
const problem: TabularProblem = {
  ...{ contexts: 10, symbols: 6 },
  reward: (context, [path]) => (path === context % 6 ? 1 : 0),
  initial: (context) => Array.from({ length: 6 }, (_, path) => (path === context % 6 ? -1 : 0)),
};
const run = (options: Partial<TrainTabularOptions> = {}) =>
  trainTabular({ problem, algorithm: grpo(), steps: 40, learningRate: 5, seed: 1, ...options });

test("trainTabular: grpo raises the expected reward, and the policy it started from stays", async () => {
  const { policy, initial, steps } = await run();
  const before = Math.exp(-1) / (Math.exp(-1) + 5);
  expect(expectedReward(initial)).toBeCloseTo(before, 12);
  expect(expectedReward(policy)).toBeGreaterThan(0.7);
  expect(steps.at(-1)?.expected_reward).toBe(expectedReward(policy));
  expect(steps.every((record) => Object.values(record).every(Number.isFinite))).toBe(true);
});

test("trainTabular: a seed repeats the run to the last bit", async () => {
  const [a, b, c] = [await run({ steps: 5 }), await run({ steps: 5 }), await run({ steps: 5, seed: 2 })];
  expect(a.policy.logits).toEqual(b.policy.logits);
  expect(a.policy.logits).not.toEqual(c.policy.logits);
});

test("trainTabular: the first step is against the loss's gradient, learningRate long", async () => {
  const { policy, initial, steps } = await run({ steps: 1 });
  const change = policy.logits.map((logit, i) => logit - (initial.logits[i] ?? 0));
  expect(Math.hypot(...change)).toBeCloseTo(5 * (steps[0]?.grad_norm ?? 0), 12);
});

test("trainTabular: Adam's first step moves logits by the learning rate, whatever the gradient's length", async () => {
  const { policy, initial } = await run({ steps: 1, optimizer: "adam", learningRate: 0.25 });
  const moved = Array.from({ length: 10 }, (_, context) => {
    const i = context * 6 + (context % 6); // the right path's
    return (policy.logits[i] ?? 0) - (initial.logits[i] ?? 0);
  }).filter((change) => change !== 0);
  expect(moved.length).toBeGreaterThan(1); // in the other contexts all answers were wrong
  for (const change of moved) expect(change).toBeCloseTo(0.25, 5);
});

test("trainTabular: several updates on one sample leave the policy that sampled, and are clipped", async () => {
  const { steps } = await run({ steps: 3, innerEpochs: 4, miniBatches: 2, learningRate: 20 });
  expect(steps.some((record) => (record["clip_ratio/region_mean"] ?? 0) > 0)).toBe(true);
});

test("trainTabular: exact figures come every so many steps and at the end, with those asked for", async () => {
  const { steps } = await run({ steps: 4, measureEvery: 2, measure: (policy) => ({ pass4: exactPassAtK(policy, 4) }) });
  expect(steps.map((record) => record.pass4 !== undefined)).toEqual([true, false, true, true]);
});

test("trainTabular: part of the contexts a step", async () => {
  const { steps } = await run({ steps: 30, promptsPerStep: 3, samplesPerPrompt: 16 });
  expect(steps.at(-1)?.expected_reward).toBeGreaterThan(steps[0]?.expected_reward ?? 1);
});

test("trainTabular: what it cannot do is refused", async () => {
  const update = { ...grpo(), update: () => ({ changed: false }) };
  await expect(run({ algorithm: update })).rejects.toThrow("tabular: grpo has an update seam");
  await expect(run({ promptsPerStep: 11 })).rejects.toThrow(
    "tabular: 11 problems from 0 are asked for; there are 10 contexts.",
  );
  await expect(run({ learningRate: -1 })).rejects.toThrow("trainTabular: learningRate is -1");
});
