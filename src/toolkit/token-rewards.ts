/**
 * Rewards as methods with a reward per token see them: a completion's reward on its last token, penalties per token where
 * they arise. Arithmetic over columns; T = width - 1 positions.
 */
import { refuse } from "./refuse.ts";
import type { Rewards } from "./reward.ts";
import type { Rollouts } from "./rollout.ts";

type Spans = Pick<Rollouts, "rows" | "width" | "promptLengths" | "completionLengths">;

/** Columns of a row's completion: from `start` up to `end`, in a [B, T] array. */
export function completionSpan(
  { width, promptLengths, completionLengths }: Spans,
  row: number,
): { readonly start: number; readonly end: number } {
  const start = row * (width - 1) + (promptLengths[row] ?? 0) - 1; // column t is about token t + 1
  return { start, end: start + (completionLengths[row] ?? 0) };
}

/**
 * Reward of each token: what {@link Rewards.perToken} says, and on the last token the rest of the row's reward. A row sums
 * to its reward. 0 outside of completions and on unscored rows.
 *
 * @returns [B, T]
 */
export function tokenRewards(
  rollouts: Spans,
  { values, perToken }: Pick<Rewards, "values" | "perToken">,
): Float32Array {
  const out = new Float32Array(rollouts.rows * (rollouts.width - 1));
  if (perToken !== undefined && perToken.length !== out.length) {
    refuse("tokenRewards", `${perToken.length} rewards for ${out.length} positions`, "pass one per token");
  }
  for (let b = 0; b < rollouts.rows; b++) {
    const value = values[b] ?? Number.NaN;
    const { start, end } = completionSpan(rollouts, b);
    if (Number.isNaN(value) || end === start) continue;
    let rest = value;
    for (let i = start; perToken !== undefined && i < end; i++) {
      const reward = perToken[i] ?? 0;
      out[i] = reward;
      rest -= reward;
    }
    out[end - 1] = (out[end - 1] ?? 0) + rest;
  }
  return out;
}

/** Sum of the rewards from each token on, a later one times gamma a step. [B, T] to [B, T], 0 outside of completions. */
export function returnsToGo(rollouts: Spans, rewards: Float32Array, gamma: number): Float32Array {
  const out = new Float32Array(rewards.length);
  for (let b = 0; b < rollouts.rows; b++) {
    const { start, end } = completionSpan(rollouts, b);
    let later = 0;
    for (let i = end - 1; i >= start; i--) {
      later = (rewards[i] ?? 0) + gamma * later;
      out[i] = later;
    }
  }
  return out;
}

/** The mask without the rows that were not scored. [B, T] */
export function scoredMask(rollouts: Pick<Rollouts, "mask" | "width">, values: Float32Array): Float32Array {
  const unscored = values.some((value) => Number.isNaN(value));
  if (!unscored) return rollouts.mask;
  const mask = rollouts.mask.slice();
  const tokens = rollouts.width - 1;
  for (const [b, value] of values.entries()) if (Number.isNaN(value)) mask.fill(0, b * tokens, (b + 1) * tokens);
  return mask;
}

/**
 * Shifts and scales, in place, to mean 0 and variance 1 over what the mask keeps: (x - mean) / sqrt(variance + epsilon), n - 1
 * in the variance. 0 elsewhere, and everywhere where all kept numbers are equal (told by value, not by a deviation that
 * rounding leaves) or only one is kept.
 *
 * @param values of the mask's length; overwritten
 * @returns the moments before
 */
export function whiten(values: Float32Array, mask: Float32Array, epsilon: number): Moments {
  const before = moments(values, mask);
  const { count, mean, squares } = before;
  const scale = count < 2 || squares === 0 ? 0 : 1 / Math.sqrt(squares / (count - 1) + epsilon);
  if (scale === 0) values.fill(0);
  else for (let i = 0; i < values.length; i++) values[i] = mask[i] === 0 ? 0 : ((values[i] ?? 0) - mean) * scale;
  return before;
}

export interface Moments {
  /** Numbers that the mask keeps. */
  readonly count: number;
  readonly mean: number;
  /** Sum of squared differences from the mean; 0 exactly where all are equal. */
  readonly squares: number;
}

/** Moments of the numbers that the mask keeps, in one pass: sums of differences from the first of them, so that equal ones give 0. */
export function moments(values: Float32Array, mask: Float32Array): Moments {
  const first = mask.findIndex((keep) => keep !== 0);
  if (first < 0) return { count: 0, mean: Number.NaN, squares: 0 };
  const shift = values[first] ?? 0;
  let [count, sum, squares] = [0, 0, 0];
  for (let i = first; i < values.length; i++) {
    const d = mask[i] === 0 ? 0 : (values[i] ?? 0) - shift; // without a branch: a third of the time
    count += mask[i] === 0 ? 0 : 1;
    sum += d;
    squares += d * d;
  }
  return { count, mean: shift + sum / count, squares: Math.max(squares - (sum * sum) / count, 0) };
}
