/**
 * What another algorithm would have made of a step: advantages, loss, weight of each token and direction of the gradient,
 * on completions that are there already. Nothing is sampled or verified, and no weight changes.
 */
import * as tf from "@tensorflow/tfjs";
import type { Advantages } from "../advantage.ts";
import { type Algorithm, type CompleteAlgorithm, complete } from "../algorithm.ts";
import { gradientStep } from "../jit/gradient-step.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { jit } from "../jit/jit.ts";
import { checkOptions, type OptionRule } from "../options.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import type { Rewards } from "../reward.ts";
import type { Rollouts } from "../rollout.ts";
import { openChecked } from "../seam-output.ts";
import type { Task } from "../tasks/task.ts";
import { tokensFor } from "./columns.ts";
import { lossOf } from "./loss.ts";
import { type Cut, type LearnColumns, type MicroBatch, microBatch, totalsOf } from "./micro-batch.ts";
import { createScoring, type Scoring } from "./scoring.ts";
import { microBatchRows } from "./split.ts";

/** A step's completions and their rewards: from a run in progress, or read back from its folder. */
export interface RewardedRollouts {
  readonly rollouts: Rollouts;
  readonly rewards: Rewards;
  /** Which step of how many it was, for methods with a schedule. Default 0 of 1. */
  readonly step?: number;
  readonly steps?: number;
}

export interface RecomputeOptions {
  /** Whose loss and gradient: the policy that sampled, or one that has moved on since. */
  readonly policy: Policy;
  /** For algorithms that hold on to a reference. Default: `policy`. */
  readonly reference?: Policy;
  /** Of sampling. Default 1. */
  readonly temperature?: number;
  /** Longest completion of the run, for objectives that divide by it. Default: the longest there is. */
  readonly maxTokens?: number;
  /** Of the run, for methods that draw. Default 0. */
  readonly seed?: number;
  /** For methods whose advantages ask the task. */
  readonly task?: Task;
}

const RULES: Readonly<Record<keyof RecomputeOptions, OptionRule>> = {
  policy: { kind: "object", required: true },
  reference: { kind: "object" },
  temperature: { kind: "number", above: 0 },
  maxTokens: { kind: "integer", min: 1 },
  seed: { kind: "integer", min: 0 },
  task: { kind: "object" },
};

/** A step as an algorithm sees it. All columns are [B, T] of the rollouts' width. */
export interface Recomputed {
  readonly algorithm: string;
  readonly loss: number;
  /** Of advantages and objective. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly advantages: Float32Array;
  /** 1 where a token is trained on. */
  readonly mask: Float32Array;
  /** -dloss / dlog p of each token: how hard it is pushed up (above 0) or down. Terms in entropies or logits are not in it. */
  readonly tokenWeights: Float32Array;
  /** Of the loss, by name of the weight; a weight that the loss does not depend on is left out. */
  readonly gradient: Readonly<Record<string, HostTensor>>;
  readonly gradientNorm: number;
}

/** Positions computed at once. */
const POSITIONS = 4096;

/**
 * Recomputes a step under an algorithm.
 *
 *     const { tokenWeights } = await recompute(step, gspo(), { policy });
 *
 * @throws UsageError for an unknown option or one out of range, when there are no completions, when the algorithm needs a
 *   value head that the policy has not or columns that only its own rollout function makes, and what its seams refuse
 */
export async function recompute(
  step: RewardedRollouts,
  algorithm: Algorithm,
  options: RecomputeOptions,
): Promise<Recomputed> {
  checkOptions("recompute", options, RULES);
  const { policy, reference = policy, temperature = 1 } = options;
  const whole = complete(algorithm);
  const { needs } = whole.objective;
  const rollouts = withColumns(step.rollouts, whole);
  if (rollouts.rows === 0) refuse("recompute", "the step has no completions", "pass a step that sampled");
  if (needs.values === true && !policy.hasValueHead) {
    const remedy =
      "pass await policy.withValueHead(), whose values are 0 as at a run's first step, or Policy.load(checkpoint, { valueHead: true })";
    refuse("recompute", `${algorithm.name} needs a value head, which the policy has none of`, remedy);
  }
  const tokens = tokensFor(rollouts.width, 0);
  const scoring = createScoring({ algorithm: whole, policy, base: reference, temperature, tokens });
  const scored = await scoring.score(rollouts);
  const advantages = await advantagesOf({ ...step, rollouts }, whole, { ...options, scoring, ...scored });
  const columns = { rollouts, rewards: step.rewards, advantages, ...scored };
  checkColumns(whole, columns);
  const rows = Array.from({ length: rollouts.rows }, (_, b) => b);
  const longest = rollouts.completionLengths.reduce((most, length) => Math.max(most, length), 0);
  const totals = totalsOf(columns, rows, options.maxTokens ?? longest);
  const height = Math.min(rollouts.rows, Math.max(1, Math.floor(POSITIONS / tokens)));
  const pieces = microBatchRows(rollouts.group, rows, height, needs.together).map((some) => {
    const shape = { rows: Math.ceil(some.length / height) * height, tokens };
    const cut: Cut = { algorithm: whole, shape, totals, needs, vocabulary: policy.config.vocab_size };
    return { rows: some, batch: microBatch(columns, some, cut) };
  });
  const found = await differentiate(pieces, { policy, algorithm: whole, temperature }, columns);
  return {
    algorithm: algorithm.name,
    ...found,
    metrics: { ...advantages.metrics, ...found.metrics },
    advantages: advantages.perToken,
    mask: advantages.mask ?? rollouts.mask,
  };
}

/** The rollouts with the columns that the algorithm makes of those which others drew; what is there stays. */
function withColumns(rollouts: Rollouts, { rolloutColumns }: Algorithm): Rollouts {
  if (rolloutColumns === undefined || rollouts.rows === 0) return rollouts;
  return { ...rollouts, columns: { ...rolloutColumns(rollouts), ...rollouts.columns } };
}

/** Refuses what only the algorithm's own rollout function makes. */
function checkColumns(
  { name, objective }: CompleteAlgorithm,
  { rollouts, advantages, statistics }: LearnColumns,
): void {
  const there = { ...statistics, ...rollouts.columns, ...advantages.columns };
  const kinds = Object.entries(objective.needs.columns ?? {});
  const [missing, kind] = kinds.find(([column]) => there[column] === undefined) ?? [];
  if (missing === undefined) return;
  const remedy =
    kind === "vocabulary"
      ? "a run's folder does not keep a column of this width: pass the rollouts themselves"
      : `pass a step of a run of ${name}`;
  refuse("recompute", `the completions have no column "${missing}", which the rollout of ${name} makes`, remedy);
}

type AdvantageContext = RecomputeOptions &
  Pick<LearnColumns, "statistics"> & {
    readonly referenceStatistics: LearnColumns["statistics"];
    readonly scoring: Scoring;
  };

async function advantagesOf(
  { rollouts, rewards, step = 0, steps = 1 }: RewardedRollouts,
  algorithm: CompleteAlgorithm,
  { statistics, referenceStatistics, scoring, seed = 0, task }: AdvantageContext,
): Promise<Advantages> {
  return openChecked(algorithm, "advantage", { seam: algorithm.advantage }).next({
    ...{ rollouts, rewards, step, steps, statistics, referenceStatistics, seed, models: scoring.models },
    ...(task && { task }),
  });
}

interface Piece {
  readonly rows: readonly number[];
  readonly batch: ReturnType<typeof microBatch>;
}

/** Sums of the pieces' losses, metrics and gradients; token weights put back in their places. */
async function differentiate(
  pieces: readonly Piece[],
  how: Parameters<typeof lossOf>[2] & { readonly policy: Policy },
  { rollouts }: LearnColumns,
): Promise<Pick<Recomputed, "loss" | "metrics" | "gradient" | "gradientNorm" | "tokenWeights">> {
  const { policy, algorithm } = how;
  const loss = (weights: Record<string, tf.Tensor>, batch: MicroBatch) => lossOf(weights, batch, how);
  const graph = gradientStep(
    (weights: Record<string, tf.Tensor>, batch: MicroBatch) => {
      const { loss: value, metrics } = loss(weights, batch);
      return { loss: value, metrics };
    },
    { parameters: policy.parameters, optimizer: {}, name: algorithm.name },
  );
  const perToken = jit(
    (weights: Record<string, tf.Tensor>, batch: MicroBatch) =>
      tf.grad((nudge) => lossOf(weights, batch, how, nudge as tf.Tensor2D).loss)(tf.zerosLike(batch.mask)),
    { name: `${algorithm.name}, token weights` },
  );
  const sums = { loss: 0, metrics: new Map<string, number>(), gradient: {} as Record<string, HostTensor> };
  const width = rollouts.width - 1;
  const tokenWeights = new Float32Array(rollouts.rows * width);
  for (const { rows, batch } of pieces) {
    const found = await graph.gradients(batch);
    sums.loss += found.loss;
    for (const [name, { data }] of Object.entries(found.metrics)) {
      sums.metrics.set(name, (sums.metrics.get(name) ?? 0) + (data[0] ?? Number.NaN));
    }
    addGradients(sums.gradient, found.gradients);
    const pushed = await perToken(policy.parameters, batch);
    const values = await pushed.data<"float32">();
    const [, tokens = 0] = pushed.shape;
    pushed.dispose();
    for (const [i, b] of rows.entries()) {
      for (let t = 0; t < width; t++) tokenWeights[b * width + t] = -(values[i * tokens + t] ?? 0) || 0; // no -0
    }
  }
  const { loss: total, metrics, gradient } = sums;
  return { loss: total, metrics: Object.fromEntries(metrics), gradient, gradientNorm: norm(gradient), tokenWeights };
}

function addGradients(sum: Record<string, HostTensor>, more: Readonly<Record<string, HostTensor>>): void {
  for (const [name, { data, shape }] of Object.entries(more)) {
    const before = sum[name]?.data;
    sum[name] = { data: Float32Array.from(data, (value, i) => value + (before?.[i] ?? 0)), shape };
  }
}

function norm(gradient: Readonly<Record<string, HostTensor>>): number {
  let squares = 0;
  for (const { data } of Object.values(gradient)) {
    for (const value of data) squares += value * value;
  }
  return Math.sqrt(squares);
}
