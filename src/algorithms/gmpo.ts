/**
 * GMPO: a completion's tokens are averaged geometrically, so that no single ratio can dominate its update.
 * Zhao et al. 2025, "Geometric-Mean Policy Optimization", arXiv:2507.20673, eq. 4, and its released code.
 *
 *     x_bt = min( s x, s clip(x, -clipLow, clipHigh) ) s,  x = logp_bt - logp_old_bt,  s = sign(A_b)
 *     loss = -mean_b A_b exp( sum_t m_bt x_bt / n_b )
 *
 * Seam: objective. The clip is of the log ratio of each token, and wide: its bounds are those of ratios e^-0.4 and e^0.4. A
 * completion without trained tokens adds 0 and counts in the mean. One advantage per completion.
 */
import * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { aggregate, checkBatch, masked, type ObjectiveResult, type PolicyBatch } from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { limited, logRatio, overTokens, rowMean } from "../toolkit/ratio.ts";

export interface GmpoOptions {
  /** Bound of the log ratio below 0. Default 0.4: section 4.1. */
  readonly clipLow?: number;
  /** Bound of the log ratio above 0. Default 0.4: section 4.1. */
  readonly clipHigh?: number;
}

const SOURCES: ChoiceSources<keyof GmpoOptions> = {
  clipLow: ["objective", "arXiv:2507.20673, section 4.1"],
  clipHigh: ["objective", "arXiv:2507.20673, section 4.1"],
};

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), gmpo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function gmpo(options: GmpoOptions = {}): AlgorithmChange {
  checkOptions("gmpo", options, { clipLow: { kind: "number", min: 0 }, clipHigh: { kind: "number", min: 0 } });
  const settings = withDefaults({ clipLow: 0.4, clipHigh: 0.4 }, options);
  return {
    name: "gmpo",
    replaces: { objective: { needs: { advantages: "row" }, loss: (batch) => gmpoLoss(batch, settings) } },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function gmpoLoss(batch: PolicyBatch, { clipLow, clipHigh }: Required<GmpoOptions>): ObjectiveResult {
  const checked = checkBatch("gmpo", batch);
  const { mask } = checked;
  const advantages = rowMean(checked.advantages, mask); // [B]
  const sign = overTokens(advantages.sign() as tf.Tensor1D, mask); // [B, T]
  const x = logRatio(checked); // [B, T]
  const bounded = x.clipByValue(-clipLow, clipHigh); // [B, T]
  const used = tf.minimum(x.mul(sign), bounded.mul(sign)).mul(sign) as tf.Tensor2D; // [B, T]
  const ratio = limited(rowMean(used, mask)).exp(); // [B]
  const cut = masked(used.notEqual(x).cast("float32") as tf.Tensor2D, mask).mul(sign.abs()) as tf.Tensor2D; // [B, T]
  return {
    loss: ratio.mul(advantages).sum().div(checked.totals.rows).neg().asScalar(),
    metrics: { "clip_ratio/region_mean": aggregate(cut, checked, "token-mean") },
  };
}
