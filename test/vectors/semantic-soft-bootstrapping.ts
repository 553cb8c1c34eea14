/** From the names of the SSB forms to `src/algorithms/semantic-soft-bootstrapping.ts` and its data. */
import type * as tf from "@tensorflow/tfjs";
import {
  checkSsb,
  labelLogProbs,
  type SsbLossOptions,
  selectContextPair,
  ssbLoss,
  teacherDivergence,
} from "../../src/algorithms/index.ts";
import { rng } from "../../src/index.ts";
import { inDouble } from "./adapter/double.ts";
import { block, type Nested } from "./adapter/nested.ts";

interface LossInputs extends SsbLossOptions {
  readonly studentLogits: Nested;
  readonly teacherLogits: Nested;
  readonly mask: Nested;
  readonly labels?: Nested;
}

interface PairInputs {
  readonly gold: string;
  readonly answers: readonly (string | null)[];
}

const ROWS = "studentLogits teacherLogits mask labels? temperature? kdWeight?";
/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "semantic-soft-bootstrapping/0": ROWS,
  "semantic-soft-bootstrapping/1": ROWS,
  "semantic-soft-bootstrapping/2": "gold answers",
};

export function evaluate(inputs: LossInputs | PairInputs, form: string): unknown {
  if ("answers" in inputs) return selectContextPair(inputs, rng({ seed: 0, stream: "case" }));
  if (!/^semantic-soft-bootstrapping\/[01]$/.test(form)) throw new Error(`no form ${form}`);
  return loss(inputs);
}

async function loss({ studentLogits, teacherLogits, mask, labels, ...options }: LossInputs): Promise<unknown> {
  const flat = (name: string, nested: Nested) => block(name, nested);
  const student = flat("studentLogits", studentLogits);
  checkSsb(
    {
      studentLogits: student.data,
      teacherLogits: flat("teacherLogits", teacherLogits).data,
      mask: flat("mask", mask).data,
      ...(labels !== undefined && { labels: flat("labels", labels).data }),
    },
    student.shape[2] ?? 0,
  );
  const { temperature } = options;
  return inDouble({ studentLogits, teacherLogits, mask, labels: labels ?? mask }, (x) => {
    const of = x as { readonly [K in keyof typeof x]: tf.Tensor3D };
    const tensors = {
      ...{ studentLogits: of.studentLogits, teacherLogits: of.teacherLogits, mask: x.mask as tf.Tensor2D },
      ...(labels !== undefined && { labelLogProbs: labelLogProbs(of.studentLogits, x.labels as tf.Tensor2D) }),
    };
    const { loss, kd, ce } = ssbLoss(tensors, options);
    const klPerToken = teacherDivergence(of.studentLogits, of.teacherLogits, temperature);
    return { loss, kd, klPerToken, ...(ce && { ce }) };
  });
}
