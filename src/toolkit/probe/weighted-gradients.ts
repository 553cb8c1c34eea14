/** Gradients of weighted sums of log-probs: one for each of several sets of rows, through one compiled graph. */
import * as tf from "@tensorflow/tfjs";
import { type GradientStep, gradientStep } from "../jit/gradient-step.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Policy } from "../policy/policy.ts";
import { scoreTokens } from "../policy/score.ts";
import { chunks } from "../train/columns.ts";
import type { Sequences } from "./sequences.ts";

/** Rows of sequences, with the weight of each token in place of a mask. */
export interface WeightedSequences extends Pick<Sequences, "rows" | "width" | "ids"> {
  readonly weights: Float32Array; // [B, T]
}

interface GradientBatch {
  readonly ids: HostTensor;
  readonly weights: HostTensor;
}

/** Positions computed at once. */
const POSITIONS = 4096;

/**
 * Σ weights · log π of some rows of the sequences, and its gradient, for one set of rows after the other.
 *
 * @param sets rows of each
 * @param temperature divides the logits
 * @yields the value in nats, and the gradient flat, in the order of the policy's weights; a weight without one has 0
 */
export async function* weightedGradients(
  policy: Policy,
  sequences: WeightedSequences,
  sets: readonly (readonly number[])[],
  { temperature = 1, name }: { readonly temperature?: number; readonly name: string },
): AsyncGenerator<{ readonly value: number; readonly gradient: Float32Array }, void, undefined> {
  const most = sets.reduce((longest, rows) => Math.max(longest, rows.length), 1);
  const height = Math.min(most, Math.max(1, Math.floor(POSITIONS / (sequences.width - 1))));
  const step = gradientStep(weightedLoss(policy, temperature), { parameters: policy.parameters, optimizer: {}, name });
  for (const rows of sets)
    yield await sumOfPieces(
      policy,
      step,
      chunks(rows, height).map((some) => batchOf(sequences, some, height)),
    );
}

async function sumOfPieces(
  { parameters }: Policy,
  step: GradientStep<{ readonly ids: tf.Tensor2D; readonly weights: tf.Tensor2D }>,
  pieces: readonly GradientBatch[],
): Promise<{ readonly value: number; readonly gradient: Float32Array }> {
  const gradient = new Float32Array(parameters.count);
  let value = 0;
  for (const piece of pieces) {
    const { loss, gradients } = await step.gradients(piece);
    value -= loss;
    let at = 0;
    for (const [name, shape] of Object.entries(parameters.shapes)) {
      const found = gradients[name]?.data ?? [];
      for (let i = 0; i < found.length; i++) gradient[at + i] = (gradient[at + i] ?? 0) - (found[i] ?? 0);
      at += shape.reduce((product, length) => product * length, 1);
    }
  }
  return { value, gradient };
}

/** −Σ weight · log π over all tokens. */
function weightedLoss({ config }: Policy, temperature: number) {
  return (
    p: Record<string, tf.Tensor>,
    { ids, weights }: { readonly ids: tf.Tensor2D; readonly weights: tf.Tensor2D },
  ): { loss: tf.Scalar } => {
    const { logProbs } = scoreTokens(p, ids, config, temperature); // [B, T]
    const weighted = tf.where(weights.notEqual(0), logProbs, 0).mul(weights); // [B, T]
    return { loss: weighted.sum().neg().asScalar() };
  };
}

/** Some rows in one shape: missing rows repeat the first with weight 0. */
function batchOf({ ids, weights, width }: WeightedSequences, rows: readonly number[], height: number): GradientBatch {
  const tokens = new Int32Array(height * width);
  const factors = new Float32Array(height * (width - 1));
  for (let b = 0; b < height; b++) {
    const row = rows[b] ?? rows[0] ?? 0;
    tokens.set(ids.subarray(row * width, (row + 1) * width), b * width);
    if (b < rows.length) factors.set(weights.subarray(row * (width - 1), (row + 1) * (width - 1)), b * (width - 1));
  }
  return { ids: { data: tokens, shape: [height, width] }, weights: { data: factors, shape: [height, width - 1] } };
}

/** Σ a_i b_i over [from, to), in float64. */
export function dot(a: Float32Array, b: Float32Array, from = 0, to: number = a.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
