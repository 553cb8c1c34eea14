/**
 * Pass@k training: the reward of a subset of k completions is that of its best, and a completion's advantage is the mean
 * over all subsets that hold it, in closed form.
 * Chen, Qin, Wu, Ling, Ye, Zhao, Shi 2025, "Pass@k Training for Adaptively Balancing Exploration and Exploitation of Large
 * Reasoning Models", arXiv:2508.10751, eq. 10 to 15 (analytical derivation).
 *
 *     R     = 1 - C(w, k) / C(n, k),   sd = sqrt(R (1 - R))        w wrong ones of n
 *     right   A = (1 - R) / sd
 *     wrong   A = (1 - R - C(w - 1, k - 1) / C(n - 1, k - 1)) / sd
 *
 * At k = 1 it is GRPO's with n in the variance.
 *
 * Seam: advantage. Rewards are 0 or 1; others are refused. Where no subset fails or all do (w < k, or none right) every
 * completion gets 0. Unscored rows get 0 and do not count. A group with fewer than k scored rows gets 0, a step of which
 * no group has k rows is refused.
 */
import { type Advantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkBinary } from "../toolkit/finite.ts";
import { groupRows } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface PassAtKTrainingOptions {
  /** Size of the subsets. Default 4: our choice; the paper varies it. */
  readonly k?: number;
}

const SOURCES: ChoiceSources<keyof PassAtKTrainingOptions> = {
  k: ["advantage", "our choice; arXiv:2508.10751 varies it"],
};

/** The change. @throws UsageError for an unknown option or one out of range */
export function passAtKTraining(options: PassAtKTrainingOptions = {}): AlgorithmChange {
  const k = settle(options);
  return {
    name: "pass-at-k-training",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        const perRow = passAtKTrainingAdvantages(rewards.values, rollouts.group, { k });
        return { perToken: spreadOverTokens(perRow, rollouts.width - 1), scaledBy: "pass-at-k-training" };
      },
    },
    choices: choicesOf(SOURCES, { k }, options),
  };
}

function settle(options: PassAtKTrainingOptions): number {
  checkOptions("passAtKTraining", options, { k: { kind: "integer", min: 1 } });
  return options.k ?? 4;
}

/** Advantage of each row. @param rewards [B] 0, 1, or NaN unscored @param group [B] @returns [B] */
export function passAtKTrainingAdvantages(
  rewards: Float32Array,
  group: Int32Array,
  options: PassAtKTrainingOptions = {},
): Float32Array {
  const k = settle(options);
  checkBinary("passAtKTraining", rewards, "left out");
  const groups = groupRows(group);
  if (groups.length > 0 && groups.every((rows) => rows.length < k)) {
    refuse("passAtKTraining", `no group has k = ${k} completions`, "raise samplesPerPrompt or lower k");
  }
  const out = new Float32Array(rewards.length);
  for (const rows of groups) {
    const scored = rows.filter((b) => !Number.isNaN(rewards[b]));
    const [n, wrong] = [scored.length, scored.filter((b) => rewards[b] === 0).length];
    if (n < k || wrong < k || wrong === n) continue;
    const failing = subsetShare(wrong, n, k);
    const deviation = Math.sqrt(failing * (1 - failing));
    const failingWithOne = subsetShare(wrong - 1, n - 1, k - 1);
    for (const b of scored) out[b] = (failing - (rewards[b] === 1 ? 0 : failingWithOne)) / deviation;
  }
  return out;
}

/** C(some, k) / C(all, k): the share of the subsets of size k that hold none but some. As a product: it cannot overflow. */
function subsetShare(some: number, all: number, k: number): number {
  let share = 1;
  for (let i = 0; i < k; i++) share *= Math.max(some - i, 0) / (all - i);
  return share;
}
