/** From the names of the forms to `src/algorithms/negative-sample-reinforcement.ts`, and pass@k to the analysis. */
import type * as tf from "@tensorflow/tfjs";
import {
  applyKeep,
  negativeSampleReinforcement,
  type SampleWeightOptions,
  sampleWeights,
} from "../../src/algorithms/index.ts";
import { passAtK } from "../../src/analysis/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { inDouble } from "./adapter/double.ts";
import { block, checkNumbers, lists, type Nested } from "./adapter/nested.ts";

interface LossInputs {
  readonly mode: NonNullable<SampleWeightOptions["mode"]>;
  readonly lambda_?: number;
  readonly lambda?: number;
  readonly correct: readonly number[];
  readonly mask: Nested;
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
}

interface PassInputs {
  readonly n: number;
  readonly c: number;
  readonly k: number | readonly number[];
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "negative-sample-reinforcement/0": "mode? lambda_? lambda? correct mask logProbs oldLogProbs",
  "negative-sample-reinforcement/1": "n c k",
};

export function evaluate(inputs: LossInputs & PassInputs, form: string): unknown {
  if (form.endsWith("/0")) return lossOf(inputs);
  const { n, c, k } = inputs;
  return { passAtK: [k].flat().map((of) => passAtK({ n, correct: c }, of)) };
}

/** Without an update there is no loss: null. */
async function lossOf({
  mode,
  lambda_,
  lambda = lambda_,
  correct,
  mask,
  logProbs,
  oldLogProbs,
}: LossInputs): Promise<unknown> {
  const { data, shape } = block("mask", mask);
  checkNumbers("negativeSampleReinforcement", { logProbs, oldLogProbs }, mask);
  if (correct.length !== shape[0]) refuse("case", `${correct.length} labels for ${shape[0]} rows`, "pass one per row");
  const options = { mode, ...(lambda !== undefined && { positiveWeight: lambda }) };
  const { advantages, keep } = sampleWeights({ correct: block("correct", correct).data, mask: data }, options);
  const kept = applyKeep(data, keep);
  const result = { kept: Array.from(keep, (is) => is === 1), advantages: lists({ data: advantages, shape }) };
  if (kept.kind === "no update") return { ...result, loss: null, update: false };
  const { objective } = negativeSampleReinforcement(options);
  const found = await inDouble(
    { logProbs, oldLogProbs, mask: lists({ data: kept.mask, shape }), advantages: result.advantages },
    (x) => ({
      loss: objective.loss({
        logProbs: x.logProbs as tf.Tensor2D,
        oldLogProbs: x.oldLogProbs as tf.Tensor2D,
        advantages: x.advantages as tf.Tensor2D,
        mask: x.mask as tf.Tensor2D,
      }).loss,
    }),
  );
  return { ...result, ...found, update: true };
}
