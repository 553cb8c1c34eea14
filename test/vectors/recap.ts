/** From the names of the recap forms to `src/algorithms/recap-weights.ts`. */
import { recapFigures, recapWeights } from "../../src/algorithms/index.ts";

interface Inputs {
  readonly histories: readonly (readonly number[])[];
  readonly W?: number;
  readonly T?: number;
  readonly std?: "population" | "sample";
  readonly floor?: number;
}

const ROWS = "histories W? T? std? floor?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "recap/0": ROWS,
  "recap/1": ROWS,
  "recap/2": ROWS,
};

export function evaluate({ histories, W = 10, T = 5, std = "population", floor }: Inputs): unknown {
  const named = Object.fromEntries(histories.map((losses, k) => [`objective ${k}`, losses]));
  const options = { window: W, temperature: T, deviation: std, ...(floor !== undefined && { floor }) };
  const figures = Object.values(recapFigures(named, options) ?? {});
  return {
    weights: Object.values(recapWeights(named, options)),
    c: figures.map(({ c }) => c),
    i: figures.map(({ i }) => i),
    s: figures.map(({ s }) => s),
    mu: figures.map(({ mu }) => mu),
    muPrev: figures.map(({ muPrevious }) => muPrevious),
    sigma: figures.map(({ sigma }) => sigma),
  };
}
