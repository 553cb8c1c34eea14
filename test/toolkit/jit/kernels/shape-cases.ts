import * as tf from "@tensorflow/tfjs";
import { isTracing } from "../../../../src/toolkit/jit/trace.ts";
import { bool, exactly, float, type KernelCase, runKernel, whole } from "./case.ts";

const permutations: readonly (readonly number[])[] = [
  [0, 1, 2],
  [2, 0, 1],
  [0, 2, 1],
  [2, 1, 0],
  [1, 0, 2],
];

const layoutCases: readonly KernelCase[] = [
  { name: "reshape", inputs: [float([2, 6])], run: (x) => x.reshape([3, -1]) },
  {
    name: "reshape of a reshape, back",
    inputs: [float([2, 6])],
    run: (x) => [x.reshape([12]).reshape([4, 3]), x.reshape([12]).reshape([2, 6])],
  },
  {
    name: "reshape to and from a scalar",
    inputs: [float([1, 1]), float([])],
    run: (x, y) => [x.reshape([]), y.reshape([1])],
  },
  { name: "reshape of nothing", inputs: [float([0, 3])], run: (x) => x.reshape([3, 0]) },
  {
    name: "reshape of int32 and bool",
    inputs: [whole([4]), bool([4])],
    run: (x, y) => [x.reshape([2, 2]), y.reshape([2, 2])],
  },
  {
    name: "expandDims, squeeze",
    inputs: [float([2, 3])],
    run: (x) => [x.expandDims(1), x.expandDims(-1), x.expandDims(0).squeeze([0])],
  },
  ...permutations.map(
    (perm): KernelCase => ({
      name: `transpose [${perm}]`,
      inputs: [float([2, 3, 4])],
      run: (x) => tf.transpose(x, [...perm]),
    }),
  ),
  {
    name: "transpose twice",
    inputs: [float([2, 3, 4])],
    run: (x) => tf.transpose(tf.transpose(x, [2, 0, 1]), [2, 1, 0]),
  },
  {
    name: "transpose there and back",
    inputs: [float([2, 3, 4])],
    run: (x) => tf.transpose(tf.transpose(x, [2, 0, 1]), [1, 2, 0]),
  },
  {
    name: "transpose of axes of 1",
    inputs: [float([2, 1, 4])],
    run: (x) => [tf.transpose(x, [1, 0, 2]), tf.transpose(x, [0, 2, 1]), tf.transpose(x, [2, 1, 0])],
  },
  {
    name: "transpose of equal entries",
    inputs: [float([3, 2])],
    run: (x) => tf.transpose(tf.fill([2, 3], 0.5)).mul(x),
  },
  { name: "tile", inputs: [float([2, 1, 3])], run: (x) => [tf.tile(x, [1, 4, 1]), tf.tile(x, [2, 1, 2])] },
  { name: "broadcastTo", inputs: [float([3, 1])], run: (x) => tf.broadcastTo(x, [2, 3, 4]) },
  {
    name: "broadcastTo kernel",
    inputs: [float([3, 1])],
    run: (x) =>
      isTracing() ? runKernel("BroadcastTo", { x }, { shape: [3, 4], inputShape: [3, 1] }) : tf.broadcastTo(x, [3, 4]),
    covers: ["BroadcastTo"],
  },
  {
    name: "broadcast, then arithmetic, then reduced",
    inputs: [float([3, 1]), float([3, 4])],
    run: (x, y) => tf.broadcastTo(x, [3, 4]).exp().mul(y).sum(0),
  },
  {
    name: "reverse",
    inputs: [float([2, 3, 4])],
    run: (x) => [tf.reverse(x, 1), tf.reverse(x, [0, -1]), tf.reverse(x)],
  },
  {
    name: "reverse of int32 and bool",
    inputs: [whole([4]), bool([4])],
    run: (x, y) => [tf.reverse(x, 0), tf.reverse(y, 0)],
  },
  {
    name: "pad",
    inputs: [float([2, 3])],
    run: (x) =>
      tf.pad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        0.5,
      ),
  },
  {
    name: "pad of int32 and bool",
    inputs: [whole([3]), bool([3])],
    run: (x, y) => [tf.pad(x, [[1, 2]], 7), tf.pad(y.cast("bool"), [[1, 2]])],
  },
  {
    name: "mirrorPad",
    inputs: [float([3, 4])],
    run: (x) => [
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 3],
        ],
        "reflect",
      ),
      tf.mirrorPad(
        x,
        [
          [3, 1],
          [2, 0],
        ],
        "symmetric",
      ),
    ],
  },
];

const joinCases: readonly KernelCase[] = [
  { name: "concat", inputs: [float([2, 3]), float([2, 1]), float([2, 2])], run: (...xs) => tf.concat(xs, 1) },
  { name: "concat, negative axis", inputs: [float([2, 3]), float([2, 1])], run: (...xs) => tf.concat(xs, -1) },
  { name: "concat with nothing", inputs: [float([2, 3]), float([0, 3])], run: (...xs) => tf.concat(xs, 0) },
  {
    name: "concat of int32, of bool",
    inputs: [whole([2]), whole([3]), bool([2]), bool([1])],
    run: (a, b, c, d) => [tf.concat([a, b] as tf.Tensor[]), tf.concat([c, d] as tf.Tensor[])],
  },
  {
    name: "stack",
    inputs: [float([2, 3]), float([2, 3])],
    run: (...xs) => [tf.stack(xs), tf.stack(xs, 1), tf.stack(xs, -1)],
  },
  { name: "unstack", inputs: [float([2, 3, 4])], run: (x) => [...tf.unstack(x, 1), ...tf.unstack(x, -1)] },
  { name: "split evenly", inputs: [float([2, 6])], run: (x) => tf.split(x, 3, 1) },
  { name: "split by sizes", inputs: [float([6, 2])], run: (x) => tf.split(x, [1, 2, 3], 0) },
  { name: "split, rest and negative axis", inputs: [float([2, 6])], run: (x) => tf.split(x, [1, -1], -1) },
  {
    name: "slice",
    inputs: [float([3, 4, 5])],
    run: (x) => [tf.slice(x, [1, 0, 2], [2, 3, 1]), tf.slice(x, 1), tf.slice(x, [0, 1], [-1, 2])],
  },
  {
    name: "slice of everything, of nothing",
    inputs: [float([3, 4])],
    run: (x) => [tf.slice(x, [0, 0], [3, 4]), tf.slice(x, [1, 1], [0, 2])],
  },
  {
    name: "slice of int32 and bool",
    inputs: [whole([5]), bool([5])],
    run: (x, y) => [tf.slice(x, 1, 3), tf.slice(y, 1, 3)],
  },
  {
    name: "stridedSlice",
    inputs: [float([4, 5])],
    run: (x) => tf.stridedSlice(x, [0, 1], [4, 5], [2, 3]),
    gradient: "none",
  },
  {
    name: "stridedSlice backwards",
    inputs: [float([4, 5])],
    run: (x) => tf.stridedSlice(x, [3, 4], [0, 1], [-1, -2]),
    gradient: "none",
  },
  {
    name: "stridedSlice backwards to the start",
    inputs: [float([4])],
    run: (x) => tf.stridedSlice(x, [-1], [-9], [-1], 0, 1),
    gradient: "none",
  },
  {
    name: "stridedSlice, masks",
    inputs: [float([4, 5, 3])],
    run: (x) => tf.stridedSlice(x, [1, 2, 1], [2, 4, 2], [1, 1, 1], 2, 1, 0, 0, 4),
    gradient: "none",
  },
  {
    name: "stridedSlice, new axis and ellipsis",
    inputs: [float([4, 5, 3])],
    run: (x) => tf.stridedSlice(x, [0, 0, 1], [0, 0, 3], [1, 1, 1], 0, 0, 2, 1, 0),
    gradient: "none",
  },
];

const creationCases: readonly KernelCase[] = [
  {
    name: "zerosLike, onesLike",
    inputs: [float([2, 3]), whole([2]), bool([2])],
    run: (...xs) => xs.flatMap((x) => [tf.zerosLike(x), tf.onesLike(x)]),
  },
  {
    name: "fill, zeros, ones, eye",
    inputs: [],
    run: () => [
      tf.fill([2, 3], 0.25),
      tf.fill([2], 7, "int32"),
      tf.zeros([2, 2], "int32"),
      tf.ones([3], "bool"),
      tf.eye(3),
    ],
  },
  {
    name: "range",
    inputs: [],
    run: () => [
      tf.range(0, 5),
      tf.range(5, 0),
      tf.range(0, 1, 0.1),
      tf.range(10, 0, -3, "int32"),
      tf.range(2, 2),
      tf.range(1, 5, 2, "int32"),
    ],
  },
  { name: "linspace", inputs: [], run: () => [tf.linspace(0, 1, 7), tf.linspace(3, -3, 4), tf.linspace(2, 5, 1)] },
  { name: "diag", inputs: [float([3])], run: (x) => tf.diag(x), gradient: "none" },
  { name: "diag of int32 of rank 2", inputs: [whole([2, 2])], run: (x) => tf.diag(x) },
  {
    name: "constants of other dtypes",
    inputs: [],
    run: () => [
      tf.tensor([1, 2, 3], [3], "int32"),
      tf.tensor([1, 0], [2], "bool"),
      tf.tensor2d([
        [1.5, 2],
        [3, 4],
      ]),
    ],
  },
  {
    name: "constants that are not numbers",
    inputs: [exactly([1, 2])],
    run: (x) => x.mul(tf.tensor1d([Number.POSITIVE_INFINITY, -0])).add(tf.fill([2], Number.NEGATIVE_INFINITY)),
  },
  { name: "band part", inputs: [float([4, 4])], run: (x) => tf.linalg.bandPart(x, 1, 2), gradient: "none" },
];

export const shapeCases: readonly KernelCase[] = [...layoutCases, ...joinCases, ...creationCases];
