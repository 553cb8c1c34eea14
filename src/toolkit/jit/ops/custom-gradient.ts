/** `tf.customGrad` with types: an op with its own gradient, and its nodes written directly while tracing. */
import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder, Value } from "../graph.ts";
import { tensorOfValue, traceBuilder, valueOfTensor } from "../trace.ts";

/** One differentiable op. */
export interface CustomOp<T extends tf.Tensor> {
  /** What the gradient flows to. Other tensors that `forward` reads get none. */
  readonly inputs: readonly tf.Tensor[];
  /** The result. What `backward` reads must go through `save`: other tensors may be disposed of by then. */
  readonly forward: (save: (tensors: tf.Tensor[]) => void) => T;
  /** Gradients of the inputs, in their order, from the result's. */
  readonly backward: (dy: T, saved: readonly tf.Tensor[]) => tf.Tensor[];
}

/** Applies the op. */
export function customOp<T extends tf.Tensor>({ inputs, forward, backward }: CustomOp<T>): T {
  const op = tf.customGrad<T>((...args) => {
    const save = args.at(-1);
    if (typeof save !== "function") throw new Error("internal: tf.customGrad passed no save function");
    return { value: forward(save), gradFunc: (dy, saved) => backward(dy, saved) };
  });
  return op(...inputs);
}

/**
 * The op's nodes while tracing, its TensorFlow.js formula otherwise.
 *
 * @param inputs what the nodes read, in the order in which `emit` gets their values
 * @param emit writes the nodes and returns the result
 * @param eager the same result in plain TensorFlow.js operations
 */
export function emitOr<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  emit: (graph: GraphBuilder, ...values: Value[]) => Value,
  eager: () => T,
): T {
  const graph = traceBuilder();
  return graph === undefined ? eager() : (tensorOfValue(emit(graph, ...inputs.map(valueOfTensor))) as T);
}

type Attributes = NonNullable<NonNullable<Parameters<GraphBuilder["node"]>[3]>["attributes"]>;

/** A float32 node. */
export function floatNode(
  graph: GraphBuilder,
  op: string,
  inputs: readonly Value[],
  shape: readonly number[],
  attributes: Attributes = {},
): Value {
  return graph.node(op, inputs, { dtype: "float32", shape }, { attributes });
}

/** A float32 node of ONNX Runtime's own operators. */
export function microsoftNode(
  graph: GraphBuilder,
  op: string,
  inputs: readonly Value[],
  shape: readonly number[],
  attributes: Attributes = {},
): Value {
  return graph.node(op, inputs, { dtype: "float32", shape }, { attributes, domain: "com.microsoft" });
}
