/**
 * Broadcasting, kept lazy: an Expand is written where a result has the larger shape, and looked through wherever an
 * elementwise operation would broadcast by itself. A tensor of equal entries is an Expand of a scalar constant.
 */
import type { DType, GraphBuilder, Value } from "../graph.ts";

/** The shape that two shapes broadcast to. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [p, q] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (p !== q && p !== 1 && q !== 1) throw new Error(`internal: [${a.join()}] and [${b.join()}] do not broadcast`);
    return p === 1 ? q : p;
  });
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** A shape or another list of whole numbers as an int64 constant. */
export function int64(graph: GraphBuilder, values: readonly number[]): Value {
  return graph.constant(values, [values.length], "int64");
}

/** A tensor of equal entries. */
export function splat(graph: GraphBuilder, value: number, dtype: DType, shape: readonly number[]): Value {
  return expand(graph, graph.scalar(value, dtype), shape);
}

/** The entry of a tensor of equal entries that is known now; undefined for any other. */
export function splatOf(graph: GraphBuilder, value: Value): number | undefined {
  const literal = graph.literal(stripExpand(graph, value));
  return literal?.length === 1 ? Number(literal[0]) : undefined;
}

/** `value` broadcast to `shape`. */
export function expand(graph: GraphBuilder, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  const source = stripExpand(graph, value);
  return graph.node("Expand", [source, int64(graph, shape)], { dtype: value.dtype, shape });
}

/** What an expanded tensor was before; any other tensor itself. */
export function stripExpand(graph: GraphBuilder, value: Value): Value {
  const definition = graph.definition(value);
  const source = definition?.op === "Expand" ? definition.inputs[0] : undefined;
  return source ?? value;
}

/**
 * An elementwise node: it runs on what its operands were before they were expanded, and its result is expanded instead.
 *
 * @param dtype the result's element type
 */
export function elementwise(
  graph: GraphBuilder,
  op: string,
  operands: readonly Value[],
  dtype: DType,
  attributes: Record<string, number | { float: number }> = {},
): Value {
  const full = operands.map(({ shape }) => shape).reduce(broadcastShape);
  const sources = operands.map((operand) => stripExpand(graph, operand));
  const shape = sources.map((source) => source.shape).reduce(broadcastShape);
  return expand(graph, graph.node(op, sources, { dtype, shape }, { attributes }), full);
}
