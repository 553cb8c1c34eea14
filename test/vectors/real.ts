/** From the names of the real forms to `src/algorithms/real.ts`. */
import * as tf from "@tensorflow/tfjs";
import { type RealOptions, real, realLabels, realLoss } from "../../src/algorithms/index.ts";
import { countGroups, type PolicyBatch, sequenceLogRatio } from "../../src/index.ts";
import { groupIndices } from "./adapter/columns.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly mask: Nested;
  readonly rewards: readonly number[];
  readonly groups: readonly (string | number)[];
  readonly tau?: number;
  readonly labelRule?: NonNullable<RealOptions["labelRule"]>;
}

const VARIANTS = { "real/0": "real", "real/1": "bce", "real/2": "product" } as const;

const ROWS = "logProbs oldLogProbs mask rewards groups tau? labelRule?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "real/0": ROWS,
  "real/1": ROWS,
  "real/2": ROWS,
};

export async function evaluate(inputs: Inputs, form: keyof typeof VARIANTS): Promise<unknown> {
  const { tau: scoreTemperature, labelRule, rewards, groups } = inputs;
  const variant = VARIANTS[form];
  checkNumbers("real", { logProbs: inputs.logProbs, oldLogProbs: inputs.oldLogProbs }, inputs.mask);
  const given = { ...(scoreTemperature !== undefined && { scoreTemperature }), ...(labelRule && { labelRule }) };
  const { objective } = real({ variant, ...given });
  const group = groupIndices(groups);
  const labels = realLabels(
    { rewards: block("rewards", rewards).data, group, mask: block("mask", inputs.mask).data },
    given,
  );
  const { logProbs, oldLogProbs, mask } = inputs;
  const { firsts, ...found } = await inDouble({ logProbs, oldLogProbs, mask, label: [...labels], group }, (x) => {
    const [label, of] = [x.label as tf.Tensor1D, x.group as tf.Tensor1D];
    const batch: PolicyBatch = {
      logProbs: x.logProbs as tf.Tensor2D,
      oldLogProbs: x.oldLogProbs as tf.Tensor2D,
      advantages: tf.zerosLike(x.mask as tf.Tensor2D),
      mask: x.mask as tf.Tensor2D,
      group: of,
      columns: { label },
    };
    const scores = sequenceLogRatio(batch);
    const rows = { label, group: of, groups: countGroups(of) };
    const settings = { scoreTemperature: scoreTemperature ?? 0.5, variant };
    return {
      scores,
      loss: objective.loss(batch).loss,
      firsts: realLoss(scores, rows, settings).groupLoss,
      gradScore: slope((s: tf.Tensor1D) => realLoss(s, rows, settings).loss, scores),
    };
  });
  const perRow = firsts as readonly Nested[];
  const perGroup = [...new Set(group)].map((id) => perRow[group.indexOf(id)]);
  return { ...found, perGroup, validGroups: perGroup.filter((loss) => loss !== 0).length };
}
