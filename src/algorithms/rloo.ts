/**
 * RLOO: the baseline of a completion is the mean reward of the other completions of its prompt.
 * Ahmadian, Cremer, Gallé, Fadaee, Kreutzer, Pietquin, Üstün, Hooker 2024, "Back to Basics: Revisiting REINFORCE Style
 * Optimization for Learning from Human Feedback in LLMs", arXiv:2402.14740, section 3.1, eq. 8.
 *
 *     A_b = r_b - mean of the group's other rewards = n / (n - 1) (r_b - mean_group r)
 *     "others-std": A_b / (s_b + 1e-6) where s_b > 0, the deviation of the others (n - 2): NeMo-RL's GRPO
 *
 * Seam: advantage. The baseline does not depend on the completion, so the update is the exact gradient on average, which
 * GRPO's without division is only up to the factor (n - 1) / n. Equal rewards, an unscored row and a row that is the only
 * scored one of its group get 0; a step of groups of one is refused. Where the others are all equal nothing is divided, so
 * the only right answer of a group has A = 1.
 */
import { type Advantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { groupRows, someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";

export interface RlooOptions {
  /** What advantages are divided by. Default "none": eq. 8. "others-std" is NeMo-RL's. */
  readonly scale?: "none" | "others-std";
}

const SOURCES: ChoiceSources<"baseline" | keyof RlooOptions> = {
  baseline: ["advantage", "arXiv:2402.14740, eq. 8"],
  scale: ["advantage", "arXiv:2402.14740, eq. 8"],
};

/** Added to the deviation: NeMo-RL. */
const EPSILON = 1e-6;

/** The change. @throws UsageError for an unknown option */
export function rloo(options: RlooOptions = {}): AlgorithmChange {
  const { scale } = settle(options);
  return {
    name: "rloo",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        someCompany("rloo", rollouts.group);
        const perRow = rlooAdvantages(rewards.values, rollouts.group, { scale });
        return {
          perToken: spreadOverTokens(perRow, rollouts.width - 1),
          ...(scale !== "none" && { scaledBy: "rloo" }),
        };
      },
    },
    choices: choicesOf(SOURCES, { baseline: "others' mean", scale }, options),
  };
}

function settle(options: RlooOptions): Required<RlooOptions> {
  checkOptions("rloo", options, { scale: { kind: "either", values: ["none", "others-std"] } });
  return { scale: options.scale ?? "none" };
}

/** Advantage of each row. @param rewards [B], NaN unscored @param group [B] @returns [B] */
export function rlooAdvantages(rewards: Float32Array, group: Int32Array, options: RlooOptions = {}): Float32Array {
  const { scale } = settle(options);
  const groups = groupStatistics(rewards, group);
  const divisors = scale === "none" ? undefined : othersDeviations(rewards, group);
  return rewards.map((reward, b) => {
    const of = groups.get(group[b] ?? -1);
    if (of === undefined || Number.isNaN(reward) || of.min === of.max) return 0;
    const deviation = divisors?.[b] ?? 0;
    const advantage = (of.count / (of.count - 1)) * (reward - of.mean);
    return deviation === 0 ? advantage : advantage / (deviation + EPSILON);
  });
}

/** Deviation of the scored rewards of a row's group but its own, 0 exactly where they are equal or fewer than two. [B] */
function othersDeviations(rewards: Float32Array, group: Int32Array): Float64Array {
  const out = new Float64Array(rewards.length);
  for (const rows of groupRows(group)) {
    const scored = rows.filter((b) => !Number.isNaN(rewards[b]));
    for (const b of scored)
      out[b] = deviation(scored.filter((other) => other !== b).map((other) => rewards[other] ?? 0));
  }
  return out;
}

function deviation(values: readonly number[]): number {
  if (values.length < 2 || values.every((value) => value === values[0])) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
