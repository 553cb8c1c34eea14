/** From the names of the one-shot-rlvr forms to `src/algorithms/one-shot-rlvr.ts` and its selection. */
import type * as tf from "@tensorflow/tfjs";
import {
  type AccuracyHistory,
  alignmentScore,
  historicalVariance,
  oneShotAdvantages,
  oneShotLoss,
  postSaturation,
} from "../../src/algorithms/index.ts";
import { equalLengths, someTrained } from "../../src/index.ts";
import { checkEntropies } from "../../src/toolkit/finite.ts";
import { groupIndices } from "./adapter/columns.ts";
import { inDouble } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly history: AccuracyHistory;
  readonly trainAcc: readonly number[];
  readonly testAcc: readonly number[];
  readonly threshold?: number;
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly refLogProbs: Nested;
  readonly entropy: Nested;
  readonly rewards: readonly number[];
  readonly groups: readonly string[];
  readonly mask: Nested;
  readonly pgCoef?: number;
  readonly entropyCoef?: number;
  readonly klCoef?: number;
  readonly clip?: number;
}

const ROWS = "history";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "one-shot-rlvr/0": ROWS,
  "one-shot-rlvr/1": ROWS,
  "one-shot-rlvr/2": "logProbs oldLogProbs refLogProbs entropy rewards groups mask pgCoef? entropyCoef? klCoef? clip?",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form === "one-shot-rlvr/0") return historicalVariance(inputs.history);
  if (form === "one-shot-rlvr/1") return { score: alignmentScore(inputs.history) };
  if (form === "one-shot-rlvr/2") return loss(inputs);
  const { trainAcc, testAcc, threshold = 0.99 } = inputs;
  return postSaturation({ trainAcc, testAcc, threshold });
}

function loss(inputs: Inputs): unknown {
  const { logProbs, oldLogProbs, refLogProbs, entropy, mask, rewards, groups } = inputs;
  const columns = { logProbs, oldLogProbs, refLogProbs, entropy };
  someTrained("oneShotLoss", block("mask", mask).data);
  checkNumbers("oneShotLoss", { ...columns, rewards }, mask);
  checkEntropies("oneShotLoss", block("entropy", entropy).data, block("mask", mask).data);
  equalLengths("oneShotLoss", { rewards, groups });
  const advantage = oneShotAdvantages(Float64Array.from(rewards), groupIndices(groups));
  const { pgCoef = 1, entropyCoef = 0.001, klCoef = 0.001, clip = 0.2 } = inputs;
  const options = { pgCoefficient: pgCoef, entropyCoefficient: entropyCoef, klCoefficient: klCoef, clip };
  return inDouble({ ...columns, mask, advantage: [...advantage] }, (x) => {
    const perToken = (tensor: tf.Tensor) => tensor as tf.Tensor2D;
    const trained = perToken(x.mask);
    const found = oneShotLoss(
      {
        logProbs: perToken(x.logProbs),
        oldLogProbs: perToken(x.oldLogProbs),
        referenceLogProbs: perToken(x.refLogProbs),
        entropies: perToken(x.entropy),
        advantages: x.advantage.expandDims(1).broadcastTo(trained.shape),
        mask: trained,
      },
      options,
    );
    return { loss: found.loss, pgLoss: found.pgLoss, k3: found.k3, meanEntropy: found.meanEntropy };
  });
}
