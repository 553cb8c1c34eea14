/** From the names of the peer-losses form to the objectives that TRL has under these names. */
import type * as tf from "@tensorflow/tfjs";
import { grpo } from "../../src/algorithms/grpo.ts";
import { cispo, gspo, klLoss, luspo, ppoClip, sapo, vespo } from "../../src/algorithms/index.ts";
import {
  type Aggregation,
  type AlgorithmChange,
  compose,
  type Objective,
  type PolicyBatch,
  type RatioLevel,
} from "../../src/index.ts";
import { checkOptions } from "../../src/toolkit/options.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface Inputs {
  readonly objective: "grpo" | "bnpo" | "dr_grpo" | "dapo" | "cispo" | "sapo" | "luspo" | "vespo";
  readonly level: RatioLevel;
  readonly logProbs: Nested;
  readonly oldLogProbs?: Nested | null;
  readonly refLogProbs?: Nested | null;
  readonly advantages: readonly number[];
  readonly mask: Nested;
  readonly beta: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly maxCompletionLength: number;
  readonly delta?: number | null;
}

const AGGREGATION: Readonly<Record<Inputs["objective"], Aggregation>> = {
  grpo: "seq-mean-token-mean",
  sapo: "seq-mean-token-mean",
  bnpo: "token-mean",
  dapo: "token-mean",
  cispo: "token-mean",
  vespo: "token-mean",
  dr_grpo: "constant",
  luspo: "seq-mean-token-sum",
};

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "peer-losses/trl":
    "objective level logProbs oldLogProbs? refLogProbs? advantages mask beta clipLow? clipHigh? delta? maxCompletionLength",
};

export async function evaluate(inputs: Inputs, form: string): Promise<unknown> {
  if (form !== "peer-losses/trl") throw new Error(`no form ${form}`);
  const { logProbs, oldLogProbs, refLogProbs, mask, maxCompletionLength } = inputs;
  const { data, shape } = block("mask", mask);
  checkInputs(inputs, shape);
  const advantages = perToken(inputs.advantages, shape);
  const totals = totalsOf(data, shape, maxCompletionLength);
  const columns = { logProbs, oldLogProbs: oldLogProbs ?? logProbs, referenceLogProbs: refLogProbs ?? logProbs, mask };
  const objective = objectiveOf(inputs);
  return inDouble({ ...columns, advantages, ...totals }, (x) => {
    const rest = {
      oldLogProbs: x.oldLogProbs as tf.Tensor2D,
      referenceLogProbs: x.referenceLogProbs as tf.Tensor2D,
      advantages: x.advantages as tf.Tensor2D,
      mask: x.mask as tf.Tensor2D,
      totals: {
        rows: x.rows as tf.Scalar,
        tokens: x.tokens as tf.Scalar,
        maxTokens: x.maxTokens as tf.Scalar,
        groups: x.rows as tf.Scalar,
      },
    } satisfies Omit<PolicyBatch, "logProbs">;
    const loss = (own: tf.Tensor): tf.Scalar => objective.loss({ ...rest, logProbs: own as tf.Tensor2D }).loss;
    return { loss: loss(x.logProbs), gradLogProbs: slope(loss, x.logProbs) };
  });
}

function checkInputs(inputs: Inputs, [rows = 0]: readonly number[]): void {
  const { objective, level, logProbs, oldLogProbs, refLogProbs, advantages, mask, beta, maxCompletionLength } = inputs;
  checkOptions(
    "peer-losses",
    { objective, level, beta, maxCompletionLength },
    {
      objective: { kind: "either", values: Object.keys(AGGREGATION), required: true },
      level: { kind: "either", values: ["token", "sequence"], required: true },
      beta: { kind: "number", min: 0, required: true },
      maxCompletionLength: { kind: "number", above: 0, required: true },
    },
  );
  if (beta > 0 && refLogProbs == null)
    refuse("peer-losses", `beta is ${beta} without refLogProbs`, "pass them, or beta 0");
  if (advantages.length !== rows)
    refuse("peer-losses", `${advantages.length} advantages for ${rows} rows`, "pass one each");
  const given = { ...(oldLogProbs != null && { oldLogProbs }), ...(refLogProbs != null && { refLogProbs }) };
  checkNumbers("peer-losses", { logProbs, ...given, advantages }, mask);
}

function objectiveOf(inputs: Inputs): Objective {
  const { objective, beta } = inputs;
  const aggregation = AGGREGATION[objective];
  const changes = [changeOf(inputs, aggregation), ...(beta > 0 ? [klLoss({ coefficient: beta, aggregation })] : [])];
  return compose(grpo(), ...changes).objective;
}

function changeOf({ objective, level, clipLow, clipHigh, delta }: Inputs, aggregation: Aggregation): AlgorithmChange {
  if (objective === "cispo") return cispo({ weightHigh: clipHigh, level });
  if (objective === "sapo") return sapo({ level });
  if (objective === "vespo") return vespo();
  const clip = { clipLow, clipHigh };
  const bound = typeof delta === "number" ? { twoSidedClip: delta } : undefined;
  if (objective === "luspo" && level === "sequence" && bound === undefined) return luspo(clip);
  return level === "sequence" ? gspo({ ...clip, ...bound, aggregation }) : ppoClip({ ...clip, ...bound, aggregation });
}

function perToken(perRow: readonly number[], [, tokens = 0]: readonly number[]): Nested {
  return perRow.map((advantage) => Array.from({ length: tokens }, () => advantage));
}

function totalsOf(mask: Float64Array, [rows = 0]: readonly number[], maxTokens: number) {
  return { rows, tokens: mask.reduce((sum, trained) => sum + trained, 0), maxTokens };
}
