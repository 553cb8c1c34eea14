/**
 * TensorFlow.js functions run in double: cases are compared to 1e-6, which is more than float32 leaves of a difference of
 * log-probs.
 */
import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { readArguments, traceFunction } from "../../../src/toolkit/jit/trace-function.ts";
import { block, lists, type Nested } from "./nested.ts";

/**
 * Runs `fn` on nested lists. @param inputs Int32Arrays become int32 tensors, all else is double
 *
 * @returns what `fn` returns, as nested lists of the tensors' shapes
 */
export async function inDouble<Name extends string>(
  inputs: Readonly<Record<Name, Nested | Int32Array>>,
  fn: (tensors: Readonly<Record<Name, tf.Tensor>>) => Readonly<Record<string, tf.Tensor>>,
): Promise<Record<string, Nested>> {
  const given = Object.entries<Nested | Int32Array>(inputs).map(
    ([name, value]) => [name, value instanceof Int32Array ? whole(value) : block(name, value)] as const,
  );
  const hosts = given.map(([name, { data, shape }]): readonly [string, HostTensor] => [
    name,
    { data: data instanceof Int32Array ? data : Float32Array.from(data), shape },
  ]);
  const structure = readArguments("case", [Object.fromEntries(hosts)]);
  const traced = traceFunction("case", fn as (tensors: never) => unknown, structure, { precision: "float64" });
  const session = await InferenceSession.create(traced.model.bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const numbers = new Map(given);
  const feeds = traced.inputs.flatMap(({ name, path }) => {
    const column = numbers.get(path.replace(/^arg0\./, ""));
    return column === undefined ? [] : [[name, tensorOf(column)] as const];
  });
  const results = await session.run(Object.fromEntries(feeds));
  const read = Object.entries(results).map(([name, tensor]) => [name, listsOf(tensor)] as const);
  await session.release();
  return Object.fromEntries(read);
}

/** The gradient of `f` at `x`; zeros where it does not depend on it. */
export function slope<T extends tf.Tensor>(f: (x: T) => tf.Tensor, x: T): T {
  const { grads } = tf.engine().gradients(() => f(x), [x], undefined, true);
  return ((grads[0] as T | null | undefined) ?? tf.zerosLike(x)) as T;
}

interface Column {
  readonly data: Float64Array | Int32Array;
  readonly shape: readonly number[];
}

function whole(data: Int32Array): Column {
  return { data, shape: [data.length] };
}

function tensorOf({ data, shape }: Column): Tensor {
  return data instanceof Int32Array ? new Tensor("int32", data, shape) : new Tensor("float64", data, shape);
}

function listsOf(tensor: InferenceSession.OnnxValueMapType[string]): Nested {
  const { data, dims } = tensor;
  if (!(data instanceof Float64Array)) throw new Error(`the result is ${tensor.type}, not double`);
  return lists({ data, shape: dims });
}
