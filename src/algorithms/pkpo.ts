/**
 * PKPO: rewards turned so that the update is the unbiased gradient of the expected best of k completions, from n >= k.
 * Walder, Karkhanis 2025, "Pass@K Policy Optimization: Solving Harder Reinforcement Learning Problems", arXiv:2505.15201,
 * theorems 3 and 4 and section 4.
 *
 *     s_b        = mean over the subsets of k that hold b of their best reward, times k / n     (sum s_b grad log p_b)
 *     "loo"        s_b less k / n times the mean best of the others' subsets of k (reconstruction: the factor of s_b itself)
 *     "loo-1"      s_b less k / n times the mean best of the others' subsets of k - 1: least variance
 *     A_b        = n s_b        so that the mean over a group's completions estimates the gradient of max@k
 *
 * At k = 1 it is RLOO ("loo") or the plain reward ("loo-1", whose subsets of none have best 0).
 *
 * Seam: advantage. Any finite rewards. With a baseline, equal rewards give 0 for k > 1. Unscored rows get 0 and do not count; a
 * group with fewer than k scored rows (k + 1 for "loo") gets 0, a step of which no group has as many is refused.
 */
import { type Advantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { groupRows } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface PkpoOptions {
  /** Size of the subsets. Default 4: paper, section 5 has k from 1 to 12 (our choice among them). */
  readonly k?: number;
  /** Default "loo-1": paper, section 4.2. */
  readonly baseline?: "none" | "loo" | "loo-1";
}

const SOURCES: ChoiceSources<keyof PkpoOptions> = {
  k: ["advantage", "our choice among those of arXiv:2505.15201, section 5"],
  baseline: ["advantage", "arXiv:2505.15201, section 4.2"],
};

type Settings = Required<PkpoOptions>;

/** The change. @throws UsageError for an unknown option or one out of range */
export function pkpo(options: PkpoOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "pkpo",
    replaces: {
      advantage: ({ rollouts, rewards }): Advantages => {
        const perRow = pkpoAdvantages(rewards.values, rollouts.group, settings);
        return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
      },
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: PkpoOptions): Settings {
  checkOptions("pkpo", options, {
    k: { kind: "integer", min: 1 },
    baseline: { kind: "either", values: ["none", "loo", "loo-1"] },
  });
  return { k: options.k ?? 4, baseline: options.baseline ?? "loo-1" };
}

/** Advantage of each row. @param rewards [B], NaN unscored @param group [B] @returns [B] */
export function pkpoAdvantages(rewards: Float32Array, group: Int32Array, options: PkpoOptions = {}): Float32Array {
  const { k, baseline } = settle(options);
  const needed = baseline === "loo" ? k + 1 : k;
  const groups = groupRows(group);
  if (groups.length > 0 && groups.every((rows) => rows.length < needed)) {
    refuse("pkpo", `no group has ${needed} completions for k = ${k}`, "raise samplesPerPrompt or lower k");
  }
  const out = new Float32Array(rewards.length);
  for (const rows of groups) {
    const scored = rows.filter((b) => !Number.isNaN(rewards[b]));
    if (scored.length < needed) continue;
    const values = scored.map((b) => rewards[b] ?? 0);
    for (const [place, weight] of subsetWeights(values, { k, baseline }).entries()) out[scored[place] ?? 0] = weight;
  }
  return out;
}

/** n s_b of one group, with its baseline. */
function subsetWeights(rewards: readonly number[], { k, baseline }: Settings): number[] {
  const equal = rewards.every((reward) => reward === rewards[0]);
  if (equal && (baseline === "loo" || (baseline === "loo-1" && k > 1))) return rewards.map(() => 0);
  return rewards.map((reward, i) => {
    const others = rewards.filter((_, j) => j !== i);
    const mean = meanBest(others, k - 1, reward);
    if (baseline === "none") return k * mean;
    if (baseline === "loo-1") return k * (mean - (k === 1 ? 0 : meanBest(others, k - 1)));
    return k * (mean - meanBest(others, k));
  });
}

/**
 * Mean over all subsets of `size` of the best of their rewards, and of `atLeast`. Sorted rising, the i-th (from 0) is the
 * best of C(i, size - 1) subsets.
 */
function meanBest(rewards: readonly number[], size: number, atLeast = -Infinity): number {
  if (size === 0) return atLeast;
  const sorted = [...rewards].sort((a, b) => a - b);
  let [share, sum] = [size / sorted.length, 0]; // of the subsets: those whose best is the last one, then downwards
  for (let i = sorted.length - 1; i >= size - 1; i--) {
    sum += share * Math.max(sorted[i] ?? 0, atLeast);
    share *= i === 0 ? 0 : (i - size + 1) / i; // C(i - 1, size - 1) / C(i, size - 1)
  }
  return sum;
}
