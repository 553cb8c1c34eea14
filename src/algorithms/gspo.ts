/**
 * GSPO: one importance ratio per completion instead of one per token.
 * Zheng et al. 2025, "Group Sequence Policy Optimization", arXiv:2507.18071, eq. 5 and 7; GSPO-token: eq. 13 and 14.
 *
 *     s_b  = exp( sum_t m_bt (logp_bt - logp_old_bt) / n_b )
 *     loss = -mean_b min( s_b A_b, clip(s_b, 1 - clipLow, 1 + clipHigh) A_b )
 *
 *     GSPO-token: s_bt = stop(s_b) p_bt / stop(p_bt), -mean_b mean_t min( s_bt A_bt, clip(s_bt) A_bt )
 *
 * Seam: objective. For one advantage per completion the two have the same loss and gradient; GSPO-token also takes
 * advantages that vary over tokens, and moves each token by its own. GSPO refuses those. A completion without trained tokens
 * has s_b = 1, adds 0 and counts in the mean.
 */
import type * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import {
  type Aggregation,
  type CheckedBatch,
  checkBatch,
  masked,
  type ObjectiveNeeds,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, shownChoices } from "../toolkit/options.ts";
import { overTokens, ratioAt, sequenceRatio, stopGradient } from "../toolkit/ratio.ts";
import { CLIP_RULES, type ClippedLossSettings, clippedLoss } from "./ppo-clip.ts";

export interface GspoOptions {
  /** eps below 1. Default 3e-4: section 5.1 (a completion's ratio moves far less than a token's). */
  readonly clipLow?: number;
  /** eps above 1. Default 4e-4: section 5.1. */
  readonly clipHigh?: number;
  /** delta of the two-sided clip, see {@link ppoClip}. Default: none; TRL has it at this level too. */
  readonly twoSidedClip?: number;
  /** How tokens, which all have their completion's loss, are averaged. Default "seq-mean-token-mean": eq. 5. */
  readonly aggregation?: Aggregation;
}

const SOURCES: ChoiceSources<keyof GspoOptions> = {
  clipLow: ["objective", "arXiv:2507.18071, section 5.1"],
  clipHigh: ["objective", "arXiv:2507.18071, section 5.1"],
  twoSidedClip: ["objective", "arXiv:2507.18071, eq. 5 has none"],
  aggregation: ["objective", "arXiv:2507.18071, eq. 5"],
};

/**
 * GSPO, put in place of an algorithm's objective: `compose(grpo(), gspo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function gspo(options: GspoOptions = {}): AlgorithmChange {
  return change("gspo", options, { needs: { advantages: "row" }, ratio: (batch) => ratioAt(batch, "sequence") });
}

/** GSPO-token: the same for advantages that may vary over a completion's tokens. @throws as {@link gspo} */
export function gspoToken(options: GspoOptions = {}): AlgorithmChange {
  return change("gspo-token", options, { needs: {}, ratio: tokensOwnRatio });
}

interface Kind {
  readonly needs: ObjectiveNeeds;
  readonly ratio: (batch: CheckedBatch) => tf.Tensor2D; // [B, T]
}

function change(name: string, options: GspoOptions, { needs, ratio }: Kind): AlgorithmChange {
  const { clipLow, clipHigh, twoSidedClip, aggregation } = CLIP_RULES;
  checkOptions(name, options, { clipLow, clipHigh, twoSidedClip, aggregation });
  const settings: ClippedLossSettings = {
    clipLow: options.clipLow ?? 3e-4,
    clipHigh: options.clipHigh ?? 4e-4,
    dualClip: undefined,
    twoSidedClip: options.twoSidedClip,
    aggregation: options.aggregation ?? "seq-mean-token-mean",
  };
  const loss = (batch: PolicyBatch): ObjectiveResult => {
    const checked = checkBatch(name, batch);
    return clippedLoss(checked, ratio(checked), settings);
  };
  const choices = choicesOf(SOURCES, shownChoices(settings), options);
  return { name, replaces: { objective: { needs, loss } }, choices };
}

/** Eq. 14: the completion's ratio as a number, the token's own as what the gradient sees. */
function tokensOwnRatio(batch: CheckedBatch): tf.Tensor2D {
  const logProbs = masked(batch.logProbs, batch.mask); // [B, T]
  const one = logProbs.sub(stopGradient(logProbs)).exp(); // [B, T]
  return one.mul(stopGradient(overTokens(sequenceRatio(batch), batch.mask)));
}
