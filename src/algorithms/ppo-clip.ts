/**
 * PPO's clipped objective: a token's probability is pushed until it has changed by a set share, and no further.
 * Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347, eq. 7. Three bounds more:
 * a higher one above (clip-higher, arXiv:2503.14476, section 3.1); one of the loss of tokens with A < 0 (dual clip, Ye et
 * al. 2020, arXiv:1912.09729, eq. 5); one of the ratio of such tokens (two-sided clip, INTELLECT-2, arXiv:2505.07291).
 *
 *     r_bt = exp(logp_bt - logp_old_bt)
 *     g_bt = min( min(r_bt, twoSidedClip) A_bt, clip(r_bt, 1 - clipLow, 1 + clipHigh) A_bt )
 *     g_bt = max( g_bt, dualClip A_bt ) where A_bt < 0
 *     loss = -mean of g_bt over tokens
 *
 * Seam: objective. The last two bounds do the same from outside in: beyond dualClip = twoSidedClip neither has a gradient,
 * and the losses are equal. A token on a bound has the gradient of the side within. An empty mask has loss 0.
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
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, type OptionRule, shownChoices } from "../toolkit/options.ts";
import { clippedGain, clipSides, tokenRatio } from "../toolkit/ratio.ts";

export interface PpoClipOptions {
  /** eps below 1. Default 0.2: section 6.1. */
  readonly clipLow?: number;
  /** eps above 1. Default: clipLow, one eps for both sides as in eq. 7. */
  readonly clipHigh?: number;
  /** c of the dual clip, above 1. Default: none; verl takes 3 (as did Ye et al.). */
  readonly dualClip?: number;
  /** delta of the two-sided clip, meant to be above 1 + clipHigh. Default: none; INTELLECT-2 took 4. */
  readonly twoSidedClip?: number;
  /** How tokens are averaged. Default "token-mean": eq. 7 is an average over time steps. */
  readonly aggregation?: Aggregation;
}

/** What holds: the two further bounds may be absent. */
export interface ClippedLossSettings extends Required<Omit<PpoClipOptions, "dualClip" | "twoSidedClip">> {
  readonly dualClip: number | undefined;
  readonly twoSidedClip: number | undefined;
}

const SOURCES: ChoiceSources<keyof PpoClipOptions> = {
  clipLow: ["objective", "arXiv:1707.06347, section 6.1"],
  clipHigh: ["objective", "equal to clipLow: arXiv:1707.06347, eq. 7"],
  dualClip: ["objective", "arXiv:1707.06347, eq. 7 has none"],
  twoSidedClip: ["objective", "arXiv:1707.06347, eq. 7 has none"],
  aggregation: ["objective", "arXiv:1707.06347, eq. 7"],
};

/** Rules of the options, for methods that take them too. */
export const CLIP_RULES: Readonly<Record<keyof PpoClipOptions, OptionRule>> = {
  clipLow: { kind: "number", min: 0, max: 1 },
  clipHigh: { kind: "number", min: 0 },
  dualClip: { kind: "number", above: 1 },
  twoSidedClip: { kind: "number", above: 0 },
  aggregation: { kind: "either", values: AGGREGATIONS },
};

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), ppoClip({ dualClip: 3 }))`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function ppoClip(options: PpoClipOptions = {}): AlgorithmChange {
  checkOptions("ppoClip", options, CLIP_RULES);
  const { clipLow = 0.2, clipHigh = clipLow, dualClip, twoSidedClip, aggregation = "token-mean" } = options;
  const settings: ClippedLossSettings = { clipLow, clipHigh, dualClip, twoSidedClip, aggregation };
  const loss = (batch: PolicyBatch): ObjectiveResult => {
    const checked = checkBatch("ppoClip", batch);
    return clippedLoss(checked, tokenRatio(checked), settings);
  };
  return {
    name: "ppo-clip",
    replaces: { objective: { needs: {}, loss } },
    choices: choicesOf(SOURCES, shownChoices(settings), options),
  };
}

/** The loss for ratios of any kind, with the shares of tokens on which a bound acts. @param ratio [B, T] */
export function clippedLoss(
  batch: CheckedBatch,
  ratio: tf.Tensor2D,
  settings: ClippedLossSettings,
): { readonly loss: tf.Scalar; readonly metrics: Record<string, tf.Scalar> } {
  const advantages = masked(batch.advantages, batch.mask); // [B, T]
  const gain = clippedGain(ratio, advantages, settings); // [B, T]
  const { low, high } = clipSides(ratio, advantages, settings);
  const share = (values: tf.Tensor2D): tf.Scalar => aggregate(values, batch, "token-mean");
  const far = Math.min(
    settings.dualClip ?? Number.POSITIVE_INFINITY,
    settings.twoSidedClip ?? Number.POSITIVE_INFINITY,
  );
  const bounded = ratio.greater(far).logicalAnd(advantages.less(0)).cast("float32") as tf.Tensor2D;
  return {
    loss: aggregate(gain, batch, settings.aggregation).neg().asScalar(),
    metrics: {
      "clip_ratio/low_mean": share(low),
      "clip_ratio/high_mean": share(high),
      "clip_ratio/region_mean": share(low.add(high)),
      ...(Number.isFinite(far) && { "clip_ratio/bounded_mean": share(bounded) }),
    },
  };
}
