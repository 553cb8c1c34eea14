/** From the names of the math-beyond forms to the analysis and the benchmark of that name. */
import { boundaryDecomposition, meanPassAtK } from "../../src/analysis/index.ts";
import { buildZeroBaseline, verifyInteger } from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly base: readonly number[];
  readonly post: readonly number[];
  readonly n: number;
  readonly c: readonly number[];
  readonly k: readonly number[];
  readonly counts: readonly (readonly number[])[];
  readonly answer: number;
  readonly texts: readonly string[];
}

export function evaluate({ base, post, n, c, k, counts, answer, texts }: Inputs, form: string): unknown {
  switch (form) {
    case "math-beyond/0":
    case "math-beyond/1": {
      const { erUnsolved, ...rest } = boundaryDecomposition(base, post);
      return { ...rest, erUnsolved: erUnsolved ?? null };
    }
    case "math-beyond/2":
      return { mean: meanPassAtK({ n, correct: c }, k) };
    case "math-beyond/3":
      return buildZeroBaseline(counts);
    case "math-beyond/4":
      return {
        strict: texts.map((text) => verifyInteger(text, answer, "strict")),
        lenient: texts.map((text) => verifyInteger(text, answer, "lenient")),
      };
    default:
      throw new Error(`no form ${form}`);
  }
}
