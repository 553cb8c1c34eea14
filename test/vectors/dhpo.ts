/** From the names of the DHPO form to `src/algorithms/dhpo.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { type DhpoOptions, dhpoLoss, dhpoMixWeight } from "../../src/algorithms/index.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, lists, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly advantages: Nested;
  readonly mask: Nested;
  readonly entropy?: Nested;
  readonly mix: NonNullable<DhpoOptions["mix"]>;
  readonly w0: number;
  readonly direction: NonNullable<DhpoOptions["direction"]>;
  readonly tokLow: number;
  readonly tokHigh: number;
  readonly seqLow: number;
  readonly seqHigh: number;
  readonly form: NonNullable<DhpoOptions["form"]>;
}

export async function evaluate(inputs: Inputs, form: string): Promise<unknown> {
  if (form !== "dhpo/0") throw new Error(`no form ${form}`);
  const { logProbs, oldLogProbs, advantages, mask, entropy, ...named } = inputs;
  checkNumbers("dhpo", { logProbs, oldLogProbs, advantages }, mask);
  const { w0: tokenWeight, tokLow: tokenClipLow, tokHigh: tokenClipHigh, ...rest } = named;
  const { seqLow: sequenceClipLow, seqHigh: sequenceClipHigh, ...same } = rest;
  const options = { ...same, tokenWeight, tokenClipLow, tokenClipHigh, sequenceClipLow, sequenceClipHigh };
  const mixWeight = entropy !== undefined && weights(entropy, mask, options);
  const columns = { logProbs, oldLogProbs, advantages, mask, ...(mixWeight && { mixWeight }) };
  return inDouble<string>(columns, (x) => {
    const batch = {
      logProbs: x.logProbs as tf.Tensor2D,
      oldLogProbs: x.oldLogProbs as tf.Tensor2D,
      advantages: x.advantages as tf.Tensor2D,
      mask: x.mask as tf.Tensor2D,
      ...(x.mixWeight && { columns: { mixWeight: x.mixWeight } }),
    };
    const { metrics: _, ...parts } = dhpoLoss(batch, options);
    return {
      ...parts,
      gradLogProb: slope((logps: tf.Tensor2D) => dhpoLoss({ ...batch, logProbs: logps }, options).loss, batch.logProbs),
    };
  });
}

function weights(entropy: Nested, mask: Nested, { direction }: DhpoOptions): Nested {
  const [nats, trained] = [block("entropy", entropy), block("mask", mask)];
  const [rows = 0] = trained.shape;
  return lists({
    data: dhpoMixWeight({ entropy: nats.data, mask: trained.data, rows }, direction && { direction }),
    shape: nats.shape,
  });
}
