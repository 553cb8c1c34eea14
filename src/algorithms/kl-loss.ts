/**
 * A KL penalty in the loss, for any objective: the policy is held near another one.
 * Schulman 2020, "Approximating KL Divergence" (joschu.net/blog/kl-approx.html), for the estimators; adaptive coefficient:
 * Ziegler et al. 2019, arXiv:1909.08593, section 2.2.
 *
 *     d = logp_other - logp;  k1 = -d,  k2 = d^2 / 2,  k3 = e^d - d - 1,  full = sum_v p_v (log p_v - log p_other,v)
 *     loss = the objective's + coefficient x mean of k over tokens
 *
 * Seam: objective (wraps the one that is there); the advantage seam too where the coefficient is adaptive.
 * Values: k1 and k3 are unbiased. Gradients: k2's is the KL's; k1's is 0 on average and k3's that of the reversed KL
 * (near the other policy all three agree but k1). `gradient: "k2"` keeps the value of k1 or k3 and takes k2's gradient
 * (verl's "k3+"); `weighted` multiplies by p / p_old, whose gradient makes k1 and k3 unbiased for the KL's off policy too
 * (DeepSeek-V3.2, arXiv:2512.02556; TRL's use_bias_correction_kl). |d| is cut to 20, without gradient beyond. "full" needs
 * the logits of both policies and exists against the reference alone. A token whose `to` is NaN (unknown author) adds 0.
 */

import * as tf from "@tensorflow/tfjs";
import type { Advantage } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { withCoefficient } from "../toolkit/controllers.ts";
import { divergence } from "../toolkit/jit/ops.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  joinNeeds,
  masked,
  type Objective,
  type ObjectiveNeeds,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, shownChoices } from "../toolkit/options.ts";
import { type KlEstimator, klDivergence, stopGradient, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { adaptedCoefficient } from "./kl-in-reward.ts";

export interface KlControl {
  /** KL that is aimed at, nats, above 0. */
  readonly target: number;
  /** Completions over which the coefficient may grow or shrink by a fifth, above 0. */
  readonly horizon: number;
}

export interface KlLossOptions {
  /** Weight of the penalty; the first one where it is adaptive. Default 0.001: verl's kl_loss_coef. */
  readonly coefficient?: number;
  /** Default "k3": arXiv:2402.03300, eq. 4. */
  readonly estimator?: KlEstimator | "full";
  /** The other policy: that of the run's start, of before the step, or the sampler's distribution. Default "reference". */
  readonly to?: "reference" | "old" | "sampler";
  /** How tokens are averaged. Default "token-mean": verl's loss_agg_mode. */
  readonly aggregation?: Aggregation;
  /** Whose gradient. Default "own"; "k2" is verl's "+". */
  readonly gradient?: "own" | "k2";
  /** Multiplied by p / p_old. Default false: TRL's use_bias_correction_kl. */
  readonly weighted?: boolean;
  /** Makes the coefficient follow the KL of the step before. Default: fixed, as in verl. */
  readonly adaptive?: KlControl;
}

type Settings = Required<Omit<KlLossOptions, "adaptive">> & { readonly adaptive: KlControl | undefined };

const SOURCES: ChoiceSources<keyof KlLossOptions> = {
  coefficient: ["objective", "verl ActorConfig.kl_loss_coef"],
  estimator: ["objective", "arXiv:2402.03300, eq. 4"],
  to: ["objective", "arXiv:2402.03300, eq. 4"],
  aggregation: ["objective", "verl ActorConfig.loss_agg_mode"],
  gradient: ["objective", "arXiv:2402.03300, eq. 4"],
  weighted: ["objective", "TRL GRPOConfig.use_bias_correction_kl"],
  adaptive: ["objective", "verl KLControlConfig.type"],
};

const COEFFICIENT = "klLossCoefficient";

/**
 * The change: `compose(cispo(), klLoss({ coefficient: 0.04 }))`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function klLoss(options: KlLossOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const { adaptive, coefficient: first } = settings;
  const next = (before: number, { kl }: Readonly<Record<string, number>>, rows: number): number =>
    adaptive === undefined || kl === undefined ? before : adaptedCoefficient(before, { kl, rows, ...adaptive });
  const rule = { where: "klLoss", column: COEFFICIENT, first, next };
  const shown = adaptive && `target ${adaptive.target}, horizon ${adaptive.horizon}`;
  return {
    name: "kl-loss",
    wraps: {
      objective: (inner) => withPenalty(inner, settings),
      ...(adaptive && { advantage: (inner: Advantage) => withCoefficient(inner, rule) }),
    },
    choices: choicesOf(SOURCES, shownChoices({ ...settings, adaptive: shown }), options),
  };
}

function settle(options: KlLossOptions): Settings {
  checkOptions("klLoss", options, {
    coefficient: { kind: "number", min: 0 },
    estimator: { kind: "either", values: ["k1", "k2", "k3", "full"] },
    to: { kind: "either", values: ["reference", "old", "sampler"] },
    aggregation: { kind: "either", values: AGGREGATIONS },
    gradient: { kind: "either", values: ["own", "k2"] },
    weighted: { kind: "boolean" },
    adaptive: { kind: "object" },
  });
  const { adaptive, estimator = "k3", to = "reference", gradient = "own" } = options;
  if (adaptive !== undefined) {
    const rule = { kind: "number", above: 0, required: true } as const;
    checkOptions("klLoss adaptive", adaptive, { target: rule, horizon: rule });
  }
  if (estimator === "full" && (to !== "reference" || gradient === "k2")) {
    refuse("klLoss", `"full" with to "${to}" and gradient "${gradient}"`, 'use it with "reference" and "own"');
  }
  const { coefficient = 0.001, aggregation = "token-mean", weighted = false } = options;
  return { coefficient, estimator, to, aggregation, gradient, weighted, adaptive };
}

function withPenalty(inner: Objective, settings: Settings): Objective {
  const { estimator, to, aggregation, adaptive, coefficient } = settings;
  const needs: ObjectiveNeeds = {
    ...(estimator === "full" ? { logits: true, referenceLogits: true } : { referenceLogProbs: to === "reference" }),
    ...(adaptive && { columns: { [COEFFICIENT]: "step" } }),
  };
  return {
    needs: joinNeeds(inner.needs, needs),
    loss(batch) {
      const { loss, metrics } = inner.loss(batch);
      const checked = checkBatch("klLoss", batch);
      const kl = perToken(checked, settings); // [B, T]
      const weight = adaptive === undefined ? coefficient : column("klLoss", batch, COEFFICIENT); // []
      const penalty = aggregate(kl, checked, aggregation).mul(weight);
      return { loss: loss.add(penalty).asScalar(), metrics: { ...metrics, kl: aggregate(kl, checked, "token-mean") } };
    },
  };
}

/** [B, T], 0 where the mask is 0. */
function perToken(batch: CheckedBatch, settings: Settings): tf.Tensor2D {
  const { estimator, gradient, weighted } = settings;
  const plain = estimator === "full" ? fullDivergence(batch) : estimate(batch, estimator, settings);
  const value = gradient === "k2" ? straightThrough(plain, estimate(batch, "k2", settings)) : plain;
  return weighted ? masked(value.mul(tokenRatio(batch)), batch.mask) : value;
}

function estimate(batch: CheckedBatch, estimator: KlEstimator, { to }: Settings): tf.Tensor2D {
  const other = {
    reference: () => required("klLoss", batch, "referenceLogProbs"),
    old: () => batch.oldLogProbs,
    sampler: () => required("klLoss", batch, "sampleLogProbs"),
  }[to]();
  const known = to === "sampler" ? (tf.where(other.isNaN(), 0, batch.mask) as tf.Tensor2D) : batch.mask; // [B, T]
  return klDivergence({ logProbs: batch.logProbs, mask: known }, other, estimator);
}

/** The value of one, the gradient of the other. */
function straightThrough(value: tf.Tensor2D, slope: tf.Tensor2D): tf.Tensor2D {
  return stopGradient(value).add(slope.sub(stopGradient(slope)));
}

function fullDivergence(batch: CheckedBatch): tf.Tensor2D {
  const [own, other] = [required("klLoss", batch, "logits"), required("klLoss", batch, "referenceLogits")];
  return divergence(own, other, { mask: batch.mask }) as tf.Tensor2D;
}
