/**
 * VIMPO's value loss, and the KL over the whole vocabulary that it takes off.
 * 2026, "VIMPO: Value-Implicit Policy Optimization for LLMs", arXiv:2606.20008; see vimpo.ts.
 *
 * Seam: objective.
 */
import type * as tf from "@tensorflow/tfjs";
import { divergence } from "../toolkit/jit/ops.ts";
import { masked } from "../toolkit/objective.ts";
import { refuse } from "../toolkit/refuse.ts";

/** KL(policy, reference) at each position, nats; the logits are at one temperature. @param policyLogits [B, T, V] */
export function exactTokenKl(policyLogits: tf.Tensor3D, refLogits: tf.Tensor3D): tf.Tensor2D {
  if (String(policyLogits.shape) !== String(refLogits.shape)) {
    const given = `policy logits have shape [${policyLogits.shape}], the reference's [${refLogits.shape}]`;
    refuse("vimpo", given, "pass logits of the same tokens");
  }
  return divergence(policyLogits, refLogits) as tf.Tensor2D;
}

/** What the value loss reads. */
export interface VimpoTerms {
  readonly logProbs: tf.Tensor2D; // [B, T]
  readonly refLogProbs: tf.Tensor2D; // [B, T]
  /** Taken as it is, no gradient flows through it; undefined for "soft" values. */
  readonly tokenKl: tf.Tensor2D | undefined; // [B, T]
  readonly mask: tf.Tensor2D; // [B, T]
  /** y of each row. */
  readonly target: tf.Tensor1D; // [B]
  /** Completions of the whole update. */
  readonly rows: tf.Scalar;
}

export interface VimpoValueLoss {
  readonly loss: tf.Scalar;
  /** S of each row; 0 for a row of no tokens. */
  readonly terminalValue: tf.Tensor1D; // [B]
  /** S - y. */
  readonly residual: tf.Tensor1D; // [B]
}

/** Mean over completions of (S - y)^2 / 2, or of the Huber loss. @param huberDelta undefined: squared */
export function vimpoValueLoss(
  { logProbs, refLogProbs, tokenKl, mask, target, rows }: VimpoTerms,
  { valueScale, huberDelta }: { readonly valueScale: number; readonly huberDelta?: number | undefined },
): VimpoValueLoss {
  const ratio = logProbs.sub<tf.Tensor2D>(refLogProbs);
  const terms = masked(tokenKl === undefined ? ratio : ratio.sub<tf.Tensor2D>(tokenKl), mask); // [B, T]
  const terminalValue = terms.sum<tf.Tensor1D>(1).mul<tf.Tensor1D>(valueScale);
  const residual = terminalValue.sub<tf.Tensor1D>(target);
  const near = huberDelta === undefined ? residual : residual.clipByValue(-huberDelta, huberDelta); // [B]
  const each = near.mul(residual).sub(near.square().div(2)); // r^2 / 2, or delta |r| - delta^2 / 2 beyond delta
  return { loss: each.sum().div(rows).asScalar(), terminalValue, residual };
}
