/** Reductions along axes, running sums, softmax. */
import * as tf from "@tensorflow/tfjs";
import { cast, isFloat, multiply, subtract, unary, where } from "../emit/arithmetic.ts";
import { elementwise, int64 } from "../emit/expand.ts";
import { pad, reshape, reverse, slice } from "../emit/layout.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { type Kernel, type KernelContext, type KernelTable, kernel } from "./kernel.ts";

/** Max alone calls its axes otherwise. */
interface ReductionAttrs {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
}

function axesOf(x: Value, { axis, reductionIndices }: ReductionAttrs): number[] {
  const all = x.shape.map((_, i) => i);
  return tf.util.parseAxisParam(axis ?? reductionIndices ?? all, [...x.shape]);
}

/** `op` over `axes`; axes of size 1 are only dropped. */
function reduce(graph: GraphBuilder, op: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  if (axes.every((axis) => x.shape[axis] === 1)) return reshape(graph, x, shape);
  const attributes = { keepdims: Number(keepDims) };
  return graph.node(op, [x, int64(graph, axes)], { dtype: x.dtype, shape }, { attributes });
}

/** @param prepare the operand as the reduction wants it */
function reduction(op: string, prepare: (context: KernelContext, x: Value) => Value = (_, x) => x): Kernel {
  return kernel(["x"], (context, { x }, attrs: ReductionAttrs) => {
    const axes = axesOf(x, attrs);
    return reduce(context.graph, op, prepare(context, x), axes, attrs.keepDims ?? false);
  });
}

/** A reduction of bool by way of int32. */
function logical(op: string): Kernel {
  return kernel(["x"], ({ graph }, { x }, attrs: ReductionAttrs) => {
    const axes = axesOf(x, attrs);
    return cast(graph, reduce(graph, op, cast(graph, x, "int32"), axes, attrs.keepDims ?? false), "bool");
  });
}

/**
 * The largest or smallest entry, NaN where one is NaN: ONNX Runtime's own reductions skip NaN. Fused operators (softmax,
 * attention, token log-probs) do not come by here.
 */
function extreme(op: "ReduceMax" | "ReduceMin"): Kernel {
  const [onNumbers, onBool] = [reduction(op), logical(op)];
  const onFloats = kernel(["x"], ({ graph }, { x }, attrs: ReductionAttrs) => {
    const axes = axesOf(x, attrs);
    const found = reduce(graph, op, x, axes, attrs.keepDims ?? false);
    if (axes.every((axis) => x.shape[axis] === 1) || sumKeepsNaN()) return found;
    const undefinedEntries = cast(graph, elementwise(graph, "IsNaN", [x], "bool"), "int32");
    const some = cast(graph, reduce(graph, "ReduceMax", undefinedEntries, axes, attrs.keepDims ?? false), "bool");
    return where(graph, some, graph.scalar(Number.NaN, x.dtype), found);
  });
  return (context, inputs, attributes) => {
    const { x } = inputs;
    if (x !== undefined && isFloat(x.dtype)) return onFloats(context, inputs, attributes);
    return (x?.dtype === "bool" ? onBool : onNumbers)(context, inputs, attributes);
  };
}

/** Whether the maximum is only a shift inside of an op whose sum of exponentials is NaN where an entry is. */
function sumKeepsNaN(): boolean {
  return tf.engine().state.scopeStack.some(({ name }) => /^log(Softmax|SumExp)(__op)?$/.test(name ?? ""));
}

function numeric({ graph }: KernelContext, x: Value): Value {
  return x.dtype === "bool" ? cast(graph, x, "int32") : x;
}

/** The first position of the largest or smallest entry, as int32. */
function position(op: "ArgMax" | "ArgMin"): Kernel {
  return kernel(["x"], (context, { x }, { axis }: tf.ArgMaxAttrs) => {
    const { graph } = context;
    const [along = 0] = tf.util.parseAxisParam(axis, [...x.shape]);
    const shape = x.shape.filter((_, i) => i !== along);
    const attributes = { axis: along, keepdims: 0 };
    const found = graph.node(op, [numeric(context, x)], { dtype: "int64", shape }, { attributes });
    return cast(graph, found, "int32");
  });
}

interface RunningAttrs {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

function runningSum({ graph }: KernelContext, x: Value, attrs: RunningAttrs): Value {
  const [axis = 0] = tf.util.parseAxisParam(attrs.axis, [...x.shape]);
  const attributes = { exclusive: Number(attrs.exclusive), reverse: Number(attrs.reverse) };
  return graph.node("CumSum", [x, graph.scalar(axis, "int32")], x, { attributes });
}

/** Running products by doubling: after the pass of distance d, entry i is the product of its last 2d entries. */
function runningProduct({ graph }: KernelContext, x: Value, attrs: RunningAttrs): Value {
  const [axis = 0] = tf.util.parseAxisParam(attrs.axis, [...x.shape]);
  const size = x.shape[axis] ?? 0;
  const forward = attrs.reverse ? reverse(graph, x, [axis]) : x;
  let product = attrs.exclusive ? delay(graph, forward, axis, 1) : forward;
  for (let distance = 1; distance < size; distance *= 2) {
    product = multiply(graph, product, delay(graph, product, axis, distance));
  }
  return attrs.reverse ? reverse(graph, product, [axis]) : product;
}

/** Entries moved `distance` further along an axis, ones in front. */
function delay(graph: GraphBuilder, x: Value, axis: number, distance: number): Value {
  const size = x.shape[axis] ?? 0;
  const kept = Math.max(0, size - distance);
  const shape = x.shape.map((extent, i) => (i === axis ? kept : extent));
  const front = slice(graph, x, { begin: x.shape.map(() => 0), end: shape }, shape);
  const paddings = x.shape.map((_, i): [number, number] => [i === axis ? size - kept : 0, 0]);
  return pad(graph, front, paddings, 1);
}

function softmax(op: "Softmax" | "LogSoftmax", { graph }: KernelContext, x: Value, dim: number): Value {
  const [axis = 0] = tf.util.parseAxisParam(dim, [...x.shape]);
  return graph.node(op, [x], x, { attributes: { axis } });
}

/** x − max − ln Σ exp(x − max), which every execution provider and precision has. */
function logSoftmax(context: KernelContext, x: Value, dim: number): Value {
  const { graph } = context;
  const axes = tf.util.parseAxisParam(dim, [...x.shape]);
  if (isFloat(x.dtype) && x.dtype === "float32") return softmax("LogSoftmax", context, x, dim);
  const shifted = subtract(graph, x, reduce(graph, "ReduceMax", x, axes, true));
  const sum = reduce(graph, "ReduceSum", unary(graph, "Exp", shifted), axes, true);
  return subtract(graph, shifted, unary(graph, "Log", sum));
}

export const reductionKernels: KernelTable = {
  Sum: reduction("ReduceSum", numeric),
  Prod: reduction("ReduceProd", numeric),
  Mean: reduction("ReduceMean", ({ graph, float }, x) => cast(graph, x, float)),
  Max: extreme("ReduceMax"),
  Min: extreme("ReduceMin"),
  All: logical("ReduceMin"),
  Any: logical("ReduceMax"),
  ArgMax: position("ArgMax"),
  ArgMin: position("ArgMin"),
  Cumsum: kernel(["x"], (context, { x }, attrs: RunningAttrs) => runningSum(context, x, attrs)),
  Cumprod: kernel(["x"], (context, { x }, attrs: RunningAttrs) => runningProduct(context, x, attrs)),
  Softmax: kernel(["logits"], (context, { logits }, { dim }: tf.SoftmaxAttrs) =>
    softmax("Softmax", context, logits, dim),
  ),
  LogSoftmax: kernel(["logits"], (context, { logits }, { axis }: tf.LogSoftmaxAttrs) =>
    logSoftmax(context, logits, axis),
  ),
};
