/** From the names of the LUSPO form to `src/algorithms/luspo.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { type LuspoOptions, luspoLoss } from "../../src/algorithms/index.ts";
import { rowAdvantages } from "../../src/index.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs extends LuspoOptions {
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly advantages: Nested;
  readonly mask: Nested;
}

export async function evaluate(inputs: Inputs, form: string): Promise<unknown> {
  if (form !== "luspo/0") throw new Error(`no form ${form}`);
  const { logProbs, oldLogProbs, advantages, mask, ...options } = inputs;
  checkNumbers("luspo", { logProbs, oldLogProbs, advantages }, mask);
  const columns = { logProbs, oldLogProbs, advantages: perRow(advantages, mask), mask };
  return inDouble(columns, (x) => {
    const rest = {
      oldLogProbs: x.oldLogProbs as tf.Tensor2D,
      advantages: x.advantages as tf.Tensor1D,
      mask: x.mask as tf.Tensor2D,
    };
    const at = (policy: tf.Tensor, given: LuspoOptions) =>
      luspoLoss({ ...rest, logProbs: policy as tf.Tensor2D }, given);
    const { loss, seqRatio, seqLoss, clipped } = at(x.logProbs, options);
    const { loss: gspoLoss } = at(x.logProbs, { ...options, lengthScaled: false });
    const gradLogProb = slope((policy) => at(policy, options).loss, x.logProbs);
    return { loss, seqRatio, seqLoss, clipped, gradLogProb, gspoLoss };
  });
}

/** Advantages per token are reduced by the objective's own rule, which refuses those that vary. */
function perRow(advantages: Nested, mask: Nested): Nested {
  const { data, shape } = block("advantages", advantages);
  if (shape.length !== 2) return advantages;
  const [rows = 0] = shape;
  return [...rowAdvantages("luspo", data, { mask: block("mask", mask).data, rows })];
}
