/**
 * Supervised pre-training on a task's demonstrations: makes the base policy of an experiment, one that knows the format
 * and is right some of the time. Kept in a cache by content, so that it is made once.
 */
import type * as tf from "@tensorflow/tfjs";
import { type AdamWOptions, adamWSettings } from "../jit/adamw.ts";
import type { Batch } from "../jit/batch.ts";
import { gradientStep } from "../jit/gradient-step.ts";
import { cosine } from "../jit/schedules.ts";
import { masked } from "../objective.ts";
import { checkOptions, type OptionRule } from "../options.ts";
import { configOf } from "../policy/config.ts";
import { parameterShapes } from "../policy/parameters.ts";
import { Policy } from "../policy/policy.ts";
import { scoreTokens } from "../policy/score.ts";
import { charTokenizer, type Tokenizer } from "../policy/tokenizer.ts";
import { progressReporter } from "../progress.ts";
import type { Task } from "../tasks/task.ts";
import { contentKey, defaultCacheFolder, fromCache, runtimeVersion, toCache } from "./cache.ts";
import { type BatchShape, pickRows } from "./columns.ts";
import { batchRows, type Examples, makeExamples } from "./examples.ts";

export interface PretrainOptions {
  readonly task: Task;
  /** Default "nano". */
  readonly size?: "nano" | "micro";
  /** Of initial weights, problems, demonstrations and batches. Default 0. */
  readonly seed?: number;
  /** Levels of the problems, in equal shares. Default: the task's last alone. */
  readonly levels?: readonly number[];
  /** Distinct problems demonstrated, over all levels. Default 8192; fewer where the task has no more. */
  readonly problems?: number;
  /**
   * Share of demonstrations with a mistake carried through: the policy learns to err about that often, which leaves
   * reinforcement something to do. Default 0.6.
   */
  readonly flawedShare?: number;
  /** Default 1000: about 40 s for nano on two cores. At 700 one seed in three is left with half-learned sums. */
  readonly steps?: number;
  /** Demonstrations per step. Default 32: twice the steps teach nano more than twice the batch. */
  readonly batch?: number;
  /**
   * Highest learning rate, reached after warm-up and followed by half a cosine. Default 2e-3: at 4e-3 nano's sums stay
   * wrong one time in four, at 1.5e-3 they are learned a little later.
   */
  readonly learningRate?: number;
  /** Steps over which the rate rises from 0. Default: a twentieth of the steps. */
  readonly warmup?: number;
  /** Default 1. */
  readonly maxGradNorm?: number;
  /** Default beta2: 0.98, some steps longer than AdamW's own default here: batches are small. */
  readonly optimizer?: AdamWOptions;
  /** Where finished policies are kept. Default `$XDG_CACHE_HOME/rlvr-lab`, or `~/.cache/rlvr-lab`. */
  readonly cacheFolder?: string;
  /** Default true: the cache is read and written. */
  readonly cache?: boolean;
}

const RULES: Readonly<Record<keyof PretrainOptions, OptionRule>> = {
  task: { kind: "object", required: true },
  size: { kind: "either", values: ["nano", "micro"] },
  seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
  levels: { kind: "array" },
  problems: { kind: "integer", min: 1 },
  flawedShare: { kind: "number", min: 0, max: 1 },
  steps: { kind: "integer", min: 1 },
  batch: { kind: "integer", min: 1 },
  learningRate: { kind: "number", above: 0 },
  warmup: { kind: "integer", min: 0 },
  maxGradNorm: { kind: "number", above: 0 },
  optimizer: { kind: "object" },
  cacheFolder: { kind: "string" },
  cache: { kind: "boolean" },
};

interface Settings extends Omit<Required<PretrainOptions>, "levels" | "optimizer"> {
  readonly levels: readonly number[];
  readonly optimizer: AdamWOptions;
}

/**
 * Makes a policy that imitates the task's demonstrations, or takes it from the cache.
 *
 * @throws UsageError for an unknown option, or one of the wrong type or range
 */
export async function pretrain(options: PretrainOptions): Promise<Policy> {
  const settings = settle(options);
  const { task, size, seed, cacheFolder, cache } = settings;
  const tokenizer = charTokenizer(task.alphabet);
  const examples = await makeExamples({ ...settings, tokenizer });
  const make = async (): Promise<Policy> => {
    const policy = await Policy.create({ size, tokenizer, seed });
    await imitate(policy, examples, settings);
    return policy;
  };
  if (!cache) return make();
  const content = contentOf(settings, tokenizer, examples);
  const key = contentKey(content);
  const known = await fromCache(cacheFolder, key);
  if (known) return known;
  const policy = await make();
  await toCache(cacheFolder, key, policy, content);
  return policy;
}

/** What decides the weights, beside the code; `optimizer.decays` by what it says of each parameter. */
function contentOf(settings: Settings, tokenizer: Tokenizer, examples: Examples): Record<string, unknown> {
  const { cacheFolder: _folder, cache: _cache, task, ...rest } = settings;
  const shapes = parameterShapes(configOf(settings.size, tokenizer));
  return {
    task: { name: task.name, settings: task.settings },
    ...rest,
    optimizer: adamWSettings(settings.optimizer, shapes),
    examples: examples.digest,
    onnxruntime: runtimeVersion(),
  };
}

function settle(options: PretrainOptions): Settings {
  checkOptions("pretrain", options, RULES);
  const { task, steps = 1000 } = options;
  return {
    task,
    size: options.size ?? "nano",
    seed: options.seed ?? 0,
    levels: options.levels ?? task.levels.slice(-1),
    problems: options.problems ?? 8192,
    flawedShare: options.flawedShare ?? 0.6,
    steps,
    batch: options.batch ?? 32,
    learningRate: options.learningRate ?? 2e-3,
    warmup: options.warmup ?? Math.ceil(steps / 20),
    maxGradNorm: options.maxGradNorm ?? 1,
    optimizer: { beta2: 0.98, ...options.optimizer },
    cacheFolder: options.cacheFolder ?? defaultCacheFolder(),
    cache: options.cache ?? true,
  };
}

interface SupervisedBatch {
  readonly ids: tf.Tensor2D; // [B, T + 1] int32
  readonly mask: tf.Tensor2D; // [B, T]
  /** Tokens in the batch whose mask is 1. */
  readonly tokens: tf.Scalar;
}

/** Gradient descent on the mean negative log-likelihood of the demonstrations' tokens, prompts left out. */
async function imitate(policy: Policy, examples: Examples, settings: Settings): Promise<void> {
  const { steps, batch, warmup, maxGradNorm, optimizer, task, seed } = settings;
  const shape: BatchShape = { rows: batch, tokens: examples.tokens };
  const graph = gradientStep(
    (parameters: Record<string, tf.Tensor>, { ids, mask, tokens }: SupervisedBatch) => {
      const { logProbs } = scoreTokens(parameters, ids, policy.config);
      return { loss: masked(logProbs, mask).sum().div(tokens).neg() };
    },
    { parameters: policy.parameters, optimizer, name: "pretrain" },
  );
  const rate = cosine(settings.learningRate, { steps, warmupSteps: warmup });
  const report = progressReporter({ task: `pretrain ${task.name}`, total: steps, unit: "steps" });
  for (let step = 0; step < steps; step++) {
    const rows = batchRows(examples.rows, batch, { seed, step });
    const { loss } = await graph.accumulate(supervisedBatch(examples, rows, shape));
    if (!Number.isFinite(loss)) throw new Error(`pretrain: the loss is ${loss} at step ${step}; lower learningRate.`);
    await graph.apply({ learningRate: rate(step), maxGradNorm });
    report(step + 1, { loss });
  }
  await graph.dispose();
}

function supervisedBatch(
  examples: Examples,
  rows: readonly number[],
  { rows: height, tokens }: BatchShape,
): Batch<SupervisedBatch> {
  const mask = pickRows({ data: examples.mask, width: examples.tokens }, rows, [height, tokens], 0);
  let count = 0;
  for (const value of mask.data) count += value;
  return {
    ids: pickRows({ data: examples.ids, width: examples.tokens + 1 }, rows, [height, tokens + 1], 0),
    mask,
    tokens: { data: Float32Array.of(count), shape: [] },
  };
}
