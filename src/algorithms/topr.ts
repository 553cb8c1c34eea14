/**
 * TOPR: good completions are imitated whatever their ratio; of bad ones only what the policy still says is unlearnt.
 * Le Roux et al. 2025, "Tapered Off-Policy REINFORCE: Stable and efficient reinforcement learning for LLMs",
 * arXiv:2503.14286, eq. 9.
 *
 *     w_b  = p(completion) / p_old(completion)
 *     loss = -mean_b c_b A_b sum_t logp_bt,  c_b = 1 where A_b >= 0, else min(w_b, negativeLimit), as a constant
 *
 * Seam: objective. On policy it is REINFORCE. A bad completion that the policy has left behind has w near 0 and stops
 * pushing: without the taper the loss has no lower bound. The log ratio of a completion is cut to [-20, 20].
 */
import * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  checkBatch,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { limited, logRatio, overTokens, RATIO_LEVELS, type RatioLevel, weightedLikelihood } from "../toolkit/ratio.ts";

export interface ToprOptions {
  /** Largest weight where A < 0. Default 1: the paper's canonical setting. */
  readonly negativeLimit?: number;
  /** Ratio of the whole completion (a product over its tokens), or of each token. Default "sequence": eq. 9. */
  readonly level?: RatioLevel;
  /** How tokens are averaged. Default "seq-mean-token-sum": eq. 9 is about log-probs of completions. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof ToprOptions> = {
  negativeLimit: ["objective", "arXiv:2503.14286, canonical setting"],
  level: ["objective", "arXiv:2503.14286, eq. 9"],
  aggregation: ["objective", "arXiv:2503.14286, eq. 9"],
};

const DEFAULTS: Required<ToprOptions> = { negativeLimit: 1, level: "sequence", aggregation: "seq-mean-token-sum" };

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), topr())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function topr(options: ToprOptions = {}): AlgorithmChange {
  checkOptions("topr", options, {
    negativeLimit: { kind: "number", min: 0 },
    level: { kind: "either", values: RATIO_LEVELS },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const settings = withDefaults(DEFAULTS, options);
  const loss = (batch: PolicyBatch): ObjectiveResult => toprLoss(batch, settings);
  return { name: "topr", replaces: { objective: { needs: {}, loss } }, choices: choicesOf(SOURCES, settings, options) };
}

function toprLoss(batch: PolicyBatch, settings: Required<ToprOptions>): ObjectiveResult {
  const checked = checkBatch("topr", batch);
  const { negativeLimit, level, aggregation } = settings;
  const x = logRatio(checked); // [B, T]
  const logs = level === "token" ? x : overTokens(x.sum<tf.Tensor1D>(1), checked.mask); // [B, T]
  const tapered = limited(logs).exp().minimum(negativeLimit); // [B, T]
  const negative = masked(checked.advantages, checked.mask).less(0);
  const weights = tf.where(negative, tapered, 1) as tf.Tensor2D; // [B, T]
  const lost = masked(weights.neg().add(1) as tf.Tensor2D, checked.mask); // [B, T]
  return {
    loss: weightedLikelihood(checked, weights, aggregation),
    metrics: { "topr/tapered_mean": aggregate(lost, checked, "token-mean") },
  };
}
