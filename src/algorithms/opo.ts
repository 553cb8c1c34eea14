/**
 * OPO: the baseline of a group is the mean of its rewards weighted by the lengths of the completions.
 * Hao, Dong, Wu, Huang, Chi, Wei 2025, "On-Policy RL with Optimal Reward Baseline", arXiv:2505.23585, eq. 6 and 7.
 *
 *     b   = sum_i l_i r_i / sum_i l_i,   A_b = r_b - b        l_i tokens of completion i, EOS counted
 *
 * It is the baseline of least variance where a completion's squared gradient grows with its length. The paper trains
 * exactly on policy, without KL and entropy terms: innerEpochs and miniBatches 1.
 *
 * Seam: advantage. Equal rewards, unscored rows and groups with one scored row get 0; a step of groups of one is refused.
 */
import { type Advantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { equalLengths } from "../toolkit/finite.ts";
import { someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";

/** The change. @throws UsageError for any option: it has none */
export function opo(options: Readonly<Record<string, never>> = {}): AlgorithmChange {
  checkOptions("opo", options, {});
  return {
    name: "opo",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        someCompany("opo", rollouts.group);
        const rows = { rewards: rewards.values, group: rollouts.group, lengths: rollouts.completionLengths };
        return { perToken: spreadOverTokens(opoAdvantages(rows), rollouts.width - 1) };
      },
    },
    choices: [{ seam: "advantage", name: "baseline", value: "mean by length", source: "arXiv:2505.23585, eq. 7" }],
  };
}

export interface OpoRows {
  /** NaN: unscored. */
  readonly rewards: Float32Array; // [B]
  readonly group: Int32Array; // [B]
  /** Tokens of each completion. */
  readonly lengths: ArrayLike<number>; // [B]
}

/** Advantage of each row. @returns [B] */
export function opoAdvantages({ rewards, group, lengths }: OpoRows): Float32Array {
  equalLengths("opo", { rewards, group, lengths });
  const groups = groupStatistics(rewards, group);
  const sums = new Map<number, { weight: number; weighted: number }>();
  for (const [b, reward] of rewards.entries()) {
    if (Number.isNaN(reward)) continue;
    const sum = sums.get(group[b] ?? -1) ?? { weight: 0, weighted: 0 };
    const length = lengths[b] ?? 0;
    sums.set(group[b] ?? -1, { weight: sum.weight + length, weighted: sum.weighted + length * reward });
  }
  return rewards.map((reward, b) => {
    const [of, sum] = [groups.get(group[b] ?? -1), sums.get(group[b] ?? -1)];
    if (of === undefined || sum === undefined || Number.isNaN(reward) || of.min === of.max) return 0;
    return reward - (sum.weight === 0 ? of.mean : sum.weighted / sum.weight);
  });
}
