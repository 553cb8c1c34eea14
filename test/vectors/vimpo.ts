/** From the names of the vimpo forms to `src/algorithms/vimpo.ts` and its parts. */
import * as tf from "@tensorflow/tfjs";
import {
  exactTokenKl,
  type VimpoOptions,
  vimpo,
  vimpoActorAdvantage,
  vimpoTargets,
  vimpoValueLoss,
} from "../../src/algorithms/index.ts";
import { checkFinite } from "../../src/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { groupIndices } from "./adapter/columns.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, lists, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly logProbs: Nested;
  readonly refLogProbs: Nested;
  readonly tokenKl: Nested;
  readonly oldTokenKl: Nested;
  readonly mask: Nested;
  readonly rewards: readonly number[];
  readonly groups: readonly (string | number)[];
  readonly beta?: number;
  readonly huberDelta?: number;
  readonly loss?: NonNullable<VimpoOptions["valueLoss"]>;
  readonly lambda?: number;
  readonly whiten?: boolean;
  readonly estimator?: NonNullable<VimpoOptions["kl"]>;
  readonly policyLogits: Nested;
  readonly refLogits: Nested;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "vimpo/0":
    "logProbs? refLogProbs? tokenKl? mask? rewards? groups? beta? loss? huberDelta? estimator? policyLogits? refLogits?",
  "vimpo/1": "logProbs refLogProbs tokenKl mask rewards groups beta? huberDelta? estimator?",
  "vimpo/2": "logProbs refLogProbs tokenKl mask beta? lambda? whiten? estimator?",
  "vimpo/3": "logProbs refLogProbs oldTokenKl mask rewards groups beta?",
};

export function evaluate(inputs: Inputs, form: string): unknown {
  if (inputs.policyLogits !== undefined) return klOf(inputs);
  switch (form) {
    case "vimpo/0":
      return valueLossOf(inputs, { valueLoss: inputs.loss ?? (inputs.huberDelta === undefined ? "squared" : "huber") });
    case "vimpo/1":
      return valueLossOf(inputs, { valueLoss: "huber" });
    case "vimpo/2":
      return advantageOf(inputs);
    case "vimpo/3":
      return valueLossOf(inputs, { value: "soft" });
    default:
      throw new Error(`no form ${form}`);
  }
}

/** Refuses what the algorithm's options refuse. */
function checkSettings({ beta, huberDelta, lambda, estimator }: Inputs): void {
  vimpo({
    ...(beta !== undefined && { valueScale: beta }),
    ...(huberDelta !== undefined && { huberDelta }),
    ...(lambda !== undefined && { lambda }),
    ...(estimator !== undefined && { kl: estimator }),
  });
}

function checkedColumns({ logProbs, refLogProbs, mask }: Inputs, kl: Nested) {
  const columns = { logProbs: block("logProbs", logProbs), refLogProbs: block("refLogProbs", refLogProbs) };
  const all = { ...columns, tokenKl: block("tokenKl", kl), mask: block("mask", mask) };
  for (const [name, { shape }] of Object.entries(all)) {
    if (String(shape) === String(all.mask.shape)) continue;
    refuse("vimpo", `${name} has shape [${shape}], mask [${all.mask.shape}]`, "pass one number per token in both");
  }
  const data = { logProbs: all.logProbs.data, refLogProbs: all.refLogProbs.data, tokenKl: all.tokenKl.data };
  checkFinite("vimpo", data, all.mask.data);
  return { ...data, mask: all.mask.data, shape: all.mask.shape };
}

async function valueLossOf(inputs: Inputs, { value = "raw", valueLoss }: Pick<VimpoOptions, "value" | "valueLoss">) {
  checkSettings(inputs);
  const { logProbs, refLogProbs, mask, groups, beta: valueScale = 5e-4 } = inputs;
  const kl = value === "soft" ? inputs.oldTokenKl : inputs.tokenKl;
  const { shape, ...columns } = checkedColumns(inputs, kl);
  const rewards = block("rewards", inputs.rewards).data;
  if (rewards.length !== shape[0])
    refuse("vimpo", `${rewards.length} rewards for ${shape[0]} rows`, "pass one per row");
  const rows = { rewards, group: groupIndices(groups), tokenKl: columns.tokenKl, mask: columns.mask };
  const { target, v0 } = vimpoTargets(rows, { value, valueScale });
  const huberDelta = valueLoss === "huber" ? (inputs.huberDelta ?? 0.5) : undefined;
  const found = await inDouble({ logProbs, refLogProbs, kl, mask, target: [...target] }, (x) => {
    const at = (of: tf.Tensor2D) =>
      vimpoValueLoss(
        {
          logProbs: of,
          refLogProbs: x.refLogProbs as tf.Tensor2D,
          tokenKl: value === "soft" ? undefined : (x.kl as tf.Tensor2D),
          mask: x.mask as tf.Tensor2D,
          target: x.target as tf.Tensor1D,
          rows: tf.scalar(rewards.length),
        },
        { valueScale, huberDelta },
      );
    const policy = x.logProbs as tf.Tensor2D;
    return { ...at(policy), gradLogProb: slope((of: tf.Tensor2D) => at(of).loss, policy) };
  });
  return { ...found, target: [...target], v0: [...v0], prediction: found.terminalValue };
}

function advantageOf(inputs: Inputs): unknown {
  checkSettings(inputs);
  const { beta: valueScale = 5e-4, lambda = 1, whiten = true } = inputs;
  const { shape, ...columns } = checkedColumns(inputs, inputs.tokenKl);
  const { raw, whitened } = vimpoActorAdvantage({ ...columns, tokens: shape[1] ?? 0 }, { valueScale, lambda, whiten });
  return { raw: lists({ data: raw, shape }), whitened: lists({ data: whitened, shape }) };
}

/** Of one row of positions: the lists are [T, V]. */
async function klOf({ policyLogits, refLogits }: Inputs): Promise<unknown> {
  return inDouble({ policyLogits: [policyLogits], refLogits: [refLogits] }, (x) => ({
    kl: exactTokenKl(x.policyLogits as tf.Tensor3D, x.refLogits as tf.Tensor3D).squeeze([0]),
  }));
}
