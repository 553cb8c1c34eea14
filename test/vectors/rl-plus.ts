/** From the names of the RL-PLUS forms to `src/algorithms/rl-plus.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { checkRlPlus, type RlPlusLossOptions, rlPlusLoss } from "../../src/algorithms/index.ts";
import { allFinite, groupAdvantages } from "../../src/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { inDouble } from "./adapter/double.ts";
import { block, type Nested } from "./adapter/nested.ts";

interface LossInputs extends RlPlusLossOptions {
  readonly probs: readonly (readonly number[])[];
  readonly oldProbs: readonly (readonly number[])[];
  readonly advantages: readonly number[] | readonly (readonly number[])[];
  readonly responseMask: readonly (readonly number[])[];
  readonly externalMask: readonly (readonly number[])[];
}

const SETTINGS: Readonly<Record<string, RlPlusLossOptions>> = {
  "rl-plus/0": { aggregation: "token-mean" },
  "rl-plus/1": { aggregation: "sum-over-maxlen" },
  "rl-plus/2": { aggregation: "token-mean", gamma: 2 },
  "rl-plus/3": { aggregation: "token-mean", uniformMass: 1 / 8 },
};

const ROWS = "probs oldProbs advantages responseMask externalMask gamma? uniformMass? clip? aggregation?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "rl-plus/0": ROWS,
  "rl-plus/1": ROWS,
  "rl-plus/2": ROWS,
  "rl-plus/3": ROWS,
  "rl-plus/4": "rewards",
};

export async function evaluate(
  inputs: LossInputs | { readonly rewards: readonly number[] },
  form: string,
): Promise<unknown> {
  if ("rewards" in inputs) {
    const rewards = block("rewards", inputs.rewards).data;
    if (rewards.length === 0) refuse("rl-plus", "there are no rewards", "pass those of a group");
    allFinite("rl-plus", "rewards", rewards);
    const group = new Int32Array(rewards.length);
    return { advantages: groupAdvantages(rewards, group, { scale: "none", deviation: "sample", epsilon: 1e-6 }) };
  }
  const { probs, oldProbs, advantages, responseMask: mask, externalMask, ...options } = inputs;
  const logs = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map((p) => Math.log(p)));
  const columns = { logProbs: logs(probs), oldLogProbs: logs(oldProbs), advantages, externalMask };
  const spread = advantages.map((of, b) => (typeof of === "number" ? (mask[b] ?? []).map(() => of) : of));
  const flat = (name: string, nested: Nested) => block(name, nested).data;
  checkRlPlus(
    {
      logProbs: flat("probs", columns.logProbs),
      oldLogProbs: flat("oldProbs", columns.oldLogProbs),
      advantages: flat("advantages", spread),
      externalMask: flat("externalMask", externalMask),
    },
    flat("responseMask", mask),
  );
  const { loss, misWeight, explorationWeight, tokenLoss } = await inDouble({ ...columns, mask }, (x) => {
    const of = x as Record<keyof typeof x, tf.Tensor2D>;
    const result = rlPlusLoss(of, { ...SETTINGS[form], ...options });
    const { misWeight, explorationWeight, tokenLoss } = result;
    return { loss: result.loss, misWeight, explorationWeight, tokenLoss };
  });
  const external = mask.flatMap((row, b) => row.map((one, t) => one !== 0 && externalMask[b]?.[t] === 1));
  const ofExternal = (nested: Nested | undefined) => [...flat("weights", nested ?? [])].filter((_, i) => external[i]);
  return {
    ...{ loss, tokenLoss },
    miWeightsExternal: ofExternal(misWeight),
    explorationWeights: ofExternal(explorationWeight),
  };
}
