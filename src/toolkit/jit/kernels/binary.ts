/** Functions of two tensors, entry by entry, broadcast. */
import {
  add,
  arithmetic,
  cast,
  compare,
  divide,
  isFloat,
  multiply,
  number,
  subtract,
  unary,
  where,
} from "../emit/arithmetic.ts";
import { broadcastShape, elementwise, expand, splatOf } from "../emit/expand.ts";
import { reshape } from "../emit/layout.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { type Kernel, type KernelTable, kernel, listKernel } from "./kernel.ts";

type Emit = (graph: GraphBuilder, a: Value, b: Value) => Value;

/** Arithmetic on bool, which ONNX lacks, is done on int32. */
function binary(emit: Emit): Kernel {
  return kernel(["a", "b"], ({ graph }, { a, b }) => {
    if (a.dtype !== "bool") return emit(graph, a, b);
    return cast(graph, emit(graph, cast(graph, a, "int32"), cast(graph, b, "int32")), "bool");
  });
}

/** A division of integers by a constant 0, which has no value. */
function division(emit: Emit): Kernel {
  const checked = binary(emit);
  return (context, inputs, attributes) => {
    const { b } = inputs;
    if (b !== undefined && !isFloat(b.dtype) && splatOf(context.graph, b) === 0) {
      context.refuse(`an ${b.dtype} is divided by 0`, "divide float32 tensors, or by what is not 0");
    }
    return checked(context, inputs, attributes);
  };
}

function same(op: string): Kernel {
  return binary((graph, a, b) => elementwise(graph, op, [a, b], a.dtype));
}

function comparison(op: string): Kernel {
  return kernel(["a", "b"], ({ graph }, { a, b }) => {
    const ordered = a.dtype === "bool" && op !== "Equal";
    return ordered ? compare(graph, op, cast(graph, a, "int32"), cast(graph, b, "int32")) : compare(graph, op, a, b);
  });
}

function not(graph: GraphBuilder, x: Value): Value {
  return elementwise(graph, "Not", [x], "bool");
}

/** x to the power of p; where p is 0.5, 1, 1.5, 2 or 3 throughout, by products and roots, which are many times faster. */
function power(graph: GraphBuilder, x: Value, p: Value): Value {
  const exponent = isFloat(x.dtype) ? splatOf(graph, p) : undefined;
  const shape = broadcastShape(x.shape, p.shape);
  const root = () => unary(graph, "Sqrt", x);
  if (exponent === 0.5) return expand(graph, root(), shape);
  if (exponent === 1) return expand(graph, x, shape);
  if (exponent === 1.5) return expand(graph, multiply(graph, x, root()), shape);
  if (exponent === 2) return expand(graph, multiply(graph, x, x), shape);
  if (exponent === 3) return expand(graph, multiply(graph, multiply(graph, x, x), x), shape);
  return elementwise(graph, "Pow", [x, p], x.dtype);
}

/** floor(a / b) as int32. ONNX's division of integers rounds towards 0: one less where signs differ and a rest is left. */
function floorDivide(graph: GraphBuilder, a: Value, b: Value): Value {
  const quotient = elementwise(graph, "Div", [a, b], a.dtype);
  if (isFloat(a.dtype)) return cast(graph, unary(graph, "Floor", quotient), "int32");
  const rest = subtract(graph, a, multiply(graph, quotient, b));
  const below = compare(graph, "And", nonZero(graph, rest), signsDiffer(graph, rest, b));
  return subtract(graph, quotient, cast(graph, below, "int32"));
}

/** a mod b with the sign of b. */
function modulo(graph: GraphBuilder, a: Value, b: Value): Value {
  if (!isFloat(a.dtype)) return elementwise(graph, "Mod", [a, b], a.dtype);
  const rest = elementwise(graph, "Mod", [a, b], a.dtype, { fmod: 1 });
  const shifted = elementwise(graph, "Mod", [add(graph, rest, b), b], a.dtype, { fmod: 1 });
  return where(graph, signsDiffer(graph, a, b), shifted, rest);
}

function nonZero(graph: GraphBuilder, x: Value): Value {
  return not(graph, compare(graph, "Equal", x, number(graph, 0, x)));
}

function signsDiffer(graph: GraphBuilder, a: Value, b: Value): Value {
  const negative = (x: Value) => compare(graph, "Less", x, number(graph, 0, x));
  return compare(graph, "Xor", negative(a), negative(b));
}

/** The angle of the point (x, y): atan(y / x), half a turn on for x < 0, and ± a quarter turn at x = 0. */
function angle(graph: GraphBuilder, y: Value, x: Value): Value {
  const zero = number(graph, 0, x);
  const principal = unary(graph, "Atan", divide(graph, y, x));
  const above = compare(graph, "GreaterOrEqual", y, zero);
  const halfTurn = where(graph, above, number(graph, Math.PI, x), number(graph, -Math.PI, x));
  const left = where(graph, compare(graph, "Less", x, zero), add(graph, principal, halfTurn), principal);
  const vertical = multiply(graph, unary(graph, "Sign", y), number(graph, Math.PI / 2, x));
  return where(graph, compare(graph, "Equal", x, zero), vertical, left);
}

/** x where it is at least 0, alpha · x elsewhere. */
function prelu(graph: GraphBuilder, x: Value, alpha: Value): Value {
  return where(graph, compare(graph, "Less", x, number(graph, 0, x)), multiply(graph, alpha, x), x);
}

export const binaryKernels: KernelTable = {
  Add: binary((graph, a, b) => arithmetic(graph, "Add", a, b)),
  Sub: binary((graph, a, b) => arithmetic(graph, "Sub", a, b)),
  Multiply: binary((graph, a, b) => arithmetic(graph, "Mul", a, b)),
  RealDiv: binary((graph, a, b) => arithmetic(graph, "Div", a, b)),
  Minimum: same("Min"),
  Maximum: same("Max"),
  Pow: binary(power),
  SquaredDifference: binary((graph, a, b) => {
    const difference = subtract(graph, a, b);
    return multiply(graph, difference, difference);
  }),
  FloorDiv: division(floorDivide),
  Mod: division(modulo),
  Atan2: binary(angle),
  Prelu: kernel(["x", "alpha"], ({ graph }, { x, alpha }) => prelu(graph, x, alpha)),
  AddN: listKernel(({ graph }, inputs) => inputs.reduce((sum, input) => add(graph, sum, input))),
  BitwiseAnd: same("BitwiseAnd"),
  Greater: comparison("Greater"),
  GreaterEqual: comparison("GreaterOrEqual"),
  Less: comparison("Less"),
  LessEqual: comparison("LessOrEqual"),
  Equal: comparison("Equal"),
  NotEqual: kernel(["a", "b"], ({ graph }, { a, b }) => not(graph, compare(graph, "Equal", a, b))),
  LogicalAnd: kernel(["a", "b"], ({ graph }, { a, b }) => compare(graph, "And", a, b)),
  LogicalOr: kernel(["a", "b"], ({ graph }, { a, b }) => compare(graph, "Or", a, b)),
  LogicalNot: kernel(["x"], ({ graph }, { x }) => not(graph, x)),
  Select: kernel(["condition", "t", "e"], ({ graph }, { condition, t, e }) => {
    const rows = condition.shape.length === 1 && t.shape.length > 1;
    return where(graph, rows ? perRow(graph, condition, t.shape.length) : condition, t, e);
  }),
};

/** A condition of shape [N] selects whole rows. */
function perRow(graph: GraphBuilder, condition: Value, rank: number): Value {
  return reshape(graph, condition, [condition.shape[0] ?? 0, ...Array.from({ length: rank - 1 }, () => 1)]);
}
