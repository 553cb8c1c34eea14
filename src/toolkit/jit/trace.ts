/**
 * Turns one run of a TensorFlow.js function into a graph, and lets library ops write nodes of their own into it.
 */
import * as tf from "@tensorflow/tfjs";
import type { GraphBuilder, Value } from "./graph.ts";
import { explainError, guarded } from "./guards.ts";
import type { FloatType } from "./kernels/kernel.ts";
import { activeRecording, Recording, withRecording } from "./trace-backend.ts";

export interface TraceOptions {
  /**
   * Element type of everything that is float32 in the function. Default "float32"; "float64" is for checking gradients
   * against finite differences (inputs, constants and outputs are then double).
   */
  readonly precision?: FloatType;
}

/** Whether a function is being traced. */
export function isTracing(): boolean {
  return activeRecording() !== undefined;
}

/**
 * The graph of the trace in progress, for ops that write their nodes themselves. Undefined when nothing is traced, and
 * in double precision, where an op uses its formula in plain TensorFlow.js (ONNX Runtime's own operators lack it).
 */
export function traceBuilder(): GraphBuilder | undefined {
  const context = activeRecording()?.context;
  return context?.float === "float32" ? context.graph : undefined;
}

/** The graph's value of a traced tensor. @throws UsageError for a tensor made outside of the traced function */
export function valueOfTensor(tensor: tf.Tensor): Value {
  return active().valueOf(tensor);
}

/** A traced tensor that stands for a value of the graph. It belongs to the enclosing tidy like any other. */
export function tensorOfValue(value: Value): tf.Tensor {
  return active().tensorOf(value);
}

/**
 * Runs `body` once while its TensorFlow.js operations become nodes of `graph`. Inputs are made inside `body`:
 * `tensorOfValue(graph.input(...))`; `graph.output(name, valueOfTensor(tensor))` takes results.
 *
 * Whatever happens, the previous backend is active afterwards and no tensor or variable is left behind.
 *
 * @param name the function's name in messages
 * @throws UsageError when the function does what cannot be compiled: see `guards.ts`
 */
export function record<T>(
  name: string,
  graph: GraphBuilder,
  body: () => T,
  { precision = "float32" }: TraceOptions = {},
): T {
  const recording = new Recording(name, graph, precision);
  try {
    return withRecording(recording, () => {
      const result = guarded(name, () => inScope(body));
      if (recording.failure !== undefined) throw recording.failure;
      return result;
    });
  } catch (error) {
    throw explainError(name, recording.failure ?? error);
  }
}

/** Tensors end with the scope; variables made inside, which no scope owns, end with it as well. */
function inScope<T>(body: () => T): T {
  const engine = tf.engine();
  const before = new Set(Object.keys(engine.registeredVariables));
  engine.startScope("trace");
  try {
    return body();
  } finally {
    engine.endScope();
    for (const [name, variable] of Object.entries(engine.registeredVariables)) {
      if (!before.has(name)) variable.dispose();
    }
  }
}

function active(): Recording {
  const recording = activeRecording();
  if (recording === undefined) throw new Error("internal: no function is being traced");
  return recording;
}
