/**
 * Clip-Cov and KL-Cov: the few tokens whose log-prob and advantage covary most eat up the entropy; they are left out of the
 * update, or held by a KL penalty.
 * Cui et al. 2025, "The Entropy Mechanism of Reinforcement Learning for Reasoning Language Models", arXiv:2505.22617,
 * section 4, eq. 10 to 13, and its code in verl.
 *
 *     cov_bt = (A_bt - mean A) (logp_bt - mean logp), means over the update's tokens
 *     Clip-Cov: -mean of PPO's clipped gain, 0 for max(1, floor(share n)) tokens drawn from those with
 *               covLow < cov < covHigh that the clip has not taken
 *     KL-Cov:   -mean of [ r_bt A_bt - klCoefficient |logp_bt - logp_old_bt| on the max(1, floor(share n)) tokens of largest
 *               cov ]; no clip
 *
 * Seams: objective; Clip-Cov also the advantage, which draws the numbers that decide among candidates. Needs whole updates.
 * Left-out tokens stay in the divisor. Tokens of equal rank at the edge are all taken.
 */
import type * as tf from "@tensorflow/tfjs";
import type { Advantage } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { largest, tokenCovariance } from "../toolkit/covariance.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { clippedGain, constantOf, limited, logRatio, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface ClipCovOptions {
  /** Share of the tokens that is left out. Default 2e-4: section 4.2, verl. */
  readonly share?: number;
  /** Covariance above which a token may be left out. Default 1: verl. */
  readonly covLow?: number;
  /** Covariance below which it may. Default 5: verl. */
  readonly covHigh?: number;
  /** eps below 1. Default 0.2: PPO's. */
  readonly clipLow?: number;
  /** eps above 1. Default 0.2: PPO's. */
  readonly clipHigh?: number;
  /** How tokens are averaged. Default "token-mean": verl. */
  readonly aggregation?: Aggregation;
}

const CLIP_SOURCES: ChoiceSources<keyof ClipCovOptions> = {
  share: ["objective", "arXiv:2505.22617, section 4.2; verl"],
  covLow: ["objective", "verl clip_cov_lb"],
  covHigh: ["objective", "verl clip_cov_ub"],
  clipLow: ["objective", "arXiv:1707.06347, section 6.1"],
  clipHigh: ["objective", "arXiv:1707.06347, section 6.1"],
  aggregation: ["objective", "verl"],
};

const CLIP_DEFAULTS: Required<ClipCovOptions> = {
  ...{ share: 2e-4, covLow: 1, covHigh: 5, clipLow: 0.2, clipHigh: 0.2 },
  aggregation: "token-mean",
};

const SHARE = { kind: "number", above: 0, max: 1 } as const;
const MEAN = { kind: "either", values: AGGREGATIONS } as const;

/** Column that decides among candidates: uniform in [0, 1), the largest are taken. */
const ORDER = "clipCovOrder";

/**
 * Clip-Cov, put in place of an algorithm's objective: `compose(grpo(), clipCov())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function clipCov(options: ClipCovOptions = {}): AlgorithmChange {
  checkOptions("clipCov", options, {
    ...{ share: SHARE, covLow: { kind: "number" }, covHigh: { kind: "number" } },
    clipLow: { kind: "number", min: 0, max: 1 },
    clipHigh: { kind: "number", min: 0 },
    aggregation: MEAN,
  });
  const settings = withDefaults(CLIP_DEFAULTS, options);
  const { covLow, covHigh } = settings;
  if (covLow >= covHigh) refuse("clipCov", `covLow is ${covLow}, covHigh ${covHigh}`, "pass a covLow below covHigh");
  return {
    name: "clip-cov",
    replaces: {
      objective: {
        needs: { together: "update", columns: { [ORDER]: "token" } },
        loss: (batch) => clipCovLoss(batch, settings),
      },
    },
    wraps: { advantage: drawn },
    choices: choicesOf(CLIP_SOURCES, settings, options),
  };
}

function drawn(inner: Advantage): Advantage {
  return wrapSeam(inner, async (input, next) => {
    const advantages = await next(input);
    const random = rng({ seed: input.seed ?? 0, stream: "clip-cov", step: input.step });
    const order = Float32Array.from(advantages.perToken, () => random.uniform());
    return { ...advantages, columns: { ...advantages.columns, [ORDER]: order } };
  });
}

function clipCovLoss(batch: PolicyBatch, settings: Required<ClipCovOptions>): ObjectiveResult {
  const checked = checkBatch("clipCov", batch);
  const gain = clippedGain(tokenRatio(checked), masked(checked.advantages, checked.mask), settings); // [B, T]
  const out = constantOf(checked.logProbs, (logProbs) => leftOut({ ...checked, logProbs }, settings)); // [B, T]
  return {
    loss: aggregate(gain.mul(out.neg().add(1)), checked, settings.aggregation)
      .neg()
      .asScalar(),
    metrics: {
      "clip_cov/left_out": aggregate(masked(out, checked.mask), checked, "token-mean"),
      "clip_cov/covariance": aggregate(tokenCovariance(checked), checked, "token-mean"),
    },
  };
}

/** [B, T], 1 or 0. */
function leftOut(batch: CheckedBatch, settings: Required<ClipCovOptions>): tf.Tensor2D {
  const { covLow, covHigh, clipLow, clipHigh, share } = settings;
  const advantages = masked(batch.advantages, batch.mask); // [B, T]
  const ratio = tokenRatio(batch); // [B, T]
  const clipped = ratio
    .clipByValue(1 - clipLow, 1 + clipHigh)
    .mul(advantages)
    .less(ratio.mul(advantages)); // [B, T]
  const cov = tokenCovariance(batch); // [B, T]
  const candidates = cov.greater(covLow).logicalAnd(cov.less(covHigh)).logicalAnd(clipped.logicalNot()); // [B, T]
  const order = masked(column("clipCov", batch, ORDER) as tf.Tensor2D, batch.mask); // [B, T]
  return largest(order, candidates, share, batch);
}

export interface KlCovOptions {
  /** Share of the tokens that is held. Default 2e-4: verl; the paper takes 2e-3 for 7B models and 2e-4 for 32B. */
  readonly share?: number;
  /** Weight of |log ratio| there. Default 1: section 4.2; verl's config has 0.1. */
  readonly klCoefficient?: number;
  /** How tokens are averaged. Default "token-mean": verl. */
  readonly aggregation?: Aggregation;
}

const KL_SOURCES: ChoiceSources<keyof KlCovOptions> = {
  share: ["objective", "verl kl_cov_ratio"],
  klCoefficient: ["objective", "arXiv:2505.22617, section 4.2"],
  aggregation: ["objective", "verl"],
};

/**
 * KL-Cov, put in place of an algorithm's objective: `compose(grpo(), klCov())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function klCov(options: KlCovOptions = {}): AlgorithmChange {
  checkOptions("klCov", options, { share: SHARE, klCoefficient: { kind: "number", min: 0 }, aggregation: MEAN });
  const defaults: Required<KlCovOptions> = { share: 2e-4, klCoefficient: 1, aggregation: "token-mean" };
  const settings = withDefaults(defaults, options);
  return {
    name: "kl-cov",
    replaces: { objective: { needs: { together: "update" }, loss: (batch) => klCovLoss(batch, settings) } },
    choices: choicesOf(KL_SOURCES, settings, options),
  };
}

function klCovLoss(batch: PolicyBatch, { share, klCoefficient, aggregation }: Required<KlCovOptions>): ObjectiveResult {
  const checked = checkBatch("klCov", batch);
  const { mask } = checked;
  const held = constantOf(checked.logProbs, (logProbs) => {
    const cov = tokenCovariance({ ...checked, logProbs }); // [B, T]
    return largest(cov, mask.greater(0), share, checked);
  }); // [B, T], 1 or 0
  const gain = tokenRatio(checked).mul(masked(checked.advantages, mask)); // [B, T]
  const penalty = limited(logRatio(checked)).abs().mul(masked(held, mask)).mul(klCoefficient); // [B, T]
  return {
    loss: aggregate(penalty.sub(gain) as tf.Tensor2D, checked, aggregation),
    metrics: {
      "kl_cov/held": aggregate(masked(held, mask), checked, "token-mean"),
      "kl_cov/covariance": aggregate(tokenCovariance(checked), checked, "token-mean"),
    },
  };
}
