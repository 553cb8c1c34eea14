/** From the names of the r-horizon forms to `src/toolkit/tasks/benchmarks/r-horizon.ts`. */
import {
  chainOffsets,
  expectedAccuracy,
  extractIntegers,
  scoreChain,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly passRates: readonly number[];
  readonly answers: readonly number[];
  readonly keyIntegers: readonly (number | null)[];
  readonly gold: readonly string[];
  readonly pred?: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export function evaluate({ passRates, answers, keyIntegers, gold, pred = {}, text }: Inputs, form: string): unknown {
  switch (form) {
    case "r-horizon/0":
      return { expected: expectedAccuracy(passRates) };
    case "r-horizon/1":
      return chainOffsets(answers, keyIntegers);
    case "r-horizon/2":
    case "r-horizon/3":
      return scoreChain({
        gold: gold.map(String),
        predicted: new Map(Object.entries(pred).map(([number, answer]) => [Number(number), String(answer)])),
      });
    case "r-horizon/4":
      return { numbers: extractIntegers(text).map(({ value }) => value) };
    default:
      throw new Error(`no form ${form}`);
  }
}
