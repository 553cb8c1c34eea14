/**
 * LUSPO: a sequence's clipped loss, times its length, so that a token's share does not shrink as answers grow.
 * 2026, "Length-Unbiased Sequence Policy Optimization: Revealing and Controlling Response Length Variation in RLVR",
 * arXiv:2602.05261.
 *
 *     s_b  = exp( sum_t m_bt (logp_bt - logp_old_bt) / n_b ), n_b = sum_t m_bt
 *     l_b  = -min( s_b A_b, clip(s_b, 1 - clipLow, 1 + clipHigh) A_b )
 *     loss = mean_b n_b l_b          (GSPO, arXiv:2507.18071: mean_b l_b)
 *
 * Seam: objective. The gradient by an unclipped token's log-prob is -A_b s_b / B, whatever its row's length; GSPO's is
 * n_b times smaller. An advantage that varies over a row's tokens is refused. An empty row adds 0 and counts in B. The
 * mean log-ratio is of float32 numbers: exact to 1e-7, against clip ranges of 2e-3. A completion cut off at the longest
 * length weighs most: mask such rows if that is not wanted. `scale` is a reconstruction: the paper divides by nothing.
 */
import type * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkBatch, type ObjectiveNeeds, type ObjectiveResult, type PolicyBatch } from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { clippedGain, clipSides, rowMean, sequenceRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface LuspoOptions {
  /** eps below 1, above 0. Default 2e-3: paper, section 5.1, as TRL's paper index quotes it. */
  readonly clipLow?: number;
  /** eps above 1, above 0. Default 2.5e-3: paper, section 5.1, as TRL's paper index quotes it. */
  readonly clipHigh?: number;
  /** The factor n_b; without it this is GSPO. Default true. */
  readonly lengthScaled?: boolean;
  /**
   * What the loss is divided by, such as the mean length of the first batch: lengths of thousands make a large loss.
   * Default 1: the paper divides by nothing.
   */
  readonly scale?: number;
}

const SOURCES: ChoiceSources<keyof LuspoOptions> = {
  clipLow: ["objective", "arXiv:2602.05261, section 5.1, by TRL's paper index"],
  clipHigh: ["objective", "arXiv:2602.05261, section 5.1, by TRL's paper index"],
  lengthScaled: ["objective", "arXiv:2602.05261"],
  scale: ["objective", "arXiv:2602.05261 divides by nothing"],
};

/** What LUSPO reads: as a {@link PolicyBatch}, with one advantage per row. */
export interface LuspoBatch extends Omit<PolicyBatch, "advantages"> {
  readonly advantages: tf.Tensor1D; // [B]
}

export interface LuspoResult extends ObjectiveResult {
  /** s. */
  readonly seqRatio: tf.Tensor1D; // [B]
  /** l, before the factor of length. */
  readonly seqLoss: tf.Tensor1D; // [B]
  /** 1 where the minimum takes the clipped ratio, which has no gradient. */
  readonly clipped: tf.Tensor1D; // [B]
}

/**
 * The method, put in place of an algorithm's objective: `compose(grpo(), luspo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function luspo(options: LuspoOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const needs: ObjectiveNeeds = { advantages: "row" };
  const loss = (batch: PolicyBatch): ObjectiveResult => {
    const { advantages, mask } = checkBatch("luspo", batch);
    const { loss: value, metrics } = luspoLoss({ ...batch, advantages: rowMean(advantages, mask) }, settings);
    return { loss: value, metrics };
  };
  return { name: "luspo", replaces: { objective: { needs, loss } }, choices: choicesOf(SOURCES, settings, options) };
}

/** The loss with its parts. @throws UsageError for shapes that disagree, such as advantages per token */
export function luspoLoss(batch: LuspoBatch, options: LuspoOptions = {}): LuspoResult {
  const settings = settle(options);
  const { advantages } = batch;
  const [rows] = batch.mask.shape;
  if (advantages.rank !== 1 || advantages.shape[0] !== rows) {
    refuse("luspo", `advantages has shape [${advantages.shape}], mask [${batch.mask.shape}]`, "pass one per row");
  }
  const checked = checkBatch("luspo", { ...batch, advantages: batch.mask });
  const seqRatio = sequenceRatio(checked); // [B]
  const seqLoss = clippedGain(seqRatio, advantages, settings).neg(); // [B]
  const { low, high } = clipSides(seqRatio, advantages, settings);
  const length = checked.mask.sum<tf.Tensor1D>(1); // [B]
  const factor = settings.lengthScaled ? length : length.minimum(1); // 0 where there is no token
  const share = (values: tf.Tensor1D): tf.Scalar => values.sum().div(checked.totals.rows).asScalar();
  return {
    loss: share(factor.mul(seqLoss)).div(settings.scale).asScalar(),
    metrics: {
      "clip_ratio/low_mean": share(low),
      "clip_ratio/high_mean": share(high),
      "clip_ratio/region_mean": share(low.add(high)),
    },
    seqRatio,
    seqLoss,
    clipped: low.add(high),
  };
}

function settle(options: LuspoOptions): Required<LuspoOptions> {
  checkOptions("luspo", options, {
    clipLow: { kind: "number", above: 0 },
    clipHigh: { kind: "number", above: 0 },
    lengthScaled: { kind: "boolean" },
    scale: { kind: "number", above: 0 },
  });
  return withDefaults(DEFAULTS, options);
}

const DEFAULTS: Required<LuspoOptions> = { clipLow: 2e-3, clipHigh: 2.5e-3, lengthScaled: true, scale: 1 };
