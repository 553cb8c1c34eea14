/**
 * NudgeRL's plan of hints for a prompt, and the advantage between and within its groups.
 * 2026, "Nudging Beyond the Comfort Zone: Efficient Strategy-Guided Exploration for RLVR", arXiv:2605.15726.
 *
 *     hint m keeps K - d_m rollouts, d_m ~ Binomial(K, pDrop); the plain prompt gets sum d_m
 *     a_i = (r_i - mean_group) + lambda (mean_group - mean), or r_i - mean for the plain prompt;  A = (a - mean a) / (std a + eps)
 *
 * Seams: rollout, advantage. Equal a give exactly 0.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rng } from "../toolkit/rng.ts";

/** Rollouts of one hint; `contextId` null is the plain prompt. */
export interface NudgeGroup {
  readonly contextId: number | null;
  readonly count: number;
}

export interface NudgePlanOptions {
  /** Hints to choose from. */
  readonly pool: readonly string[];
  /** M. */
  readonly contexts: number;
  /** K. */
  readonly samples: number;
  readonly dropProbability: number;
  readonly sampler: "sequential" | "random";
  readonly random: Rng;
}

/**
 * How many rollouts each hint gets, the plain prompt first; groups without any are left out. The counts sum to M K.
 *
 * @throws UsageError for a pool of fewer than M hints, and counts or a chance out of range
 */
export function nudgePlan(options: NudgePlanOptions): NudgeGroup[] {
  const { pool, contexts, samples, dropProbability, sampler, random } = options;
  if (!Number.isInteger(contexts) || contexts < 1) refuse("nudgePlan", `contexts is ${contexts}`, "pass 1 or more");
  if (!Number.isInteger(samples) || samples < 1) refuse("nudgePlan", `samples is ${samples}`, "pass 1 or more");
  if (!(dropProbability >= 0 && dropProbability <= 1)) {
    refuse("nudgePlan", `dropProbability is ${dropProbability}`, "pass a chance from 0 to 1");
  }
  if (pool.length < contexts) {
    refuse("nudgePlan", `the pool has ${pool.length} hints for ${contexts}`, "pass a larger pool, or fewer contexts");
  }
  const all = pool.map((_, id) => id);
  const chosen = (sampler === "random" ? random.shuffle(all) : all).slice(0, contexts);
  const kept = chosen.map((contextId) => {
    let count = samples;
    for (let i = 0; i < samples; i++) if (random.uniform() < dropProbability) count--;
    return { contextId, count };
  });
  const dropped = contexts * samples - kept.reduce((sum, { count }) => sum + count, 0);
  return [{ contextId: null, count: dropped }, ...kept].filter(({ count }) => count > 0);
}

export interface InterIntraOptions {
  /** Default 1.1: configuration. Outside [0, 2] a right rollout may score below a wrong one; a warning says so. */
  readonly lambda?: number;
  /** Default 1e-5: configuration. */
  readonly epsilon?: number;
}

/**
 * Advantages of one prompt's rollouts.
 *
 * @param rewards of the N rollouts
 * @param contextIds the hint of each; null for the plain prompt
 * @throws UsageError for no rollouts, lists of unequal length, a reward that is not finite, a hint NaN
 */
export function interIntraAdvantage(
  rewards: readonly number[],
  contextIds: readonly (number | null)[],
  options: InterIntraOptions = {},
): { readonly preNormalised: readonly number[]; readonly advantages: readonly number[] } {
  checkOptions("interIntraAdvantage", options, { lambda: { kind: "number" }, epsilon: { kind: "number", min: 0 } });
  const { lambda = 1.1, epsilon = 1e-5 } = options;
  if (rewards.length === 0) refuse("interIntraAdvantage", "there are no rollouts", "pass those of a prompt");
  if (rewards.length !== contextIds.length) {
    const given = `${rewards.length} rewards for ${contextIds.length} hints`;
    refuse("interIntraAdvantage", given, "pass one of each per rollout");
  }
  const bad = rewards.findIndex((reward) => !Number.isFinite(reward));
  if (bad >= 0) refuse("interIntraAdvantage", `rollout ${bad} has reward ${rewards[bad]}`, "leave unscored ones out");
  const odd = contextIds.findIndex((id) => Number.isNaN(id));
  if (odd >= 0) refuse("interIntraAdvantage", `rollout ${odd} has hint NaN`, "pass its number, or null for none");
  if (!(lambda >= 0 && lambda <= 2)) {
    const text = `interIntraAdvantage: lambda is ${lambda}, outside [0, 2]: a right rollout may score below a wrong one.`;
    process.emitWarning(text, "NudgeRl");
  }
  const overall = mean(rewards);
  const preNormalised = rewards.map((reward, i) => {
    const id = contextIds[i] ?? null;
    if (id === null) return reward - overall;
    const group = mean(rewards.filter((_, j) => contextIds[j] === id));
    return reward - group + lambda * (group - overall);
  });
  const centre = mean(preNormalised);
  const deviation = Math.sqrt(mean(preNormalised.map((value) => (value - centre) ** 2)));
  const flat = rewards.every((reward) => reward === rewards[0]); // by value: rounding leaves deviations of 1e-17
  const advantages = preNormalised.map((value) => (flat ? 0 : (value - centre) / (deviation + epsilon)));
  return { preNormalised, advantages };
}

/**
 * Warns of rows without a token to train on: they add 0 to the loss, and still count in its mean over rows.
 *
 * @param mask [B, T]
 */
export function warnOfEmptyRows(mask: ArrayLike<number>, rows: number): void {
  const tokens = mask.length / rows;
  for (let b = 0; b < rows; b++) {
    let length = 0;
    for (let i = b * tokens; i < (b + 1) * tokens; i++) length += mask[i] ?? 0;
    if (length > 0) continue;
    process.emitWarning(`nudgeRl: row ${b} has no token to train on and adds 0; leave such rows out.`, "NudgeRl");
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
