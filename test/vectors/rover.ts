/** From the names of the rover forms to `src/algorithms/rover.ts` and `rover-tree.ts`. */
import * as tf from "@tensorflow/tfjs";
import {
  centredRewards,
  rover,
  roverTerms,
  softmaxPolicy,
  uniformQ,
  type ValueTree,
  valueAndBound,
} from "../../src/algorithms/index.ts";
import { checkBatch, checkFinite, checkUnbroken } from "../../src/index.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { groupIndices } from "./adapter/columns.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, type Nested } from "./adapter/nested.ts";

interface LossInputs {
  readonly logits: Nested;
  readonly oldLogits: Nested;
  readonly actions: Nested;
  readonly mask: Nested;
  readonly rewards: readonly number[];
  readonly groups: readonly (string | number)[];
  readonly rho?: number;
  readonly beta?: number;
}

interface TreeInputs {
  readonly leafRewards: Readonly<Record<string, number>>;
  readonly rho: number;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "rover/0": "logits oldLogits actions mask rewards groups rho? beta?",
  "rover/1": "leafRewards rho",
};

export function evaluate(inputs: LossInputs & TreeInputs, form: "rover/0" | "rover/1"): unknown {
  return form === "rover/0" ? lossOf(inputs) : treeOf(inputs);
}

async function lossOf(inputs: LossInputs): Promise<unknown> {
  const { logits, oldLogits, mask, actions, rewards, groups, rho: scale = 1, beta: successorWeight = 1 } = inputs;
  const settings = { scale, successorWeight };
  const perSequence = rover(settings).objective;
  const perToken = rover({ ...settings, aggregation: "token-mean" }).objective;
  const [valid, of] = [block("mask", mask), block("logits", logits)];
  const [rows = 0, tokens = 0, vocabulary = 0] = of.shape;
  const other = block("oldLogits", oldLogits);
  if (String([rows, tokens]) !== String(valid.shape) || String(other.shape) !== String(of.shape)) {
    refuse("rover", `logits are [${of.shape}], mask [${valid.shape}]`, "pass one distribution per token in both");
  }
  checkUnbroken("rover", valid.data, tokens);
  const spread = (data: Float64Array): number[] =>
    Array.from({ length: rows * tokens * vocabulary }, (_, i) => data[Math.floor(i / vocabulary)] ?? Number.NaN);
  checkFinite("rover", { logits: of.data, oldLogits: other.data }, spread(valid.data));
  const ids = block("actions", actions);
  const outside = ids.data.find(
    (id, i) => valid.data[i] !== 0 && !(Number.isInteger(id) && id >= 0 && id < vocabulary),
  );
  if (outside !== undefined) refuse("rover", `an action is ${outside} of ${vocabulary}`, "pass ids of the vocabulary");
  if (String(ids.shape) !== String(valid.shape))
    refuse("rover", "actions and mask differ in shape", "pass one per token");
  const centred = centredRewards(block("rewards", rewards).data, groupIndices(groups));
  if (centred.length !== rows) refuse("rover", `${centred.length} rewards for ${rows} rows`, "pass one per row");
  const found = await inDouble(
    { logits, oldLogits, mask, reward: [...centred], ids: Int32Array.from(ids.data) },
    (x) => {
      const chosen = x.ids
        .reshape([rows, tokens, 1])
        .equal(tf.range(0, vocabulary, 1, "int32"))
        .cast("float32");
      const logProbOf = (all: tf.Tensor): tf.Tensor2D => tf.logSoftmax(all).mul(chosen).sum(2);
      const policy = x.logits as tf.Tensor3D;
      const batch = checkBatch("rover", {
        logProbs: logProbOf(policy),
        oldLogProbs: logProbOf(x.oldLogits),
        logits: policy,
        advantages: tf.tile((x.reward as tf.Tensor1D).reshape([rows, 1]), [1, tokens]),
        mask: x.mask as tf.Tensor2D,
        columns: { oldMeanLogProb: x.oldLogits.mean(2).sub(x.oldLogits.logSumExp(2)) },
      });
      const terms = roverTerms(batch, settings);
      const at = (logProbs: tf.Tensor2D) => perToken.loss({ ...batch, logProbs }).loss;
      return {
        ...terms,
        centredReward: x.reward,
        lossTokenMean: at(batch.logProbs),
        lossSeqMean: perSequence.loss(batch).loss,
        gradLogProbs: slope(at, batch.logProbs),
      };
    },
  );
  return { ...found, nextQ: found.next };
}

function treeOf({ leafRewards, rho }: TreeInputs): unknown {
  const root = treeAt(Object.entries(leafRewards));
  if (typeof root === "number") return refuse("rover", "the tree is a leaf", "give it actions");
  const q0 = uniformQ(root);
  return { q0, policy0: softmaxPolicy(q0, rho), ...valueAndBound(root, rho) };
}

/** Leaves by their paths ("02": action 0, then 2) as nested lists. */
function treeAt(leaves: readonly (readonly [path: string, reward: number])[]): ValueTree {
  const [first] = leaves;
  if (first?.[0] === "") return first[1] ?? Number.NaN;
  const actions = [...new Set(leaves.map(([path]) => path.slice(0, 1)))].sort();
  return actions.map((action) =>
    treeAt(leaves.filter(([path]) => path.startsWith(action)).map(([path, reward]) => [path.slice(1), reward])),
  );
}
