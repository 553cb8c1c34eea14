/**
 * VIMPO's targets and the actor's advantage.
 * 2026, "VIMPO: Value-Implicit Policy Optimization for LLMs", arXiv:2606.20008; see vimpo.ts.
 *
 * Seam: advantage.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  groupStatistics,
  statistic,
} from "../toolkit/advantage.ts";
import { sampledExactKl } from "../toolkit/exact-kl.ts";
import { checkFinite } from "../toolkit/finite.ts";
import { klDivergence } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { VimpoSettings } from "./vimpo.ts";

/** Mean y^2 below which a value loss is not divided by it: the released code. */
const LEAST_SQUARE = 1e-4;

/** Targets as the column `target`, the actor's advantage per token. */
export function vimpoAdvantage(input: AdvantageInput, settings: VimpoSettings): Advantages {
  const { rollouts, rewards, statistics, referenceStatistics } = input;
  const tokens = rollouts.width - 1;
  const mask = rollouts.mask.slice();
  for (const [b, reward] of rewards.values.entries()) {
    if (Number.isNaN(reward)) mask.fill(0, b * tokens, (b + 1) * tokens);
  }
  const logProbs = statistic("vimpo", statistics, "logProb");
  const refLogProbs = statistic("vimpo", referenceStatistics, "logProb");
  const tokenKl = sampledKl(input, mask, settings);
  const terms = { logProbs, refLogProbs, tokenKl, mask };
  const rows = { rewards: rewards.values, group: rollouts.group, tokenKl, mask };
  const target = Float32Array.from(vimpoTargets(rows, settings, "left out").target);
  const targetSquare = target.reduce((sum, y) => sum + y ** 2, 0) / Math.max(target.length, 1);
  const { raw, whitened } = vimpoActorAdvantage({ ...terms, tokens }, settings);
  const tooSmall = settings.normaliseValue && targetSquare < LEAST_SQUARE;
  return {
    perToken: new Float32Array(settings.whiten ? whitened : raw),
    mask,
    columns: { target, targetSquare },
    ...(tooSmall && { skip: `the mean square of the targets is ${targetSquare}` }),
  };
}

/** KL of each token under the policy that sampled. @returns [B, T], 0 where the mask is */
function sampledKl(
  { rollouts, statistics, referenceStatistics }: AdvantageInput,
  mask: Float32Array,
  { kl }: VimpoSettings,
): Float32Array {
  const name = kl === "exact" ? "allLogits" : "logProb";
  const policy = statistic("vimpo", statistics, name);
  const reference = statistic("vimpo", referenceStatistics, name);
  if (kl === "exact") return sampledExactKl("vimpo", policy, reference, mask);
  const shape: [number, number] = [rollouts.rows, rollouts.width - 1];
  return tf.tidy(() => {
    const columns = { logProbs: tf.tensor2d(policy, shape), mask: tf.tensor2d(mask, shape) };
    return klDivergence(columns, tf.tensor2d(reference, shape), kl).dataSync<"float32">();
  });
}

export interface VimpoTargetInput {
  readonly rewards: ArrayLike<number>; // [B]
  /** Index of each row's group. */
  readonly group: ArrayLike<number>; // [B]
  /** KL of each token under the policy that sampled; read for "soft" values alone. */
  readonly tokenKl: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
}

/**
 * y of each row: r less the mean of the group's, or less v0, the group's mean of r - beta sum KL, for "soft" values.
 *
 * @param unscored what to do with a NaN reward. Default "refused"; one that is left out has y = 0 and is in no mean
 * @returns target and v0 [B]
 */
export function vimpoTargets(
  { rewards, group, tokenKl, mask }: VimpoTargetInput,
  { value, valueScale }: Pick<VimpoSettings, "value" | "valueScale">,
  unscored: "refused" | "left out" = "refused",
): { readonly target: Float64Array; readonly v0: Float64Array } {
  const values = Float64Array.from(rewards);
  const bad = values.findIndex((reward) => Number.isNaN(reward));
  if (bad >= 0 && unscored === "refused") refuse("vimpo", `row ${bad} has reward NaN`, "leave unscored rows out");
  const centred = groupAdvantages(values, group, { scale: "none", deviation: "sample", epsilon: 0 });
  const tokens = mask.length / values.length;
  const soft = values.map((reward, b) => {
    let kl = 0;
    if (value === "soft")
      for (let i = b * tokens; i < (b + 1) * tokens; i++) kl += mask[i] === 0 ? 0 : (tokenKl[i] ?? Number.NaN);
    return reward - valueScale * kl;
  });
  const statistics = groupStatistics(soft, group);
  const v0 = values.map((_, b) => statistics.get(group[b] ?? -1)?.mean ?? 0);
  if (value === "raw") return { target: centred, v0 };
  return { target: values.map((reward, b) => (Number.isNaN(reward) ? 0 : reward - (v0[b] ?? 0))), v0 };
}

export interface VimpoActorInput {
  /** Under the policy that sampled. */
  readonly logProbs: ArrayLike<number>; // [B, T]
  readonly refLogProbs: ArrayLike<number>; // [B, T]
  readonly tokenKl: ArrayLike<number>; // [B, T]
  readonly mask: ArrayLike<number>; // [B, T]
  /** T. */
  readonly tokens: number;
}

/**
 * A_t = sum over k >= t of lambda^(k - t) m_k along a row's tokens, those of mask 0 passed over; and the same whitened:
 * (A - mean) / sqrt(variance + 1e-8) over all tokens, n - 1.
 *
 * @returns [B, T] each, 0 where the mask is
 * @throws UsageError for numbers that are not finite, and for fewer than 2 tokens where `whiten` is set
 */
export function vimpoActorAdvantage(
  { logProbs, refLogProbs, tokenKl, mask, tokens }: VimpoActorInput,
  { valueScale, lambda, whiten }: Pick<VimpoSettings, "valueScale" | "lambda" | "whiten">,
): { readonly raw: Float64Array; readonly whitened: Float64Array } {
  checkFinite("vimpo", { logProbs, refLogProbs, tokenKl }, mask);
  const raw = new Float64Array(mask.length);
  let [count, sum] = [0, 0];
  for (let end = mask.length; end > 0; end -= tokens) {
    let following = 0;
    for (let i = end - 1; i >= end - tokens; i--) {
      if (mask[i] === 0) continue;
      const term = valueScale * ((logProbs[i] ?? 0) - (refLogProbs[i] ?? 0) - (tokenKl[i] ?? 0));
      following = term + lambda * following;
      raw[i] = following;
      count++;
      sum += following;
    }
  }
  const whitened = new Float64Array(mask.length);
  if (!whiten) return { raw, whitened };
  if (count < 2) refuse("vimpo", `there are ${count} tokens to whiten over`, "pass 2 or more, or whiten: false");
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < raw.length; i++) if (mask[i] !== 0) squares += ((raw[i] ?? 0) - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / (count - 1) + 1e-8);
  for (let i = 0; i < raw.length; i++) if (mask[i] !== 0) whitened[i] = ((raw[i] ?? 0) - mean) * scale;
  return { raw, whitened };
}
