/** From the names of the mathforge-dgpo forms to `src/algorithms/mathforge-dgpo.ts`. */
import { dgpoAdvantage } from "../../src/algorithms/index.ts";
import { equalGroups } from "../../src/index.ts";
import { lists } from "./adapter/nested.ts";

interface Inputs {
  readonly rewards: readonly number[];
  readonly accuracy?: readonly number[];
  readonly groupSize: number;
  readonly lengths: readonly number[];
  readonly temperature?: number;
  readonly useDQW?: boolean;
  readonly validTokenAveraging?: boolean;
  readonly eps?: number;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "mathforge-dgpo/0": "rewards accuracy? groupSize lengths temperature? useDQW? validTokenAveraging? eps?",
};

export function evaluate(inputs: Inputs): unknown {
  const { rewards, accuracy, groupSize, lengths, temperature = 2, useDQW = true, validTokenAveraging = true } = inputs;
  const { eps } = inputs;
  const groups = equalGroups("dgpo", rewards.length, groupSize);
  const rows = { rewards, groups, lengths, ...(accuracy && { accuracy }) };
  const found = dgpoAdvantage(rows, {
    temperature,
    useDqw: useDQW,
    validTokenAveraging,
    ...(eps !== undefined && { epsilon: eps }),
  });
  const perGroup = (data: Float64Array) => lists({ data, shape: [rewards.length / groupSize, groupSize] });
  const { base, lambda, zeroMaskRatio, final } = found;
  return { base: perGroup(base), lambda_: lambda, zeroMaskRatio, final: perGroup(final) };
}
