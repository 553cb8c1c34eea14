/** Functions of one tensor, entry by entry. */
import type * as tf from "@tensorflow/tfjs";
import { add, cast, compare, divide, isFloat, multiply, number, subtract, unary, where } from "../emit/arithmetic.ts";
import { splat } from "../emit/expand.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { graphType, type Kernel, type KernelContext, type KernelTable, kernel } from "./kernel.ts";

/** An ONNX operator that computes the same. */
function same(op: string): Kernel {
  return kernel(["x"], ({ graph }, { x }) => unary(graph, op, x));
}

function formula(emit: (graph: GraphBuilder, x: Value) => Value): Kernel {
  return kernel(["x"], ({ graph }, { x }) => emit(graph, x));
}

/** Below this size ln(1 + x) and e^x − 1 lose digits when computed as they are written. */
const small = 0.5;

/** Kahan's form: with u = 1 + x rounded, ln(u) x / (u − 1) is exact to rounding; x itself where u is 1. */
function log1p(graph: GraphBuilder, x: Value): Value {
  const one = number(graph, 1, x);
  const u = add(graph, x, one);
  const log = unary(graph, "Log", u);
  const precise = multiply(graph, log, divide(graph, x, subtract(graph, u, one)));
  const near = where(graph, compare(graph, "Equal", u, one), x, precise);
  return where(graph, compare(graph, "Less", unary(graph, "Abs", x), number(graph, small, x)), near, log);
}

/** Kahan's form: with u = e^x rounded, (u − 1) x / ln(u); x itself where u is 1. */
function expm1(graph: GraphBuilder, x: Value): Value {
  const one = number(graph, 1, x);
  const u = unary(graph, "Exp", x);
  const difference = subtract(graph, u, one);
  const precise = multiply(graph, difference, divide(graph, x, unary(graph, "Log", u)));
  const near = where(graph, compare(graph, "Equal", u, one), x, precise);
  return where(graph, compare(graph, "Less", unary(graph, "Abs", x), number(graph, small, x)), near, difference);
}

/** 1 / (1 + e^−x). ONNX Runtime's own Sigmoid is exact to 1e-7 only absolutely: 0 below −18. */
export function sigmoid(graph: GraphBuilder, x: Value): Value {
  const exponential = unary(graph, "Exp", unary(graph, "Neg", x));
  return unary(graph, "Reciprocal", add(graph, exponential, number(graph, 1, x)));
}

/** max(x, 0) + ln(1 + e^−|x|): no overflow, and relative precision far below 0. */
function softplus(graph: GraphBuilder, x: Value): Value {
  const tail = log1p(graph, unary(graph, "Exp", unary(graph, "Neg", unary(graph, "Abs", x))));
  return add(graph, unary(graph, "Relu", x), tail);
}

/** 1 above 0, alpha elsewhere; NaN stays. */
function step({ graph }: KernelContext, x: Value, alpha: number): Value {
  const choice = where(
    graph,
    compare(graph, "Greater", x, number(graph, 0, x)),
    splat(graph, 1, x.dtype, x.shape),
    splat(graph, alpha, x.dtype, x.shape),
  );
  return isFloat(x.dtype) ? where(graph, unaryTest(graph, "IsNaN", x), x, choice) : choice;
}

function unaryTest(graph: GraphBuilder, op: "IsNaN" | "IsInf", x: Value): Value {
  return graph.node(op, [x], { dtype: "bool", shape: x.shape });
}

/** A test that is `otherwise` for whole numbers. */
function floatTest(otherwise: boolean, emit: (graph: GraphBuilder, x: Value) => Value): Kernel {
  return kernel(["x"], ({ graph }, { x }) =>
    isFloat(x.dtype) ? emit(graph, x) : splat(graph, Number(otherwise), "bool", x.shape),
  );
}

function not(graph: GraphBuilder, x: Value): Value {
  return graph.node("Not", [x], { dtype: "bool", shape: x.shape });
}

/** Bounds of one tensor's entries. */
function clip(graph: GraphBuilder, x: Value, low: number, high: number): Value {
  return graph.node("Clip", [x, number(graph, low, x), number(graph, high, x)], x);
}

/** The gradient of ELU from its result y: dy where y ≥ 0, dy (y + 1) elsewhere. */
function eluGradient(graph: GraphBuilder, dy: Value, y: Value): Value {
  const slope = add(graph, y, number(graph, 1, y));
  return where(graph, compare(graph, "GreaterOrEqual", y, number(graph, 0, y)), dy, multiply(graph, dy, slope));
}

const sameName = ["Neg", "Exp", "Log", "Sqrt", "Abs", "Tanh", "Erf", "Sin", "Cos", "Tan", "Asin", "Acos"];
const sameNameToo = [
  "Atan",
  "Sinh",
  "Cosh",
  "Asinh",
  "Acosh",
  "Atanh",
  "Sign",
  "Reciprocal",
  "Relu",
  "Selu",
  "Elu",
  "Floor",
  "Ceil",
  "Round",
];

export const unaryKernels: KernelTable = {
  ...Object.fromEntries([...sameName, ...sameNameToo].map((op) => [op, same(op)])),
  Square: formula((graph, x) => multiply(graph, x, x)),
  Rsqrt: formula((graph, x) => unary(graph, "Reciprocal", unary(graph, "Sqrt", x))),
  Log1p: formula(log1p),
  Expm1: formula(expm1),
  Softplus: formula(softplus),
  Sigmoid: formula(sigmoid),
  Relu6: formula((graph, x) => clip(graph, x, 0, 6)),
  IsNan: floatTest(false, (graph, x) => unaryTest(graph, "IsNaN", x)),
  IsInf: floatTest(false, (graph, x) => unaryTest(graph, "IsInf", x)),
  IsFinite: floatTest(true, (graph, x) =>
    not(graph, compare(graph, "Or", unaryTest(graph, "IsNaN", x), unaryTest(graph, "IsInf", x))),
  ),
  Step: kernel(["x"], (context, { x }, { alpha = 0 }: tf.StepAttrs) => step(context, x, alpha)),
  ClipByValue: kernel(["x"], ({ graph }, { x }, { clipValueMin, clipValueMax }: tf.ClipByValueAttrs) =>
    clip(graph, x, clipValueMin, clipValueMax),
  ),
  LeakyRelu: kernel(["x"], ({ graph }, { x }, { alpha }: tf.LeakyReluAttrs) =>
    unary(graph, "LeakyRelu", x, { alpha: { float: alpha } }),
  ),
  EluGrad: kernel(["dy", "y"], ({ graph }, { dy, y }) => eluGradient(graph, dy, y)),
  Identity: formula((_, x) => x),
  Cast: kernel(["x"], (context, { x }, { dtype }: tf.CastAttrs) => cast(context.graph, x, graphType(context, dtype))),
};
