/** From the names of the cepo forms to `src/algorithms/cepo.ts`. */
import { cepoAdvantages, cepoLambda } from "../../src/algorithms/index.ts";
import { block, lists, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly advantages: Nested;
  readonly mask: Nested;
  readonly posTeacherLogProbs: Nested;
  readonly negTeacherLogProbs: Nested;
  readonly lambda: number;
  readonly epsW: number;
  readonly lambda0: number;
  readonly warmupSteps: number;
  readonly schedule?: "linear" | "constant";
  readonly steps: readonly number[];
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "cepo/0": "advantages mask posTeacherLogProbs negTeacherLogProbs lambda epsW",
  "cepo/1": "lambda0 warmupSteps steps schedule?",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form === "cepo/1") {
    const { lambda0, warmupSteps, schedule = "linear", steps } = inputs;
    return { lambdas: steps.map((step) => cepoLambda({ lambda0, warmupSteps, schedule }, step)) };
  }
  const mask = block("mask", inputs.mask);
  const [, tokens = 1] = mask.shape;
  const columns = {
    advantages: block("advantages", inputs.advantages).data,
    positive: block("posTeacherLogProbs", inputs.posTeacherLogProbs).data,
    negative: block("negTeacherLogProbs", inputs.negTeacherLogProbs).data,
  };
  const { lambda, epsW } = inputs;
  const found = cepoAdvantages({ ...columns, mask: mask.data, tokens }, { lambda, epsW });
  return Object.fromEntries(Object.entries(found).map(([name, data]) => [name, lists({ data, shape: mask.shape })]));
}
