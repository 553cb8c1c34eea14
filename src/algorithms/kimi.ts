/**
 * Kimi k1.5's objective: REINFORCE against the group's mean, held by the squared log ratio to the policy that sampled.
 * Kimi Team 2025, "Kimi k1.5: Scaling Reinforcement Learning with LLMs", arXiv:2501.12599, section 2.3.2, eq. 3; per token in
 * "Kimi K2.5", arXiv:2602.02276, and prime-rl.
 *
 *     completion: loss = -mean_b [ A_b sum_t logp_bt - tau / 2 (sum_t x_bt)^2 ],  x_bt = logp_bt - logp_old_bt
 *     token:      loss = -mean over tokens of [ A_bt logp_bt - tau / 2 x_bt^2 ]
 *
 * Seam: objective. The paper's advantage is the reward less the group's mean: `compose(grpo({ scale: "none" }), kimi())`. Its
 * gradient is that of a squared error whose minimum is the policy of rewards over tau. Completions of length n have log
 * ratios of order n, so that tau must be far smaller than for tokens.
 */
import type * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  type CheckedBatch,
  checkBatch,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { limited, logRatio, RATIO_LEVELS, type RatioLevel, weightedLikelihood } from "../toolkit/ratio.ts";

export interface KimiOptions {
  /** tau. Default 0.002: prime-rl's kl_tau of 1e-3, which has no half; the paper gives no number. */
  readonly tau?: number;
  /** Square of the completion's log ratio, or mean of its tokens' squares. Default "sequence": eq. 3. */
  readonly level?: RatioLevel;
  /** How tokens are averaged. Default "seq-mean-token-sum": eq. 3 is about log-probs of completions. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof KimiOptions> = {
  tau: ["objective", "prime-rl; arXiv:2501.12599 gives no number"],
  level: ["objective", "arXiv:2501.12599, eq. 3"],
  aggregation: ["objective", "arXiv:2501.12599, eq. 3"],
};

const DEFAULTS: Required<KimiOptions> = { tau: 0.002, level: "sequence", aggregation: "seq-mean-token-sum" };

/**
 * The objective, put in place of an algorithm's.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function kimi(options: KimiOptions = {}): AlgorithmChange {
  checkOptions("kimi", options, {
    tau: { kind: "number", min: 0 },
    level: { kind: "either", values: RATIO_LEVELS },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const settings = withDefaults(DEFAULTS, options);
  const loss = (batch: PolicyBatch): ObjectiveResult => kimiLoss(batch, settings);
  return { name: "kimi", replaces: { objective: { needs: {}, loss } }, choices: choicesOf(SOURCES, settings, options) };
}

function kimiLoss(batch: PolicyBatch, { tau, level, aggregation }: Required<KimiOptions>): ObjectiveResult {
  const checked = checkBatch("kimi", batch);
  const likelihood = weightedLikelihood(checked, checked.mask, aggregation);
  const square = squares(checked, level, aggregation);
  return {
    loss: likelihood.add(square.mul(tau / 2)).asScalar(),
    metrics: { "kimi/squared_log_ratio": square },
  };
}

function squares(batch: CheckedBatch, level: RatioLevel, aggregation: Aggregation): tf.Scalar {
  const x = logRatio(batch); // [B, T]
  if (level === "token") return aggregate(limited(x).square<tf.Tensor2D>(), batch, aggregation);
  return limited(x.sum<tf.Tensor1D>(1)).square().sum().div(batch.totals.rows).asScalar();
}
