/** From the names of the UCAS form to `src/algorithms/ucas.ts`. */
import { type UcasOptions, ucasAdvantages } from "../../src/algorithms/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { groupIndices } from "./adapter/columns.ts";
import { block, finiteOrNull, lists, type Nested } from "./adapter/nested.ts";

interface Inputs extends UcasOptions {
  readonly rewards: readonly number[];
  readonly confidence: Nested;
  readonly tokenLogits: Nested;
  readonly mask: Nested;
  readonly groups: readonly (string | number)[];
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "ucas/0": "rewards confidence tokenLogits mask groups betaPos? betaNeg? lambda? normByStd? confidenceAgg?",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form !== "ucas/0") throw new Error(`no form ${form}`);
  const { rewards, confidence, tokenLogits, mask, groups, ...options } = inputs;
  const columns = { confidence: block("confidence", confidence), tokenLogits: block("tokenLogits", tokenLogits) };
  const trained = block("mask", mask);
  const perRow = block("rewards", rewards).data;
  finiteOrNull("ucas", "rewards", rewards); // null: not scored
  for (const [name, { shape }] of Object.entries(columns)) {
    if (shape.join() !== trained.shape.join()) refuse("case", `${name} is of [${shape}]`, `pass [${trained.shape}]`);
  }
  const { advantages, ...ofRows } = ucasAdvantages(
    {
      rewards: perRow,
      confidence: columns.confidence.data,
      tokenLogits: columns.tokenLogits.data,
      mask: trained.data,
      group: groupIndices(groups),
    },
    options,
  );
  const columnsOfRows = Object.entries(ofRows).map(([name, values]) => [name, [...values]] as const);
  return { ...Object.fromEntries(columnsOfRows), advantages: lists({ data: advantages, shape: trained.shape }) };
}
