/** Covariance of log-prob and advantage, token by token, and the tokens where it is largest. */
import * as tf from "@tensorflow/tfjs";
import { type CheckedBatch, masked } from "./objective.ts";

/**
 * (A - mean A) (log p - mean log p), means over the trained tokens; 0 where the mask is 0. Its mean is the covariance that
 * drives the entropy (arXiv:2505.22617, section 3.3). Needs all of an update's tokens.
 *
 * @returns [B, T]
 */
export function tokenCovariance({ logProbs, advantages, mask, totals }: CheckedBatch): tf.Tensor2D {
  const centred = (values: tf.Tensor2D): tf.Tensor2D => {
    const own = masked(values, mask); // [B, T]
    return own.sub(own.sum().div(totals.tokens.maximum(1)));
  };
  return masked(centred(logProbs).mul(centred(advantages)), mask);
}

/**
 * The trained tokens of largest value: of n tokens max(1, floor(share n)), and those as large as the last of them. To be
 * used inside of `constantOf` where the values depend on the policy: a choice has no gradient.
 *
 * @param values [B, T] @param among [B, T] bool: the tokens to choose from; all of them where they are too few
 * @returns [B, T] 1 or 0
 */
export function largest(
  values: tf.Tensor2D,
  among: tf.Tensor,
  share: number,
  { totals, mask }: Pick<CheckedBatch, "totals" | "mask">,
): tf.Tensor2D {
  const size = mask.size;
  const most = Math.min(size, Math.max(1, Math.ceil(share * size)));
  const candidates = among.logicalAnd(mask.greater(0)); // [B, T]
  const ranked = tf.where(candidates, values, LEAST).reshape<tf.Tensor1D>([size]);
  const best = tf.topk(ranked, most).values; // [K] falling
  const count = totals.tokens.mul(share).floor().clipByValue(1, most); // []
  const places = tf.range(1, most + 1); // [K]
  const last = tf.where(places.equal(count), best, 0).sum(); // []
  return candidates.logicalAnd(values.greaterEqual(last)).cast("float32") as tf.Tensor2D;
}

/** Below any covariance, and finite: infinities would spoil sums. */
const LEAST = -3e38;
