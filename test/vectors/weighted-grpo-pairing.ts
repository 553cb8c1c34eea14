/** From the names of the weighted-grpo-pairing forms to `src/algorithms/weighted-grpo-pairing.ts` and its pairs. */
import {
  type SuccessCounts,
  selectPair,
  type WeightedGroupOptions,
  weightedGroupAdvantage,
} from "../../src/algorithms/index.ts";

interface Rows {
  readonly correct: readonly number[];
  readonly groups: readonly number[];
  readonly lambda_?: number;
  readonly norm?: "std" | "mean";
  readonly where?: "reward" | "advantage";
}

interface Pools {
  readonly G: number;
  readonly c: number;
  readonly hardCorrectCounts: SuccessCounts;
  readonly easyCorrectCounts: SuccessCounts;
}

export function evaluate(inputs: Rows | Pools, form: string): unknown {
  if ("hardCorrectCounts" in inputs) {
    const { G, c, hardCorrectCounts: hard, easyCorrectCounts: easy } = inputs;
    return selectPair({ hard, easy }, { samples: G, rare: c });
  }
  const byForm = form === "weighted-grpo-pairing/1" ? "advantage" : undefined;
  const { correct, groups, lambda_, norm, where = byForm } = inputs;
  const options: WeightedGroupOptions = {
    ...(lambda_ !== undefined && { lambda: lambda_ }),
    ...(norm !== undefined && { norm }),
    ...(where !== undefined && { where }),
  };
  return { advantages: weightedGroupAdvantage({ correct, groups }, options) };
}
