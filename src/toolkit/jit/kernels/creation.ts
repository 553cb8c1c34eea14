/** Kernels that make tensors from numbers. */
import type * as tf from "@tensorflow/tfjs";
import { where } from "../emit/arithmetic.ts";
import { splat } from "../emit/expand.ts";
import { reshape } from "../emit/layout.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { graphType, type KernelContext, type KernelTable, kernel } from "./kernel.ts";

/** start, start + step ... in the precision of the result, as TensorFlow.js adds them up. */
function progression(start: number, step: number, into: Float32Array | Int32Array): Float32Array | Int32Array {
  into.forEach((_, i) => {
    into[i] = i === 0 ? start : (into[i - 1] ?? 0) + step;
  });
  return into;
}

function range(context: KernelContext, { start, stop, step, dtype }: tf.RangeAttrs): Value {
  const by = stop < start && step === 1 ? -1 : step;
  const empty = start === stop || (start < stop && by < 0) || (stop < start && by > 1);
  const count = empty ? 0 : Math.abs(Math.ceil((stop - start) / by));
  const values = progression(start, by, dtype === "int32" ? new Int32Array(count) : new Float32Array(count));
  return context.graph.constant(values, [count], graphType(context, dtype));
}

function linSpace({ graph, float }: KernelContext, { start, stop, num }: tf.LinSpaceAttrs): Value {
  const step = num > 1 ? (stop - start) / (num - 1) : 0;
  return graph.constant(progression(start, step, new Float32Array(num)), [num], float);
}

function fill(context: KernelContext, { shape, value, dtype }: tf.FillAttrs): Value {
  if (typeof value === "string") return context.refuse("a tensor of text cannot be compiled", "use numbers");
  return splat(context.graph, value, graphType(context, dtype ?? "float32"), shape);
}

/** A matrix (or its generalisation: the shape twice) with `x` on the diagonal. */
function diagonal(graph: GraphBuilder, x: Value): Value {
  const size = x.shape.reduce((a, b) => a * b, 1);
  const eye = Uint8Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));
  const column = reshape(graph, x, [size, 1]);
  const matrix = where(graph, graph.constant(eye, [size, size]), column, splat(graph, 0, x.dtype, [size, size]));
  return reshape(graph, matrix, [...x.shape, ...x.shape]);
}

export const creationKernels: KernelTable = {
  ZerosLike: kernel(["x"], ({ graph }, { x }) => splat(graph, 0, x.dtype, x.shape)),
  OnesLike: kernel(["x"], ({ graph }, { x }) => splat(graph, 1, x.dtype, x.shape)),
  Fill: kernel([], (context, _, attrs: tf.FillAttrs) => fill(context, attrs)),
  Range: kernel([], (context, _, attrs: tf.RangeAttrs) => range(context, attrs)),
  LinSpace: kernel([], (context, _, attrs: tf.LinSpaceAttrs) => linSpace(context, attrs)),
  Diag: kernel(["x"], ({ graph }, { x }) => diagonal(graph, x)),
};
