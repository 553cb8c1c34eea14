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
 * Shifted and scaled to mean 0 and variance 1 over what the mask keeps: (x - mean) / sqrt(variance + epsilon), n - 1 in the
 * variance. 0 elsewhere, and everywhere where all kept numbers are equal (told by value, not by a deviation that rounding
 * leaves) or only one is kept.
 *
 * @param values of the mask's length
 */
export function whitened(values: Float32Array, mask: Float32Array, epsilon: number): Float32Array {
  let [count, sum, low, high] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 0) continue;
    const value = values[i] ?? 0;
    count++;
    sum += value;
    low = Math.min(value, low);
    high = Math.max(value, high);
  }
  const out = new Float32Array(values.length);
  if (count < 2 || low === high) return out;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < values.length; i++) if (mask[i] !== 0) squares += ((values[i] ?? 0) - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / (count - 1) + epsilon);
  for (let i = 0; i < values.length; i++) if (mask[i] !== 0) out[i] = ((values[i] ?? 0) - mean) * scale;
  return out;
}
