/** From the names of the medvlthinker forms to `src/toolkit/tasks/benchmarks/medvlthinker.ts`. */
import {
  benchmarkAverage,
  filterByPassCount,
  medReward,
  orderByDifficulty,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly cases: readonly (readonly [response: string, answer: string, label: string])[];
  readonly passCounts: Readonly<Record<string, number | null>>;
  readonly low: number;
  readonly high: number;
  readonly accuracy: Readonly<Record<string, number>>;
}

export function evaluate(inputs: Inputs, form: string): unknown {
  switch (form) {
    case "medvlthinker/0":
      return {
        reward: inputs.cases.map(
          ([response, answer, answerLabel]) => medReward(response, { answer, answerLabel }).reward,
        ),
      };
    case "medvlthinker/1": {
      const { passCounts, low, high } = inputs;
      const kept = filterByPassCount({
        items: Object.keys(passCounts),
        passCounts: Object.values(passCounts),
        ...(low === undefined ? {} : { low }),
        ...(high === undefined ? {} : { high }),
      });
      return { order: orderByDifficulty(kept, "easy_to_hard").map(({ item }) => item) };
    }
    case "medvlthinker/2":
      return { average: benchmarkAverage(inputs.accuracy) };
    default:
      throw new Error(`no form ${form}`);
  }
}
