/**
 * PPO's value loss: the larger of two squared errors, one of the value and one of the value kept near the old one.
 * Schulman et al. 2017, arXiv:1707.06347, eq. 9; clip: OpenAI's code (Engstrom et al. 2020, arXiv:2005.12729, section 3).
 *
 *     max((V - R)^2, (V_old + clip(V - V_old, -valueClip, valueClip) - R)^2) / 2
 *
 * Seam: objective. 0 where the mask is 0.
 */
import * as tf from "@tensorflow/tfjs";
import { column, masked, type PolicyBatch, required } from "../toolkit/objective.ts";

export interface ValueError {
  /** Half the larger squared error. */
  readonly error: tf.Tensor2D; // [B, T]
  /** 1 where the clipped value's is the larger: no gradient there. */
  readonly clipped: tf.Tensor2D; // [B, T]
}

/** @param batch with `values` and the columns `returns` and `oldValues` @param valueClip above 0; Infinity: no clip */
export function valueError(batch: PolicyBatch, valueClip: number): ValueError {
  const { mask } = batch;
  const values = masked(required("ppo", batch, "values"), mask); // [B, T]
  const returns = masked(column("ppo", batch, "returns") as tf.Tensor2D, mask); // [B, T]
  const plain = values.sub<tf.Tensor2D>(returns).square(); // [B, T]
  if (valueClip === Infinity) return { error: plain.div(2), clipped: tf.zerosLike(plain) };
  const old = masked(column("ppo", batch, "oldValues") as tf.Tensor2D, mask); // [B, T]
  const moved = values.sub<tf.Tensor2D>(old); // [B, T]
  const near = old.add(moved.clipByValue(-valueClip, valueClip)); // [B, T]
  const kept = near.sub<tf.Tensor2D>(returns).square(); // [B, T]
  const clipped = kept.greater(plain).logicalAnd(moved.abs().greater(valueClip)); // rounding alone is no clip
  return { error: tf.maximum(plain, kept).div(2), clipped: clipped.cast("float32") };
}
