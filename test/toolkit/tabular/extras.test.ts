/** What a problem may have beyond independent contexts: shared features, long answers, notes at prompts, noisy verifiers. */
import { expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { logProb } from "../../../src/toolkit/models.ts";
import { openTabular } from "../../../src/toolkit/tabular/collect.ts";
import { exactGradient, expectedReward } from "../../../src/toolkit/tabular/exact.ts";
import { tabularModel } from "../../../src/toolkit/tabular/model.ts";
import { byWeights, moveWeights, tabularPolicy } from "../../../src/toolkit/tabular/policy.ts";
import type { TabularProblem } from "../../../src/toolkit/tabular/problem.ts";
import { trainTabular } from "../../../src/toolkit/tabular/train.ts";

const right: TabularProblem = { contexts: 2, symbols: 3, reward: (context, [path]) => (path === context ? 1 : 0) };

test("tabular features: the gradient by the weights is the slope of the expected reward", () => {
  const policy = tabularPolicy({
    ...right,
    features: [
      [1, 0.5, 0],
      [1, -1, 2],
    ],
    initial: (context) => [context, 0, 0.3],
  });
  const gradient = byWeights(policy, exactGradient(policy));
  expect(gradient.length).toBe(9); // features x symbols
  for (const [i, slope] of gradient.entries()) {
    const unit = (by: number) => Float64Array.from(gradient, (_, j) => (j === i ? by : 0));
    moveWeights(policy, unit(1e-5));
    const up = expectedReward(policy);
    moveWeights(policy, unit(-2e-5));
    const down = expectedReward(policy);
    moveWeights(policy, unit(1e-5));
    expect(slope).toBeCloseTo((up - down) / 2e-5, 8);
  }
});

test("tabular features: what is learned in one context changes another that has something in common with it", async () => {
  const reward = (context: number, [path]: readonly number[]): number => (context === 0 && path === 0 ? 1 : 0);
  const run = (features: readonly number[][]) =>
    trainTabular({ problem: { ...right, features, reward }, algorithm: grpo(), steps: 5, seed: 1 });
  const [common, apart] = [
    await run([[1], [1]]),
    await run([
      [1, 0],
      [0, 1],
    ]),
  ];
  expect([...common.policy.logits.subarray(3)]).toEqual([...common.policy.logits.subarray(0, 3)]);
  expect([...apart.policy.logits.subarray(3)]).toEqual([0, 0, 0]);
});

test("tabular tokens: an answer's tokens beyond its symbols are trained on and certain", async () => {
  const policy = tabularPolicy({ ...right, tokens: ([path = 0]) => 1 + path });
  const model = tabularModel(policy);
  const drawn = await model.generate(["#1"], { samplesPerPrompt: 12, maxTokens: 3, seed: 2 });
  expect(drawn.width).toBe(2 + 3);
  const { logProb: scored } = await model.measure(drawn, { logProb });
  for (let b = 0; b < drawn.rows; b++) {
    const length = 1 + (drawn.ids[b * 5 + 2] ?? 0);
    expect(drawn.completionLengths[b]).toBe(length);
    expect([...drawn.mask.subarray(b * 4, b * 4 + 4)]).toEqual([0, 1, length > 1 ? 1 : 0, length > 2 ? 1 : 0]);
    expect([...drawn.policyLogProbs.subarray(b * 4 + 2, b * 4 + 4)]).toEqual([0, 0]);
    expect([...scored.subarray(b * 4 + 2, b * 4 + 4)].map(Math.abs)).toEqual([0, 0]);
    expect(scored[b * 4 + 1]).toBeCloseTo(Math.log(1 / 3), 6);
  }
});

test("tabular tokens: token-mean weighs a group's symbols by all its tokens, seq-mean-token-mean by the answer's own", async () => {
  const problem: TabularProblem = { ...right, contexts: 1, symbols: 2, tokens: ([path = 0]) => (path === 0 ? 1 : 9) };
  const change = async (aggregation: "token-mean" | "seq-mean-token-mean") => {
    const options = { problem, algorithm: grpo({ aggregation, scale: "none" }), steps: 1, samplesPerPrompt: 16 };
    const { policy } = await trainTabular({ ...options, seed: 3 });
    return Math.abs(policy.logits[0] ?? 0);
  };
  expect(await change("seq-mean-token-mean")).toBeGreaterThan(2 * (await change("token-mean")));
});

test("tabular notes: text around a prompt adds to its logits, for sampling, scoring and the gradient", async () => {
  const noted = (note: string, context: number): number[] => [0, 0, note === "hint " && context === 1 ? 3 : 0];
  const policy = tabularPolicy({ ...right, noted });
  const model = tabularModel(policy);
  const drawn = await model.generate(["hint #1", "#1"], { samplesPerPrompt: 4, maxTokens: 1, seed: 4 });
  expect([...drawn.promptLengths]).toEqual([7, 7, 7, 7, 2, 2, 2, 2]); // BOS, context, 5 characters
  const { logProb: scored } = await model.measure(drawn, { logProb });
  for (const [b, length] of drawn.promptLengths.entries()) {
    const weights = length === 7 ? [1, 1, Math.exp(3)] : [1, 1, 1];
    const symbol = drawn.ids[b * drawn.width + length] ?? -1;
    const expected = Math.log((weights[symbol] ?? 0) / weights.reduce((x, y) => x + y, 0));
    expect(scored[b * (drawn.width - 1) + length - 1]).toBeCloseTo(expected, 5);
    expect(drawn.policyLogProbs[b * (drawn.width - 1) + length - 1]).toBeCloseTo(expected, 6);
  }
  await expect(tabularModel(tabularPolicy(right)).generate(["hint #1"], { maxTokens: 1, seed: 0 })).rejects.toThrow(
    'tabular: the prompt is "hint #1"; give the problem `noted`, which says what a note does.',
  );
});

test("tabular noise: the verifier's word is trained on, the reward is what is reported, a seed repeats both", async () => {
  const lie = (reward: number, { random }: { random: { uniform(): number } }): number =>
    random.uniform() < 0.25 ? 1 - reward : reward;
  const policy = tabularPolicy(right);
  const open = () => openTabular({ algorithm: grpo(), steps: 1, samplesPerPrompt: 400, observed: lie }, policy, policy);
  const { metrics } = await open().collect(0);
  expect((await open().collect(0)).metrics).toEqual(metrics);
  // a third is right: 1/3 · 3/4 + 2/3 · 1/4 = 5/12; four standard errors of 800 draws
  expect(Math.abs((metrics.reward ?? 0) - 5 / 12)).toBeLessThan(4 * Math.sqrt(((5 / 12) * (7 / 12)) / 800));
  const always = { problem: right, algorithm: grpo(), steps: 30, seed: 1, observed: (reward: number) => 1 - reward };
  const { steps } = await trainTabular(always);
  expect(steps.at(-1)?.expected_reward).toBeLessThan(1 / 6);
});
