/** From the names of the rliable forms to `src/analysis/rliable.ts`. */
import {
  aggregate,
  linearCongruential,
  performanceProfile,
  probabilityOfImprovement,
  type ScoreMatrix,
  stratifiedBootstrap,
} from "../../src/analysis/index.ts";

interface Inputs {
  readonly scores: ScoreMatrix;
  readonly x: ScoreMatrix;
  readonly y: ScoreMatrix;
  readonly taus: readonly number[];
  readonly reps: number;
  readonly seed: number;
  readonly size: number;
}

export function evaluate(inputs: Inputs, form: string): unknown {
  const { scores, x, y, taus, reps: resamples, seed, size: confidence } = inputs;
  switch (form) {
    case "rliable/0":
      return {
        mean: aggregate(scores, "mean"),
        median: aggregate(scores, "median"),
        iqm: aggregate(scores, "iqm"),
        og: aggregate(scores, "optimalityGap"),
      };
    case "rliable/1":
      return probabilityOfImprovement(x, y);
    case "rliable/2":
      return {
        runs: performanceProfile(scores, taus),
        taskMeans: performanceProfile(scores, taus, { kind: "taskMeans" }),
      };
    case "rliable/3":
    case "rliable/4": {
      const options = { resamples, confidence, source: linearCongruential(seed) };
      const { value, low, high } = stratifiedBootstrap(scores, form === "rliable/3" ? "iqm" : "median", options);
      return { point: value, low, high };
    }
    default:
      throw new Error(`no form ${form}`);
  }
}
