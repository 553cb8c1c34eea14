/**
 * Ratios straight to the sampler: p / p_sampler in place of p / p_old, so that one clip bounds both drifts.
 * verl's bypass mode; prime-rl's importance ratio.
 *
 *     logp_old <- logp_sampler where the author is known
 *
 * Seam: objective (wraps the one that is there). The corrections of p_old / p_sampler have nothing left to correct behind it:
 * use one or the other. Where the sampler cuts tokens off (top-p, top-k) put `truncatedSampling` after it.
 */
import * as tf from "@tensorflow/tfjs";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkBatch, type Objective, required } from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";

/** The change, which has no options: `compose(grpo(), samplerRatio())`. @throws UsageError for an option */
export function samplerRatio(options: Readonly<Record<string, never>> = {}): AlgorithmChange {
  checkOptions("samplerRatio", options, {});
  const source = "verl bypass_mode; prime-rl";
  return {
    name: "sampler-ratio",
    wraps: { objective: toSampler },
    choices: [{ seam: "objective", name: "ratio", value: "to the sampler", source }],
  };
}

function toSampler(inner: Objective): Objective {
  return {
    needs: inner.needs,
    loss(batch) {
      const checked = checkBatch("samplerRatio", batch);
      const sampler = required("samplerRatio", checked, "sampleLogProbs"); // [B, T]
      return inner.loss({
        ...batch,
        oldLogProbs: tf.where(sampler.isNaN(), checked.oldLogProbs, sampler) as tf.Tensor2D,
      });
    },
  };
}
