/**
 * Weighted GRPO on a pair: train on one hard but solvable prompt and one easy but brittle one; rare events carry it.
 * 2026, "Beyond Variance: Prompt-Efficient RLVR via Rare-Event Amplification and Bidirectional Pairing",
 * arXiv:2602.03452.
 *
 *     q+ of the hard pool: 1/G <= p(q) <= c/G;   q- of the easy pool: 1 - c/G <= p(q) <= 1 - 1/G     p: success rate
 *     r  = +1 for right, -lambda for wrong;   A_i = (r_i - mean) / (std + 1e-6)  per prompt, std over n
 *
 * Seams: curriculum (`promptPair`), advantage. With the standard deviation, lambda cancels: any map of {0, 1} onto two
 * values with the greater for right is affine. It acts where the deviation is left out (`norm: "mean"`: everything times
 * (1 + lambda) / 2 of lambda 1) or where it multiplies negative advantages afterwards (`where: "advantage"`). Both, the
 * interval of q+ (mirror of q-'s, which is quoted), G, c, lambda and the choice within the intervals are reconstruction.
 * A prompt of equal outcomes gets 0; a prompt with one completion is refused.
 */
import { type AdvantageInput, type Advantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { groupRows, someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface WeightedGroupOptions {
  /** Size of the outcome "wrong" against 1 for "right". Default 1: plain GRPO on the pair (reconstruction). */
  readonly lambda?: number;
  /** Divide by the standard deviation, or only subtract the mean. Default "std". */
  readonly norm?: "std" | "mean";
  /** Where lambda acts: on the outcome, or on the negative advantages. Default "reward": as quoted. */
  readonly where?: "reward" | "advantage";
  /** Added to the standard deviation. Default 1e-6 (reconstruction). */
  readonly epsilon?: number;
  /** What is taken off n in the variance's divisor: 0 or 1. Default 0 (reconstruction). */
  readonly ddof?: 0 | 1;
}

const SOURCES: ChoiceSources<keyof WeightedGroupOptions> = {
  lambda: ["advantage", "reconstruction: 1 is plain GRPO on the pair"],
  norm: ["advantage", "arXiv:2602.03452"],
  where: ["advantage", "arXiv:2602.03452"],
  epsilon: ["advantage", "reconstruction"],
  ddof: ["advantage", "reconstruction"],
};

/**
 * The method's advantage, in place of an algorithm's: `compose(grpo(), promptPair({ hard, easy }), weightedGrpo())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function weightedGrpo(options: WeightedGroupOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "weighted-grpo-pairing",
    replaces: { advantage: (input) => advantages(input, settings) },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: WeightedGroupOptions): Required<WeightedGroupOptions> {
  checkOptions("weightedGrpo", options, {
    lambda: { kind: "number", min: 0 },
    norm: { kind: "either", values: ["std", "mean"] },
    where: { kind: "either", values: ["reward", "advantage"] },
    epsilon: { kind: "number", min: 0 },
    ddof: { kind: "either", values: [0, 1] },
  });
  const { lambda = 1, norm = "std", where = "reward", epsilon = 1e-6, ddof = 0 } = options;
  return { lambda, norm, where, epsilon, ddof };
}

/** Unscored rows are left out of their group and get 0. */
function advantages({ rollouts, rewards }: AdvantageInput, settings: Required<WeightedGroupOptions>): Advantages {
  someCompany("weightedGrpo", rollouts.group);
  const scored = [...rewards.values.keys()].filter((b) => !Number.isNaN(rewards.values[b]));
  const sizes = new Map<number, number>();
  for (const b of scored) sizes.set(rollouts.group[b] ?? -1, (sizes.get(rollouts.group[b] ?? -1) ?? 0) + 1);
  const used = scored.filter((b) => (sizes.get(rollouts.group[b] ?? -1) ?? 0) > 1);
  const perRow = new Float32Array(rollouts.rows);
  const correct = used.map((b) => rewards.values[b] ?? Number.NaN);
  const groups = used.map((b) => rollouts.group[b] ?? -1);
  const found = used.length === 0 ? [] : weightedGroupAdvantage({ correct, groups }, settings);
  for (const [i, b] of used.entries()) perRow[b] = found[i] ?? 0;
  return { perToken: spreadOverTokens(perRow, rollouts.width - 1) };
}

/**
 * Advantages of completions that are right (1) or wrong (0).
 *
 * @param rows.groups index of each row's prompt
 * @returns [B]
 * @throws UsageError for an outcome other than 0 and 1, columns of unequal length, a prompt with one row
 */
export function weightedGroupAdvantage(
  { correct, groups }: { readonly correct: ArrayLike<number>; readonly groups: ArrayLike<number> },
  options: WeightedGroupOptions = {},
): Float64Array {
  const { lambda, norm, where, epsilon, ddof } = settle(options);
  if (correct.length === 0 || correct.length !== groups.length) {
    refuse(
      "weightedGroupAdvantage",
      `${correct.length} outcomes for ${groups.length} groups`,
      "pass one of each per row",
    );
  }
  const outcomes = Float64Array.from(correct, (value, b) => {
    if (value !== 0 && value !== 1) refuse("weightedGroupAdvantage", `row ${b} has outcome ${value}`, "pass 1 or 0");
    return value === 1 ? 1 : where === "reward" ? -lambda : 0;
  });
  const result = new Float64Array(correct.length);
  for (const rows of groupRows(groups)) {
    if (rows.length < 2) {
      refuse("weightedGroupAdvantage", `row ${rows[0]} is alone in its group`, "sample 2 completions a prompt or more");
    }
    const mean = rows.reduce((sum, b) => sum + (outcomes[b] ?? 0), 0) / rows.length;
    if (rows.every((b) => outcomes[b] === outcomes[rows[0] ?? 0])) continue;
    const squares = rows.reduce((sum, b) => sum + ((outcomes[b] ?? 0) - mean) ** 2, 0);
    const scale = norm === "std" ? Math.sqrt(squares / (rows.length - ddof)) + epsilon : 1;
    for (const b of rows) {
      const value = ((outcomes[b] ?? 0) - mean) / scale;
      result[b] = where === "advantage" && value < 0 ? lambda * value : value;
    }
  }
  return result;
}
