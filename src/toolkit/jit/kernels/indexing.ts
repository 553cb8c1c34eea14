/** Gather, scatter, one-hot, top-k. */
import * as tf from "@tensorflow/tfjs";
import { cast, compare, multiply, subtract, where } from "../emit/arithmetic.ts";
import { expand, int64, sizeOf, splat, stripExpand } from "../emit/expand.ts";
import { reshape, reshapeSource } from "../emit/layout.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { graphType, type KernelContext, type KernelTable, kernel } from "./kernel.ts";

function gather(context: KernelContext, x: Value, indices: Value, { axis, batchDims }: tf.GatherV2Attrs): Value {
  if (batchDims !== 0) {
    const problem = `tf.gather with batchDims ${batchDims} has a gradient that grows with the batch`;
    context.refuse(problem, "use tokenLogProbs for log-probabilities of tokens, or a product with tf.oneHot");
  }
  const { graph } = context;
  const [along = 0] = tf.util.parseAxisParam(axis, [...x.shape]);
  const size = x.shape[along] ?? 0;
  context.gathered.add(gatherKey(graph, indices, size));
  const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)];
  return graph.node(
    "Gather",
    [x, inside(context, indices, size)],
    { dtype: x.dtype, shape },
    { attributes: { axis: along } },
  );
}

/** Names a list of indices together with the size of the axis they were read along. */
function gatherKey(graph: GraphBuilder, indices: Value, size: number): string {
  return `${reshapeSource(graph, indices).name}:${size}`;
}

/**
 * Indices that ONNX's Gather refuses where they are not from 0 to `size` − 1: it would count −1 … −size from the end, so
 * negative ones go further down by `size`. Constant indices are checked now.
 */
function inside(context: KernelContext, indices: Value, size: number): Value {
  const { graph } = context;
  const known = graph.literal(stripExpand(graph, indices));
  const wrong = known && Array.from(known, Number).find((index) => index < 0 || index >= size);
  if (wrong !== undefined) {
    context.refuse(`index ${wrong} lies outside of 0 to ${size - 1}`, "check the indices that tf.gather gets");
  }
  const numbers = whole(graph, indices);
  if (known !== undefined) return numbers;
  const negative = compare(graph, "Less", numbers, graph.scalar(0, "int32"));
  return where(graph, negative, subtract(graph, numbers, graph.scalar(size, "int32")), numbers);
}

/** Indices are int32 in TensorFlow.js, but nothing stops a float. */
function whole(graph: GraphBuilder, indices: Value): Value {
  return cast(graph, indices, "int32");
}

/**
 * Sums of the rows of `x` that share an id, as floats. Rows of ids outside [0, count) are dropped, as TensorFlow.js does; where the
 * ids are those of a Gather along an axis of `count`, whose gradient this then is, they are known to be inside.
 */
function segmentSum(context: KernelContext, x: Value, ids: Value, count: number): Value {
  const { graph, gathered } = context;
  const inner = x.shape.slice(ids.shape.length);
  const length = sizeOf(ids.shape);
  const rows = reshape(graph, cast(graph, x, context.float), [length, ...inner]);
  const flat = reshape(graph, whole(graph, ids), [length]);
  if (gathered.has(gatherKey(graph, ids, count))) return scatterRows(graph, rows, flat, count);
  const zero = graph.scalar(0, "int32");
  const inside = compare(
    graph,
    "And",
    compare(graph, "GreaterOrEqual", flat, zero),
    compare(graph, "Less", flat, graph.scalar(count, "int32")),
  );
  const column = reshape(graph, inside, [length, ...inner.map(() => 1)]);
  const kept = where(graph, column, rows, graph.scalar(0, rows.dtype));
  return scatterRows(graph, kept, where(graph, inside, flat, zero), count);
}

/**
 * Sums of rows by id, [count, ...]. By ScatterElements, which works in order: onnxruntime's ScatterND splits repeated
 * indices over threads without locks, loses some of the sum now and then, and gives other bits each time.
 */
function scatterRows(graph: GraphBuilder, rows: Value, ids: Value, count: number): Value {
  const [length = 0, ...inner] = rows.shape;
  const size = sizeOf(inner);
  const flat = reshape(graph, rows, [length, size]);
  const column = reshape(graph, cast(graph, ids, "int64"), [length, 1]);
  const indices = expand(graph, column, [length, size]);
  const zeros = splat(graph, 0, rows.dtype, [count, size]);
  const attributes = { axis: 0, reduction: "add" };
  const sums = graph.node("ScatterElements", [zeros, indices, flat], zeros, { attributes });
  return reshape(graph, sums, [count, ...inner]);
}

/** tf.scatterND: rows of `updates` summed at the places that the last axis of `indices` names. */
function scatterNd(graph: GraphBuilder, indices: Value, updates: Value, shape: readonly number[]): Value {
  const depth = indices.shape.at(-1) ?? 0;
  const [outer, inner] = [shape.slice(0, depth), shape.slice(depth)];
  const length = sizeOf(indices.shape.slice(0, -1));
  const strides = Int32Array.from(outer, (_, i) => sizeOf(outer.slice(i + 1)));
  const places = reshape(graph, cast(graph, indices, "int32"), [length, depth]);
  const scaled = multiply(graph, places, graph.constant(strides, [depth])); // [length, depth]
  const ids = graph.node(
    "ReduceSum",
    [scaled, int64(graph, [1])],
    { dtype: "int32", shape: [length] },
    { attributes: { keepdims: 0 } },
  );
  return reshape(graph, scatterRows(graph, reshape(graph, updates, [length, ...inner]), ids, sizeOf(outer)), shape);
}

function scatterUpdate(graph: GraphBuilder, tensor: Value, indices: Value, updates: Value): Value {
  const attributes = { reduction: "none" };
  return graph.node("ScatterND", [tensor, cast(graph, indices, "int64"), updates], tensor, { attributes });
}

function oneHot(context: KernelContext, indices: Value, attrs: tf.OneHotAttrs): Value {
  const { graph } = context;
  const { depth, onValue, offValue, dtype } = attrs;
  const type = graphType(context, dtype ?? "int32");
  const column = reshape(graph, whole(graph, indices), [...indices.shape, 1]);
  const classes = graph.constant(
    Int32Array.from({ length: depth }, (_, i) => i),
    [depth],
  );
  const equal = compare(graph, "Equal", column, classes);
  if (onValue === 1 && offValue === 0) return cast(graph, equal, type);
  return where(graph, equal, graph.scalar(onValue, type), graph.scalar(offValue, type));
}

function topK({ graph }: KernelContext, x: Value, { k, sorted }: tf.TopKAttrs): readonly Value[] {
  const shape = [...x.shape.slice(0, -1), k];
  const attributes = { axis: -1, largest: 1, sorted: Number(sorted) };
  const count = graph.constant([k], [1], "int64");
  const outs = [{ dtype: x.dtype, shape }, { dtype: "int64", shape } as const];
  const [values, positions] = graph.nodes("TopK", [x, count], outs, { attributes });
  if (values === undefined || positions === undefined) throw new Error("internal: TopK has two results");
  return [values, cast(graph, positions, "int32")];
}

function gatherNd({ graph }: KernelContext, params: Value, indices: Value): Value {
  const depth = indices.shape.at(-1) ?? 0;
  const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
  return graph.node("GatherND", [params, cast(graph, indices, "int64")], { dtype: params.dtype, shape });
}

export const indexingKernels: KernelTable = {
  GatherV2: kernel(["x", "indices"], (context, { x, indices }, attrs: tf.GatherV2Attrs) =>
    gather(context, x, indices, attrs),
  ),
  GatherNd: kernel(["params", "indices"], (context, { params, indices }) => gatherNd(context, params, indices)),
  ScatterNd: kernel(["indices", "updates"], ({ graph }, { indices, updates }, { shape }: tf.ScatterNdAttrs) =>
    scatterNd(graph, indices, updates, shape),
  ),
  TensorScatterUpdate: kernel(["tensor", "indices", "updates"], ({ graph }, { tensor, indices, updates }) =>
    scatterUpdate(graph, tensor, indices, updates),
  ),
  UnsortedSegmentSum: kernel(
    ["x", "segmentIds"],
    (context, { x, segmentIds }, { numSegments }: tf.UnsortedSegmentSumAttrs) =>
      segmentSum(context, x, segmentIds, numSegments),
  ),
  OneHot: kernel(["indices"], (context, { indices }, attrs: tf.OneHotAttrs) => oneHot(context, indices, attrs)),
  TopK: kernel(["x"], (context, { x }, attrs: tf.TopKAttrs) => topK(context, x, attrs)),
};
