/** The gradient of an objective by a tabular policy's logits: TensorFlow.js down to log-probs, from there in closed form. */
import * as tf from "@tensorflow/tfjs";
import { batchTensors, flattenBatch } from "../jit/batch.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Objective, PolicyBatch } from "../objective.ts";
import { refuse } from "../refuse.ts";
import { type LearnColumns, type MicroBatch, microBatch, totalsOf } from "../train/micro-batch.ts";
import { addScore } from "./exact.ts";
import { positionLogits } from "./model.ts";
import { rowReader, type TabularPolicy, walk } from "./policy.ts";

export interface TabularGradient {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the loss: a step goes against it. */
  readonly gradient: Float64Array; // [contexts, states, symbols]
}

interface Update {
  /** Those of the update, out of the columns'. */
  readonly rows: readonly number[];
  readonly temperature: number;
}

export function objectiveGradient(
  policy: TabularPolicy,
  objective: Objective,
  columns: LearnColumns,
  update: Update,
): TabularGradient {
  const { slopes, loss, metrics, ids } = objectiveSlopes(policy, objective, columns, update);
  return { loss, metrics, gradient: chain(policy, ids, { slopes, temperature: update.temperature }) };
}

/** What each group of the update adds to the gradient; the shares add up to it. @returns by group, [contexts, states, symbols] */
export function groupGradients(
  policy: TabularPolicy,
  objective: Objective,
  columns: LearnColumns,
  update: Update,
): Map<number, Float64Array> {
  const { slopes, ids } = objectiveSlopes(policy, objective, columns, update);
  const groupOf = (row: number): number => columns.rollouts.group[update.rows[row] ?? -1] ?? -1;
  const groups = new Set(update.rows.map((_, row) => groupOf(row)));
  const share = (group: number): Float64Array =>
    chain(policy, ids, { slopes, temperature: update.temperature, counts: (row) => groupOf(row) === group });
  return new Map([...groups].map((group) => [group, share(group)]));
}

function objectiveSlopes(
  policy: TabularPolicy,
  objective: Objective,
  columns: LearnColumns,
  { rows, temperature }: Update,
): Differentiated & { readonly ids: HostTensor } {
  const { needs } = objective;
  if (needs.values === true) refuse("tabular", "the objective needs values", "a tabular policy has no value head");
  if (needs.hidden === true) refuse("tabular", "the objective needs hidden states", "a tabular policy has none");
  const { layout } = policy;
  const width = columns.rollouts.width - 1;
  const shape = { rows: rows.length, tokens: width };
  const totals = totalsOf(columns, rows, layout.maxTokens);
  const batch = microBatch(columns, rows, {
    algorithm: { name: "tabular" },
    shape,
    totals,
    needs,
    vocabulary: layout.symbols,
  });
  const seen = seenBy(policy, batch.ids, temperature, needs.logits === true);
  return { ...differentiate(objective, batch, seen, shape), ids: batch.ids };
}

/** What the objective sees of the policy, at the temperature of sampling. */
interface Seen {
  readonly logProbs: Float32Array; // [B, T]
  readonly entropies: Float32Array; // [B, T]
  /** There when the objective needs them. */
  readonly logits?: Float32Array; // [B, T, V]
}

function seenBy(policy: TabularPolicy, ids: HostTensor, temperature: number, needsLogits: boolean): Seen {
  const rows = tokenRows(ids);
  const positions = rows.rows * (rows.width - 1);
  const [logProbs, entropies] = [new Float32Array(positions), new Float32Array(positions)];
  const [reader, entropy] = [rowReader(temperature), entropyReader()];
  walk(policy, rows, (place) => {
    const row = reader(place);
    logProbs[place.position] = row[place.symbol] ?? Number.NaN;
    entropies[place.position] = entropy(row);
  });
  if (!needsLogits) return { logProbs, entropies };
  return { logProbs, entropies, logits: positionLogits(policy, rows).logits.map((logit) => logit / temperature) };
}

/** Entropy of a row of log-probs, worked out once for each row. */
function entropyReader(): (logProbs: Float64Array) => number {
  const known = new Map<Float64Array, number>();
  return (logProbs) => {
    const found = known.get(logProbs) ?? logProbs.reduce((sum, x) => sum - Math.exp(x) * x, 0);
    known.set(logProbs, found);
    return found;
  };
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
  objective: Objective,
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
    const logits = seen.logits && tf.tensor3d(seen.logits, [rows, tokens, seen.logits.length / (rows * tokens)]);
    const given: PolicyBatch = {
      ...batch,
      logProbs,
      ...(objective.needs.entropy && { entropies }),
      ...(logits && { logits }),
    };
    let metrics: Readonly<Record<string, tf.Scalar>> = {};
    const value = (): tf.Scalar => {
      const result = objective.loss(given);
      metrics = result.metrics;
      for (const metric of Object.values(metrics)) tf.keep(metric);
      return result.loss;
    };
    const found = tf.engine().gradients(value, [logProbs, entropies, ...(logits ? [logits] : [])], undefined, true);
    const [byLogProb, byEntropy, byLogit] = found.grads.map((x: tf.Tensor | null | undefined) => x?.dataSync() ?? []);
    const figures = Object.entries(metrics).map(
      ([name, metric]) => [name, metric.dataSync()[0] ?? Number.NaN] as const,
    );
    const loss = found.value.dataSync()[0] ?? Number.NaN;
    tf.dispose({ ...metrics }); // the loss may be one of them
    return {
      loss,
      metrics: Object.fromEntries(figures),
      slopes: {
        logProbs: byLogProb ?? [],
        entropies: objective.needs.entropy === "gradient" ? (byEntropy ?? []) : [],
        logits: byLogit ?? [],
      },
    };
  });
}

/** dL/dlogit = [ dL/dlogp (1_symbol - p) - dL/dH p (log p + H) + dL/dl ] / temperature, with l = logit / temperature. */
function chain(
  policy: TabularPolicy,
  ids: HostTensor,
  {
    slopes,
    temperature,
    counts = () => true,
  }: Pick<Differentiated, "slopes"> & { readonly temperature: number; readonly counts?: (row: number) => boolean },
): Float64Array {
  const gradient = new Float64Array(policy.logits.length);
  const [reader, entropyOf] = [rowReader(temperature), entropyReader()];
  const rows = tokenRows(ids);
  walk(policy, rows, (place) => {
    const { position, start, symbol } = place;
    if (!counts(Math.floor(position / (rows.width - 1)))) return;
    const logProbs = reader(place);
    addScore(gradient, { start, symbol, logProbs }, (slopes.logProbs[position] ?? 0) / temperature);
    const byEntropy = (slopes.entropies[position] ?? 0) / temperature;
    if (byEntropy === 0 && slopes.logits.length === 0) return;
    const entropy = entropyOf(logProbs);
    for (const [s, logProb] of logProbs.entries()) {
      const direct = (slopes.logits[position * logProbs.length + s] ?? 0) / temperature;
      gradient[start + s] = (gradient[start + s] ?? 0) + direct - byEntropy * Math.exp(logProb) * (logProb + entropy);
    }
  });
  return gradient;
}
