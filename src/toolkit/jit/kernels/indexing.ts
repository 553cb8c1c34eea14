/** Gather, scatter, one-hot, top-k. */
import * as tf from "@tensorflow/tfjs";
import { cast, compare, where } from "../emit/arithmetic.ts";
import { sizeOf, splat } from "../emit/expand.ts";
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
  context.gathered.add(gatherKey(graph, indices, x.shape[along] ?? 0));
  const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)];
  return graph.node("Gather", [x, whole(graph, indices)], { dtype: x.dtype, shape }, { attributes: { axis: along } });
}

/** Names a list of indices together with the size of the axis they were read along. */
function gatherKey(graph: GraphBuilder, indices: Value, size: number): string {
  return `${reshapeSource(graph, indices).name}:${size}`;
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

function scatterRows(graph: GraphBuilder, rows: Value, ids: Value, count: number): Value {
  const zeros = splat(graph, 0, rows.dtype, [count, ...rows.shape.slice(1)]);
  return scatter(graph, zeros, reshape(graph, ids, [...ids.shape, 1]), rows, "add");
}

function scatter(graph: GraphBuilder, onto: Value, indices: Value, updates: Value, reduction: "add" | "none"): Value {
  return graph.node("ScatterND", [onto, cast(graph, indices, "int64"), updates], onto, { attributes: { reduction } });
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
    scatter(graph, splat(graph, 0, updates.dtype, shape), indices, updates, "add"),
  ),
  TensorScatterUpdate: kernel(["tensor", "indices", "updates"], ({ graph }, { tensor, indices, updates }) =>
    scatter(graph, tensor, indices, updates, "none"),
  ),
  UnsortedSegmentSum: kernel(
    ["x", "segmentIds"],
    (context, { x, segmentIds }, { numSegments }: tf.UnsortedSegmentSumAttrs) =>
      segmentSum(context, x, segmentIds, numSegments),
  ),
  OneHot: kernel(["indices"], (context, { indices }, attrs: tf.OneHotAttrs) => oneHot(context, indices, attrs)),
  TopK: kernel(["x"], (context, { x }, attrs: tf.TopKAttrs) => topK(context, x, attrs)),
};
