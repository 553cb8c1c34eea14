/** An objective on a batch of nested lists, eagerly: its loss, figures, and gradient by log-probs. */
import * as tf from "@tensorflow/tfjs";
import type { Objective, PolicyBatch } from "../../src/toolkit/objective.ts";

type Lists = readonly (readonly number[])[];

export interface ListBatch {
  readonly logProbs: Lists;
  readonly oldLogProbs: Lists;
  /** Per row, or per token. */
  readonly advantages: readonly number[] | Lists;
  readonly mask: Lists;
  readonly sampleLogProbs?: Lists;
  readonly referenceLogProbs?: Lists;
  readonly entropies?: Lists;
  readonly rewards?: tf.Tensor1D;
  readonly columns?: Readonly<Record<string, tf.Tensor>>;
}

export interface LossAndGradient {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** [B][T] */
  readonly gradient: number[][];
}

export function lossAndGradient(objective: Objective, lists: ListBatch): LossAndGradient {
  return tf.tidy(() => {
    const { logProbs, advantages, columns, rewards, ...rest } = lists;
    const perToken = advantages.map((a, b) => (typeof a === "number" ? (logProbs[b] ?? []).map(() => a) : [...a]));
    const entries = Object.entries({ ...rest, advantages: perToken });
    const tensors = Object.fromEntries(entries.map(([name, value]) => [name, table(value)]));
    const batch = { ...tensors, ...(columns && { columns }), ...(rewards && { rewards }) } as Omit<
      PolicyBatch,
      "logProbs"
    >;
    const at = table(logProbs);
    const { loss, metrics } = objective.loss({ ...batch, logProbs: at });
    const slope = tf.grad((x: tf.Tensor) => objective.loss({ ...batch, logProbs: x as tf.Tensor2D }).loss)(at);
    return {
      loss: loss.arraySync(),
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value.arraySync()])),
      gradient: slope.arraySync() as number[][],
    };
  });
}

function table(lists: Lists): tf.Tensor2D {
  return tf.tensor2d(lists.map((row) => [...row]));
}
