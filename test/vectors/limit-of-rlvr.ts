/** From the names of the limit-of-rlvr forms to `src/analysis/limit-of-rlvr.ts`. */
import {
  accuracyHistogram,
  crossoverK,
  meanPassAtK,
  passAtK,
  perplexity,
  samplingEfficiencyGap,
  solvedCoverage,
} from "../../src/analysis/index.ts";

interface Inputs {
  readonly n: number;
  readonly baseCorrect: readonly number[];
  readonly rlCorrect: readonly number[];
  readonly ks: readonly number[];
  readonly logProbs: readonly number[];
  readonly cases: readonly (readonly [n: number, correct: number, k: number])[];
}

export function evaluate(inputs: Inputs, form: string): unknown {
  const { n, baseCorrect, rlCorrect, ks, logProbs, cases } = inputs;
  const base = { n, correct: baseCorrect };
  const trained = { n, correct: rlCorrect };
  switch (form) {
    case "limit-of-rlvr/0":
      return {
        base: meanPassAtK(base, ks),
        rl: meanPassAtK(trained, ks),
        crossover: crossoverK({ base, trained }) ?? null,
        deltaSE: samplingEfficiencyGap({ base, trained }, Math.min(32, n)), // the form's K, or all where there are fewer
      };
    case "limit-of-rlvr/1":
      return { base: accuracyHistogram(base), rl: accuracyHistogram(trained) };
    case "limit-of-rlvr/2": {
      const { both, baseOnly, trainedOnly, neither, containment } = solvedCoverage(baseCorrect, rlCorrect);
      return {
        both: both.length,
        baseOnly: baseOnly.length,
        rlOnly: trainedOnly.length,
        neither: neither.length,
        containment: containment ?? null,
      };
    }
    case "limit-of-rlvr/3":
      return { perplexity: perplexity(logProbs) };
    case "limit-of-rlvr/4":
      return { values: cases.map(([samples, correct, k]) => passAtK({ n: samples, correct }, k)) };
    default:
      throw new Error(`no form ${form}`);
  }
}
