/** From the names of the recap forms to `src/algorithms/recap-weights.ts`. */
import { recapFigures, recapWeights } from "../../src/algorithms/index.ts";

interface Inputs {
  readonly histories: readonly (readonly number[])[];
  readonly W?: number;
  readonly T?: number;
  readonly std?: "population" | "sample";
}

export function evaluate({ histories, W = 10, T = 5, std = "population" }: Inputs): unknown {
  const named = Object.fromEntries(histories.map((losses, k) => [`objective ${k}`, losses]));
  const options = { window: W, temperature: T, deviation: std };
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
