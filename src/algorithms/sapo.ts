/**
 * SAPO: a smooth gate in place of the clip: a token's gradient fades as its ratio leaves 1, faster where A <= 0.
 * Gao et al. 2025, "Soft Adaptive Policy Optimization", arXiv:2511.20347, eq. 5 to 7.
 *
 *     f(r) = 4 / tau sigmoid(tau (r - 1)),  tau = tauPositive where A_bt > 0, else tauNegative
 *     loss = -mean over a completion's tokens, then over completions, of f(r_bt) A_bt
 *
 * Seam: objective. f'(1) = 1 whatever tau: on policy the gradient is REINFORCE's. The loss there is 2 A / tau, not A.
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
import { RATIO_LEVELS, type RatioLevel, ratioAt } from "../toolkit/ratio.ts";

export interface SapoOptions {
  /** tau where A > 0, above 0. Default 1: the paper's experiments; TRL and verl. */
  readonly tauPositive?: number;
  /** tau where A <= 0, above 0. Default 1.05: the paper's experiments; TRL and verl. */
  readonly tauNegative?: number;
  /** Ratio of each token or of the completion. Default "token": eq. 5. */
  readonly level?: RatioLevel;
  /** How tokens are averaged. Default "seq-mean-token-mean": eq. 5. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof SapoOptions> = {
  tauPositive: ["objective", "arXiv:2511.20347; TRL, verl"],
  tauNegative: ["objective", "arXiv:2511.20347; TRL, verl"],
  level: ["objective", "arXiv:2511.20347, eq. 5"],
  aggregation: ["objective", "arXiv:2511.20347, eq. 5"],
};

const DEFAULTS: Required<SapoOptions> = {
  tauPositive: 1,
  tauNegative: 1.05,
  level: "token",
  aggregation: "seq-mean-token-mean",
};

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), sapo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function sapo(options: SapoOptions = {}): AlgorithmChange {
  checkOptions("sapo", options, {
    tauPositive: { kind: "number", above: 0 },
    tauNegative: { kind: "number", above: 0 },
    level: { kind: "either", values: RATIO_LEVELS },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const settings = withDefaults(DEFAULTS, options);
  const loss = (batch: PolicyBatch): ObjectiveResult => sapoLoss(batch, settings);
  return { name: "sapo", replaces: { objective: { needs: {}, loss } }, choices: choicesOf(SOURCES, settings, options) };
}

function sapoLoss(batch: PolicyBatch, settings: Required<SapoOptions>): ObjectiveResult {
  const checked = checkBatch("sapo", batch);
  const { tauPositive, tauNegative, level, aggregation } = settings;
  const advantages = masked(checked.advantages, checked.mask); // [B, T]
  const tau = tf.where(advantages.greater(0), tauPositive, tf.fill(advantages.shape, tauNegative)) as tf.Tensor2D; // [B, T]
  const ratio = ratioAt(checked, level); // [B, T]
  const gate = ratio.sub(1).mul(tau).sigmoid(); // [B, T]; 1/2 on policy
  const slope = masked(gate.mul(gate.neg().add(1)).mul(4) as tf.Tensor2D, checked.mask); // [B, T] f'(r): 1 on policy
  return {
    loss: aggregate(gate.mul(4).div(tau).mul(advantages) as tf.Tensor2D, checked, aggregation)
      .neg()
      .asScalar(),
    metrics: { "sapo/gate_slope_mean": aggregate(slope, checked, "token-mean") },
  };
}
