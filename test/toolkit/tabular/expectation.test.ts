import { expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { openTabular } from "../../../src/toolkit/tabular/collect.ts";
import { exactGradient } from "../../../src/toolkit/tabular/exact.ts";
import { expectedUpdate, sampledUpdate } from "../../../src/toolkit/tabular/expectation.ts";
import { objectiveGradient } from "../../../src/toolkit/tabular/gradient.ts";
import { tabularPolicy } from "../../../src/toolkit/tabular/policy.ts";
import type { TabularProblem } from "../../../src/toolkit/tabular/problem.ts";
import type { LearnColumns } from "../../../src/toolkit/train/micro-batch.ts";

const paths: TabularProblem = {
  ...{ contexts: 1, symbols: 3 },
  reward: (_, [path]) => (path === 0 ? 1 : path === 1 ? 0.4 : 0),
  initial: () => [-1, 0.5, 0],
};
const steps: TabularProblem = {
  ...{ contexts: 1, symbols: 2, length: 2 },
  reward: (_, [first, second]) => (first === second ? 1 : 0),
  initial: (_, prefix) => [0.3 * prefix.length, 0.7 - (prefix[0] ?? 0)],
};

test.each([
  { name: "one symbol", problem: paths, length: 1 },
  { name: "two symbols", problem: steps, length: 2 },
])("expectedUpdate: a group's mean as baseline takes 1/G of the gradient of J ($name)", async ({ problem, length }) => {
  const policy = tabularPolicy(problem);
  const algorithm = grpo({ scale: "none", aggregation: "constant" }); // divides by the longest answer
  for (const samplesPerPrompt of [2, 4]) {
    const update = await expectedUpdate({ policy, algorithm, samplesPerPrompt });
    for (const [i, slope] of exactGradient(policy).entries()) {
      expect(update[i]).toBeCloseTo(((1 - 1 / samplesPerPrompt) * slope) / length, 6);
    }
  }
});

test("expectedUpdate: division by the group's deviation gives another direction than J's gradient", async () => {
  const policy = tabularPolicy(paths);
  const update = await expectedUpdate({ policy, algorithm: grpo(), samplesPerPrompt: 3 });
  const gradient = exactGradient(policy);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  const cosine = dot(update, gradient) / Math.sqrt(dot(update, update) * dot(gradient, gradient));
  expect(cosine).toBeGreaterThan(0.9);
  expect(cosine).toBeLessThan(0.9999);
});

test("sampledUpdate: agrees with the expectation within four standard errors, and says what they are", async () => {
  const policy = tabularPolicy(paths);
  const options = { policy, algorithm: grpo(), samplesPerPrompt: 3 };
  const [exact, sampled] = [await expectedUpdate(options), await sampledUpdate({ ...options, draws: 300, seed: 1 })];
  for (const [i, value] of exact.entries()) {
    const error = sampled.error[i] ?? 0;
    expect(Math.abs((sampled.mean[i] ?? Number.NaN) - value)).toBeLessThan(4 * error);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.05);
  }
});

test("expectedUpdate: more groups than can be counted are refused", async () => {
  const policy = tabularPolicy({ contexts: 1, symbols: 50, reward: () => 0 });
  await expect(expectedUpdate({ policy, algorithm: grpo(), samplesPerPrompt: 8 })).rejects.toThrow(
    "expectedUpdate: there are 1652411475 groups; stay within 20000", // C(57, 8)
  );
});

test.each([1, 2])(
  "objectiveGradient: is the slope of the loss by every logit, at temperature %d",
  async (temperature) => {
    const algorithm = grpo({ klCoefficient: 0.3, entropyCoefficient: 0.2, clipLow: 0.9, clipHigh: 9 });
    const initial = tabularPolicy({ ...steps, contexts: 2 });
    const moved = tabularPolicy({ ...steps, contexts: 2, initial: () => [0.4, -0.1] });
    const options = { algorithm, steps: 1, samplesPerPrompt: 6, temperature };
    const { columns } = await openTabular(options, initial, initial).collect(0);
    const at = { rows: Array.from({ length: 12 }, (_, b) => b), temperature };
    const given = columns as LearnColumns;
    const { gradient } = objectiveGradient(moved, algorithm.objective, given, at);
    for (const [i, logit] of moved.logits.entries()) {
      const step = 1e-2; // float32 losses: curvature leaves about step^2, rounding 1e-7 / step
      const [up = 0, down = 0] = [step, -step].map((by) => {
        moved.logits[i] = logit + by;
        return objectiveGradient(moved, algorithm.objective, given, at).loss;
      });
      moved.logits[i] = logit;
      expect(gradient[i]).toBeCloseTo((up - down) / (2 * step), 3);
    }
    expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.02);
  },
);
