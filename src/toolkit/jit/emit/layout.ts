/** Reshape, transpose, slice and join, simplified as they are written. */
import type { GraphBuilder, Value } from "../graph.ts";
import { int64, sameShape, sizeOf, splat, splatOf } from "./expand.ts";

/** The same entries in another shape; a reshape of a reshape is one. */
export function reshape(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    throw new Error(`internal: [${x.shape.join()}] cannot be reshaped to [${shape.join()}]`);
  }
  if (sameShape(x.shape, shape)) return x;
  const constant = splatOf(graph, x);
  if (constant !== undefined) return splat(graph, constant, x.dtype, shape);
  const source = reshapeSource(graph, x);
  if (sameShape(source.shape, shape)) return source;
  const attributes = { allowzero: shape.includes(0) ? 1 : 0 };
  return graph.node("Reshape", [source, int64(graph, shape)], { dtype: x.dtype, shape }, { attributes });
}

/** What was reshaped to `x`; any other tensor itself. */
export function reshapeSource(graph: GraphBuilder, x: Value): Value {
  const definition = graph.definition(x);
  const source = definition?.op === "Reshape" ? definition.inputs[0] : undefined;
  return source ?? x;
}

/** Axis i of the result is axis `permutation[i]` of `x`. */
export function transpose(graph: GraphBuilder, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis] ?? 1);
  if (permutation.every((axis, i) => axis === i)) return x;
  const constant = splatOf(graph, x);
  if (constant !== undefined) return splat(graph, constant, x.dtype, shape);
  const moved = permutation.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0))) return reshape(graph, x, shape);
  const inner = transposition(graph, x);
  if (inner !== undefined) {
    return transpose(
      graph,
      inner.source,
      permutation.map((axis) => inner.permutation[axis] ?? axis),
    );
  }
  return graph.node("Transpose", [x], { dtype: x.dtype, shape }, { attributes: { perm: permutation } });
}

/** The operand and permutation of a Transpose; undefined for any other tensor. */
export function transposition(
  graph: GraphBuilder,
  x: Value,
): { source: Value; permutation: readonly number[] } | undefined {
  const definition = graph.definition(x);
  const source = definition?.inputs[0];
  const perm = definition?.attributes.perm;
  if (definition?.op !== "Transpose" || source === undefined || perm === undefined || !("ints" in perm))
    return undefined;
  return { source, permutation: perm.ints };
}

/** Bounds of a slice on every axis. */
export interface Bounds {
  readonly begin: readonly number[];
  /** First entry that is not taken. Below 0 with a negative step: up to the first entry and including it. */
  readonly end: readonly number[];
  /** Default 1 on every axis. */
  readonly steps?: readonly number[];
}

/** A box of `x`, of shape `shape`. */
export function slice(graph: GraphBuilder, x: Value, bounds: Bounds, shape: readonly number[]): Value {
  const { begin, end, steps = begin.map(() => 1) } = bounds;
  if (sameShape(x.shape, shape) && steps.every((step) => step === 1)) return x;
  const axes = begin.map((_, axis) => axis).filter((axis) => steps[axis] !== 1 || shape[axis] !== x.shape[axis]);
  const pick = (values: readonly number[]) =>
    int64(
      graph,
      axes.map((axis) => values[axis] ?? 0),
    );
  // ONNX counts a negative end from the back; far below that it means "before the first entry".
  const ends = end.map((value, axis) => ((steps[axis] ?? 1) < 0 && value < 0 ? -(2 ** 31) : value));
  const inputs = [x, pick(begin), pick(ends), int64(graph, axes), pick(steps)];
  return graph.node("Slice", inputs, { dtype: x.dtype, shape });
}

/** `x` backwards along `axes`. */
export function reverse(graph: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const flipped = (axis: number): boolean => axes.includes(axis);
  const bounds = {
    begin: x.shape.map((size, axis) => (flipped(axis) ? size - 1 : 0)),
    end: x.shape.map((size, axis) => (flipped(axis) ? -1 : size)),
    steps: x.shape.map((_, axis) => (flipped(axis) ? -1 : 1)),
  };
  return slice(graph, x, bounds, x.shape);
}

/** Constant entries around `x`; `paddings` are [before, after] of every axis. */
export function pad(
  graph: GraphBuilder,
  x: Value,
  paddings: readonly (readonly [number, number])[],
  value: number,
): Value {
  if (paddings.every(([before, after]) => before + after === 0)) return x;
  const amounts = int64(graph, [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
  const shape = x.shape.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0));
  return graph.node("Pad", [x, amounts, graph.scalar(value, x.dtype)], { dtype: x.dtype, shape });
}

/** Tensors one after another along an axis. */
export function concatenate(graph: GraphBuilder, parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (first === undefined) throw new Error("internal: nothing to join");
  if (parts.length === 1) return first;
  const size = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
  const shape = first.shape.map((extent, i) => (i === axis ? size : extent));
  return graph.node("Concat", parts, { dtype: first.dtype, shape }, { attributes: { axis } });
}

/** Consecutive parts of `x` along an axis. */
export function split(graph: GraphBuilder, x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  if (sizes.length === 1) return [x];
  const outs = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((extent, i) => (i === axis ? size : extent)),
  }));
  return graph.nodes("Split", [x, int64(graph, sizes)], outs, { attributes: { axis } });
}
