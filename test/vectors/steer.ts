/** From the names of the STEER form to `src/algorithms/steer.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { type SteerOptions, steerLoss } from "../../src/algorithms/index.ts";
import { checkEntropies, checkFlags } from "../../src/toolkit/finite.ts";
import { inDouble } from "./adapter/double.ts";
import { block, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly advantages: Nested;
  readonly entropy: Nested;
  readonly oldLogProbs: Nested;
  readonly logProbs: Nested;
  readonly mask: Nested;
  readonly wMin: number;
  readonly wMax: number;
  readonly mode: NonNullable<SteerOptions["mode"]>;
}

export async function evaluate(inputs: Inputs, form: string): Promise<unknown> {
  if (form !== "steer/0") throw new Error(`no form ${form}`);
  const { advantages, entropy, oldLogProbs, logProbs, mask, wMin: minWeight, wMax: maxWeight, ...rest } = inputs;
  const options = { ...rest, minWeight, maxWeight };
  const flags = block("mask", mask).data;
  checkFlags("steer", "mask", flags);
  checkEntropies("steer", block("entropy", entropy).data, flags);
  return inDouble({ advantages, entropy, oldLogProbs, logProbs, mask }, (x) => {
    const batch = {
      logProbs: x.logProbs as tf.Tensor2D,
      oldLogProbs: x.oldLogProbs as tf.Tensor2D,
      advantages: x.advantages as tf.Tensor2D,
      mask: x.mask as tf.Tensor2D,
      columns: { entropy: x.entropy },
    };
    const { omega, weights, loss, unweighted } = steerLoss(batch, options);
    return { omega, weights, steerLoss: loss, pgLoss: unweighted };
  });
}
