import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { completeGradients } from "../../../src/toolkit/jit/gradients.ts";
import { float, makeInput } from "./kernels/case.ts";

completeGradients();

type Fn = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Central differences. The functions are at most quadratic in each operand between kinks, so the step may be large. */
function differences(loss: Fn, inputs: readonly [tf.Tensor, tf.Tensor], which: 0 | 1, step: number): number[] {
  const values = inputs[which].dataSync();
  return [...values].map((_, i) => {
    const [above, below] = [step, -step].map((delta) => {
      const moved = Float32Array.from(values, (value, j) => (i === j ? value + delta : value));
      const operands: [tf.Tensor, tf.Tensor] = [...inputs];
      operands[which] = tf.tensor(moved, inputs[which].shape);
      return loss(...operands).arraySync() as number;
    });
    return ((above ?? Number.NaN) - (below ?? Number.NaN)) / (2 * step);
  });
}

const indices = tf.tensor2d([1, 0, 1, 0, 2, 3], [3, 2], "int32");
const rows = tf.tensor2d([2, 0, 2], [3, 1], "int32");
const cases: readonly (readonly [name: string, a: number[], b: number[], fn: Fn])[] = [
  ["maximum of a row", [3, 4], [4], tf.maximum],
  ["minimum of a column and a row", [3, 1], [1, 4], tf.minimum],
  ["maximum with a scalar", [3, 4], [], tf.maximum],
  ["squaredDifference", [3, 4], [3, 1], tf.squaredDifference],
  ["squaredDifference with a scalar", [], [3], tf.squaredDifference],
  ["matMul", [2, 3], [3, 4], (a, b) => tf.matMul(a, b)],
  ["matMul, first transposed", [3, 2], [3, 4], (a, b) => tf.matMul(a, b, true, false)],
  ["matMul, second transposed", [2, 3], [4, 3], (a, b) => tf.matMul(a, b, false, true)],
  ["matMul, both transposed", [3, 2], [4, 3], (a, b) => tf.matMul(a, b, true, true)],
  ["matMul, batch broadcast", [2, 2, 3], [1, 3, 4], (a, b) => tf.matMul(a, b)],
  ["matMul, batch broadcast, transposed", [1, 3, 2], [2, 4, 3], (a, b) => tf.matMul(a, b, true, true)],
  ["cumsum along rows", [3, 2, 2], [3, 2, 2], (a, b) => tf.cumsum(a, 0).mul(b)],
  ["cumsum along columns, exclusive, reverse", [2, 3, 2], [2, 3, 2], (a, b) => tf.cumsum(a, 1, true, true).mul(b)],
  ["gatherND", [3, 4], [3], (a, b) => tf.gatherND(a, indices).mul(b)],
  ["scatterND", [3, 2], [4, 2], (a, b) => tf.scatterND(rows, a, [4, 2]).mul(b)],
  ["where chosen by >", [6], [6], (a, b) => tf.where(a.greater(b), a.mul(3), b)],
];

test.each(cases)("gradients: %s equals finite differences", (name, a, b, fn) => {
  const inputs = [makeInput(float(a), 0), makeInput(float(b), 1)] as const;
  const loss: Fn = (x, y) => {
    const result = fn(x, y);
    return result.mul(makeInput(float(result.shape, 0.5, 2), 2)).sum();
  };
  const step = /max|min|where/.test(name) ? 0.002 : 0.25;
  const gradients = tf.grads(loss)([...inputs]);
  for (const which of [0, 1] as const) {
    const expected = differences(loss, [...inputs], which, step);
    const actual = gradients[which]?.dataSync() ?? [];
    expect(gradients[which]?.shape).toEqual(inputs[which].shape);
    for (const [i, value] of expected.entries()) expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThan(4e-3);
  }
});
