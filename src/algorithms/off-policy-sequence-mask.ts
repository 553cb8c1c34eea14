/**
 * Off-policy sequence mask: a completion with a negative advantage that the policy has moved away from is left out.
 * DeepSeek-AI 2025, "DeepSeek-V3.2: Pushing the Frontier of Open Large Language Models", arXiv:2512.02556, section 3.1.
 *
 *     M_bt = 0 where A_bt < 0 and mean_t (logp_sampler,bt - logp_bt) > threshold, else 1
 *
 * Seam: objective (wraps the one that is there: the mask multiplies the advantage). Both drifts count: sampler against learner,
 * and the updates since. No gradient flows through the mask, no divisor changes. A token of unknown author (NaN) counts as
 * unmoved.
 */
import * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { weightedObjective } from "../toolkit/mismatch.ts";
import { type CheckedBatch, masked, required } from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { constantOf, overTokens, rowMean } from "../toolkit/ratio.ts";

export interface OffPolicySequenceMaskOptions {
  /** Mean log ratio, nats per token, above which a bad completion is left out. Default 0.1: our choice; no number is given. */
  readonly threshold?: number;
}

const SOURCES: ChoiceSources<keyof OffPolicySequenceMaskOptions> = {
  threshold: ["objective", "our choice: arXiv:2512.02556 gives no number"],
};

/**
 * The change: `compose(grpo(), offPolicySequenceMask())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function offPolicySequenceMask(options: OffPolicySequenceMaskOptions = {}): AlgorithmChange {
  checkOptions("offPolicySequenceMask", options, { threshold: { kind: "number", min: 0 } });
  const settings = withDefaults({ threshold: 0.1 }, options);
  const name = "off-policy-sequence-mask";
  return {
    name,
    wraps: {
      objective: (inner) => weightedObjective(inner, { name, weights: (batch) => staying(batch, settings.threshold) }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function staying(batch: CheckedBatch, threshold: number): tf.Tensor2D {
  const { mask } = batch;
  const sampler = required("offPolicySequenceMask", batch, "sampleLogProbs"); // [B, T]
  const known = tf.where(sampler.isNaN(), 0, mask) as tf.Tensor2D; // [B, T]
  const far = constantOf(batch.logProbs, (logProbs) => {
    const moved = rowMean(masked(sampler.sub(logProbs), known), mask); // [B]
    return overTokens(moved.greater(threshold).cast("float32") as tf.Tensor1D, mask);
  }); // [B, T], 1 or 0
  const bad = masked(batch.advantages, mask).less(0).cast("float32"); // [B, T]
  return bad.mul<tf.Tensor2D>(far).neg().add(1);
}
