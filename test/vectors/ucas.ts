/** From the names of the UCAS form to `src/algorithms/ucas.ts`. */
import { type UcasOptions, ucasAdvantages } from "../../src/algorithms/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { groupIndices } from "./adapter/columns.ts";
import { block, lists, type Nested } from "./adapter/nested.ts";

interface Inputs extends UcasOptions {
  readonly rewards: readonly number[];
  readonly confidence: Nested;
  readonly tokenLogits: Nested;
  readonly mask: Nested;
  readonly groups: readonly (string | number)[];
}

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form !== "ucas/0") throw new Error(`no form ${form}`);
  const { rewards, confidence, tokenLogits, mask, groups, ...options } = inputs;
  const columns = { confidence: block("confidence", confidence), tokenLogits: block("tokenLogits", tokenLogits) };
  const trained = block("mask", mask);
  for (const [name, { shape }] of Object.entries(columns)) {
    if (shape.join() !== trained.shape.join()) refuse("case", `${name} is of [${shape}]`, `pass [${trained.shape}]`);
  }
  const { advantages, ...perRow } = ucasAdvantages(
    {
      rewards: block("rewards", rewards).data,
      confidence: columns.confidence.data,
      tokenLogits: columns.tokenLogits.data,
      mask: trained.data,
      group: groupIndices(groups),
    },
    options,
  );
  const columnsOfRows = Object.entries(perRow).map(([name, values]) => [name, [...values]] as const);
  return { ...Object.fromEntries(columnsOfRows), advantages: lists({ data: advantages, shape: trained.shape }) };
}
