/** Gradients of single problems, and how they stand to each other. */
import * as tf from "@tensorflow/tfjs";
import { gradientStep } from "../jit/gradient-step.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { inSlices, type Sliced } from "../linear/slices.ts";
import type { Policy } from "../policy/policy.ts";
import { scoreTokens } from "../policy/score.ts";
import { progressReporter } from "../progress.ts";
import { refuse } from "../refuse.ts";
import { type Continuation, encodeSequences } from "./sequences.ts";

/** A right answer to a problem; several may have one id. */
export interface Answer extends Continuation {
  readonly id: string;
  /** Factor on its log-likelihood, such as an advantage. Default 1. */
  readonly weight?: number;
}

/** Inner products of the problems' gradients; `negativeInterference` takes it as `gradients`. */
export interface GradientGram {
  /** Problems in order of appearance. */
  readonly ids: readonly string[];
  /** [M, M] g_i · g_j over all weights. */
  readonly gram: Float64Array;
  /** [M] Σ weight · log π(completion, end token | prompt), nats: what the gradients are of. */
  readonly logLikelihoods: Float64Array;
}

interface GradientBatch {
  readonly ids: HostTensor;
  readonly weights: HostTensor;
}

/** Gradients held at once, in numbers: 2 GiB of float32. */
const MOST_NUMBERS = 2 ** 29;

/**
 * Exact gradient of each problem's log-likelihood with respect to all weights, and all inner products. Holds every gradient in memory:
 * for policies of some million weights and tens of problems.
 *
 * @throws UsageError when there is no answer, or the gradients do not fit in 2 GiB
 */
export async function gradientAlignment(policy: Policy, answers: readonly Answer[]): Promise<GradientGram> {
  const ids = [...new Set(answers.map(({ id }) => id))];
  const size = policy.parameters.count;
  if (ids.length * size > MOST_NUMBERS) {
    const most = Math.floor(MOST_NUMBERS / size);
    refuse("gradientAlignment", `${ids.length} gradients of ${size} weights`, `pass at most ${most} problems`);
  }
  const step = gradientStep(logLikelihoodLoss(policy), {
    parameters: policy.parameters,
    optimizer: {},
    name: "gradientAlignment",
  });
  const report = progressReporter({ task: "gradients", total: ids.length, unit: "problems" });
  const batches = problemBatches(policy, answers, ids);
  const gradients: Float32Array[] = [];
  const logLikelihoods = new Float64Array(ids.length);
  for (const [i, batch] of batches.entries()) {
    report(i);
    const { loss, gradients: found } = await step.gradients(batch);
    logLikelihoods[i] = -loss;
    gradients.push(flatten(found, policy.parameters.shapes, size));
  }
  report(ids.length);
  return { ids, gram: await inSlices(gramMatrix(gradients)), logLikelihoods };
}

/** −Σ weight · log π over a problem's tokens. */
function logLikelihoodLoss({ config }: Policy) {
  return (
    p: Record<string, tf.Tensor>,
    { ids, weights }: { readonly ids: tf.Tensor2D; readonly weights: tf.Tensor2D },
  ): { loss: tf.Scalar } => {
    const { logProbs } = scoreTokens(p, ids, config); // [B, T]
    const weighted = tf.where(weights.notEqual(0), logProbs, 0).mul(weights); // [B, T]
    return { loss: weighted.sum().neg().asScalar() };
  };
}

/** One batch a problem, all of one shape: missing rows repeat another one with weight 0. */
function problemBatches(policy: Policy, answers: readonly Answer[], ids: readonly string[]): GradientBatch[] {
  const sequences = encodeSequences(policy.tokenizer, answers);
  const { width } = sequences;
  const rowsOf = ids.map((id) => answers.flatMap((answer, row) => (answer.id === id ? [row] : [])));
  const most = rowsOf.reduce((longest, rows) => Math.max(longest, rows.length), 0);
  return rowsOf.map((rows) => {
    const tokens = new Int32Array(most * width);
    const weights = new Float32Array(most * (width - 1));
    for (let b = 0; b < most; b++) {
      const row = rows[b] ?? rows[0] ?? 0;
      tokens.set(sequences.ids.subarray(row * width, (row + 1) * width), b * width);
      if (b >= rows.length) continue;
      const marked = sequences.mask.subarray(row * (width - 1), (row + 1) * (width - 1));
      const weight = answers[row]?.weight ?? 1;
      weights.set(
        marked.map((value) => value * weight),
        b * (width - 1),
      );
    }
    return {
      ids: { data: tokens, shape: [most, width] },
      weights: { data: weights, shape: [most, width - 1] },
    };
  });
}

/** All gradients in one array, in the order of the weights; a weight without one has gradient 0. */
function flatten(
  gradients: Readonly<Record<string, HostTensor>>,
  shapes: Readonly<Record<string, readonly number[]>>,
  size: number,
): Float32Array {
  const flat = new Float32Array(size);
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const found = gradients[name];
    if (found !== undefined) flat.set(found.data, at);
    at += shape.reduce((product, length) => product * length, 1);
  }
  return flat;
}

function* gramMatrix(gradients: readonly Float32Array[]): Sliced<Float64Array> {
  const m = gradients.length;
  const gram = new Float64Array(m * m);
  for (const [i, a] of gradients.entries()) {
    for (let j = 0; j <= i; j++) {
      const product = dot(a, gradients[j] ?? a);
      gram[i * m + j] = product;
      gram[j * m + i] = product;
      yield 2 * a.length;
    }
  }
  return gram;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
