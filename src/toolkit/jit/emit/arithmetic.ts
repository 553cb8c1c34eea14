/** Arithmetic that simplifies as it is written: x · 1, x + 0, constants with constants, casts of casts. */
import type { DType, GraphBuilder, Value } from "../graph.ts";
import { elementTypes } from "../onnx.ts";
import { broadcastShape, elementwise, expand, splat, splatOf, stripExpand } from "./expand.ts";

type Fold = (a: number, b: number) => number;

const folds: Readonly<Record<string, Fold>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** The operand on the right (and on the left, where the operation commutes) that changes nothing. */
const neutral: Readonly<Record<string, number>> = { Add: 0, Sub: 0, Mul: 1, Div: 1 };
const commutes: ReadonlySet<string> = new Set(["Add", "Mul"]);

/** a op b for Add, Sub, Mul or Div, broadcast; both of one dtype, which is the result's. */
export function arithmetic(graph: GraphBuilder, op: "Add" | "Sub" | "Mul" | "Div", a: Value, b: Value): Value {
  const { dtype } = a;
  const shape = broadcastShape(a.shape, b.shape);
  const [left, right] = [splatOf(graph, a), splatOf(graph, b)];
  const fold = folds[op];
  if (left !== undefined && right !== undefined && fold !== undefined && isFloat(dtype)) {
    const folded = fold(left, right);
    return splat(graph, dtype === "float32" ? Math.fround(folded) : folded, dtype, shape);
  }
  if (right === neutral[op]) return expand(graph, a, shape);
  if (left === neutral[op] && commutes.has(op)) return expand(graph, b, shape);
  const scaled = op === "Mul" && isFloat(dtype) ? scale(graph, a, b, shape) : undefined;
  return scaled ?? elementwise(graph, op, [a, b], dtype);
}

/** (x · c) · d is x · (c d), where c d is an ordinary number. */
function scale(graph: GraphBuilder, a: Value, b: Value, shape: readonly number[]): Value | undefined {
  const [value, factor] = splatOf(graph, b) === undefined ? [b, splatOf(graph, a)] : [a, splatOf(graph, b)];
  const definition = graph.definition(stripExpand(graph, value));
  const [left, right] = definition?.inputs ?? [];
  if (factor === undefined || definition?.op !== "Mul" || left === undefined || right === undefined) return undefined;
  const [inner, first] =
    splatOf(graph, right) === undefined ? [right, splatOf(graph, left)] : [left, splatOf(graph, right)];
  const product = Math.fround((first ?? 0) * factor);
  if (first === undefined || product === 0 || !Number.isFinite(product)) return undefined;
  const folded = value.dtype === "float32" ? product : first * factor;
  return expand(graph, multiply(graph, inner, graph.scalar(folded, value.dtype)), shape);
}

export function add(graph: GraphBuilder, a: Value, b: Value): Value {
  return arithmetic(graph, "Add", a, b);
}

export function subtract(graph: GraphBuilder, a: Value, b: Value): Value {
  return arithmetic(graph, "Sub", a, b);
}

export function multiply(graph: GraphBuilder, a: Value, b: Value): Value {
  return arithmetic(graph, "Mul", a, b);
}

export function divide(graph: GraphBuilder, a: Value, b: Value): Value {
  return arithmetic(graph, "Div", a, b);
}

/** A constant that broadcasts against `like`, of its dtype. */
export function number(graph: GraphBuilder, value: number, like: Value): Value {
  return graph.scalar(value, like.dtype);
}

/** An elementwise function of one tensor that keeps its dtype. */
export function unary(
  graph: GraphBuilder,
  op: string,
  x: Value,
  attributes: Record<string, number | { float: number }> = {},
): Value {
  return elementwise(graph, op, [x], x.dtype, attributes);
}

/** Greater, Equal and the like: bool from two tensors of one dtype. */
export function compare(graph: GraphBuilder, op: string, a: Value, b: Value): Value {
  return elementwise(graph, op, [a, b], "bool");
}

/** `x` in another element type; what a cast from bool loses nothing by is looked through. */
export function cast(graph: GraphBuilder, x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  const constant = splatOf(graph, x);
  if (constant !== undefined && isFloat(dtype)) return splat(graph, constant, dtype, x.shape);
  const definition = graph.definition(x);
  const source = definition?.op === "Cast" ? definition.inputs[0] : undefined;
  if (source?.dtype === "bool") return cast(graph, source, dtype);
  return elementwise(graph, "Cast", [x], dtype, { to: elementTypes[dtype] });
}

/** condition ? a : b, broadcast; ONNX Runtime's Where has no bool, which is logic anyway. */
export function where(graph: GraphBuilder, condition: Value, a: Value, b: Value): Value {
  if (a.dtype !== "bool") return elementwise(graph, "Where", [condition, a, b], a.dtype);
  const chosen = compare(graph, "And", condition, a);
  const otherwise = compare(graph, "And", elementwise(graph, "Not", [condition], "bool"), b);
  return compare(graph, "Or", chosen, otherwise);
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}
