/**
 * Best of a group: the best completion alone gets an advantage, by how much it beats the second best.
 * Tang, Zheng, Synnaeve, Munos 2025, "Optimizing Language Models for Inference Time Objectives using Reinforcement
 * Learning", arXiv:2503.19595, with the leave-one-out baseline; `grpo_passk` in verl.
 *
 *     A_b = max_group r - max of the group's others' r = r_(1) - r_(2) for the best, 0 for all others
 *
 * Its sum over n completions is the gradient of the expected best of n (pass@n for rewards 0 and 1) on average.
 *
 * Seam: advantage. With "group-std" it is divided by the group's standard deviation (n - 1) + epsilon, as verl does by
 * default and the paper does not. A tie at the top, an unscored row and a group with one scored row get 0; a step of groups
 * of one is refused.
 */
import { type Advantages, type GroupStatistics, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { groupRows, someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";

export interface GrpoPasskOptions {
  /** Division by the group's standard deviation. Default "none": the paper's, whose update is unbiased. */
  readonly scale?: "none" | "group-std";
  /** Added to the standard deviation. Default 1e-6: verl. */
  readonly epsilon?: number;
}

const SOURCES: ChoiceSources<keyof GrpoPasskOptions> = {
  scale: ["advantage", "arXiv:2503.19595"],
  epsilon: ["advantage", "verl"],
};

/** The change. @throws UsageError for an unknown option or one out of range */
export function grpoPassk(options: GrpoPasskOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "grpo-passk",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        someCompany("grpoPassk", rollouts.group);
        const perRow = grpoPasskAdvantages(rewards.values, rollouts.group, settings);
        return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
      },
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: GrpoPasskOptions): Required<GrpoPasskOptions> {
  checkOptions("grpoPassk", options, {
    scale: { kind: "either", values: ["none", "group-std"] },
    epsilon: { kind: "number", min: 0 },
  });
  return { scale: options.scale ?? "none", epsilon: options.epsilon ?? 1e-6 };
}

/** Advantage of each row. @param rewards [B], NaN unscored @param group [B] @returns [B] */
export function grpoPasskAdvantages(
  rewards: Float32Array,
  group: Int32Array,
  options: GrpoPasskOptions = {},
): Float32Array {
  const { scale, epsilon } = settle(options);
  const groups = groupStatistics(rewards, group);
  const out = new Float32Array(rewards.length);
  for (const rows of groupRows(group)) {
    const of = groups.get(group[rows[0] ?? 0] ?? -1);
    if (of === undefined || of.min === of.max) continue;
    const ranked = rows.filter((b) => !Number.isNaN(rewards[b])).sort((a, b) => (rewards[b] ?? 0) - (rewards[a] ?? 0));
    const [best = 0, second = best] = ranked;
    const lead = (rewards[best] ?? 0) - (rewards[second] ?? 0);
    out[best] = scale === "none" ? lead : lead / (deviation(of) + epsilon);
  }
  return out;
}

function deviation({ squares, count }: GroupStatistics): number {
  return Math.sqrt(squares / (count - 1));
}
