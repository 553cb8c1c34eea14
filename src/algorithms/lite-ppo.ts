/**
 * Lite PPO's advantage: the baseline of the group, the scale of the whole step. TRL's `scale_rewards="batch"`.
 * Liu et al. 2025, "Part I: Tricks or Traps? A Deep Dive into RL for LLM Reasoning", arXiv:2508.08221, section 4.
 *
 *     A_b = (r_b - mean_group r) / (std over all the step's r + epsilon)
 *
 * A group of rare successes is not blown up by its own small deviation. The paper pairs it with a mean over tokens:
 * compose(grpo({ aggregation: "token-mean" }), litePpo()).
 *
 * Seam: advantage. A group of equal rewards and an unscored row get 0.
 */
import { type Advantages, groupAdvantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkOptions } from "../toolkit/options.ts";

export interface LitePpoOptions {
  /** Added to the standard deviation. Default 1e-4: TRL. */
  readonly epsilon?: number;
}

const SOURCES: ChoiceSources<keyof LitePpoOptions> = { epsilon: ["advantage", "TRL"] };

/** The change. @throws UsageError for an unknown option or one out of range */
export function litePpo(options: LitePpoOptions = {}): AlgorithmChange {
  const epsilon = settle(options);
  return {
    name: "lite-ppo",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        const perRow = litePpoAdvantages(rewards.values, rollouts.group, { epsilon });
        return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
      },
    },
    choices: [
      { seam: "advantage", name: "scale", value: "batch-std", source: "arXiv:2508.08221, section 4" },
      ...choicesOf(SOURCES, { epsilon }, options),
    ],
  };
}

function settle(options: LitePpoOptions): number {
  checkOptions("litePpo", options, { epsilon: { kind: "number", min: 0 } });
  return options.epsilon ?? 1e-4;
}

/** Advantage of each row. @param rewards [B], NaN unscored @param group [B] @returns [B] */
export function litePpoAdvantages(
  rewards: Float32Array,
  group: Int32Array,
  options: LitePpoOptions = {},
): Float32Array {
  const epsilon = settle(options);
  const centred = groupAdvantages(rewards, group, { scale: "none", deviation: "sample", epsilon });
  const all = groupStatistics(rewards, new Int32Array(rewards.length)).get(0);
  if (all === undefined || all.min === all.max) return centred; // all 0
  const deviation = Math.sqrt(all.squares / (all.count - 1));
  return centred.map((advantage) => advantage / (deviation + epsilon));
}
