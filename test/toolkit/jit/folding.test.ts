import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/toolkit/jit/graph.ts";
import { record, tensorOfValue, valueOfTensor } from "../../../src/toolkit/jit/trace.ts";
import { float, makeInput, runKernel } from "./kernels/case.ts";
import { runGraph } from "./run-graph.ts";
import { traceGraph } from "./trace-graph.ts";

/** Operators that a function of tensors of these shapes becomes, in order. */
function operators(
  shapes: readonly (readonly number[])[],
  fn: (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
): string[] {
  const inputs = shapes.map((shape, i) => makeInput(float(shape), i));
  const text = Buffer.from(traceGraph(inputs, (...xs) => [fn(...xs)].flat()).bytes).toString("latin1");
  // Nodes are named by operator and number.
  return [...text.matchAll(/([A-Za-z]+)_(\d+)"/g)].map(([, op]) => op ?? "");
}

const square = [2, 3] as const;

test.each<[string, readonly (readonly number[])[], (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[], string[]]>([
  [
    "x · 1 + 0 − 0 is x",
    [square],
    (x) =>
      tf.neg(
        tf
          .mul(x as tf.Tensor, 1)
          .add(0)
          .sub(0)
          .div(1),
      ),
    ["Neg"],
  ],
  ["ones times x is x", [square], (x) => tf.neg(tf.ones([2, 3]).mul(x as tf.Tensor)), ["Neg"]],
  [
    "only max itself looks for NaN: a sum of exponentials has it anyway",
    [square],
    (x) => tf.logSumExp(x as tf.Tensor, 1),
    ["ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Reshape", "Add"],
  ],
  ["constants are computed", [square], (x) => (x as tf.Tensor).mul(tf.scalar(2).mul(3).add(1)), ["Mul"]],
  ["clones cost nothing", [square], (x) => (x as tf.Tensor).clone().clone().neg(), ["Neg"]],
  [
    "reshapes collapse",
    [square],
    (x) => (x as tf.Tensor).reshape([6]).expandDims(0).reshape([3, 2]).neg(),
    ["Reshape", "Neg"],
  ],
  ["a reshape and back is nothing", [square], (x) => (x as tf.Tensor).reshape([6]).reshape([2, 3]).neg(), ["Neg"]],
  [
    "transposes compose",
    [[2, 3, 4]],
    (x) => tf.transpose(tf.transpose(x as tf.Tensor, [1, 2, 0]), [1, 0, 2]),
    ["Transpose"],
  ],
  ["a transpose of axes of 1 is a reshape", [[2, 1, 3]], (x) => tf.transpose(x as tf.Tensor, [1, 0, 2]), ["Reshape"]],
  [
    "a product takes its transposes",
    [
      [3, 2],
      [4, 3],
    ],
    (a, b) => tf.matMul(tf.transpose(a as tf.Tensor), tf.transpose(b as tf.Tensor)),
    ["Gemm"],
  ],
  [
    "a batched product takes its transposes",
    [
      [2, 3, 2],
      [2, 4, 3],
    ],
    (a, b) => tf.matMul(tf.transpose(a as tf.Tensor, [0, 2, 1]), b as tf.Tensor, false, true),
    ["FusedMatMul"],
  ],
  [
    "a plain product stays one",
    [
      [2, 3],
      [3, 4],
    ],
    (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
    ["MatMul"],
  ],
  [
    "a sum's gradient is not multiplied by ones",
    [square],
    (x) => tf.grad((t: tf.Tensor) => t.square().sum())(x as tf.Tensor),
    ["Mul"],
  ],
  [
    "a broadcast waits",
    [[3], square],
    (a, b) =>
      tf
        .broadcastTo(a as tf.Tensor, [2, 3])
        .exp()
        .mul(b as tf.Tensor),
    ["Reshape", "Exp", "Mul"],
  ],
  [
    "what nothing needs is left out",
    [square],
    (x) => {
      tf.exp(x as tf.Tensor);
      return tf.neg(x as tf.Tensor);
    },
    ["Neg"],
  ],
  ["the same twice is once", [square], (x) => tf.exp(x as tf.Tensor).add(tf.exp(x as tf.Tensor)), ["Exp", "Add"]],
  [
    "casts from bool are looked through",
    [square],
    (x) => (x as tf.Tensor).greater(0).cast("float32").cast("bool"),
    ["Greater"],
  ],
])("folding: %s", (_, shapes, fn, expected) => {
  expect(operators(shapes, fn)).toEqual(expected);
});

test("folding: a product takes a constant factor, unless it is needed without", () => {
  const shapes = [
    [2, 3],
    [3, 2],
  ];
  const batched = [
    [2, 2, 3],
    [2, 3, 2],
  ];
  const scaled = (a?: tf.Tensor, b?: tf.Tensor): tf.Tensor => tf.matMul(a as tf.Tensor, b as tf.Tensor).mul(0.5);
  expect(operators(shapes, scaled)).toEqual(["Gemm"]);
  expect(operators(batched, scaled)).toEqual(["FusedMatMul"]);
  const both = (a?: tf.Tensor, b?: tf.Tensor): tf.Tensor =>
    tf
      .matMul(a as tf.Tensor, b as tf.Tensor)
      .exp()
      .add(scaled(a, b));
  expect(operators(shapes, both)).toEqual(["MatMul", "Exp", "Mul", "Add"]);
  const output = (a?: tf.Tensor, b?: tf.Tensor): tf.Tensor[] => [
    tf.matMul(a as tf.Tensor, b as tf.Tensor),
    scaled(a, b),
  ];
  expect(operators(shapes, output)).toEqual(["MatMul", "Mul"]);
  for (const [a, b] of [shapes, batched]) {
    const inputs = [makeInput(float(a ?? []), 0), makeInput(float(b ?? []), 1)];
    const feeds = Object.fromEntries(
      inputs.map((x, i) => [`x${i}`, { data: x.dataSync<"float32">(), shape: x.shape }]),
    );
    const { r0 } = runGraph(
      traceGraph(inputs, (...xs) => [scaled(...xs).mul(3)]),
      feeds,
    );
    const expected = scaled(...inputs)
      .mul(3)
      .dataSync();
    for (const [i, value] of expected.entries()) expect(r0?.data[i]).toBeCloseTo(value, 5);
  }
});

test("folding: factors are not joined where their product leaves the range of numbers", () => {
  const model = traceGraph([tf.tensor1d([0])], (x) => [(x as tf.Tensor).mul(1e30).mul(1e30)]);
  const { r0 } = runGraph(model, { x0: { data: new Float32Array([0]), shape: [1] } });
  expect(r0?.data).toEqual(new Float32Array([0])); // 0 · 1e60 would be 0 · ∞
  const small = traceGraph([tf.tensor1d([0])], (x) => [(x as tf.Tensor).mul(1e-30).mul(1e-30)]);
  const tiny = runGraph(small, { x0: { data: new Float32Array([1e30]), shape: [1] } });
  expect((tiny.r0?.data[0] ?? 0) * 1e30).toBeCloseTo(1, 5); // 1e30 · 1e-60 would be 1e30 · 0
});

test("folding: a gradient of a mean computes nothing of the size of its ones", () => {
  const ops = operators([[4, 5]], (x) => tf.grad((t: tf.Tensor) => t.square().mean())(x as tf.Tensor));
  expect(ops).toEqual(["Mul"]);
});

test("folding: a result that is an argument is copied, not renamed", () => {
  const x = tf.tensor1d([1, 2]);
  const { r0, r1 } = runGraph(
    traceGraph([x], (t) => [t as tf.Tensor, (t as tf.Tensor).clone().reshape([2])]),
    {
      x0: { data: new Float32Array([1, 2]), shape: [2] },
    },
  );
  expect(r0?.data).toEqual(new Float32Array([1, 2]));
  expect(r1?.data).toEqual(new Float32Array([1, 2]));
});

test("folding: a condition of rank 1 selects rows", () => {
  const inputs = [tf.tensor1d([1, 0], "bool"), tf.ones([2, 2]), tf.zeros([2, 2])] as tf.Tensor[];
  const model = traceGraph(inputs, (condition, t, e) => [
    runKernel("Select", { condition: condition as tf.Tensor, t: t as tf.Tensor, e: e as tf.Tensor }),
  ]);
  const feeds = {
    x0: { data: new Uint8Array([1, 0]), shape: [2] },
    x1: { data: new Float32Array([1, 2, 3, 4]), shape: [2, 2] },
    x2: { data: new Float32Array([5, 6, 7, 8]), shape: [2, 2] },
  };
  expect(runGraph(model, feeds).r0?.data).toEqual(new Float32Array([1, 2, 7, 8]));
});

test("trace: a library op writes nodes of its own, and they can be differentiated through", () => {
  const graph = new GraphBuilder("own");
  const model = record("own", graph, () => {
    const x = tensorOfValue(graph.input("x", "float32", [3]));
    const own = tf.customGrad((t: unknown) => {
      const value = valueOfTensor(t as tf.Tensor);
      return {
        value: tensorOfValue(graph.node("Elu", [value], value)),
        gradFunc: (dy: tf.Tensor) => dy.mul(10),
      };
    }) as (t: tf.Tensor) => tf.Tensor;
    const { value, grad } = tf.valueAndGrad((t: tf.Tensor) => own(t.mul(2)).sum())(x);
    graph.output("value", valueOfTensor(value));
    graph.output("grad", valueOfTensor(grad));
    return graph.build();
  });
  const { value, grad } = runGraph(model, { x: { data: new Float32Array([1, 2, 3]), shape: [3] } });
  expect(value?.data).toEqual(new Float32Array([2 * (1 + 2 + 3)]));
  expect(grad?.data).toEqual(new Float32Array([20, 20, 20]));
});
