import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { expertRegion, icpo, icpoAdvantages, icpoLoss, icpoRewards } from "../../src/algorithms/icpo.ts";
import { buildIclPrompt, ICL_WORDS, icpoRollout } from "../../src/algorithms/icpo-rollout.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { modelOf } from "../../src/toolkit/policy/model.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { verifiedReward } from "../../src/toolkit/reward.ts";
import type { RolloutInput } from "../../src/toolkit/rollout.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { type TabularProblem, trainTabular } from "../../src/toolkit/tabular.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
const words = { question: "", answer: "", separator: "" };
let policy: Policy;
let input: RolloutInput;
const asked: string[] = [];
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const model = modelOf(policy, { temperature: 1 });
  input = {
    ...{ prompts: { problems, samplesPerPrompt: 3 }, task: echoTask, steps: 1 },
    sampler: {
      generate: (prompts, options) => {
        asked.push(...prompts);
        return policy.generate(prompts, options);
      },
    },
    sampling: { maxTokens: 4, temperature: 1, seed: 3, step: 0 },
    models: { policy: model, reference: model },
    verify: () => Promise.reject(new Error("not asked")),
  };
});
afterAll(() => policy.dispose());

test("icpo loss: a hinted token gives -A p / (p + lambda), its slope by log p is lambda p / (p + lambda)^2", () => {
  const [p, A, lambda] = [0.2, 1.5, 0.1];
  const batch = {
    ...{ logProbs: tf.tensor2d([[Math.log(p)]]), oldLogProbs: tf.tensor2d([[-50]]), mask: tf.ones<tf.Rank.R2>([1, 1]) },
    ...{ advantages: tf.tensor2d([[A]]), hinted: tf.tensor1d([1]) },
  };
  expect(icpoLoss(batch).loss.dataSync()[0]).toBeCloseTo((-A * p) / (p + lambda), 6);
  const slope = tf.grad((x: tf.Tensor) => icpoLoss({ ...batch, logProbs: x as tf.Tensor2D }).loss)(batch.logProbs);
  expect(slope.dataSync()[0]).toBeCloseTo((-A * lambda * p) / (p + lambda) ** 2, 6);
  expect(() => icpoLoss({ ...batch, hinted: tf.tensor1d([1, 0]) })).toThrow("icpo: hinted has shape [2]");
  expect(() => icpoLoss(batch, { lambdaShape: 0 })).toThrow("icpo: lambdaShape is 0; pass a number above 0.");
});

test("icpo rewards: the bonus of accepted hinted rows goes, by each schedule", () => {
  const rows = { baseReward: [1, 0, 1], hinted: [0, 1, 1] };
  const at = (step: number, decay: "linear" | "exp" | "cosine"): number[] => [
    ...icpoRewards(rows, step, { horizon: 400, decay }),
  ];
  expect(at(100, "linear")).toEqual([1, 0, 1.75]);
  expect(at(500, "linear")).toEqual([1, 0, 1]);
  expect(at(200, "cosine")[2]).toBeCloseTo(1.5, 6);
  expect(at(400, "exp")[2]).toBeCloseTo(1 + Math.exp(-1), 6);
  expect(() => icpoRewards(rows, 0, { horizon: 0 })).toThrow("icpo: horizon is 0; pass a number above 0.");
  expect(() => icpoRewards({ ...rows, hinted: [1] }, 0, { horizon: 1 })).toThrow("icpo: 1 hinted flags for 3 rows");
});

test("icpo: as a seam, rewards are shown apart: the verifier's and the bonus", async () => {
  const made = await icpoRollout(input, { hintedSamples: 1, shots: 1, words });
  const verdict = { score: 1, status: "correct", reason: "", ms: 0, verifier: { name: "t", version: "1" } } as const;
  const all = { ...echoTask, verify: () => verdict };
  const { reward } = icpo({ bonus: 0.5 });
  const { values, components } = await openSeam(reward ?? verifiedReward).next({
    ...{ rollouts: made, task: all, step: 0, steps: 4 },
  });
  expect([...values]).toEqual([1, 1, 1.5, 1, 1, 1.5]);
  expect(components?.base).toEqual(Float32Array.of(1, 1, 1, 1, 1, 1));
  expect(components?.bonus).toEqual(Float32Array.of(0, 0, 0.5, 0, 0, 0.5));
});

test("icpo advantages: a rejected row is 0 and in no mean; delta is held against the reward without bonus", () => {
  const rows = { baseReward: [1, 0, 0, Number.NaN], hinted: [0, 0, 1, 1] };
  const accepted = expertRegion(rows);
  expect(accepted).toEqual([true, true, false, false]);
  const found = icpoAdvantages(Float32Array.of(1, 0, 0, 0), accepted, new Int32Array(4));
  const std = Math.sqrt(0.5); // of 1 and 0, n - 1
  expect([...found].map((x) => x.toFixed(4))).toEqual([0.5 / std, -0.5 / std, 0, 0].map((x) => x.toFixed(4)));
  expect(expertRegion({ baseReward: [0.5], hinted: [1] }, { delta: 0.5 })).toEqual([true]);
});

test("icpo rollout: hinted completions are sampled with another problem's example and stand after the plain prompt", async () => {
  asked.length = 0;
  const made = await icpoRollout(input, { hintedSamples: 1, shots: 1, words });
  expect([...made.group]).toEqual([0, 0, 0, 1, 1, 1]);
  expect(made.columns?.hinted).toEqual(Float32Array.of(0, 0, 1, 0, 0, 1));
  expect([...(made.foreign ?? [])]).toEqual([0, 0, 1, 0, 0, 1]);
  expect([...made.promptLengths]).toEqual([3, 3, 3, 3, 3, 3]);
  const tokens = made.completionLengths.reduce((sum, length) => sum + length, 0);
  expect(made.spentTokens).toBe(tokens + 4 * 3 + 2 * 7); // hinted ones were asked with "a=aa" before the query
  const hinted = asked.filter((prompt) => prompt.length > 2);
  expect(hinted).toHaveLength(2);
  for (const [i, prompt] of hinted.entries()) {
    expect(prompt).toMatch(/^([a-h])=\1\1[a-h]=$/);
    expect(prompt.endsWith(problems[i]?.prompt ?? "?")).toBe(true);
    expect(prompt.startsWith(problems[i]?.prompt ?? "?")).toBe(false);
  }
});

test("icpo rollout: none hinted, all hinted, too few examples", async () => {
  const none = await icpoRollout(input, { hintedSamples: 0, shots: 1, words });
  expect([none.rows, none.foreign]).toEqual([6, undefined]);
  await expect(icpoRollout(input, { hintedSamples: 3, shots: 1, words })).rejects.toThrow(
    "icpo: problem 0 gets 3 completions, 3 of them hinted; sample more of each.",
  );
  const own = [{ question: "a=", answer: "aa" }];
  await expect(icpoRollout(input, { hintedSamples: 1, shots: 1, words, demonstrations: own })).rejects.toThrow(
    "icpo: there are 0 examples for 1 shots; pass more demonstrations.", // the only one is the query itself
  );
});

test("buildIclPrompt: with the released code's words, and without any", () => {
  const shown = [{ question: "1+1", answer: "2" }];
  expect(buildIclPrompt(shown, "2+2", ICL_WORDS)).toBe("Question: 1+1\nAnswer: 2\n\n\nQuestion: 2+2");
  expect(buildIclPrompt(shown, "2+2")).toBe("1+122+2");
});

test("icpo: its choices carry value and source", () => {
  const choices = describe(icpo({ shots: 2 }));
  expect(choices.find(({ name }) => name === "shots")).toMatchObject({ value: 2, source: "given" });
  expect(choices.find(({ name }) => name === "horizon")).toMatchObject({ seam: "reward", value: "the run's steps" });
});

test("icpo: with examples it learns what it almost never finds alone, as GRPO with as many samples does not", async () => {
  const [contexts, symbols] = [4, 12];
  const lift = (context: number, by: number): number[] =>
    Array.from({ length: symbols }, (_, s) => (s === context + 1 ? by : s === 0 ? 8 : 0));
  const problem: TabularProblem = {
    ...{ contexts, symbols },
    reward: (context, [answer]) => (answer === context + 1 ? 1 : 0),
    initial: (context) => lift(context, 0), // right with probability 0.0003
    noted: (_, context) => lift(context, 9).map((x, s) => (s === 0 ? 0 : x)),
  };
  const demonstrations = [{ id: "shown", question: "", answer: "e" }];
  const options = { problem, steps: 150, seed: 1, learningRate: 16, samplesPerPrompt: 8, measureEvery: 150 };
  const success = async (algorithm: Parameters<typeof trainTabular>[0]["algorithm"]): Promise<number> =>
    (await trainTabular({ ...options, algorithm })).steps.at(-1)?.expected_reward ?? Number.NaN;
  const found = await success(icpo({ demonstrations, lambdaShape: 0.01 }));
  expect(await success(grpo())).toBeLessThan(0.01);
  const slower = await success(icpo({ demonstrations })); // lambda 0.1 damps the first steps from p = 0.0003
  expect(slower).toBeLessThan(found);
});
