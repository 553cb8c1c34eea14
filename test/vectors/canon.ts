/** From the names of the CANON forms to `src/algorithms/canon.ts`. */
import { type CanonAdvantageOptions, canonAdvantage } from "../../src/algorithms/index.ts";
import { groupIndices } from "./adapter/columns.ts";
import { block, finiteOrNull } from "./adapter/nested.ts";

interface Inputs extends CanonAdvantageOptions {
  readonly rewards: readonly number[];
  readonly metric: readonly number[];
  readonly groups: readonly (string | number)[];
}

const ROWS = "rewards metric groups mu? alpha? alphaOn? offset? normaliser? singleton?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "canon/0": ROWS,
  "canon/1": ROWS,
};

export function evaluate(inputs: Inputs, form: "canon/0" | "canon/1"): unknown {
  const { rewards, metric, groups, ...options } = inputs;
  const alphaOn = { "canon/0": "high", "canon/1": "low" } as const;
  const rows = { rewards: block("rewards", rewards).data, metric: block("metric", metric).data };
  finiteOrNull("canon", "rewards", rewards); // null: not scored
  const given = { alphaOn: alphaOn[form], ...options };
  const { advantages, isHigh, groupStats } = canonAdvantage({ ...rows, group: groupIndices(groups) }, given);
  return { advantage: [...advantages], isHigh, groupStats };
}
