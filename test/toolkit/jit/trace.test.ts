import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { runGraph } from "./run-graph.ts";
import { traceGraph } from "./trace-graph.ts";

test("trace: a gradient becomes a graph that computes the same", () => {
  const x = tf.tensor2d([1, 2, -3, 0.5], [2, 2]);
  const loss = (t: tf.Tensor) => tf.softmax(t).square().sum();
  const model = traceGraph([x], (t) => [tf.grad(loss)(t as tf.Tensor)]);
  const { r0 } = runGraph(model, { x0: { data: x.dataSync() as Float32Array, shape: x.shape } });
  const expected = tf.grad(loss)(x).dataSync();
  for (const [i, value] of expected.entries()) expect(r0?.data[i]).toBeCloseTo(value, 6);
});
