/** Evaluates an objective on a batch: compiled in double, compiled in float32, and operation by operation. */
import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { GraphModel, Value } from "../../../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { jit } from "../../../src/toolkit/jit/jit.ts";
import { readArguments, traceFunction } from "../../../src/toolkit/jit/trace-function.ts";
import type { Objective, ObjectiveNeeds, PolicyBatch } from "../../../src/toolkit/objective.ts";
import { type Column, type Columns, columnOf } from "./columns.ts";
import { recordStops, replayStops } from "./stops.ts";

/** What an objective gives for a batch. */
export interface Evaluation {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** By path: what the gradient flows to. */
  readonly gradients: Readonly<Record<string, ArrayLike<number>>>;
}

/** The loss at a point: as it is, and with what stop-gradients hold kept at the base point. */
export interface Values {
  readonly plain: number;
  readonly frozen: number;
}

export interface Evaluator {
  /** Paths that the gradient flows to. */
  readonly open: readonly string[];
  /** In double. */
  double(columns: Columns): Promise<Evaluation>;
  /** In double: the loss at `columns` with `moved` in place of its own. */
  values(columns: Columns, moved: Columns): Promise<Values>;
  /** In float32. */
  compiled(columns: Columns): Promise<Evaluation>;
  /** In float32, on tfjs-cpu. */
  eager(columns: Columns): Promise<Evaluation>;
}

type Nested = Readonly<Record<string, tf.Tensor | Readonly<Record<string, tf.Tensor>>>>;
interface Differentiated {
  readonly loss: tf.Tensor;
  readonly metrics: Readonly<Record<string, tf.Tensor>>;
  readonly gradients: Readonly<Record<string, tf.Tensor>>;
}

/** Graphs are kept by shape. */
export function evaluator(objective: Objective): Evaluator {
  const open = openPaths(objective.needs);
  const differentiate = (batch: Nested): Differentiated => gradientsOf(objective, batch, open);
  const both = (base: Nested, moved: Nested): Record<"frozen" | "plain", tf.Tensor> => {
    const held: Value[] = [];
    recordStops(held, () => objective.loss(policyBatch(base)));
    const there = policyBatch({ ...base, ...moved });
    const frozen = replayStops(held, () => objective.loss(there).loss);
    return { frozen, plain: objective.loss(there).loss };
  };
  const graphs = {
    gradients: new Map<string, Promise<DoubleGraph>>(),
    values: new Map<string, Promise<DoubleGraph>>(),
  };
  const float = jit(differentiate, { name: "objective" });
  const read = async (result: Promise<Differentiated>): Promise<Evaluation> => {
    const { loss, metrics, gradients } = await result;
    const first = (tensors: Readonly<Record<string, tf.Tensor>>) =>
      Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()[0] ?? Number.NaN] as const);
    const data = Object.entries(gradients).map(([path, tensor]) => [path, tensor.dataSync()] as const);
    const [[, value = Number.NaN] = []] = first({ loss });
    return { loss: value, metrics: Object.fromEntries(first(metrics)), gradients: Object.fromEntries(data) };
  };
  return {
    open,
    async double(columns) {
      const run = await keep(graphs.gradients, [columns], differentiate);
      const outputs = await run([columns]);
      const named = (prefix: string) =>
        Object.entries(outputs).flatMap(([name, data]) =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), data] as const] : [],
        );
      const metrics = named("metrics.").map(([name, data]) => [name, data[0] ?? Number.NaN]);
      const loss = outputs.loss?.[0] ?? Number.NaN;
      return { loss, metrics: Object.fromEntries(metrics), gradients: Object.fromEntries(named("gradients.")) };
    },
    async values(columns, moved) {
      const run = await keep(graphs.values, [columns, moved], both);
      const { frozen, plain } = await run([columns, moved]);
      return { frozen: frozen?.[0] ?? Number.NaN, plain: plain?.[0] ?? Number.NaN };
    },
    compiled: (columns) => read(float(nested(columns, hostOf))),
    eager: (columns) => read(float.eager(nested(columns, hostOf))),
  };
}

/** The batch as the objective is to see it, on the current backend. */
export function batchTensors(columns: Columns): PolicyBatch {
  const leaf = (column: Column): tf.Tensor => {
    const { data, shape } = hostOf(column);
    return tf.tensor(data, [...shape], column.dtype === "int" ? "int32" : "float32");
  };
  return policyBatch(nested(columns, leaf));
}

/** Only makeBatch's columns come here: names and shapes are a PolicyBatch's. */
function policyBatch(batch: Nested): PolicyBatch {
  return batch as Partial<PolicyBatch> as PolicyBatch;
}

function openPaths(needs: ObjectiveNeeds): string[] {
  const further = { entropies: needs.entropy === "gradient", logits: needs.logits, values: needs.values };
  return ["logProbs", ...Object.entries(further).flatMap(([path, is]) => (is === true ? [path] : []))];
}

function gradientsOf(objective: Objective, batch: Nested, open: readonly string[]): Differentiated {
  const inputs = open.map((path) => batch[path] as tf.Tensor);
  let metrics: Readonly<Record<string, tf.Tensor>> = {};
  const loss = (): tf.Tensor => {
    const result = objective.loss(policyBatch(batch));
    metrics = result.metrics;
    for (const metric of Object.values(metrics)) tf.keep(metric);
    return result.loss;
  };
  const { value, grads } = tf.engine().gradients(loss, inputs, undefined, true);
  const zero = (i: number): tf.Tensor => tf.zeros(inputs[i]?.shape ?? []);
  const gradients = open.map((path, i) => [path, (grads[i] as tf.Tensor | undefined | null) ?? zero(i)] as const);
  return { loss: value, metrics: { ...metrics }, gradients: Object.fromEntries(gradients) };
}

function nested<T>(columns: Columns, leaf: (column: Column) => T): Record<string, T | Record<string, T>> {
  const batch: Record<string, T | Record<string, T>> = {};
  for (const [path, column] of Object.entries(columns)) {
    const [name = "", inner] = path.split(/\.(.*)/);
    if (inner === undefined) batch[name] = leaf(column);
    else batch[name] = { ...(batch[name] as Record<string, T> | undefined), [inner]: leaf(column) };
  }
  return batch;
}

function hostOf({ data, shape, dtype }: Column): HostTensor {
  return { data: dtype === "int" ? Int32Array.from(data) : Float32Array.from(data), shape };
}

type DoubleGraph = (args: readonly Columns[]) => Promise<Readonly<Record<string, Float64Array>>>;

function keep(
  graphs: Map<string, Promise<DoubleGraph>>,
  args: readonly Columns[],
  fn: (...args: Nested[]) => unknown,
): Promise<DoubleGraph> {
  const key = JSON.stringify(args.map((columns) => Object.entries(columns).map(([path, { shape }]) => [path, shape])));
  const known = graphs.get(key);
  if (known !== undefined) return known;
  const compiled = compileDouble(args, fn);
  graphs.set(key, compiled);
  return compiled;
}

async function compileDouble(args: readonly Columns[], fn: (...args: Nested[]) => unknown): Promise<DoubleGraph> {
  const structure = readArguments(
    "objective",
    args.map((columns) => nested(columns, hostOf)),
  );
  const { model, inputs } = traceFunction("objective", fn, structure, { precision: "float64" });
  const session = await InferenceSession.create(model.bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  return async (given) => {
    const feeds = inputs.map(({ name, path }) => {
      const [, index = "0", inner = ""] = /^arg(\d+)\.(.*)$/.exec(path) ?? [];
      return [name, doubleTensor(columnOf(given[Number(index)] ?? {}, inner))] as const;
    });
    return doubles(model, await session.run(Object.fromEntries(feeds)));
  };
}

function doubleTensor({ data, shape, dtype }: Column): Tensor {
  return dtype === "int" ? new Tensor("int32", Int32Array.from(data), shape) : new Tensor("float64", data, shape);
}

function doubles(model: GraphModel, results: InferenceSession.OnnxValueMapType): Record<string, Float64Array> {
  const entries = model.outputs.map(({ name }) => {
    const data = results[name]?.data;
    if (!(data instanceof Float64Array)) throw new Error(`${name} is not double`);
    return [name, data] as const;
  });
  return Object.fromEntries(entries);
}
