/**
 * REINFORCE++: returns of each token, normalised over all tokens of the step; no critic, and no group needed.
 * Hu, Liu, Xu, Shen 2025, "REINFORCE++: Stabilizing Critic-Free Policy Optimization with Global Advantage Normalization",
 * arXiv:2501.03262, eq. 5 to 9.
 *
 *     "none"         G_bt = sum_{i >= t} gamma^(i - t) r_bi        token rewards: the KL penalty's, and r at the last token
 *     "group-mean"   G_bt = r_b - mean_group r                     REINFORCE++-baseline
 *     A_bt = (G_bt - mean G) / sqrt(var G + epsilon)               mean and variance over the step's scored tokens
 *
 * The penalty comes from {@link klInReward} put around it; the baseline form has its KL in the loss (k2).
 *
 * Seam: advantage. Where all returns are equal all advantages are 0, told by value. In the baseline form a group of equal
 * rewards has G = 0 and so, after normalisation, a small advantage of one sign, as in the paper. Unscored rows get 0 and do
 * not count.
 */
import { type AdvantageInput, type Advantages, groupAdvantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkOptions } from "../toolkit/options.ts";
import { returnsToGo, scoredMask, tokenRewards, whiten } from "../toolkit/token-rewards.ts";

export interface ReinforcePlusPlusOptions {
  /** What the reward is held against before the normalisation. Default "none": eq. 5. */
  readonly baseline?: "none" | "group-mean";
  /** Discount of token rewards, from 0 to 1. Default 1: eq. 5 has none. */
  readonly gamma?: number;
  /** Added to the variance. Default 1e-8: verl's and OpenRLHF's. */
  readonly epsilon?: number;
}

const SOURCES: ChoiceSources<keyof ReinforcePlusPlusOptions> = {
  baseline: ["advantage", "arXiv:2501.03262, eq. 5"],
  gamma: ["advantage", "arXiv:2501.03262, eq. 5"],
  epsilon: ["advantage", "verl, OpenRLHF"],
};

type Settings = Required<ReinforcePlusPlusOptions>;

/** The change. @throws UsageError for an unknown option or one out of range */
export function reinforcePlusPlus(options: ReinforcePlusPlusOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "reinforce-plus-plus",
    replaces: { advantage: (input) => reinforcePlusPlusAdvantages(input, settings) },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: ReinforcePlusPlusOptions): Settings {
  checkOptions("reinforcePlusPlus", options, {
    baseline: { kind: "either", values: ["none", "group-mean"] },
    gamma: { kind: "number", min: 0, max: 1 },
    epsilon: { kind: "number", min: 0 },
  });
  return { baseline: options.baseline ?? "none", gamma: options.gamma ?? 1, epsilon: options.epsilon ?? 1e-8 };
}

/** Advantage of each token. */
export function reinforcePlusPlusAdvantages(
  { rollouts, rewards }: Pick<AdvantageInput, "rollouts" | "rewards">,
  options: ReinforcePlusPlusOptions = {},
): Advantages {
  const { baseline, gamma, epsilon } = settle(options);
  const centred = { scale: "none", deviation: "sample", epsilon: 0 } as const;
  const returns =
    baseline === "none"
      ? returnsToGo(rollouts, tokenRewards(rollouts, rewards), gamma)
      : spreadOverTokens(groupAdvantages(rewards.values, rollouts.group, centred), rollouts.width - 1);
  whiten(returns, scoredMask(rollouts, rewards.values), epsilon);
  return { perToken: returns, scaledBy: "reinforce-plus-plus" };
}
