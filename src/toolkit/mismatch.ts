/**
 * Mismatch of sampler and learner: the completions were drawn from one distribution (another engine, another precision,
 * older weights), the old log-probs are the learner's. A correction weighs tokens by p_old / p_sampler, in some form.
 *
 * Weights scale the advantages that the objective sees. Losses that are proportional to the advantage of a token (all of
 * PPO's kind, CISPO, SAPO, REINFORCE ...) are so multiplied by the weight; a KL or entropy term is left as it is, and so is
 * every divisor. No weight is negative.
 */
import * as tf from "@tensorflow/tfjs";
import {
  aggregate,
  type CheckedBatch,
  checkBatch,
  joinNeeds,
  masked,
  type Objective,
  type ObjectiveNeeds,
  required,
} from "./objective.ts";
import { limited, overTokens, rowMean } from "./ratio.ts";

/** Whose ratio: each token's; the whole completion's, a product; or the mean of a completion's tokens, geometrically. */
export type MismatchLevel = "token" | "sequence" | "geometric";

/** All of them, for checks of options. */
export const MISMATCH_LEVELS: readonly MismatchLevel[] = ["token", "sequence", "geometric"];

/**
 * log p_old - log p_sampler; 0 where the mask is 0, and where the author of a token is unknown (NaN): no correction.
 *
 * @returns [B, T]
 * @throws UsageError when the batch has no sampleLogProbs
 */
export function mismatchLogRatio(where: string, batch: CheckedBatch): tf.Tensor2D {
  const sampler = required(where, batch, "sampleLogProbs"); // [B, T]
  const known = tf.where(sampler.isNaN(), 0, batch.mask) as tf.Tensor2D; // [B, T]
  return masked(batch.oldLogProbs.sub(sampler), known);
}

/** p_old / p_sampler at a level, spread over the tokens; 1 for an empty row. @returns [B, T] */
export function mismatchRatio(where: string, batch: CheckedBatch, level: MismatchLevel): tf.Tensor2D {
  const logs = mismatchLogRatio(where, batch); // [B, T]
  switch (level) {
    case "token":
      return limited(logs).exp();
    case "sequence":
      return overTokens(limited(logs.sum<tf.Tensor1D>(1)).exp(), batch.mask);
    case "geometric":
      return overTokens(limited(rowMean(logs, batch.mask)).exp(), batch.mask);
    default:
      return level satisfies never;
  }
}

/** What stays, and with which weight. */
export interface Band {
  readonly level: MismatchLevel;
  readonly lower: number;
  readonly upper: number;
  /** The ratio that was judged, the token's own, or 1. */
  readonly weight: "ratio" | "token" | "one";
}

/** The weight of tokens whose ratio, at the level, is within the band; 0 for the others. @returns [B, T] */
export function bandWeights(where: string, batch: CheckedBatch, { level, lower, upper, weight }: Band): tf.Tensor2D {
  const judged = mismatchRatio(where, batch, level); // [B, T]
  const stays = judged.greaterEqual(lower).logicalAnd(judged.lessEqual(upper)); // [B, T]
  if (weight === "one") return stays.cast("float32") as tf.Tensor2D;
  return tf.where(stays, weight === "ratio" ? judged : mismatchRatio(where, batch, "token"), 0) as tf.Tensor2D;
}

export interface Weighting {
  /** Name of the method, for messages and figures. */
  readonly name: string;
  /** Of each token, 0 or more, without gradient. @returns [B, T] */
  readonly weights: (batch: CheckedBatch) => tf.Tensor2D;
  readonly needs?: ObjectiveNeeds;
}

/** The objective with every token's advantage times its weight; the mean weight is a figure of the step. */
export function weightedObjective(inner: Objective, { name, weights, needs }: Weighting): Objective {
  return {
    needs: needs === undefined ? inner.needs : joinNeeds(inner.needs, needs),
    loss(batch) {
      const checked = checkBatch(name, batch);
      const weight = masked(weights(checked), checked.mask); // [B, T]
      const advantages = weight.mul<tf.Tensor2D>(masked(checked.advantages, checked.mask)); // [B, T]
      const { loss, metrics } = inner.loss({ ...batch, advantages });
      return { loss, metrics: { ...metrics, [`${name}/weight_mean`]: aggregate(weight, checked, "token-mean") } };
    },
  };
}
