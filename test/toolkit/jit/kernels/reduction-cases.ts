import * as tf from "@tensorflow/tfjs";
import { isTracing } from "../../../../src/toolkit/jit/trace.ts";
import { bool, exactly, float, type KernelCase, runKernel, whole } from "./case.ts";

type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const numeric: readonly Reduce[] = [tf.sum, tf.mean, tf.max, tf.min];
const ways: readonly (readonly [axis: number | number[] | undefined, keepDims: boolean])[] = [
  [undefined, false],
  [undefined, true],
  [0, false],
  [-1, true],
  [[0, 2], false],
  [[-2], true],
  [[1, -1], false],
];

function inAllWays(run: Reduce, input = float([2, 3, 4])): KernelCase[] {
  return ways.map(([axis, keepDims]) => ({
    name: `${run.name}, axis ${axis}, keepDims ${keepDims}`,
    inputs: [input],
    run: (x: tf.Tensor) => run(x, axis, keepDims),
  }));
}

const running = [tf.cumsum, tf.cumprod].flatMap((run) =>
  [0, 1, 2].flatMap((axis) =>
    [false, true].flatMap((exclusive) =>
      [false, true].map(
        (reverse): KernelCase => ({
          name: `${run.name}, axis ${axis}, exclusive ${exclusive}, reverse ${reverse}`,
          inputs: [float([2, 5, 3])],
          run: (x) => run(x, axis, exclusive, reverse),
          ...(run === tf.cumprod && { gradient: "none" }),
        }),
      ),
    ),
  ),
);

const withNaN = exactly([Number.NaN, 2, 3, Number.NaN, 5, 6], [3, 2]);
const withInfinities = exactly([Infinity, -Infinity, -Infinity, -Infinity, 1, Infinity], [3, 2]);

export const reductionCases: readonly KernelCase[] = [
  ...numeric.flatMap((run) => inAllWays(run)),
  ...inAllWays(tf.prod).slice(0, 3),
  ...numeric.map(
    (run): KernelCase => ({ name: `${run.name} of int32`, inputs: [whole([3, 4])], run: (x) => run(x, 1) }),
  ),
  { name: "prod of int32", inputs: [whole([3, 4])], run: (x) => tf.prod(x, 1) },
  ...numeric.map((run): KernelCase => ({ name: `${run.name} of a scalar`, inputs: [float([])], run: (x) => run(x) })),
  { name: "sum over an axis of 1", inputs: [float([3, 1, 2])], run: (x) => tf.sum(x, 1) },
  { name: "sum of nothing", inputs: [float([0, 3])], run: (x) => [tf.sum(x, 0), tf.sum(x)] },
  { name: "sum, mean of bool", inputs: [bool([3, 4])], run: (x) => [tf.sum(x, 0), tf.mean(x, 0)] },
  { name: "max with ties", inputs: [exactly([1, 3, 3, 2], [2, 2])], run: (x) => tf.max(x) },
  ...[tf.max, tf.min].flatMap((run): KernelCase[] => [
    { name: `${run.name} with NaN`, inputs: [withNaN], run: (x) => [run(x, 1), run(x, 0, true), run(x), run(x, [])] },
    { name: `${run.name} with infinities`, inputs: [withInfinities], run: (x) => [run(x, 1), run(x, 0)] },
    { name: `${run.name} of one NaN`, inputs: [exactly([Number.NaN], [1, 1])], run: (x) => run(x, 1) },
  ]),
  { name: "logSumExp, logSoftmax with NaN", inputs: [withNaN], run: (x) => [tf.logSumExp(x, 1), tf.logSoftmax(x)] },
  { name: "all, any", inputs: [bool([3, 4])], run: (x) => [tf.all(x, 1), tf.any(x, 0, true), tf.all(x), tf.any(x)] },
  {
    name: "max, min of bool",
    inputs: [bool([3, 4])],
    run: (x) => [
      runKernel("Max", { x }, { reductionIndices: 1, keepDims: false }),
      runKernel("Min", { x }, { axis: 0, keepDims: true }),
    ],
  },
  ...[tf.argMax, tf.argMin].flatMap((run): KernelCase[] => [
    { name: `${run.name}, all axes`, inputs: [float([3, 4])], run: (x) => [run(x, 0), run(x, 1), run(x, -1)] },
    { name: `${run.name}, first of ties`, inputs: [exactly([2, 1, 2, 1])], run: (x) => run(x) },
    { name: `${run.name} of int32`, inputs: [whole([3, 4])], run: (x) => run(x, -1) },
  ]),
  ...running,
  { name: "cumsum of int32", inputs: [whole([2, 4])], run: (x) => tf.cumsum(x, 1, true) },
  {
    name: "cumprod of one entry, exclusive",
    inputs: [float([2, 1])],
    run: (x) => tf.cumprod(x, 1, true),
    gradient: "none",
  },
  {
    name: "cumsum, negative axis, which tfjs-cpu takes wrongly",
    inputs: [float([2, 5, 3])],
    run: (x) => tf.cumsum(x, isTracing() ? -2 : 1, true, true),
  },
  {
    name: "cumprod, negative axis, which tfjs-cpu takes wrongly",
    inputs: [float([2, 5, 3])],
    run: (x) => tf.cumprod(x, isTracing() ? -2 : 1),
    gradient: "none",
  },
  { name: "softmax", inputs: [float([2, 3, 5], -4, 4)], run: (x) => tf.softmax(x) },
  { name: "softmax of large logits", inputs: [exactly([1000, 999, -1000], [1, 3])], run: (x) => tf.softmax(x) },
  { name: "logSoftmax function", inputs: [float([3, 5], -4, 4)], run: (x) => tf.logSoftmax(x) },
  {
    name: "logSoftmax kernel",
    inputs: [float([3, 5], -4, 4)],
    run: (logits) =>
      isTracing() ? runKernel("LogSoftmax", { logits }, { axis: -1 }) : runKernel("Log", { x: tf.softmax(logits) }),
    covers: ["LogSoftmax"],
    tolerance: 5e-6,
  },
  { name: "logSumExp", inputs: [float([3, 5], -4, 4)], run: (x) => tf.logSumExp(x, -1) },
  { name: "moments", inputs: [float([3, 5])], run: (x) => Object.values(tf.moments(x, 1)) },
  { name: "norm", inputs: [float([3, 5])], run: (x) => tf.norm(x, 2, 1) },
  {
    name: "entropy of softmax",
    inputs: [float([3, 5])],
    run: (x) => tf.softmax(x).mul(tf.logSoftmax(x)).sum(-1).neg(),
  },
];
