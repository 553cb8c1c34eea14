/** From the names of the open-rl-benchmark forms to `src/analysis/open-rl-benchmark.ts`. */
import {
  aggregate,
  normalizeMaxMin,
  normalizeReference,
  type ReferencedScore,
  resampleCurve,
  resultCell,
} from "../../src/analysis/index.ts";

interface Inputs {
  readonly runs: readonly (readonly (number | null)[])[];
  readonly window: number | undefined;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  readonly n: number;
  readonly scores: Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>;
  readonly games: readonly ReferencedScore[];
}

export function evaluate(inputs: Inputs, form: string): unknown {
  switch (form) {
    case "open-rl-benchmark/0":
      return resultCell(inputs.runs, inputs.window === undefined ? {} : { window: inputs.window });
    case "open-rl-benchmark/1":
      return resampleCurve(inputs.steps, inputs.values, inputs.n);
    case "open-rl-benchmark/2":
      return maxMin(inputs.scores);
    case "open-rl-benchmark/3": {
      const { scores, median, mean } = normalizeReference(inputs.games);
      return { hns: scores, median, mean };
    }
    default:
      throw new Error(`no form ${form}`);
  }
}

function maxMin(experiments: Inputs["scores"]): object {
  const { min, max, scores } = normalizeMaxMin(experiments);
  const aggregates = Object.entries(scores).map(([name, curves]) => {
    const final = curves.map((run) => run.map((curve) => curve.at(-1) ?? Number.NaN));
    const of = (statistic: "median" | "iqm" | "mean" | "optimalityGap"): number => aggregate(final, statistic);
    return [
      name,
      { median: of("median"), iqm: of("iqm"), mean: of("mean"), optimalityGap: of("optimalityGap"), final },
    ];
  });
  return { min, max, aggregates: Object.fromEntries(aggregates) };
}
