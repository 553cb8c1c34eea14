/** From the names of the noisy-verifier-correction forms to `src/algorithms/noisy-verifier-estimators.ts`. */
import {
  appealRate,
  backwardReward,
  correctedVariance,
  forwardWeights,
  leaveOneOut,
} from "../../src/algorithms/index.ts";
import { checkBinary } from "../../src/toolkit/finite.ts";
import { block } from "./adapter/nested.ts";

interface Inputs {
  readonly observed: readonly number[];
  readonly overturned: readonly number[];
  readonly q: number;
  readonly rulePositives: number;
  readonly p: number;
  readonly rho0: number;
  readonly rho1: number;
  readonly clip?: number;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "noisy-verifier-correction/0": "observed rho0 rho1 clip?",
  "noisy-verifier-correction/1": "observed rho1",
  "noisy-verifier-correction/2": "overturned q rulePositives",
  "noisy-verifier-correction/3": "p rho0 rho1",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  const { rho0, rho1, clip } = inputs;
  const observed = inputs.observed && block("observed", inputs.observed).data;
  switch (form) {
    case "noisy-verifier-correction/0": {
      const corrected = backwardReward(observed, { rho0, rho1, ...(clip !== undefined && { clip }) });
      return { corrected, leaveOneOut: leaveOneOut(corrected) };
    }
    case "noisy-verifier-correction/1":
      return { weights: forwardWeights(observed, { rho1 }) };
    case "noisy-verifier-correction/2": {
      const { q, rulePositives } = inputs;
      checkBinary("appealRate", inputs.overturned);
      return appealRate({ overturned: inputs.overturned.filter((label) => label !== 0).length, q, rulePositives });
    }
    case "noisy-verifier-correction/3":
      return { variance: correctedVariance(inputs.p, { rho0, rho1 }) };
    default:
      throw new Error(`there is no form ${form}`);
  }
}
