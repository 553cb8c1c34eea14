/** From the names of the pacs forms to `src/algorithms/pacs.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { type PacsOptions, pacs, pacsLosses, pacsProxy, pacsRows, pacsScore } from "../../src/algorithms/index.ts";
import { equalGroups, type PolicyBatch } from "../../src/index.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly logProbs: Nested;
  readonly oldLogProbs: Nested;
  readonly mask: Nested;
  readonly rewards: readonly number[];
  readonly groupSize: number;
  readonly beta?: number;
  readonly estimator?: "rloo" | "grpo" | "naive";
  readonly weightMode?: "question" | "only_positive" | "only_negative" | null;
  readonly proxy?: "logratio" | "meanlogp";
  readonly normStd?: boolean;
}

/** Inputs in which null is a value: without weights. */
export const nullable: readonly string[] = ["weightMode"];

const WEIGHTS = { question: "question", only_positive: "only-positive", only_negative: "only-negative" } as const;
const PROXIES = { logratio: "log-ratio", meanlogp: "mean-log-prob" } as const;

/** A name of a form that the module spells otherwise; unknown ones are left for it to refuse. */
function spelt<N extends string, T>(names: Readonly<Record<N, T>>, name: N): T {
  return Object.hasOwn(names, name) ? names[name] : (name as never);
}

const ROWS = "logProbs oldLogProbs mask rewards groupSize beta? estimator? weightMode? proxy? normStd?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "pacs/0": ROWS,
  "pacs/1": ROWS,
  "pacs/2": ROWS,
  "pacs/3": ROWS,
  "pacs/4": ROWS,
};

export async function evaluate(inputs: Inputs): Promise<unknown> {
  const { beta = 1, estimator = "rloo", weightMode = "question", proxy = "logratio", normStd = true } = inputs;
  const settings: Required<PacsOptions> = {
    ...{ logitScale: beta, estimator, divideByDeviation: normStd, proxy: spelt(PROXIES, proxy) },
    weights: weightMode === null ? "none" : spelt(WEIGHTS, weightMode),
  };
  const { objective } = pacs(settings);
  const { logProbs, oldLogProbs, mask, rewards } = inputs;
  const { data } = block("mask", mask);
  checkNumbers("pacs", { logProbs, oldLogProbs }, mask);
  const group = equalGroups("pacs", rewards.length, inputs.groupSize);
  const rows = pacsRows({ rewards: block("rewards", rewards).data, group, mask: data }, settings);
  const { label, weight, scored } = rows;
  const found = await inDouble(
    { logProbs, oldLogProbs, mask, label: [...label], weight: [...weight], scored: [...scored], group },
    (x) => {
      const batch = {
        logProbs: x.logProbs as tf.Tensor2D,
        oldLogProbs: x.oldLogProbs as tf.Tensor2D,
        advantages: x.mask as tf.Tensor2D,
        mask: x.mask as tf.Tensor2D,
        group: x.group as tf.Tensor1D,
        columns: { label: x.label, weight: x.weight, scored: x.scored },
      } satisfies PolicyBatch;
      const rhat = pacsProxy(batch, settings);
      const psi = pacsScore(rhat, { group: batch.group, scored: x.scored as tf.Tensor1D }, settings);
      const lossOf = (of: tf.Tensor2D) => objective.loss({ ...batch, logProbs: of }).loss;
      return {
        proxy: rhat,
        psi,
        perSampleLoss: pacsLosses(psi, x.label as tf.Tensor1D),
        loss: lossOf(batch.logProbs),
        gradLogProbs: slope(lossOf, batch.logProbs),
      };
    },
  );
  return { ...found, weights: [...weight] };
}
