/** From the names of the fg-expo forms to `src/algorithms/fg-expo.ts` and its curriculum. */
import type * as tf from "@tensorflow/tfjs";
import {
  aklBeta,
  drawProbabilities,
  fgExpoAdvantages,
  fgExpoLoss,
  initialRates,
  updateRate,
} from "../../src/algorithms/index.ts";
import { equalLengths, someTrained } from "../../src/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { inDouble } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly rewards: readonly number[];
  readonly beta?: number;
  readonly nQuestions: number;
  readonly alpha?: number;
  readonly sigma?: number;
  readonly observations: readonly (readonly [question: number, passRate: number])[];
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly refLogProbs: Nested;
  readonly mask: Nested;
  readonly clip?: number;
  readonly eps?: number;
}

const ROWS = "logProbs oldLogProbs refLogProbs mask rewards beta? clip? eps?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "fg-expo/0": "rewards beta?",
  "fg-expo/1": "nQuestions alpha? sigma? observations",
  "fg-expo/2": ROWS,
  "fg-expo/3": ROWS,
};

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form === "fg-expo/0") {
    const { accuracy, betaEff } = aklBeta(inputs.rewards, inputs.beta ?? 0.02);
    return { acc: accuracy, betaEff };
  }
  return form === "fg-expo/1" ? curriculum(inputs) : loss(inputs);
}

function curriculum({ nQuestions, alpha = 0.9, sigma = 0.35, observations }: Inputs): unknown {
  const options = { alpha, sigma };
  if (!Number.isInteger(nQuestions)) refuse("case", `nQuestions is ${nQuestions}`, "pass a whole number");
  const start = initialRates(
    Array.from({ length: nQuestions }, (_, q) => String(q)),
    options,
  );
  const rates = observations.reduce((now, [q, seen]) => updateRate(now, String(q), seen, options), start);
  const { weights, probabilities } = drawProbabilities(rates, options);
  return { p: [...rates.values()], w: weights, prob: probabilities };
}

async function loss(inputs: Inputs): Promise<unknown> {
  const { logProbs, oldLogProbs, refLogProbs, mask, rewards, beta = 0.02, clip, eps } = inputs;
  const columns = { logProbs, oldLogProbs, refLogProbs };
  someTrained("fgExpo", block("mask", mask).data);
  checkNumbers("fgExpo", columns, mask);
  equalLengths("fgExpo", { rewards, mask: Array.isArray(mask) ? mask : [] });
  const { betaEff } = aklBeta(rewards, beta);
  const advantages = [
    ...fgExpoAdvantages(
      block("rewards", rewards).data,
      new Int32Array(rewards.length),
      eps === undefined ? {} : { epsilon: eps },
    ),
  ]; // one group
  const found = await inDouble({ ...columns, mask, advantages, betaEff }, (x) => {
    const perToken = (tensor: tf.Tensor) => tensor as tf.Tensor2D;
    const trained = perToken(x.mask);
    const parts = fgExpoLoss(
      {
        logProbs: perToken(x.logProbs),
        oldLogProbs: perToken(x.oldLogProbs),
        referenceLogProbs: perToken(x.refLogProbs),
        advantages: x.advantages.expandDims(1).broadcastTo(trained.shape),
        mask: trained,
      },
      x.betaEff.asScalar(),
      clip === undefined ? {} : { clip },
    );
    return { loss: parts.loss, jClip: parts.jClip, meanK3: parts.meanK3 };
  });
  return { ...found, advantages, betaEff };
}
