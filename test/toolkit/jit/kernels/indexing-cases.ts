import * as tf from "@tensorflow/tfjs";
import { bool, exactly, float, type KernelCase, runKernel, whole, wholeExactly } from "./case.ts";

const ids = wholeExactly([2, 0, 2, 1], [2, 2]);
const int = (x: tf.Tensor): tf.Tensor1D => x.cast("int32") as tf.Tensor1D;

const gatherCases: readonly KernelCase[] = [
  { name: "gather rows, ids of rank 2", inputs: [float([3, 4]), ids], run: (x, i) => tf.gather(x, int(i)) },
  {
    name: "gather columns",
    inputs: [float([4, 3, 2]), wholeExactly([2, 0, 2])],
    run: (x, i) => tf.gather(x, int(i), 1),
  },
  {
    name: "gather, negative axis",
    inputs: [float([4, 3]), wholeExactly([2, 0, 2])],
    run: (x, i) => tf.gather(x, int(i), -1),
  },
  {
    name: "gather of int32 and bool",
    inputs: [whole([5]), bool([5]), wholeExactly([4, 0])],
    run: (x, y, i) => [tf.gather(x, int(i as tf.Tensor)), tf.gather(y, int(i as tf.Tensor))],
  },
  { name: "gather by one index", inputs: [float([3, 4]), wholeExactly([1], [])], run: (x, i) => tf.gather(x, int(i)) },
  {
    name: "unsortedSegmentSum",
    inputs: [float([5, 2]), wholeExactly([1, 0, 1, 3, 1])],
    run: (x, i) => tf.unsortedSegmentSum(x, int(i), 4),
  },
  {
    name: "unsortedSegmentSum, ids outside are dropped",
    inputs: [float([5, 2]), wholeExactly([1, -1, 7, 0, 1])],
    run: (x, i) => tf.unsortedSegmentSum(x, int(i), 4),
    gradient: "none",
  },
  {
    name: "unsortedSegmentSum of a vector and of int32",
    inputs: [float([3]), whole([3]), wholeExactly([1, 0, 1])],
    run: (x, y, i) => [
      tf.unsortedSegmentSum(x, int(i as tf.Tensor), 2),
      tf.unsortedSegmentSum(y as tf.Tensor, int(i as tf.Tensor), 2),
    ],
  },
  {
    name: "segment ids used by a gather of another size",
    inputs: [float([5]), float([3]), wholeExactly([2, 4, 0])],
    run: (x, y, i) =>
      tf
        .gather(x, int(i as tf.Tensor))
        .mul(3)
        .sum()
        .add(tf.unsortedSegmentSum(y as tf.Tensor, int(i as tf.Tensor), 3)),
    gradient: "none",
  },
  {
    name: "gatherND",
    inputs: [float([3, 4, 2]), wholeExactly([0, 1, 2, 3, 1, 1], [3, 2])],
    run: (x, i) => tf.gatherND(x, i),
  },
  {
    name: "gatherND down to entries, int32",
    inputs: [whole([3, 4]), wholeExactly([0, 1, 2, 3], [2, 2])],
    run: (x, i) => tf.gatherND(x, i),
  },
  {
    name: "scatterND adds",
    inputs: [wholeExactly([1, 3, 1], [3, 1]), float([3, 2])],
    run: (i, u) => tf.scatterND(i, u, [4, 2]),
  },
  {
    name: "scatterND of int32",
    inputs: [wholeExactly([0, 3], [2, 1]), whole([2])],
    run: (i, u) => tf.scatterND(i, u, [4]),
  },
  {
    name: "tensorScatterUpdate",
    inputs: [float([4, 2]), wholeExactly([3, 0], [2, 1]), float([2, 2])],
    run: (x, i, u) => tf.tensorScatterUpdate(x, i as tf.Tensor, u as tf.Tensor),
    gradient: "none",
  },
];

const hotCases: readonly KernelCase[] = [
  {
    name: "oneHot",
    inputs: [ids],
    run: (i) => [tf.oneHot(int(i), 4), tf.oneHot(int(i), 3, 2, -1), tf.oneHot(int(i), 3, 1, 0, "float32")],
  },
  { name: "oneHot of ids outside", inputs: [wholeExactly([-1, 5, 1])], run: (i) => tf.oneHot(int(i), 3) },
  {
    name: "oneHot to bool and with float values",
    inputs: [wholeExactly([0, 2])],
    run: (i) => [tf.oneHot(int(i), 3, 1, 0, "bool"), tf.oneHot(int(i), 3, 0.5, 0.1, "float32")],
  },
  { name: "topk", inputs: [float([3, 5])], run: (x) => Object.values(tf.topk(x, 2)), gradient: "none" },
  {
    name: "topk with ties, of a vector",
    inputs: [exactly([1, 3, 3, 0])],
    run: (x) => Object.values(tf.topk(x, 3)),
    gradient: "none",
  },
  { name: "topk of int32, all of it", inputs: [whole([2, 4])], run: (x) => Object.values(tf.topk(x, 4)) },
];

const productCases: readonly KernelCase[] = [
  ...[false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB): KernelCase[] => [
      {
        name: `matMul ${transposeA} ${transposeB}`,
        inputs: [float(transposeA ? [4, 3] : [3, 4]), float(transposeB ? [5, 4] : [4, 5])],
        run: (a, b) => tf.matMul(a, b, transposeA, transposeB),
      },
      {
        name: `matMul batched ${transposeA} ${transposeB}`,
        inputs: [float(transposeA ? [2, 2, 4, 3] : [2, 2, 3, 4]), float(transposeB ? [2, 2, 5, 4] : [2, 2, 4, 5])],
        run: (a, b) => tf.matMul(a, b, transposeA, transposeB),
      },
    ]),
  ),
  {
    name: "matMul of transposes",
    inputs: [float([4, 3]), float([5, 4])],
    run: (a, b) => tf.matMul(tf.transpose(a), tf.transpose(b)),
  },
  {
    name: "matMul of batched transposes",
    inputs: [float([2, 4, 3]), float([2, 4, 5])],
    run: (a, b) => tf.matMul(tf.transpose(a, [0, 2, 1]), b),
  },
  {
    name: "matMul of heads moved to the front",
    inputs: [float([2, 4, 3, 5]), float([2, 4, 3, 5])],
    run: (a, b) => tf.matMul(tf.transpose(a, [0, 2, 1, 3]), tf.transpose(b, [0, 2, 1, 3]), false, true),
  },
  {
    name: "matMul of heads, keys transposed at once",
    inputs: [float([2, 4, 3, 5]), float([2, 4, 3, 5])],
    run: (a, b) => tf.matMul(tf.transpose(a, [0, 2, 1, 3]), tf.transpose(b, [0, 2, 3, 1])),
  },
  {
    name: "matMul, broadcast batch",
    inputs: [float([2, 3, 4]), float([1, 4, 5])],
    run: (a, b) => tf.matMul(a, b),
  },
  { name: "matMul of int32", inputs: [whole([3, 4]), whole([5, 4])], run: (a, b) => tf.matMul(a, b, false, true) },
  {
    name: "dot, outerProduct",
    inputs: [float([3]), float([3])],
    run: (a, b) => [tf.dot(a as tf.Tensor, b as tf.Tensor), tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)],
  },
  ...(["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const).map(
    (activation): KernelCase => ({
      name: `fused matMul, ${activation}`,
      inputs: [float([3, 4]), float([4, 5]), float([5]), ...(activation === "prelu" ? [float([5], 0.1, 0.5)] : [])],
      run: (a, b, bias, alpha) =>
        tf.fused.matMul({
          a: a as tf.Tensor,
          b: b as tf.Tensor,
          bias: bias as tf.Tensor,
          activation,
          ...(activation === "prelu" && { preluActivationWeights: alpha as tf.Tensor }),
          leakyreluAlpha: 0.3,
        }),
    }),
  ),
  {
    name: "fused matMul, transposed, without bias",
    inputs: [float([4, 3]), float([5, 4])],
    run: (a, b) => tf.fused.matMul({ a, b, transposeA: true, transposeB: true }),
  },
  {
    name: "einsum",
    inputs: [float([2, 3, 4]), float([2, 5, 4])],
    run: (a, b) => [tf.einsum("bik,bjk->bij", a, b), tf.einsum("bik,bjk->", a, b), tf.einsum("bik->kb", a)],
    gradient: "none",
    tolerance: 5e-6,
  },
  {
    name: "sum of a broadcast product of segments",
    inputs: [float([3, 4])],
    run: (x) => runKernel("Sum", { x: x.mul(tf.ones([3, 4])) }, { axis: 0, keepDims: false }),
  },
];

export const indexingCases: readonly KernelCase[] = [...gatherCases, ...hotCases, ...productCases];
