/**
 * CISPO: the importance weight is clipped, not the update: every token keeps a gradient.
 * MiniMax 2025, "MiniMax-M1: Scaling Test-Time Compute Efficiently with Lightning Attention", arXiv:2506.13585, eq. 4 and 5.
 *
 *     loss = -mean over tokens of stop(clip(r_bt, weightLow, weightHigh)) A_bt logp_bt
 *
 * Seam: objective. The bounds are those of the ratio itself, as in TRL, not distances from 1. The paper sets no lower bound.
 * The loss's value means little (it is not 0 at the start); its gradient is that of REINFORCE with weights.
 */
import type * as tf from "@tensorflow/tfjs";
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
import { RATIO_LEVELS, type RatioLevel, ratioAt, weightedLikelihood } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface CispoOptions {
  /** Smallest weight. Default 0: no bound, as in the paper. */
  readonly weightLow?: number;
  /** Largest weight. Default 5: ScaleRL (arXiv:2510.13786), as TRL's paper index quotes it; the paper gives no number. */
  readonly weightHigh?: number;
  /** Ratio of each token or of the completion. Default "token": eq. 4. */
  readonly level?: RatioLevel;
  /** How tokens are averaged. Default "token-mean": eq. 4. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof CispoOptions> = {
  weightLow: ["objective", "arXiv:2506.13585: no lower bound"],
  weightHigh: ["objective", "arXiv:2510.13786, by TRL's paper index"],
  level: ["objective", "arXiv:2506.13585, eq. 4"],
  aggregation: ["objective", "arXiv:2506.13585, eq. 4"],
};

const DEFAULTS: Required<CispoOptions> = { weightLow: 0, weightHigh: 5, level: "token", aggregation: "token-mean" };

/**
 * The objective, put in place of an algorithm's: `compose(grpo(), cispo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function cispo(options: CispoOptions = {}): AlgorithmChange {
  checkOptions("cispo", options, {
    weightLow: { kind: "number", min: 0 },
    weightHigh: { kind: "number", above: 0 },
    level: { kind: "either", values: RATIO_LEVELS },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const settings = withDefaults(DEFAULTS, options);
  const { weightLow, weightHigh } = settings;
  if (weightLow > weightHigh) {
    refuse("cispo", `weightLow is ${weightLow}, weightHigh ${weightHigh}`, "pass a weightLow of at most weightHigh");
  }
  const loss = (batch: PolicyBatch): ObjectiveResult => cispoLoss(batch, settings);
  return {
    name: "cispo",
    replaces: { objective: { needs: {}, loss } },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function cispoLoss(batch: PolicyBatch, settings: Required<CispoOptions>): ObjectiveResult {
  const checked = checkBatch("cispo", batch);
  const { weightLow, weightHigh, level, aggregation } = settings;
  const ratio = ratioAt(checked, level); // [B, T]
  const weights = ratio.clipByValue(weightLow, weightHigh) as tf.Tensor2D; // [B, T]
  const cut = masked(ratio.notEqual(weights).cast("float32") as tf.Tensor2D, checked.mask); // [B, T]
  return {
    loss: weightedLikelihood(checked, weights, aggregation),
    metrics: { cispo_clip_ratio: aggregate(cut, checked, "token-mean") },
  };
}
