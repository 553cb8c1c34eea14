/**
 * REINFORCE: each token is pushed by what is still to come, against the step's mean reward or against nothing.
 * Williams 1992, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning", Machine
 * Learning 8, section 4; as OpenRLHF's `reinforce`, whose normalisation is `reinforcePlusPlus` here.
 *
 *     A_bt = sum_{i >= t} gamma^(i - t) r_bi - baseline        baseline: 0, or the mean reward of the step's completions
 *
 * Seam: advantage. Works with one completion a prompt. Unscored rows get 0 and do not count. With the step's mean, equal
 * rewards give 0, told by value, unless rewards per token differ; with none, whatever is rewarded is pushed up.
 */
import { type AdvantageInput, type Advantages, groupStatistics } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkOptions } from "../toolkit/options.ts";
import { completionSpan, returnsToGo, tokenRewards } from "../toolkit/token-rewards.ts";

export interface ReinforceOptions {
  /** Default "none": the paper's, b = 0. */
  readonly baseline?: "none" | "batch-mean";
  /** Discount of token rewards, from 0 to 1. Default 1: OpenRLHF. */
  readonly gamma?: number;
}

const SOURCES: ChoiceSources<keyof ReinforceOptions> = {
  baseline: ["advantage", "Williams 1992, section 4"],
  gamma: ["advantage", "OpenRLHF"],
};

/** The change. @throws UsageError for an unknown option or one out of range */
export function reinforce(options: ReinforceOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "reinforce",
    replaces: { advantage: (input): Advantages => ({ perToken: reinforceAdvantages(input, settings) }) },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: ReinforceOptions): Required<ReinforceOptions> {
  checkOptions("reinforce", options, {
    baseline: { kind: "either", values: ["none", "batch-mean"] },
    gamma: { kind: "number", min: 0, max: 1 },
  });
  return { baseline: options.baseline ?? "none", gamma: options.gamma ?? 1 };
}

/** Advantage of each token, 0 outside of completions. @returns [B, T] */
export function reinforceAdvantages(
  { rollouts, rewards }: Pick<AdvantageInput, "rollouts" | "rewards">,
  options: ReinforceOptions = {},
): Float32Array {
  const { baseline, gamma } = settle(options);
  const all = groupStatistics(rewards.values, new Int32Array(rollouts.rows)).get(0);
  const out = returnsToGo(rollouts, tokenRewards(rollouts, rewards), gamma);
  if (baseline === "none" || all === undefined) return out;
  const mean = all.min === all.max ? all.min : all.mean; // exact, so that equal rewards leave nothing
  for (const [b, value] of rewards.values.entries()) {
    const { start, end } = completionSpan(rollouts, b);
    for (let i = start; i < end && !Number.isNaN(value); i++) out[i] = (out[i] ?? 0) - mean;
  }
  return out;
}
