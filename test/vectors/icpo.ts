/** From the names of the ICPO forms to `src/algorithms/icpo.ts`. */
import type * as tf from "@tensorflow/tfjs";
import {
  expertRegion,
  type IcpoLossOptions,
  icpoAdvantages,
  icpoLoss,
  icpoRewards,
} from "../../src/algorithms/index.ts";
import { checkBinary, checkFlags } from "../../src/toolkit/finite.ts";
import { inDouble } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface LossInputs extends IcpoLossOptions {
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly advantages: Nested;
  readonly mask: Nested;
  readonly hinted: readonly number[];
}

interface GroupInputs {
  readonly base: readonly number[];
  readonly hinted: readonly number[];
  readonly delta?: number;
  readonly t: number;
  readonly T: number;
  readonly alpha?: number;
  readonly decay?: "linear" | "exp" | "cosine";
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "icpo/0": "logProbs oldLogProbs advantages mask hinted clipLow? clipHigh? dualClip? lambdaShape?",
  "icpo/1": "base hinted delta? t T? alpha? decay?",
};

export async function evaluate(inputs: LossInputs | GroupInputs, form: string): Promise<unknown> {
  if (form === "icpo/0" && "logProbs" in inputs) return loss(inputs);
  if (form === "icpo/1" && "base" in inputs) return group(inputs);
  throw new Error(`no form ${form}`);
}

async function loss({ logProbs, oldLogProbs, advantages, mask, hinted, ...options }: LossInputs): Promise<unknown> {
  const columns = { logProbs, oldLogProbs, advantages };
  checkNumbers("icpo", columns, mask);
  checkFlags("icpo", "hinted", hinted);
  return inDouble({ ...columns, mask, hinted }, (x) => {
    const { hinted: flags, ...perToken } = x as Record<keyof typeof x, tf.Tensor2D>;
    const { loss, tokenLoss, shaped } = icpoLoss({ ...perToken, hinted: flags as tf.Tensor as tf.Tensor1D }, options);
    return { loss, tokenLoss, shaped };
  });
}

function group({ base, hinted, delta, t, T, alpha, decay }: GroupInputs): unknown {
  const rows = { baseReward: block("base", base).data, hinted };
  checkBinary("icpo", rows.baseReward);
  const region = delta === undefined ? {} : { delta };
  const options = { horizon: T, ...(alpha !== undefined && { bonus: alpha }), ...(decay && { decay }), ...region };
  const shapedRewards = icpoRewards(rows, t, options);
  const accepted = expertRegion(rows, region);
  return { shapedRewards, accepted, advantages: icpoAdvantages(shapedRewards, accepted, new Int32Array(base.length)) };
}
