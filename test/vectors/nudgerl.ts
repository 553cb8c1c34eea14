/** From the names of the nudgerl forms to `src/algorithms/nudgerl.ts` and its groups. */
import type * as tf from "@tensorflow/tfjs";
import { interIntraAdvantage, nudgeLoss, warnOfEmptyRows } from "../../src/algorithms/index.ts";
import { equalLengths } from "../../src/index.ts";
import { inDouble } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly rewards: readonly number[];
  readonly contextIds: readonly (number | null)[];
  readonly lambda?: number;
  readonly eps?: number;
  readonly logProbsCtx: Nested;
  readonly oldLogProbsCtx: Nested;
  readonly logProbsBase: Nested;
  readonly mask: Nested;
  readonly advantages: readonly number[];
  readonly epsLow?: number;
  readonly epsHigh?: number;
  readonly distillCoeff?: number;
}

const ROWS = "rewards contextIds lambda? eps?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "nudgerl/0": ROWS,
  "nudgerl/1": ROWS,
  "nudgerl/2": ROWS,
  "nudgerl/3": "logProbsCtx oldLogProbsCtx logProbsBase mask advantages epsLow? epsHigh? distillCoeff?",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form === "nudgerl/3") return loss(inputs);
  const { rewards, contextIds, lambda = 1.1, eps = 1e-5 } = inputs;
  return interIntraAdvantage(rewards, contextIds, { lambda, epsilon: eps });
}

function loss(inputs: Inputs): unknown {
  const { logProbsCtx, oldLogProbsCtx, logProbsBase, mask, advantages } = inputs;
  const { epsLow = 0.2, epsHigh = epsLow, distillCoeff: distillCoefficient = 0.1 } = inputs;
  const options = { clipLow: epsLow, clipHigh: epsHigh, distillCoefficient };
  const columns = { logProbsCtx, oldLogProbsCtx, logProbsBase };
  const trained = block("mask", mask);
  checkNumbers("nudgeLoss", { ...columns, advantages }, mask);
  equalLengths("nudgeLoss", { advantages, mask: Array.from({ length: trained.shape[0] ?? 0 }) });
  warnOfEmptyRows(trained.data, advantages.length);
  return inDouble({ ...columns, mask, advantages: [...advantages] }, (x) => {
    const perToken = (tensor: tf.Tensor) => tensor as tf.Tensor2D;
    const on = perToken(x.mask);
    const common = { mask: on, advantages: x.advantages.expandDims(1).broadcastTo<tf.Rank.R2>(on.shape) };
    const sampled = { ...common, logProbs: perToken(x.logProbsCtx), oldLogProbs: perToken(x.oldLogProbsCtx) };
    const plain = { ...common, logProbs: perToken(x.logProbsBase), oldLogProbs: perToken(x.logProbsBase) };
    return { ...nudgeLoss({ sampled, plain }, options) };
  });
}
