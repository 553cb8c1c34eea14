/** From the names of the scrl forms to `src/algorithms/scrl-credit.ts`. */
import { scrlAdvantages, scrlRewards, scrlTokenAdvantages } from "../../src/algorithms/index.ts";

interface Inputs {
  readonly raw: readonly (readonly number[])[];
  readonly formatValid?: readonly number[];
  readonly ddof?: number;
  readonly eps?: number;
  readonly spanIndex: readonly (readonly number[])[];
  readonly mask?: readonly (readonly number[])[];
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "scrl/0": "raw formatValid? ddof? eps?",
  "scrl/1": "raw spanIndex mask? formatValid? ddof? eps?",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  const { raw, formatValid = raw.map(() => 1), ddof = 1, eps = 1e-6 } = inputs;
  const { progress, rewards } = scrlRewards(raw, formatValid);
  const advantages = scrlAdvantages({ rewards, formatValid }, { ddof, epsilon: eps });
  if (form === "scrl/0") return { progress, rewards, advantages };
  const { spanIndex, mask } = inputs;
  return { tokenAdvantages: scrlTokenAdvantages({ spanIndex, advantages, ...(mask && { mask }) }) };
}
