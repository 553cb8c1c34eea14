/** From the names of the reasoning-boundary-self forms to the method's module and its diagnostics. */
import type * as tf from "@tensorflow/tfjs";
import {
  forwardKlOf,
  forwardKlToken,
  influence,
  type LinearSample,
  winnerTakeAll,
} from "../../src/algorithms/index.ts";
import { meanPassAtK } from "../../src/analysis/index.ts";
import { allFinite, equalLengths, someTrained } from "../../src/index.ts";
import { inDouble } from "./adapter/double.ts";

interface Inputs {
  readonly W: readonly (readonly number[])[];
  readonly eta: number;
  readonly batch: readonly LinearSample[];
  readonly probe: Pick<LinearSample, "phi" | "y">;
  readonly p: readonly number[];
  readonly correct: readonly number[];
  readonly ref: readonly number[];
  readonly theta: readonly number[];
  readonly logp: readonly number[];
  readonly refLogp: readonly number[];
  readonly n: number;
  readonly c: readonly number[];
  readonly k: readonly number[];
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "reasoning-boundary-self/0": "W eta batch probe",
  "reasoning-boundary-self/1": "p correct",
  "reasoning-boundary-self/2": "ref theta logp refLogp",
  "reasoning-boundary-self/3": "n c k",
};

export async function evaluate(inputs: Inputs, form: string): Promise<unknown> {
  switch (form) {
    case "reasoning-boundary-self/0":
      return influence(inputs.W, inputs.batch, inputs.probe, { eta: inputs.eta });
    case "reasoning-boundary-self/1": {
      const [p1, p2, p3] = winnerTakeAll(inputs.p, indicesOf(inputs.correct, inputs.p), { eta: 1.5, steps: 3 });
      return { p1, p2, p3 };
    }
    case "reasoning-boundary-self/2":
      return { full: forwardKlOf(inputs.ref, inputs.theta), token: await tokenKl(inputs) };
    case "reasoning-boundary-self/3":
      return { passAtK: meanPassAtK({ n: inputs.n, correct: inputs.c }, inputs.k) };
    default:
      throw new Error(`there is no form ${form}`);
  }
}

/** Indices of right answers, or as many flags as answers: those are told by a 0 or 1 that comes twice. */
function indicesOf(correct: readonly number[], p: readonly number[]): readonly number[] {
  const flags = correct.length === p.length && correct.every((one) => one === 0 || one === 1);
  if (!flags || new Set(correct).size === correct.length) return correct;
  return correct.flatMap((one, i) => (one === 1 ? [i] : []));
}

async function tokenKl({ logp, refLogp }: Inputs): Promise<unknown> {
  someTrained(
    "forwardKlToken",
    logp.map(() => 1),
  ); // every token is
  equalLengths("forwardKlToken", { logp, refLogp });
  allFinite("forwardKlToken", "logp", logp);
  allFinite("forwardKlToken", "refLogp", refLogp);
  const { kl } = await inDouble({ logp: [[...logp]], refLogp: [[...refLogp]] }, (x) => {
    const logProbs = x.logp as tf.Tensor2D;
    const mask = logProbs.onesLike<tf.Tensor2D>();
    return { kl: forwardKlToken({ logProbs, referenceLogProbs: x.refLogp as tf.Tensor2D, mask }).reshape([-1]) };
  });
  return kl;
}
