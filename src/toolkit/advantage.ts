/**
 * Advantage seam: turns rewards into one number per token, in plain arithmetic over typed arrays.
 * Here too: the statistics over groups of completions of one prompt, which most methods start from.
 */
import type { Models, StatisticColumns } from "./models.ts";
import { refuse } from "./refuse.ts";
import type { Rewards } from "./reward.ts";
import type { ExtraColumns, Rollouts } from "./rollout.ts";
import type { Seam } from "./seam.ts";
import type { Task } from "./tasks/task.ts";

export interface AdvantageInput {
  readonly rollouts: Rollouts;
  readonly rewards: Rewards;
  /** Step being taken, from 0, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** What the algorithm's `statistics` gave for these rows under the policy that sampled. */
  readonly statistics?: StatisticColumns;
  /** What the algorithm's `referenceStatistics` gave under the policy that the run started from. */
  readonly referenceStatistics?: StatisticColumns;
  /** Figures of the step before; undefined at the first. There in `train`, as is all that follows. */
  readonly previousMetrics?: Readonly<Record<string, number>>;
  /** Seed of the run. */
  readonly seed?: number;
  readonly task?: Task;
  readonly models?: Models;
}

/** A step's advantages, in columns. */
export interface Advantages {
  /** Advantage of each token; read where the mask is 1. */
  readonly perToken: Float32Array; // [B, T]
  /** Tokens to train on; the rollouts' completion mask where undefined. */
  readonly mask?: Float32Array; // [B, T]
  /** Columns for the objective, which finds them by the names that it needs. */
  readonly columns?: ExtraColumns;
  /** Reason to take no optimizer step this time; the record has it. */
  readonly skip?: string;
  /** Name of the method that fixed the scale of `perToken`: a normalisation after it must refuse. */
  readonly scaledBy?: string;
  /** What a person should know of these; the step's record has it. */
  readonly events?: readonly string[];
  /** Figures for the step's record. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export type Advantage = Seam<AdvantageInput, Advantages>;

/**
 * A statistic that the algorithm asked for.
 *
 * @throws UsageError when it is not there: advantages worked out outside of `train` must be given it
 */
export function statistic(where: string, columns: StatisticColumns | undefined, name: string): Float32Array {
  return columns?.[name] ?? refuse(where, `there is no statistic "${name}"`, "pass it as a column of [B, T] numbers");
}

/** Numbers of rows: single precision in a run, double where a caller has it. */
export type Reals = Float32Array | Float64Array;

export interface GroupAdvantageOptions {
  /** Divide by the group's standard deviation, or only subtract its mean. */
  readonly scale: "group-std" | "none";
  /** Divisor of the variance: n - 1 or n. */
  readonly deviation: "sample" | "population";
  /** Added to the standard deviation. */
  readonly epsilon: number;
}

/**
 * (r_b - mean of its group) / (std of its group + epsilon), or the difference alone.
 *
 * Rows with a NaN reward are left out of mean and deviation and get 0. A group whose scored rewards are all the same
 * number gets 0 exactly: told by comparing the values, since rounding can leave a deviation of 1e-8 that a division
 * would blow up.
 *
 * @param rewards [B]; the arithmetic is in double whatever they are
 * @param group [B] index of each row's group, in any order
 * @returns [B], as exact as the rewards: Float32Array of a Float32Array, Float64Array of a Float64Array
 */
export function groupAdvantages<Rows extends Reals>(
  rewards: Rows,
  group: ArrayLike<number>,
  options: GroupAdvantageOptions,
): Rows {
  if (rewards.length !== group.length) {
    refuse("groupAdvantages", `${rewards.length} rewards for ${group.length} group ids`, "pass one of each per row");
  }
  const statistics = groupStatistics(rewards, group);
  const found = (rewards as Reals).map((reward, b) => {
    const of = statistics.get(group[b] ?? -1);
    if (of === undefined || Number.isNaN(reward) || of.min === of.max) return 0;
    if (options.scale === "none") return reward - of.mean;
    const divisor = options.deviation === "sample" ? of.count - 1 : of.count;
    return (reward - of.mean) / (Math.sqrt(of.squares / divisor) + options.epsilon);
  });
  return found as Rows; // map keeps the kind of array
}

/** What groupAdvantages needs to know of a group's scored rewards. */
export interface GroupStatistics {
  /** Scored rows. */
  readonly count: number;
  readonly mean: number;
  /** Sum of squared differences from the mean. */
  readonly squares: number;
  readonly min: number;
  readonly max: number;
}

/** Statistics of each group's rewards, NaN left out; a group without a scored row is not in the map. */
export function groupStatistics(rewards: Reals, group: ArrayLike<number>): Map<number, GroupStatistics> {
  const members = new Map<number, number[]>();
  for (const [b, reward] of rewards.entries()) {
    if (Number.isNaN(reward)) continue;
    if (!Number.isFinite(reward))
      refuse("reward", `row ${b} has reward ${reward}`, "return a finite number, or NaN for unscored");
    const id = group[b] ?? -1;
    const list = members.get(id);
    if (list) list.push(reward);
    else members.set(id, [reward]);
  }
  const result = new Map<number, GroupStatistics>();
  for (const [id, list] of members) {
    list.sort((a, b) => a - b); // a fixed order of summing: the rows' order changes no bit
    const mean = list.reduce((sum, reward) => sum + reward, 0) / list.length;
    const squares = list.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
    result.set(id, { count: list.length, mean, squares, min: list[0] ?? mean, max: list.at(-1) ?? mean });
  }
  return result;
}

/** Gives every token of a row the row's number: [B] to [B, T], T = values' width. */
export function spreadOverTokens(perRow: Reals, tokens: number): Float32Array {
  const perToken = new Float32Array(perRow.length * tokens);
  for (const [b, value] of perRow.entries()) perToken.fill(value, b * tokens, (b + 1) * tokens);
  return perToken;
}

/**
 * The one advantage of each row; 0 for a row without trained tokens. [B, T] to [B].
 *
 * @param where who needs them, for the message
 * @throws UsageError for a row whose trained tokens have different advantages
 */
export function rowAdvantages(
  where: string,
  perToken: ArrayLike<number>,
  { mask, rows }: { readonly mask: ArrayLike<number>; readonly rows: number },
): Float32Array {
  const tokens = mask.length / rows;
  if (perToken.length !== mask.length) {
    refuse(where, `${perToken.length} advantages for ${mask.length} positions`, "pass one per token");
  }
  const perRow = new Float32Array(rows);
  for (let b = 0; b < rows; b++) {
    let found: number | undefined;
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      const value = perToken[i] ?? Number.NaN;
      if (mask[i] === 0 || Object.is(value, found)) continue;
      if (found !== undefined && value !== found) {
        refuse(where, `row ${b} has advantages ${found} and ${value}`, "use an objective of tokens, or one per row");
      }
      found = value;
    }
    perRow[b] = found ?? 0;
  }
  return perRow;
}
