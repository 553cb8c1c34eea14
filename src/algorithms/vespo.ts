/**
 * VESPO: a completion's update is weighted by a smooth function of its whole importance weight, largest near 1.
 * 2026, "VESPO: Variational Sequence-Level Soft Policy Optimization for Stable Off-Policy LLM Training", arXiv:2602.10693.
 *
 *     w_b    = p(completion) / p_old(completion) = exp( sum_t m_bt (logp_bt - logp_old_bt) )
 *     phi(w) = e^lambda w^k e^(-lambda w), so that phi(1) = 1
 *     loss   = -mean over tokens of stop(phi(w_b)) A_b logp_bt;  k and lambda by the sign of A_b (0 counts as positive)
 *
 * Seam: objective. As in TRL: token log-ratios are cut to [-20, 20], log w to [ln 1e-8, 20]; phi is worked out in logs. phi
 * is largest at w = k / lambda: above 1 where the advantage is negative, below 1 where it is positive. A completion without
 * trained tokens has w = 1 and adds nothing.
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
import { limited, logRatio, overTokens, weightedLikelihood } from "../toolkit/ratio.ts";

export interface VespoOptions {
  /** k where A >= 0. Default 2: TRL. */
  readonly kPositive?: number;
  /** lambda where A >= 0. Default 3: TRL. */
  readonly lambdaPositive?: number;
  /** k where A < 0. Default 3: TRL. */
  readonly kNegative?: number;
  /** lambda where A < 0. Default 2: TRL. */
  readonly lambdaNegative?: number;
  /** How tokens are averaged. Default "token-mean": TRL. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof VespoOptions> = {
  kPositive: ["objective", "TRL GRPOConfig.vespo_k_pos"],
  lambdaPositive: ["objective", "TRL GRPOConfig.vespo_lambda_pos"],
  kNegative: ["objective", "TRL GRPOConfig.vespo_k_neg"],
  lambdaNegative: ["objective", "TRL GRPOConfig.vespo_lambda_neg"],
  aggregation: ["objective", "TRL"],
};

const DEFAULTS: Required<VespoOptions> = {
  kPositive: 2,
  lambdaPositive: 3,
  kNegative: 3,
  lambdaNegative: 2,
  aggregation: "token-mean",
};

/** Smallest log w: as in the method's code. */
const LEAST_LOG_WEIGHT = Math.log(1e-8);

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), vespo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function vespo(options: VespoOptions = {}): AlgorithmChange {
  const shape = { kind: "number", min: 0 } as const;
  const rate = { kind: "number", above: 0 } as const;
  checkOptions("vespo", options, {
    ...{ kPositive: shape, lambdaPositive: rate, kNegative: shape, lambdaNegative: rate },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const settings = withDefaults(DEFAULTS, options);
  const loss = (batch: PolicyBatch): ObjectiveResult => vespoLoss(batch, settings);
  return {
    name: "vespo",
    replaces: { objective: { needs: {}, loss } },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function vespoLoss(batch: PolicyBatch, settings: Required<VespoOptions>): ObjectiveResult {
  const checked = checkBatch("vespo", batch);
  const { mask } = checked;
  const logWeight = limited(logRatio(checked)).sum<tf.Tensor1D>(1).clipByValue(LEAST_LOG_WEIGHT, 20) as tf.Tensor1D; // [B]
  const logs = overTokens(logWeight, mask); // [B, T]
  const positive = masked(checked.advantages, mask).greaterEqual(0); // [B, T]
  const phi = (k: number, lambda: number): tf.Tensor => logs.mul(k).sub(logs.exp().sub(1).mul(lambda)).exp();
  const weights = tf.where(
    positive,
    phi(settings.kPositive, settings.lambdaPositive),
    phi(settings.kNegative, settings.lambdaNegative),
  ) as tf.Tensor2D; // [B, T]
  return {
    loss: weightedLikelihood(checked, weights, settings.aggregation),
    metrics: { "vespo/phi_seq_mean": aggregate(masked(weights, mask), checked, "token-mean") },
  };
}
