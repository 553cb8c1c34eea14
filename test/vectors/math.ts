/** Adapter of the mathematics verifier's cases: whether a prediction is correct. */
import { type MathOptions, mathVerifier } from "../../src/toolkit/verify/index.ts";

type Inputs = { readonly gold: unknown; readonly prediction: unknown } & MathOptions;

export function evaluate(inputs: unknown, form: string): unknown {
  if (form !== "math/0") throw new Error(`no form ${form}`);
  const { gold, prediction, ...options } = inputs as Inputs;
  const { status } = mathVerifier(options).verify({ answer: asText(gold) }, asText(prediction));
  return { correct: status === "correct" };
}

/** The runner turns the texts "NaN" and "Infinity" into numbers. */
function asText(value: unknown): string {
  return typeof value === "number" ? String(value) : (value as string);
}
