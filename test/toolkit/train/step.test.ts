/** One training step against the same step worked out by hand from the rollouts it drew. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GrpoOptions, grpo } from "../../../src/algorithms/grpo.ts";
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import { aggregate, checkBatch, masked, type Objective } from "../../../src/toolkit/objective.ts";
import { forward } from "../../../src/toolkit/policy/forward.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { type Rollouts, sampleCompletions } from "../../../src/toolkit/rollout.ts";
import type { StepRecord } from "../../../src/toolkit/train/record.ts";
import { type TrainOptions, train } from "../../../src/toolkit/train/train.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const louder = Object.entries(await policy.parameters.read()).map(([name, { data, shape }]) => {
    const scale = shape.length === 2 ? 8 : 1; // initial matrices are so small that all tokens are about as likely
    return [name, { data: Float32Array.from(data, (x) => x * scale), shape }] as const;
  });
  await policy.parameters.write(Object.fromEntries(louder));
});
afterAll(() => policy.dispose());

/** Reward: 1 where the completion has an "a", else 0. */
const task = {
  ...echoTask,
  verify: (...of: Parameters<typeof echoTask.verify>) => {
    const right = of[1].includes("a");
    return { ...echoTask.verify(...of), score: right ? 1 : 0, status: right ? "correct" : "wrong" } as const;
  },
};

/** What is rewarded here is not what is asked for, and rollouts are counted. */
const preflight = "off";

interface Taken {
  readonly rollouts: Rollouts;
  readonly record: StepRecord;
}

/** The loss of GRPO, and as metrics the means over tokens of what the objective was given. */
function reporting({ loss }: Objective, needs: Objective["needs"]): Objective {
  return {
    needs,
    loss: (given) => {
      const batch = checkBatch("reporting", given);
      const mean = (values: tf.Tensor2D): tf.Scalar => aggregate(masked(values, batch.mask), batch, "token-mean");
      const { totals, logProbs, oldLogProbs, sampleLogProbs = oldLogProbs } = batch;
      const result = loss(given);
      const own = { ratio: mean(logProbs.sub<tf.Tensor2D>(oldLogProbs).exp()), rows: totals.rows };
      return {
        ...result,
        metrics: { ...result.metrics, ...own, old: mean(oldLogProbs), sampled: mean(sampleLogProbs) },
      };
    },
  };
}

async function oneStep(
  more: Partial<TrainOptions>,
  { topK, ...choices }: GrpoOptions & { readonly topK?: number } = {},
): Promise<Taken> {
  const seen: Rollouts[] = [];
  const plain = grpo(choices);
  const algorithm: Algorithm = {
    ...plain,
    objective: reporting(plain.objective, plain.objective.needs),
    rollout: async (input) => {
      const cutting = topK === undefined ? {} : { topK };
      const { sampler } = input;
      const generate: typeof sampler.generate = (prompts, options) =>
        sampler.generate(prompts, { ...options, ...cutting });
      seen.push(await sampleCompletions({ ...input, sampler: { generate } }));
      return seen[0] as Rollouts;
    },
  };
  const sizes = { steps: 1, seed: 5, promptsPerStep: 4, samplesPerPrompt: 6, learningRate: 1e-3, preflight } as const;
  const { records, policy: trained } = await train({ policy, task, algorithm, ...sizes, ...more }).finished;
  await trained.dispose();
  const [rollouts, record] = [seen[0], records[0]];
  if (rollouts === undefined || record === undefined) throw new Error("no step was taken");
  return { rollouts, record };
}

/** (r - mean of the group) / (sample deviation of the group + 1e-6) of every row. */
function advantagesOf({ group, completions }: Rollouts): number[] {
  const rewards = completions.map((text) => (text.includes("a") ? 1 : 0));
  return rewards.map((reward, b) => {
    const peers = rewards.filter((_, other) => group[other] === group[b]);
    const mean = peers.reduce<number>((sum, r) => sum + r, 0) / peers.length;
    const variance = peers.reduce<number>((sum, r) => sum + (r - mean) ** 2, 0) / (peers.length - 1);
    return (reward - mean) / (Math.sqrt(variance) + 1e-6);
  });
}

/** Norm of the gradient of -1/B sum_b A_b / length_b sum_t log softmax(logits / temperature)[token], by eager tfjs. */
async function gradientNorm(rollouts: Rollouts, temperature: number): Promise<number> {
  const { rows, width, ids, mask, completionLengths } = rollouts;
  const weights = advantagesOf(rollouts).map((advantage, b) => -advantage / (completionLengths[b] ?? 1) / rows);
  const all = tf.tensor2d(ids, [rows, width], "int32");
  const chosen = tf.oneHot(all.slice([0, 1], [rows, width - 1]).flatten(), tinyConfig.vocab_size); // [B T, V]
  const factors = tf.tensor1d(mask.map((on, i) => on * (weights[Math.floor(i / (width - 1))] ?? Number.NaN))); // [B T]
  const initial = Object.entries(await policy.parameters.read());
  const loss = (...given: tf.Tensor[]): tf.Scalar => {
    const tensors = Object.fromEntries(initial.map(([name], i) => [name, given[i] as tf.Tensor]));
    const logits = forward(tensors, all.slice([0, 0], [rows, width - 1]), tinyConfig).div(temperature);
    return tf.logSoftmax(logits).mul(chosen).sum(1).mul(factors).sum().asScalar();
  };
  const gradients = tf.grads(loss)(initial.map(([, { data, shape }]) => tf.tensor(data, [...shape])));
  let squares = 0;
  for (const gradient of gradients) squares += gradient.square().sum().arraySync() as number;
  return Math.sqrt(squares);
}

/** Mean over the completions' tokens. */
function tokenMean(values: Float32Array, { mask }: Rollouts): number {
  return values.reduce((sum, value, i) => sum + value * (mask[i] ?? 0), 0) / mask.reduce((sum, on) => sum + on, 0);
}

test.each([1, 0.7, 1.5])("train: at temperature %d a step's gradient is the hand-made one", async (temperature) => {
  const { rollouts, record } = await oneStep({ temperature, microBatches: 1 });
  const { metrics, identity } = record;
  const expected = await gradientNorm(rollouts, temperature);
  expect(expected).toBeGreaterThan(0.05);
  expect(Math.abs((metrics.grad_norm ?? Number.NaN) / expected - 1)).toBeLessThan(1e-4);
  expect(metrics.ratio).toBeCloseTo(1, 5); // the first update is on-policy
  expect(metrics["clip_ratio/region_mean"]).toBe(0);
  expect(metrics.rows).toBe(24); // 4 prompts of 6
  expect(metrics.old).toBeCloseTo(tokenMean(rollouts.sampleLogProbs, rollouts), 5);
  expect(identity.maxLogProbDifference).toBeLessThan(1e-4);
  if (temperature !== 1) {
    const untempered = await gradientNorm(rollouts, 1);
    expect(Math.abs(untempered / expected - 1)).toBeGreaterThan(0.05); // the test would see the difference
  }
});

test("train: pieces of a step see the whole step's totals", async () => {
  const { rollouts, record } = await oneStep({ microBatches: 3 });
  expect(record.metrics.rows).toBe(72); // 24, added up over 3
  expect(Math.abs((record.metrics.grad_norm ?? Number.NaN) / (await gradientNorm(rollouts, 1)) - 1)).toBeLessThan(1e-4);
});

test("train: a sampler that cuts off keeps its own log-probs beside the policy's", async () => {
  const { rollouts, record } = await oneStep({}, { topK: 3 });
  const [sampled, own] = [tokenMean(rollouts.sampleLogProbs, rollouts), tokenMean(rollouts.policyLogProbs, rollouts)];
  expect(sampled - own).toBeGreaterThan(0.1);
  expect(record.metrics.sampled).toBeCloseTo(sampled, 5);
  expect(record.metrics.old).toBeCloseTo(own, 5);
  expect(record.metrics.ratio).toBeCloseTo(1, 5);
});

test("train: at temperature 0.7 the policy is still its own reference, and the entropy is the tempered one", async () => {
  const { record } = await oneStep({ temperature: 0.7 }, { klCoefficient: 0.1 });
  expect(Math.abs(record.metrics.kl ?? 1)).toBeLessThan(1e-6);
  const hotter = await oneStep({ temperature: 1.5 });
  expect(record.metrics.entropy).toBeLessThan((hotter.record.metrics.entropy ?? 0) - 0.2);
});

test("train: cutting off at another temperature stops the run", async () => {
  await expect(oneStep({ temperature: 0.7 }, { topK: 3 })).rejects.toThrow(/when sampled and .* when learned/);
});

test("train: num_tokens is the running total of prompts and completions", async () => {
  const seen: Rollouts[] = [];
  const algorithm: Algorithm = {
    ...grpo(),
    rollout: async (input) => {
      const rollouts = await sampleCompletions(input);
      seen.push(rollouts);
      return rollouts;
    },
  };
  const sizes = { steps: 2, promptsPerStep: 2, samplesPerPrompt: 3, preflight } as const;
  const { records, policy: trained } = await train({ policy, task, algorithm, ...sizes }).finished;
  await trained.dispose();
  const completions = seen.map(({ mask }) => mask.reduce((sum, on) => sum + on, 0));
  const [first = 0, second = 0] = completions.map((tokens) => tokens + 6 * 3); // 6 rows, each after BOS, letter and "="
  expect(records.map(({ metrics }) => metrics.num_tokens)).toEqual([first, first + second]);
});
