/** Micro-batches: a step's rows cut to the compiled shape, and what the loss makes of them inside. */
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../jit/batch.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { BatchTotals } from "../objective.ts";
import type { Rollouts } from "../rollout.ts";
import type { StepColumns } from "../runs/run-folder.ts";
import { type BatchShape, pickRows } from "./columns.ts";

/** A micro-batch as the loss sees it. */
export interface MicroBatch {
  readonly ids: tf.Tensor2D; // [B, T + 1] int32
  readonly oldLogProbs: tf.Tensor2D; // [B, T]
  readonly sampleLogProbs: tf.Tensor2D; // [B, T]
  readonly referenceLogProbs?: tf.Tensor2D; // [B, T]
  readonly advantages: tf.Tensor2D; // [B, T]
  readonly mask: tf.Tensor2D; // [B, T]
  readonly rewards: tf.Tensor1D; // [B]
  readonly totals: BatchTotals;
}

/** A step's columns, with the reference's log-probs where the objective needs them. */
export interface LearnColumns extends StepColumns {
  readonly referenceLogProbs?: Float32Array; // [B, T] of the rollouts' width
}

interface Totals {
  readonly rows: number;
  readonly tokens: number;
  readonly maxTokens: number;
}

export function totalsOf({ rollouts, advantages }: LearnColumns, rows: readonly number[], maxTokens: number): Totals {
  const [mask, width] = [advantages.mask ?? rollouts.mask, rollouts.width - 1];
  let tokens = 0;
  for (const row of rows) {
    for (let t = row * width; t < (row + 1) * width; t++) tokens += mask[t] ?? 0;
  }
  return { rows: rows.length, tokens, maxTokens };
}

/**
 * Log-probs of a step's tokens under the policy that sampled them, at the temperature of sampling, [B, T]. At a
 * temperature other than 1 the sampler has them where it cut nothing off; elsewhere the identity proof fails.
 */
export function oldLogProbs(rollouts: Rollouts, temperature: number): Float32Array {
  return temperature === 1 ? rollouts.policyLogProbs : rollouts.sampleLogProbs;
}

/** What every micro-batch of an update has in common. */
export interface Cut {
  readonly shape: BatchShape;
  readonly totals: Totals;
  /** Of sampling. */
  readonly temperature: number;
}

export function microBatch(
  { rollouts, rewards, advantages, referenceLogProbs }: LearnColumns,
  rows: readonly number[],
  { shape, totals, temperature }: Cut,
): Batch<MicroBatch> {
  const perToken = (data: Float32Array): HostTensor =>
    pickRows({ data, width: rollouts.width - 1 }, rows, [shape.rows, shape.tokens], 0);
  const rewardsOrZero = rewards.values.map((value) => (Number.isNaN(value) ? 0 : value));
  return {
    ids: pickRows({ data: rollouts.ids, width: rollouts.width }, rows, [shape.rows, shape.tokens + 1], 0),
    oldLogProbs: perToken(oldLogProbs(rollouts, temperature)),
    sampleLogProbs: perToken(rollouts.sampleLogProbs),
    ...(referenceLogProbs && { referenceLogProbs: perToken(referenceLogProbs) }),
    advantages: perToken(advantages.perToken),
    mask: perToken(advantages.mask ?? rollouts.mask),
    rewards: { data: pickRows({ data: rewardsOrZero, width: 1 }, rows, [shape.rows, 1], 0).data, shape: [shape.rows] },
    totals: { rows: scalar(totals.rows), tokens: scalar(totals.tokens), maxTokens: scalar(totals.maxTokens) },
  };
}

/** A micro-batch of the run's shape without content, to compile with. */
export function emptyBatch({ rows, tokens }: BatchShape, reference: boolean): Batch<MicroBatch> {
  const perToken = (): HostTensor => ({ data: new Float32Array(rows * tokens), shape: [rows, tokens] });
  return {
    ids: { data: new Int32Array(rows * (tokens + 1)), shape: [rows, tokens + 1] },
    oldLogProbs: perToken(),
    sampleLogProbs: perToken(),
    ...(reference && { referenceLogProbs: perToken() }),
    advantages: perToken(),
    mask: perToken(),
    rewards: { data: new Float32Array(rows), shape: [rows] },
    totals: { rows: scalar(1), tokens: scalar(1), maxTokens: scalar(1) },
  };
}

function scalar(value: number): HostTensor {
  return { data: Float32Array.of(value), shape: [] };
}

/** The same numbers, through which no gradient flows. */
export function stopGradient(values: tf.Tensor2D): tf.Tensor2D {
  return tf.customGrad((x) => ({ value: (x as tf.Tensor).clone(), gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor) }))(
    values,
  ) as tf.Tensor2D;
}
