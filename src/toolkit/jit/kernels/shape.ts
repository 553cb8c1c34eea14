/** Kernels that move entries: reshape, transpose, slice, pad, join, split, tile, reverse. */
import * as tf from "@tensorflow/tfjs";
import { expand, int64, sameShape } from "../emit/expand.ts";
import { concatenate, pad, reshape, reverse, slice, split, transpose } from "../emit/layout.ts";
import type { Value } from "../graph.ts";
import { type KernelContext, type KernelTable, kernel, listKernel } from "./kernel.ts";

function expandDims({ graph }: KernelContext, input: Value, dim: number): Value {
  const at = dim < 0 ? input.shape.length + 1 + dim : dim;
  return reshape(graph, input, [...input.shape.slice(0, at), 1, ...input.shape.slice(at)]);
}

/** Sizes of the parts; −1 stands for what the others leave. */
function splitSizes(size: number, parts: number | readonly number[]): readonly number[] {
  if (typeof parts === "number") return Array.from({ length: parts }, () => size / parts);
  const rest = size - parts.reduce((sum, part) => sum + Math.max(0, part), 0);
  return parts.map((part) => (part === -1 ? rest : part));
}

function unpack({ graph }: KernelContext, value: Value, axis: number): readonly Value[] {
  const at = axis < 0 ? value.shape.length + axis : axis;
  const shape = value.shape.filter((_, i) => i !== at);
  const sizes = Array.from({ length: value.shape[at] ?? 0 }, () => 1);
  return split(graph, value, sizes, at).map((part) => reshape(graph, part, shape));
}

function concat({ graph }: KernelContext, inputs: readonly Value[], axis: number): Value {
  const rank = inputs[0]?.shape.length ?? 0;
  const filled = inputs.filter(({ shape }) => !shape.includes(0));
  return concatenate(graph, filled.length > 0 ? filled : inputs.slice(0, 1), axis < 0 ? axis + rank : axis);
}

function pack({ graph }: KernelContext, inputs: readonly Value[], axis: number): Value {
  const rank = (inputs[0]?.shape.length ?? 0) + 1;
  const at = axis < 0 ? axis + rank : axis;
  const parts = inputs.map((x) => reshape(graph, x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]));
  return concatenate(graph, parts, at);
}

function box({ graph }: KernelContext, x: Value, begins: number | number[], sizes: number | number[]): Value {
  const [starts, extents] = [[begins].flat(), [sizes].flat()];
  const begin = x.shape.map((_, axis) => starts[axis] ?? 0);
  const shape = x.shape.map((size, axis) => {
    const extent = extents[axis] ?? -1;
    return extent < 0 ? size - (begin[axis] ?? 0) : extent;
  });
  return slice(graph, x, { begin, end: begin.map((start, axis) => start + (shape[axis] ?? 0)) }, shape);
}

function stridedSlice({ graph }: KernelContext, x: Value, attrs: tf.StridedSliceAttrs): Value {
  const info = tf.slice_util.sliceInfo(
    [...x.shape],
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  if (info.isIdentity) return reshape(graph, x, info.finalShape);
  const sizes = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
  const bounds = { begin: info.begin, end: info.end, steps: info.strides };
  return reshape(graph, slice(graph, x, bounds, sizes), info.finalShape);
}

function tile({ graph }: KernelContext, x: Value, reps: readonly number[]): Value {
  const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
  if (x.shape.every((size, axis) => size === 1 || reps[axis] === 1)) return expand(graph, x, shape);
  return graph.node("Tile", [x, int64(graph, reps)], { dtype: x.dtype, shape });
}

/** Padding with what lies inside, mirrored: at the edge (symmetric), or at the last entry (reflect). */
function mirrorPad({ graph }: KernelContext, x: Value, { paddings, mode }: tf.MirrorPadAttrs): Value {
  const skip = mode === "reflect" ? 1 : 0;
  return paddings.reduce((value, [before, after], axis) => {
    if (before + after === 0) return value;
    const size = x.shape[axis] ?? 0;
    const front = Array.from({ length: before }, (_, i) => before - 1 - i + skip);
    const back = Array.from({ length: after }, (_, i) => size - 1 - i - skip);
    const indices = [...front, ...Array.from({ length: size }, (_, i) => i), ...back];
    const shape = value.shape.map((extent, i) => (i === axis ? indices.length : extent));
    const inputs = [value, int64(graph, indices)];
    return graph.node("Gather", inputs, { dtype: x.dtype, shape }, { attributes: { axis } });
  }, x);
}

export const shapeKernels: KernelTable = {
  Reshape: kernel(["x"], ({ graph }, { x }, { shape }: tf.ReshapeAttrs) => {
    const known = tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape([...x.shape]));
    return reshape(graph, x, known);
  }),
  ExpandDims: kernel(["input"], (context, { input }, { dim }: tf.ExpandDimsAttrs) => expandDims(context, input, dim)),
  Transpose: kernel(["x"], ({ graph }, { x }, { perm }: tf.TransposeAttrs) => transpose(graph, x, perm)),
  SplitV: kernel(["x"], ({ graph }, { x }, { numOrSizeSplits, axis }: tf.SplitVAttrs) => {
    const [along = 0] = tf.util.parseAxisParam(axis, [...x.shape]);
    return split(graph, x, splitSizes(x.shape[along] ?? 0, numOrSizeSplits), along);
  }),
  Unpack: kernel(["value"], (context, { value }, { axis }: tf.UnpackAttrs) => unpack(context, value, axis)),
  Concat: listKernel((context, inputs, { axis }: tf.ConcatAttrs) => concat(context, inputs, axis)),
  Pack: listKernel((context, inputs, { axis }: tf.PackAttrs) => pack(context, inputs, axis)),
  Slice: kernel(["x"], (context, { x }, { begin, size }: tf.SliceAttrs) => box(context, x, begin, size)),
  StridedSlice: kernel(["x"], (context, { x }, attrs: tf.StridedSliceAttrs) => stridedSlice(context, x, attrs)),
  PadV2: kernel(["x"], ({ graph }, { x }, { paddings, constantValue }: tf.PadV2Attrs) =>
    pad(graph, x, paddings, constantValue),
  ),
  MirrorPad: kernel(["x"], (context, { x }, attrs: tf.MirrorPadAttrs) => mirrorPad(context, x, attrs)),
  Tile: kernel(["x"], (context, { x }, { reps }: tf.TileAttrs) => tile(context, x, reps)),
  BroadcastTo: kernel(["x"], ({ graph }, { x }, { shape }: tf.BroadCastToAttrs) =>
    sameShape(x.shape, shape) ? x : expand(graph, x, shape),
  ),
  Reverse: kernel(["x"], ({ graph }, { x }, { dims }: tf.ReverseAttrs) =>
    reverse(graph, x, tf.util.parseAxisParam(dims, [...x.shape])),
  ),
};
