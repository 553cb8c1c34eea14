/** The gradient of an objective by a tabular policy's logits: TensorFlow.js down to log-probs, from there in closed form. */
import * as tf from "@tensorflow/tfjs";
import { batchTensors, flattenBatch } from "../jit/batch.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Objective, PolicyBatch } from "../objective.ts";
import { refuse } from "../refuse.ts";
import { type LearnColumns, type MicroBatch, microBatch, totalsOf } from "../train/micro-batch.ts";
import { addScore } from "./exact.ts";
import { logProbTable, type TabularPolicy, walk } from "./policy.ts";

export interface TabularGradient {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the loss: a step goes against it. */
  readonly gradient: Float64Array; // [tables, states, symbols]
}

/** @param rows those of the update, out of the columns' */
export function objectiveGradient(
  policy: TabularPolicy,
  objective: Objective,
  columns: LearnColumns,
  { rows, temperature }: { readonly rows: readonly number[]; readonly temperature: number },
): TabularGradient {
  const { needs } = objective;
  if (needs.values === true) refuse("tabular", "the objective needs values", "a tabular policy has no value head");
  const { layout } = policy;
  const width = columns.rollouts.width - 1;
  const shape = { rows: rows.length, tokens: width };
  const totals = totalsOf(columns, rows, layout.length);
  const batch = microBatch(columns, rows, { shape, totals, needs, vocabulary: layout.symbols });
  const seen = seenBy(policy, batch.ids, temperature);
  const result = differentiate(objective, batch, seen, shape);
  return {
    loss: result.loss,
    metrics: result.metrics,
    gradient: chain(policy, batch.ids, seen.table, { ...result, temperature }),
  };
}

/** What the objective sees of the policy, at the temperature of sampling. */
interface Seen {
  readonly table: Float64Array;
  readonly logProbs: Float32Array; // [B, T]
  readonly entropies: Float32Array; // [B, T]
  readonly logits: Float32Array; // [B, T, V]
}

function seenBy(policy: TabularPolicy, ids: HostTensor, temperature: number): Seen {
  const { symbols } = policy.layout;
  const table = logProbTable(policy, temperature);
  const positions = tokenRows(ids).rows * (tokenRows(ids).width - 1);
  const logProbs = new Float32Array(positions);
  const entropies = new Float32Array(positions);
  const logits = new Float32Array(positions * symbols);
  walk(policy.layout, tokenRows(ids), (position, start, symbol) => {
    logProbs[position] = table[start + symbol] ?? Number.NaN;
    entropies[position] = entropyOf(table.subarray(start, start + symbols));
    logits.set(
      policy.logits.subarray(start, start + symbols).map((x) => x / temperature),
      position * symbols,
    );
  });
  return { table, logProbs, entropies, logits };
}

function entropyOf(logProbs: Float64Array): number {
  return logProbs.reduce((sum, x) => sum - (x === -Infinity ? 0 : Math.exp(x) * x), 0);
}

function tokenRows({ data, shape: [rows = 0, width = 0] }: HostTensor) {
  if (!(data instanceof Int32Array)) throw new Error("internal: token ids are not int32");
  return { rows, width, ids: data };
}

interface Differentiated extends Omit<TabularGradient, "gradient"> {
  /** By logProbs, entropies and logits, where the loss depends on them. */
  readonly slopes: Readonly<Record<"logProbs" | "entropies" | "logits", ArrayLike<number>>>;
}

function differentiate(
  { needs, loss }: Objective,
  host: ReturnType<typeof microBatch>,
  seen: Seen,
  { rows, tokens }: { readonly rows: number; readonly tokens: number },
): Differentiated {
  const data = new Map(flattenBatch(host).map(({ path, tensor }) => [path, tensor.data]));
  return tf.tidy(() => {
    const { ids: _, ...batch } = batchTensors<MicroBatch>(host, (path, dtype, shape) =>
      tf.tensor(data.get(path) ?? [], [...shape], dtype),
    );
    const logProbs = tf.tensor2d(seen.logProbs, [rows, tokens]);
    const entropies = tf.tensor2d(seen.entropies, [rows, tokens]);
    const logits = tf.tensor3d(seen.logits, [rows, tokens, seen.logits.length / (rows * tokens)]);
    const given: PolicyBatch = {
      ...batch,
      logProbs,
      ...(needs.entropy && { entropies }),
      ...(needs.logits === true && { logits }),
    };
    let metrics: Readonly<Record<string, tf.Scalar>> = {};
    const value = (): tf.Scalar => {
      const result = loss(given);
      metrics = result.metrics;
      for (const metric of Object.values(metrics)) tf.keep(metric);
      return result.loss;
    };
    const found = tf.engine().gradients(value, [logProbs, entropies, logits], undefined, true);
    const [byLogProb, byEntropy, byLogit] = found.grads.map((x: tf.Tensor | null | undefined) => x?.dataSync() ?? []);
    const figures = Object.entries(metrics).map(
      ([name, metric]) => [name, metric.dataSync()[0] ?? Number.NaN] as const,
    );
    tf.dispose({ ...metrics });
    return {
      loss: found.value.dataSync()[0] ?? Number.NaN,
      metrics: Object.fromEntries(figures),
      slopes: {
        logProbs: byLogProb ?? [],
        entropies: needs.entropy === "gradient" ? (byEntropy ?? []) : [],
        logits: byLogit ?? [],
      },
    };
  });
}

/** dL/dlogit = [ dL/dlogp (1_symbol - p) - dL/dH p (log p + H) + dL/dl ] / temperature, with l = logit / temperature. */
function chain(
  policy: TabularPolicy,
  ids: HostTensor,
  table: Float64Array,
  { slopes, temperature }: Pick<Differentiated, "slopes"> & { readonly temperature: number },
): Float64Array {
  const { symbols: count } = policy.layout;
  const gradient = new Float64Array(policy.logits.length);
  walk(policy.layout, tokenRows(ids), (position, start, symbol) => {
    addScore(gradient, table, { start, count, symbol }, (slopes.logProbs[position] ?? 0) / temperature);
    const row = table.subarray(start, start + count);
    const [byEntropy, entropy] = [(slopes.entropies[position] ?? 0) / temperature, entropyOf(row)];
    for (let s = 0; s < count; s++) {
      const logProb = row[s] ?? 0;
      const direct = (slopes.logits[position * count + s] ?? 0) / temperature;
      gradient[start + s] = (gradient[start + s] ?? 0) + direct - byEntropy * Math.exp(logProb) * (logProb + entropy);
    }
  });
  return gradient;
}
