/**
 * MaxRL: advantages divided by the group's success rate, so that the update is that of log p(right) instead of p(right).
 * Tajwar, Zeng, Zhou, Song, Arora, Jiang, Schneider, Salakhutdinov, Feng, Zanette 2026, "Maximum Likelihood Reinforcement
 * Learning", arXiv:2602.02710.
 *
 *     A_b = (r_b - mean_group r) / mean_group r
 *
 * With n completions a prompt of success rate p is weighted by sum_{k < n - 1} (1 - p)^k on average, which grows to 1 / p.
 *
 * Seam: advantage. Rewards are 0 or above; those below are refused. A group of equal rewards (all wrong among them), an
 * unscored row and a group with one scored row get 0; a step of groups of one is refused.
 */
import { type Advantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

/** The change. @throws UsageError for any option: it has none */
export function maxRl(options: Readonly<Record<string, never>> = {}): AlgorithmChange {
  checkOptions("maxRl", options, {});
  return {
    name: "max-rl",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        someCompany("maxRl", rollouts.group);
        const perRow = maxRlAdvantages(rewards.values, rollouts.group);
        return { perToken: spreadOverTokens(perRow, rollouts.width - 1), scaledBy: "max-rl" };
      },
    },
    choices: [{ seam: "advantage", name: "scale", value: "group mean", source: "arXiv:2602.02710" }],
  };
}

/** Advantage of each row. @param rewards [B], NaN unscored @param group [B] @returns [B] @throws UsageError below 0 */
export function maxRlAdvantages(rewards: Float32Array, group: Int32Array): Float32Array {
  const below = rewards.findIndex((reward) => reward < 0);
  if (below >= 0) refuse("maxRl", `row ${below} has reward ${rewards[below]}`, "pass rewards from 0: success rates");
  const groups = groupStatistics(rewards, group);
  return rewards.map((reward, b) => {
    const of = groups.get(group[b] ?? -1);
    if (of === undefined || Number.isNaN(reward) || of.min === of.max) return 0;
    return (reward - of.mean) / of.mean;
  });
}
