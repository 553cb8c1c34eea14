/**
 * DHPO: token ratios and sequence ratios, each clipped in a range of its own and then mixed inside one surrogate.
 * 2026, "Orchestrating Tokens and Sequences: Dynamic Hybrid Policy Optimization for RLVR", arXiv:2601.05607.
 *
 *     r_bt = exp(logp_bt - logp_old_bt), s_b = exp(mean_t log r_bt)
 *     m    = w r + (1 - w) s,  mc = w clip(r, token range) + (1 - w) clip(s, sequence range)
 *     l_bt = -min(m A_bt, mc A_bt)                                             (form "mix-min")
 *     l_bt = -( w min(r A, clip(r) A) + (1 - w) min(s A, clip(s) A) )          (form "branch-min")
 *     loss = mean over a completion's tokens, then over completions
 *
 * w is 0.5 ("avg"), or ("entropy") the token's entropy between the least and the largest of its completion, 0.5 where they
 * are closer than 1e-8; no gradient flows through it. w = 1 is GRPO, w = 0 GSPO.
 *
 * Seams: objective; with mix "entropy" also advantage, which works w out. An empty row adds 0 and counts as a row.
 * Log-ratios stop at 20. Known of the paper are the two ratios in one surrogate, the two mixings, the stop-gradient of w
 * and that clipping comes before mixing. Reconstruction: how entropies become w and in which direction, where the minimum
 * stands, the clip ranges, and that the sequence ratio is differentiated as stop(s) p / stop(p), as in GSPO-token. Our
 * choice: entropies are those of sampling, worked out once a step.
 */
import * as tf from "@tensorflow/tfjs";
import { type Advantage, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkEntropies } from "../toolkit/finite.ts";
import { entropy } from "../toolkit/models.ts";
import {
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { clippedGain, sequenceRatio, stopGradient, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface DhpoOptions {
  /** How w is found. Default "avg". Both are the paper's. */
  readonly mix?: "avg" | "entropy";
  /** w of mix "avg", from 0 to 1. Default 0.5: an average. */
  readonly tokenWeight?: number;
  /** Which ratio tokens of high entropy get. Default "high-to-token": reconstruction (decisions get credit of their own). */
  readonly direction?: "high-to-token" | "high-to-sequence";
  /** eps below 1 of token ratios, in (0, 1). Default 0.2: reconstruction, GRPO's. */
  readonly tokenClipLow?: number;
  /** eps above 1 of token ratios. Default 0.2: reconstruction, GRPO's. */
  readonly tokenClipHigh?: number;
  /** eps below 1 of sequence ratios, in (0, 1). Default 3e-4: reconstruction, GSPO's (arXiv:2507.18071, section 5.1). */
  readonly sequenceClipLow?: number;
  /** eps above 1 of sequence ratios. Default 4e-4: reconstruction, GSPO's (arXiv:2507.18071, section 5.1). */
  readonly sequenceClipHigh?: number;
  /** Where the minimum stands. Default "mix-min": reconstruction (one surrogate, as the abstract has it). */
  readonly form?: "mix-min" | "branch-min";
}

type Settings = Required<DhpoOptions>;

const SOURCES: ChoiceSources<keyof DhpoOptions> = {
  mix: ["objective", "arXiv:2601.05607, the averaged one of its two"],
  tokenWeight: ["objective", "arXiv:2601.05607: an average"],
  direction: ["objective", "reconstruction: credit of their own for decisions"],
  tokenClipLow: ["objective", "reconstruction: as in GRPO"],
  tokenClipHigh: ["objective", "reconstruction: as in GRPO"],
  sequenceClipLow: ["objective", "reconstruction: arXiv:2507.18071, section 5.1"],
  sequenceClipHigh: ["objective", "reconstruction: arXiv:2507.18071, section 5.1"],
  form: ["objective", "reconstruction: one surrogate"],
};

/**
 * The method, put in place of an algorithm's objective: `compose(grpo(), dhpo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function dhpo(options: DhpoOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const byEntropy = settings.mix === "entropy";
  const loss = (batch: PolicyBatch): ObjectiveResult => {
    const { loss: value, metrics } = dhpoLoss(batch, settings);
    return { loss: value, metrics };
  };
  return {
    name: "dhpo",
    replaces: { objective: { needs: byEntropy ? { columns: { mixWeight: "token" } } : {}, loss } },
    ...(byEntropy && { wraps: { advantage: (inner) => withMixWeight(inner, settings) }, statistics: { entropy } }),
    choices: choicesOf(SOURCES, settings, options),
  };
}

function withMixWeight(inner: Advantage, settings: Settings): Advantage {
  return wrapSeam(inner, async (input, next) => {
    const advantages = await next(input);
    const { rollouts } = input;
    const tokens = { mask: advantages.mask ?? rollouts.mask, rows: rollouts.rows };
    const mixWeight = dhpoMixWeight({ ...tokens, entropy: statistic("dhpo", input.statistics, "entropy") }, settings);
    return { ...advantages, columns: { ...advantages.columns, mixWeight: Float32Array.from(mixWeight) } };
  });
}

/** Tokens of rows with the policy's entropy, nats. */
export interface DhpoTokens {
  readonly entropy: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
  /** B. */
  readonly rows: number;
}

/**
 * w of mix "entropy": the weight of a token's own ratio; 0 where the mask is.
 *
 * @returns [B, T]
 * @throws UsageError for an entropy below 0, or not finite, where the mask is 1
 */
export function dhpoMixWeight(
  { entropy: nats, mask, rows }: DhpoTokens,
  { direction = "high-to-token" }: Pick<DhpoOptions, "direction"> = {},
): Float64Array {
  checkEntropies("dhpo", nats, mask);
  const tokens = mask.length / rows;
  const weight = new Float64Array(mask.length);
  for (let b = 0; b < rows; b++) {
    let [least, most] = [Infinity, -Infinity];
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (mask[i] === 0) continue;
      const value = nats[i] ?? Number.NaN;
      if (!Number.isFinite(value)) refuse("dhpo", `row ${b} has entropy ${value}`, "pass entropies in nats, from 0");
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const spread = most - least;
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (mask[i] === 0) continue;
      const high = spread < 1e-8 ? 0.5 : ((nats[i] ?? Number.NaN) - least) / spread;
      weight[i] = direction === "high-to-token" ? high : 1 - high;
    }
  }
  return weight;
}

export interface DhpoResult extends ObjectiveResult {
  /** l; 0 where the mask is. */
  readonly tokenLoss: tf.Tensor2D; // [B, T]
  /** s. */
  readonly seqRatio: tf.Tensor1D; // [B]
  /** w; 0 where the mask is. */
  readonly mixWeight: tf.Tensor2D; // [B, T]
  /** mc; 0 where the mask is. */
  readonly hybridRatio: tf.Tensor2D; // [B, T]
  /** Share of tokens whose ratio is outside of the token range. */
  readonly clipFracToken: tf.Scalar;
  /** Share of rows whose ratio is outside of the sequence range. */
  readonly clipFracSeq: tf.Scalar;
}

/**
 * The loss with its parts.
 *
 * @param batch with the column `mixWeight`, [B, T], where the mix is "entropy"
 * @throws UsageError for shapes that disagree, and for the mix "entropy" without its column
 */
export function dhpoLoss(batch: PolicyBatch, options: DhpoOptions = {}): DhpoResult {
  const settings = settle(options);
  const checked = checkBatch("dhpo", batch);
  const { mask, totals } = checked;
  const advantages = masked(checked.advantages, mask); // [B, T]
  const seqRatio = sequenceRatio(checked); // [B]
  const mixWeight = weightOf(checked, settings); // [B, T]
  const token = { ratio: tokenRatio(checked), clipLow: settings.tokenClipLow, clipHigh: settings.tokenClipHigh };
  const sequence = {
    ratio: stopGradient(seqRatio).expandDims<tf.Tensor2D>(1).mul<tf.Tensor2D>(unity(checked)), // [B, T]
    ...{ clipLow: settings.sequenceClipLow, clipHigh: settings.sequenceClipHigh },
  };
  const mixed = (ofToken: tf.Tensor2D, ofSequence: tf.Tensor2D): tf.Tensor2D =>
    masked(mixWeight.mul(ofToken).add(mixWeight.neg().add(1).mul(ofSequence)), mask);
  const hybridRatio = mixed(clipped(token), clipped(sequence)); // [B, T]
  const gain =
    settings.form === "mix-min"
      ? tf.minimum(mixed(token.ratio, sequence.ratio).mul(advantages), hybridRatio.mul(advantages))
      : mixed(clippedGain(token.ratio, advantages, token), clippedGain(sequence.ratio, advantages, sequence));
  const tokenLoss = gain.neg() as tf.Tensor2D; // [B, T]
  const outside = (ratio: tf.Tensor, bounded: tf.Tensor): tf.Scalar =>
    ratio.notEqual(bounded).cast("float32").sum().asScalar();
  const clipFracToken = outside(token.ratio, clipped(token)).div<tf.Scalar>(totals.tokens.maximum(1));
  const clipFracSeq = outside(seqRatio, clipped({ ...sequence, ratio: seqRatio })).div<tf.Scalar>(totals.rows);
  return {
    loss: aggregate(tokenLoss, checked, "seq-mean-token-mean"),
    metrics: { "clip_ratio/token_mean": clipFracToken, "clip_ratio/sequence_mean": clipFracSeq },
    ...{ tokenLoss, seqRatio, mixWeight, hybridRatio, clipFracToken, clipFracSeq },
  };
}

/** p / stop(p): 1, with the gradient of log p. @returns [B, T] */
function unity({ logProbs, mask }: CheckedBatch): tf.Tensor2D {
  const clean = masked(logProbs, mask);
  return clean.sub<tf.Tensor2D>(stopGradient(clean)).exp();
}

interface Bounded<T extends tf.Tensor> {
  readonly ratio: T;
  readonly clipLow: number;
  readonly clipHigh: number;
}

function clipped<T extends tf.Tensor>({ ratio, clipLow, clipHigh }: Bounded<T>): T {
  return tf.clipByValue(ratio, 1 - clipLow, 1 + clipHigh) as T;
}

function weightOf(checked: CheckedBatch, { mix, tokenWeight }: Settings): tf.Tensor2D {
  const { mask } = checked;
  if (mix === "avg") return masked(tf.fill(mask.shape, tokenWeight), mask);
  const weight = column("dhpo", checked, "mixWeight");
  if (weight.shape.join() !== mask.shape.join()) {
    refuse("dhpo", `mixWeight has shape [${weight.shape}], mask [${mask.shape}]`, "pass one per token");
  }
  return stopGradient(masked(weight as tf.Tensor2D, mask));
}

function settle(options: DhpoOptions): Settings {
  const above = { kind: "number", above: 0 } as const;
  checkOptions("dhpo", options, {
    mix: { kind: "either", values: ["avg", "entropy"] },
    tokenWeight: { kind: "number", min: 0, max: 1 },
    direction: { kind: "either", values: ["high-to-token", "high-to-sequence"] },
    tokenClipLow: { ...above, below: 1 },
    tokenClipHigh: above,
    sequenceClipLow: { ...above, below: 1 },
    sequenceClipHigh: above,
    form: { kind: "either", values: ["mix-min", "branch-min"] },
  });
  return withDefaults(DEFAULTS, options);
}

const DEFAULTS: Settings = {
  mix: "avg",
  tokenWeight: 0.5,
  direction: "high-to-token",
  tokenClipLow: 0.2,
  tokenClipHigh: 0.2,
  sequenceClipLow: 3e-4,
  sequenceClipHigh: 4e-4,
  form: "mix-min",
};
