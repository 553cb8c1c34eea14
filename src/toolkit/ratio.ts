/** What most objectives are made of: ratios of probabilities, their clipped use, estimates of a divergence. */
import * as tf from "@tensorflow/tfjs";
import { type Aggregation, aggregate, type CheckedBatch, masked, type PolicyBatch } from "./objective.ts";

/** Largest |log ratio| taken into exp: e^20 is finite in float32. As in verl; no gradient flows beyond it. */
export const LOG_RATIO_LIMIT = 20;

/** Cuts a log ratio to what exp can take. */
export function limited<T extends tf.Tensor>(logRatio: T): T {
  return tf.clipByValue(logRatio, -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT) as T;
}

/** log p - log p_old where the mask is 1, else 0. @returns [B, T], not limited */
export function logRatio({ logProbs, oldLogProbs, mask }: PolicyBatch): tf.Tensor2D {
  return masked(logProbs.sub(oldLogProbs), mask);
}

/** p / p_old of each token; 1 where the mask is 0. @returns [B, T] */
export function tokenRatio(batch: PolicyBatch): tf.Tensor2D {
  return limited(logRatio(batch)).exp();
}

/** Tokens of each row whose mask is 1, at least 1. @returns [B] */
export function lengths(mask: tf.Tensor2D): tf.Tensor1D {
  return mask.sum<tf.Tensor1D>(1).maximum(1);
}

/** Mean over a row's tokens of log p - log p_old; 0 for an empty row. @returns [B], not limited */
export function sequenceLogRatio(batch: PolicyBatch): tf.Tensor1D {
  return rowMean(logRatio(batch), batch.mask);
}

/** exp of the mean log-ratio of a row's tokens (arXiv:2507.18071, eq. 7); 1 for an empty row. @returns [B] */
export function sequenceRatio(batch: PolicyBatch): tf.Tensor1D {
  return limited(sequenceLogRatio(batch)).exp();
}

/** What a ratio is of: each token, or a completion, as the geometric mean of its tokens' ratios. */
export type RatioLevel = "token" | "sequence";

/** Both, for checks of options. */
export const RATIO_LEVELS: readonly RatioLevel[] = ["token", "sequence"];

/** The ratio of each token, or of its row; what stands where the mask is 0 means nothing. @returns [B, T] */
export function ratioAt(batch: PolicyBatch, level: RatioLevel): tf.Tensor2D {
  return level === "token" ? tokenRatio(batch) : overTokens(sequenceRatio(batch), batch.mask);
}

/** Gives every token its row's number. @param perRow [B] @returns [B, T] */
export function overTokens(perRow: tf.Tensor1D, mask: tf.Tensor2D): tf.Tensor2D {
  return perRow.reshape([mask.shape[0], 1]).mul(tf.onesLike(mask));
}

/** Mean of the numbers of a row's trained tokens; 0 for an empty row. @returns [B] */
export function rowMean(values: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor1D {
  return masked(values, mask).sum<tf.Tensor1D>(1).div(lengths(mask));
}

/** Shares on which the clip acts, where the minimum takes its side. Ratio and advantages of one shape. 0 or 1 each. */
export function clipSides<T extends tf.Tensor>(
  ratio: T,
  advantages: T,
  { clipLow, clipHigh }: Pick<ClipRange, "clipLow" | "clipHigh">,
): { readonly low: T; readonly high: T } {
  const low = ratio.less(1 - clipLow).logicalAnd(advantages.less(0));
  const high = ratio.greater(1 + clipHigh).logicalAnd(advantages.greater(0));
  return { low: low.cast("float32") as T, high: high.cast("float32") as T };
}

export interface ClipRange {
  /** The ratio is used down to 1 - clipLow ... */
  readonly clipLow: number;
  /** ... and up to 1 + clipHigh. */
  readonly clipHigh: number;
  /** Bound c > 1 of the loss where the advantage is negative, as a multiple of it (arXiv:1912.09729). Default: none. */
  readonly dualClip?: number | undefined;
  /** Largest ratio that is used where the clip above does not act, so where A < 0 (arXiv:2505.07291). Default: none. */
  readonly twoSidedClip?: number | undefined;
}

/**
 * PPO's clipped gain, to be maximised (arXiv:1707.06347, eq. 7): min(r A, clip(r) A); with a two-sided clip, r is at most
 * delta on the left; with a dual clip, the gain is at least c A where A < 0. Ratio and advantages have one shape.
 */
export function clippedGain<T extends tf.Tensor>(ratio: T, advantages: T, range: ClipRange): T {
  const { clipLow, clipHigh, dualClip, twoSidedClip } = range;
  const left = twoSidedClip === undefined ? ratio : ratio.minimum(twoSidedClip);
  const gain = tf.minimum(left.mul(advantages), ratio.clipByValue(1 - clipLow, 1 + clipHigh).mul(advantages)) as T;
  if (dualClip === undefined) return gain;
  return tf.where(advantages.less(0), tf.maximum(gain, advantages.mul(dualClip)), gain) as T;
}

/**
 * REINFORCE with a weight on each token: -mean of w A log p. No gradient flows through w.
 *
 * @param weights [B, T]; what stands where the mask is 0 is not read
 */
export function weightedLikelihood(batch: CheckedBatch, weights: tf.Tensor2D, aggregation: Aggregation): tf.Scalar {
  const { logProbs, advantages, mask } = batch;
  const weight = masked(stopGradient(weights), mask).mul(masked(advantages, mask)); // [B, T]
  return aggregate(weight.mul(masked(logProbs, mask)), batch, aggregation)
    .neg()
    .asScalar();
}

/** Estimates of KL(policy, reference) from single tokens: Schulman 2020, "Approximating KL divergence". */
export type KlEstimator = "k1" | "k2" | "k3";

/**
 * With d = log p_ref - log p, limited: k1 = -d (unbiased, of either sign), k2 = d^2 / 2 (low variance, its gradient is
 * that of the KL), k3 = e^d - d - 1 (unbiased, never below 0). Log-probs may hold anything where the mask is 0.
 *
 * @returns [B, T], 0 where the mask is 0
 */
export function klDivergence(
  { logProbs, mask }: Pick<PolicyBatch, "logProbs" | "mask">,
  referenceLogProbs: tf.Tensor2D,
  estimator: KlEstimator = "k3",
): tf.Tensor2D {
  const d = limited(masked(referenceLogProbs.sub(logProbs), mask)); // [B, T]
  switch (estimator) {
    case "k1":
      return d.neg();
    case "k2":
      return d.square().div(2);
    case "k3":
      return d.exp().sub<tf.Tensor2D>(d).sub(1);
    default:
      return estimator satisfies never;
  }
}

/** The same numbers, through which no gradient flows. */
export function stopGradient<T extends tf.Tensor>(values: T): T {
  return tf.customGrad((x) => ({ value: (x as tf.Tensor).clone(), gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor) }))(
    values,
  ) as T;
}

/** What a function makes of a tensor, taken as constant: it may use operations that have no gradient, such as a sort. */
export function constantOf<T extends tf.Tensor, R extends tf.Tensor>(values: T, of: (values: T) => R): R {
  return tf.customGrad((x) => ({
    value: of(x as T),
    gradFunc: () => tf.zerosLike(values),
  }))(values) as R;
}
