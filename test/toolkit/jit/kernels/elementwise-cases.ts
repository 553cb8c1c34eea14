import * as tf from "@tensorflow/tfjs";
import { bool, exactly, float, type KernelCase, runKernel, whole, wholeExactly } from "./case.ts";

type Unary = (x: tf.Tensor) => tf.Tensor;

const unary: readonly (readonly [Unary, number, number])[] = [
  [tf.neg, -2, 2],
  [tf.exp, -3, 3],
  [tf.log, 0.1, 5],
  [tf.sqrt, 0.1, 5],
  [tf.rsqrt, 0.1, 5],
  [tf.square, -2, 2],
  [tf.abs, -2, 2],
  [tf.tanh, -3, 3],
  [tf.sigmoid, -6, 6],
  [tf.erf, -2, 2],
  [tf.sin, -3, 3],
  [tf.cos, -3, 3],
  [tf.tan, -1, 1],
  [tf.asin, -0.9, 0.9],
  [tf.acos, -0.9, 0.9],
  [tf.atan, -2, 2],
  [tf.sinh, -2, 2],
  [tf.cosh, -2, 2],
  [tf.asinh, -2, 2],
  [tf.acosh, 1.1, 3],
  [tf.atanh, -0.9, 0.9],
  [tf.sign, -2, 2],
  [tf.reciprocal, 0.2, 2],
  [tf.relu, -2, 2],
  [tf.relu6, -3, 9],
  [tf.elu, -2, 2],
  [tf.selu, -2, 2],
  [tf.softplus, -30, 30],
  [tf.log1p, -0.9, 3],
  [tf.expm1, -3, 3],
  [tf.floor, -3, 3],
  [tf.ceil, -3, 3],
  [tf.round, -3, 3],
  [tf.step, -2, 2],
];

const nonFinite = exactly([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1.5, 2]);

export const unaryCases: readonly KernelCase[] = [
  ...unary.map(([run, low, high]): KernelCase => ({ name: run.name, inputs: [float([3, 4], low, high)], run })),
  ...unary
    .slice(0, 8)
    .map(([run, low, high]): KernelCase => ({ name: `${run.name} of a scalar`, inputs: [float([], low, high)], run })),
  { name: "exp of nothing", inputs: [float([0, 3])], run: tf.exp },
  { name: "log1p near 0", inputs: [exactly([1e-7, -1e-7, 1e-4, 0, 1e-10])], run: (x) => tf.log1p(x).mul(1e7) },
  { name: "expm1 near 0", inputs: [exactly([1e-7, -1e-7, 1e-4, 0, 1e-10])], run: (x) => tf.expm1(x).mul(1e7) },
  { name: "softplus far below 0", inputs: [exactly([-40, -20, -16, 90])], run: (x) => tf.softplus(x).log() },
  { name: "round halves to even", inputs: [exactly([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], run: tf.round },
  { name: "step, alpha 0.3", inputs: [float([3, 4])], run: (x) => tf.step(x, 0.3) },
  { name: "step, alpha -1, at 0 and NaN", inputs: [exactly([0, -2, 3, Number.NaN])], run: (x) => tf.step(x, -1) },
  { name: "abs³, through step's alpha", inputs: [float([3, 4])], run: (x) => tf.pow(tf.abs(x), 3) },
  { name: "clip", inputs: [float([3, 4])], run: (x) => tf.clipByValue(x, -1, 0.5) },
  { name: "clip of int32", inputs: [whole([3, 4])], run: (x) => tf.clipByValue(x, -2, 3) },
  { name: "leaky relu", inputs: [float([3, 4])], run: (x) => tf.leakyRelu(x, 0.3) },
  {
    name: "elu, twice differentiated",
    inputs: [float([3, 4])],
    run: (x) => tf.grad((t: tf.Tensor) => tf.elu(t).sum())(x),
    gradient: "none",
  },
  { name: "gelu from erf", inputs: [float([3, 4])], run: (x) => x.mul(0.5).mul(tf.erf(x.div(Math.SQRT2)).add(1)) },
  { name: "is NaN", inputs: [nonFinite], run: tf.isNaN },
  { name: "is infinite", inputs: [nonFinite], run: tf.isInf },
  { name: "is finite", inputs: [nonFinite], run: tf.isFinite },
  {
    name: "is NaN, infinite, finite of int32",
    inputs: [whole([4])],
    run: (x) => [tf.isNaN(x), tf.isInf(x), tf.isFinite(x)],
  },
  {
    name: "abs, neg, sign, square of int32",
    inputs: [whole([6])],
    run: (x) => [tf.abs(x), tf.neg(x), tf.sign(x), tf.square(x)],
  },
  { name: "relu of int32", inputs: [whole([6])], run: tf.relu },
  { name: "clone", inputs: [float([3])], run: (x) => x.clone() },
  { name: "cast to int32", inputs: [exactly([-1.7, -0.2, 0, 0.9, 2.5])], run: (x) => x.cast("int32") },
  { name: "cast to bool", inputs: [exactly([-1.7, 0, 0.2])], run: (x) => x.cast("bool") },
  {
    name: "cast bool to float and back",
    inputs: [bool([5])],
    run: (x) => [x.cast("float32"), x.cast("int32").cast("bool")],
  },
  { name: "cast int32 to float", inputs: [whole([5])], run: (x) => x.cast("float32") },
];

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const arithmetic: readonly Binary[] = [tf.add, tf.sub, tf.mul, tf.div, tf.squaredDifference, tf.atan2];
const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], [4]],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [[], [3, 4]],
];
const compared: readonly Binary[] = [tf.equal, tf.notEqual, tf.greater, tf.greaterEqual, tf.less, tf.lessEqual];
const selfAndZero = (x: tf.Tensor): tf.Tensor => x.add(0).mul(1).sub(0).div(1);

export const binaryCases: readonly KernelCase[] = [
  ...arithmetic.flatMap((run) =>
    shapes.map(
      ([a, b]): KernelCase => ({ name: `${run.name} [${a}] [${b}]`, inputs: [float(a), float(b, 0.3, 2)], run }),
    ),
  ),
  ...[tf.minimum, tf.maximum].flatMap((run: Binary): KernelCase[] => [
    { name: run.name, inputs: [float([3, 4]), float([3, 4])], run },
    { name: `${run.name} broadcast`, inputs: [float([3, 4]), float([4])], run },
    { name: `${run.name} of int32`, inputs: [whole([3, 4]), whole([4])], run },
  ]),
  { name: "pow", inputs: [float([3, 4], 0.2, 2), float([4])], run: tf.pow },
  {
    name: "pow by constants",
    inputs: [float([3, 4], 0.2, 2)],
    run: (x) => [0.5, 1, 1.5, 2, 3, -1, 2.5].map((p) => tf.pow(x, p)),
  },
  {
    name: "pow by a constant of a larger shape",
    inputs: [float([4], 0.2, 2)],
    run: (x) => tf.pow(x, tf.fill([3, 4], 2)),
  },
  { name: "pow of int32", inputs: [whole([6], 0, 5), whole([6], 0, 3)], run: tf.pow },
  {
    name: "add, sub, mul of int32",
    inputs: [whole([3, 4]), whole([4])],
    run: (a, b) => [tf.add(a, b), tf.sub(a, b), tf.mul(a, b)],
  },
  {
    name: "mul of bool",
    inputs: [bool([6]), bool([6])],
    run: (a, b) => [tf.mul(a, b)],
  },
  { name: "x + 0, x · 1, x − 0, x / 1", inputs: [float([2, 3])], run: selfAndZero },
  { name: "0 − x, 1 / x", inputs: [float([2, 3], 0.5, 2)], run: (x) => tf.scalar(0).sub(x).add(tf.scalar(1).div(x)) },
  {
    name: "constants among themselves",
    inputs: [float([2])],
    run: (x) => x.mul(tf.ones([2]).mul(3).add(tf.scalar(0.1)).div(7).sub(2)),
  },
  { name: "x + zeros of a larger shape", inputs: [float([3])], run: (x) => x.add(tf.zeros([2, 3])) },
  {
    name: "floorDiv of int32",
    inputs: [wholeExactly([7, -7, 7, -7, 6, 0, 6]), wholeExactly([2, 2, -2, -2, 3, 5, -3])],
    run: tf.floorDiv,
  },
  { name: "floorDiv of float", inputs: [exactly([7.5, -7.5, 7.5, -7.5]), exactly([2, 2, -2, -2])], run: tf.floorDiv },
  { name: "div of int32", inputs: [wholeExactly([7, -7]), wholeExactly([2, 2])], run: tf.div },
  { name: "mod", inputs: [exactly([7.5, -7.5, 7.5, -7.5, 6, -6]), exactly([2, 2, -2, -2, 3, 3])], run: tf.mod },
  { name: "mod of int32", inputs: [wholeExactly([7, -7, 7, -7, 6]), wholeExactly([3, 3, -3, -3, 3])], run: tf.mod },
  {
    name: "atan2 in all quadrants and on the axes",
    inputs: [exactly([1, 1, -1, -1, 0, 0, 1, -1, 0]), exactly([1, -1, 1, -1, 1, -1, 0, 0, 0])],
    run: (y, x) => tf.atan2(y, x),
  },
  { name: "prelu", inputs: [float([3, 4]), float([4])], run: tf.prelu },
  { name: "addN", inputs: [float([3]), float([3]), float([3])], run: (...xs) => tf.addN(xs) },
  {
    name: "bitwise and",
    inputs: [whole([6], 0, 15), whole([6], 0, 15)],
    run: (a, b) => runKernel("BitwiseAnd", { a, b }),
  },
  ...compared.flatMap((run): KernelCase[] => [
    { name: run.name, inputs: [exactly([1, 2, 3, 1]), exactly([1, 3, 2, 2])], run },
    { name: `${run.name} of int32, broadcast`, inputs: [whole([3, 4], 0, 2), whole([4], 0, 2)], run },
    { name: `${run.name} of bool`, inputs: [bool([6]), bool([6])], run },
  ]),
  {
    name: "and, or, xor, not",
    inputs: [bool([3, 4]), bool([4])],
    run: (a, b) => [tf.logicalAnd(a, b), tf.logicalOr(a, b), tf.logicalXor(a, b), tf.logicalNot(a)],
  },
  { name: "where", inputs: [bool([3, 4]), float([3, 4]), float([3, 4])], run: tf.where },
  { name: "where, broadcast", inputs: [bool([3, 1]), float([4]), float([])], run: tf.where },
  { name: "where of int32", inputs: [bool([6]), whole([6]), whole([6])], run: tf.where },
  { name: "where of bool", inputs: [bool([6]), bool([6]), bool([6])], run: tf.where },
  {
    name: "where chosen by ≥, differentiated through",
    inputs: [float([6]), float([6])],
    run: (a, b) => tf.where(a.greaterEqual(b), a.square(), b),
  },
  {
    name: "where chosen by logic",
    inputs: [float([6]), float([6])],
    run: (a, b) =>
      tf.where(tf.logicalNot(tf.logicalAnd(a.less(b), a.greater(-1))).logicalOr(a.equal(b)), a.square(), b),
  },
  {
    name: "where chosen by >",
    inputs: [float([6]), float([6])],
    run: (a, b) => tf.where(a.greater(b), a.square(), b),
  },
];
