/** From the names of the weighted-grpo-pairing forms to `src/algorithms/weighted-grpo-pairing.ts` and its pairs. */
import {
  type SuccessCounts,
  selectPair,
  type WeightedGroupOptions,
  weightedGroupAdvantage,
} from "../../src/algorithms/index.ts";
import { block } from "./adapter/nested.ts";

interface Rows {
  readonly correct: readonly number[];
  readonly groups: readonly number[];
  readonly lambda_?: number;
  readonly lambda?: number;
  readonly eps?: number;
  readonly ddof?: 0 | 1;
  readonly norm?: "std" | "mean";
  readonly where?: "reward" | "advantage";
}

interface Pools {
  readonly G: number;
  readonly c: number;
  readonly hardCorrectCounts: SuccessCounts;
  readonly easyCorrectCounts: SuccessCounts;
}

const ROWS = "correct groups lambda_? lambda? norm? where? eps? ddof?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "weighted-grpo-pairing/0": ROWS,
  "weighted-grpo-pairing/1": ROWS,
  "weighted-grpo-pairing/2": "G c hardCorrectCounts easyCorrectCounts",
};

export function evaluate(inputs: Rows | Pools, form: string): unknown {
  if ("hardCorrectCounts" in inputs) {
    const { G, c, hardCorrectCounts: hard, easyCorrectCounts: easy } = inputs;
    return selectPair({ hard, easy }, { samples: G, rare: c });
  }
  const byForm = form === "weighted-grpo-pairing/1" ? "advantage" : undefined;
  const { correct, groups, lambda_, lambda = lambda_, norm, where = byForm, eps, ddof } = inputs;
  const options: WeightedGroupOptions = {
    ...(lambda !== undefined && { lambda }),
    ...(norm !== undefined && { norm }),
    ...(where !== undefined && { where }),
    ...(eps !== undefined && { epsilon: eps }),
    ...(ddof !== undefined && { ddof }),
  };
  return { advantages: weightedGroupAdvantage({ correct: block("correct", correct).data, groups }, options) };
}
