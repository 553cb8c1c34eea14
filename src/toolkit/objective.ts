/**
 * Objective seam: the loss, a differentiable function of the policy's log-probs, written with TensorFlow.js operations.
 * It runs eagerly on any backend and is compiled together with the policy in training.
 *
 * A step's rows may come in several micro-batches. So that their number changes no result, a loss is a sum over rows or
 * tokens divided by the *step's* totals, which come with every micro-batch: the micro-batches' losses, gradients and
 * metrics then simply add up.
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "./refuse.ts";

/** What the trainer has to work out for an objective; it works out nothing else. */
export interface ObjectiveNeeds {
  /** Log-probs of the same tokens under the policy that the run started from. */
  readonly referenceLogProbs?: boolean;
  /** Entropy of the policy at each position: as a number, or as something the gradient flows through. */
  readonly entropy?: "value" | "gradient";
}

/** The step's sums that a micro-batch's share is taken of. */
export interface BatchTotals {
  /** Completions in the step. */
  readonly rows: tf.Scalar;
  /** Tokens in the step whose mask is 1. */
  readonly tokens: tf.Scalar;
  /** Longest completion the run allows, in tokens. */
  readonly maxTokens: tf.Scalar;
}

/**
 * What an objective may read. B rows, T positions; log-probs and entropies in nats, at the temperature of sampling; padding
 * may hold anything.
 */
export interface PolicyBatch {
  /** Of the policy being trained: the gradient flows through these. */
  readonly logProbs: tf.Tensor2D; // [B, T]
  /** Of the policy as it was when it sampled the step's completions. */
  readonly oldLogProbs: tf.Tensor2D; // [B, T]
  /** Under the distribution sampled from (temperature, top-k ... applied). */
  readonly sampleLogProbs?: tf.Tensor2D; // [B, T]
  /** There when the objective needs them. */
  readonly referenceLogProbs?: tf.Tensor2D; // [B, T]
  /** There when the objective needs them. */
  readonly entropies?: tf.Tensor2D; // [B, T]
  readonly advantages: tf.Tensor2D; // [B, T]
  /** 1 where a token is trained on. */
  readonly mask: tf.Tensor2D; // [B, T]
  /** Reward of each row; 0 where it was not scored. */
  readonly rewards?: tf.Tensor1D; // [B]
  /** Of the whole step; where undefined the batch is the whole step and T its longest completion. */
  readonly totals?: BatchTotals;
}

export interface ObjectiveResult {
  readonly loss: tf.Scalar;
  /** This micro-batch's share of the step's figures. */
  readonly metrics: Readonly<Record<string, tf.Scalar>>;
}

export interface Objective {
  readonly needs: ObjectiveNeeds;
  loss(batch: PolicyBatch): ObjectiveResult;
}

/**
 * Checks that the columns agree in shape (broadcasting would hide a mistake) and fills in the totals.
 *
 * @param where the objective's name, for the message
 */
export function checkBatch<B extends PolicyBatch>(where: string, batch: B): B & { readonly totals: BatchTotals } {
  const shape = batch.logProbs.shape;
  if (shape.length !== 2) refuse(where, `logProbs has shape [${shape}]`, "pass [rows, tokens]");
  const columns = { ...batch } as const;
  for (const name of [
    "oldLogProbs",
    "sampleLogProbs",
    "referenceLogProbs",
    "entropies",
    "advantages",
    "mask",
  ] as const) {
    const column: tf.Tensor2D | undefined = columns[name];
    if (column === undefined || (column.shape[0] === shape[0] && column.shape[1] === shape[1])) continue;
    refuse(where, `${name} has shape [${column.shape}], logProbs [${shape}]`, "pass one number per token in both");
  }
  return { ...batch, totals: batch.totals ?? ownTotals(batch.mask) };
}

function ownTotals(mask: tf.Tensor2D): BatchTotals {
  const [rows, maxTokens] = mask.shape;
  return { rows: tf.scalar(rows), tokens: mask.sum().asScalar(), maxTokens: tf.scalar(maxTokens) };
}

/** Sets what is not trained on to 0, before any arithmetic: a mask multiplied in later would keep 0 x NaN. */
export function masked(values: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
  return tf.where(mask.greater(0), values, 0); // [B, T]
}

/** How tokens are averaged. */
export type Aggregation =
  /** Mean over a completion's tokens, then over completions: every completion weighs the same. */
  | "seq-mean-token-mean"
  /** Mean over all tokens of the step: every token weighs the same. */
  | "token-mean"
  /** Sum over a completion's tokens divided by the longest length allowed, then mean over completions. */
  | "constant";

/** The share of the step's mean that a micro-batch's tokens make. `values` is 0 wherever the mask is. */
export function aggregate(
  values: tf.Tensor2D,
  batch: Pick<PolicyBatch, "mask"> & { readonly totals: BatchTotals },
  how: Aggregation,
): tf.Scalar {
  const { rows, tokens, maxTokens } = batch.totals;
  switch (how) {
    case "seq-mean-token-mean": {
      const length = batch.mask.sum(1).maximum(1); // [B]
      return values.sum(1).div(length).sum().div(rows).asScalar();
    }
    case "token-mean":
      return values.sum().div(tokens.maximum(1)).asScalar();
    case "constant":
      return values.sum().div(rows.mul(maxTokens)).asScalar();
    default:
      return how satisfies never;
  }
}
