/** From the names of the ace-confidence-penalty form to `src/algorithms/ace-confidence-penalty.ts`. */
import { type AceOptions, aceAdvantage } from "../../src/algorithms/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { block, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly advantages: readonly number[];
  readonly correct: readonly number[];
  readonly logProbs: Nested;
  readonly refLogProbs: Nested;
  readonly mask: Nested;
  readonly alpha?: number;
  readonly lengthNormalise?: boolean;
  readonly maxShift?: number | null;
  readonly gate?: NonNullable<AceOptions["gate"]>;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "ace-confidence-penalty/0": "advantages correct logProbs refLogProbs mask alpha? lengthNormalise? maxShift? gate?",
};

export function evaluate(inputs: Inputs): unknown {
  const { alpha, lengthNormalise, maxShift, gate } = inputs;
  const blocks = {
    logProbs: block("logProbs", inputs.logProbs),
    refLogProbs: block("refLogProbs", inputs.refLogProbs),
    mask: block("mask", inputs.mask),
  };
  const [rows] = blocks.mask.shape;
  for (const [name, { shape }] of Object.entries(blocks)) {
    if (String(shape) === String(blocks.mask.shape)) continue;
    refuse("case", `${name} has shape [${shape}], mask [${blocks.mask.shape}]`, "pass one number per token in both");
  }
  const perRow = {
    advantages: block("advantages", inputs.advantages).data,
    correct: block("correct", inputs.correct).data,
  };
  for (const [name, { length }] of Object.entries(perRow)) {
    if (length !== rows) refuse("case", `${name} has ${length} numbers for ${rows} rows`, "pass one per row");
  }
  const { logProbs, refLogProbs, mask } = blocks;
  const { advantages, shift, gateValue, stats } = aceAdvantage(
    { ...perRow, logProbs: logProbs.data, refLogProbs: refLogProbs.data, mask: mask.data },
    {
      ...(alpha !== undefined && { strength: alpha }),
      ...(lengthNormalise !== undefined && { lengthNormalise }),
      ...(typeof maxShift === "number" && Number.isFinite(maxShift) && { maxShift }),
      ...(gate !== undefined && { gate }),
    },
  );
  return { advantages, c: shift, shift, gateValue, ...stats };
}
