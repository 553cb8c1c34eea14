/**
 * RLOO: the baseline of a completion is the mean reward of the other completions of its prompt.
 * Ahmadian, Cremer, Gallé, Fadaee, Kreutzer, Pietquin, Üstün, Hooker 2024, "Back to Basics: Revisiting REINFORCE Style
 * Optimization for Learning from Human Feedback in LLMs", arXiv:2402.14740, section 3.1, eq. 8.
 *
 *     A_b = r_b - mean of the group's other rewards = n / (n - 1) (r_b - mean_group r)
 *
 * Seam: advantage. The baseline does not depend on the completion, so the update is the exact gradient on average, which
 * GRPO's without division is only up to the factor (n - 1) / n. Equal rewards, an unscored row and a row that is the only
 * scored one of its group get 0; a step of groups of one is refused.
 */
import { type Advantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";

/** The change. @throws UsageError for any option: it has none */
export function rloo(options: Readonly<Record<string, never>> = {}): AlgorithmChange {
  checkOptions("rloo", options, {});
  return {
    name: "rloo",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        someCompany("rloo", rollouts.group);
        return { perToken: spreadOverTokens(rlooAdvantages(rewards.values, rollouts.group), rollouts.width - 1) };
      },
    },
    choices: [{ seam: "advantage", name: "baseline", value: "others' mean", source: "arXiv:2402.14740, eq. 8" }],
  };
}

/** Advantage of each row. @param rewards [B], NaN unscored @param group [B] @returns [B] */
export function rlooAdvantages(rewards: Float32Array, group: Int32Array): Float32Array {
  const groups = groupStatistics(rewards, group);
  return rewards.map((reward, b) => {
    const of = groups.get(group[b] ?? -1);
    if (of === undefined || Number.isNaN(reward) || of.min === of.max) return 0;
    return (of.count / (of.count - 1)) * (reward - of.mean);
  });
}
