import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { decoderGradients, decoderInputs, openGradients, openLoss, parameterNames } from "./decoder.ts";
import { doubleFeeds, loadDouble } from "./run-double.ts";
import { runGraph } from "./run-graph.ts";
import { traceGraph } from "./trace-graph.ts";

const host = (x: tf.Tensor): HostTensor => ({ data: x.dataSync<"float32" | "int32">(), shape: x.shape });

/** Largest difference relative to the largest expected entry. */
function relativeError(actual: ArrayLike<number> | undefined, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs((actual?.[i] ?? Number.NaN) - value))) / largest;
}

function compiled(inputs: tf.Tensor[], fn: (...xs: tf.Tensor[]) => tf.Tensor[]): HostTensor[] {
  const feeds = Object.fromEntries(inputs.map((x, i) => [`x${i}`, host(x)]));
  return Object.values(runGraph(traceGraph(inputs, fn), feeds));
}

test("decoder: loss and every gradient equal tfjs-cpu's to 5e-6", () => {
  const inputs = decoderInputs();
  const expected = decoderGradients(...inputs).map(host);
  const actual = compiled(inputs, decoderGradients);
  for (const [i, { data, shape }] of expected.entries()) {
    expect(actual[i]?.shape).toEqual(shape);
    const error = relativeError(actual[i]?.data, data);
    expect(error, i === 0 ? "loss" : (parameterNames[i - 1] ?? "")).toBeLessThan(5e-6);
  }
  expect(actual.length).toBe(1 + parameterNames.length);
});

test("decoder: gradients in double precision equal finite differences", async () => {
  const inputs = decoderInputs();
  const [, ...gradients] = await (await loadDouble(traceGraph(inputs, openGradients, "float64")))(doubleFeeds(inputs));
  const loss = await loadDouble(traceGraph(inputs, (...xs) => [openLoss(...xs)], "float64"));
  const step = 1e-5; // truncation ~ step², rounding ~ 1e-16 / step
  for (const [i, name] of parameterNames.entries()) {
    const gradient = gradients[i] ?? new Float64Array();
    const feeds = doubleFeeds(inputs);
    const values = feeds[`x${i}`]?.data as Float64Array;
    const entry = gradient.reduce((best, value, j) => (Math.abs(value) > Math.abs(gradient[best] ?? 0) ? j : best), 0);
    const at = values[entry] ?? Number.NaN;
    const around: number[] = [];
    for (const delta of [step, -step]) {
      values[entry] = at + delta;
      around.push((await loss(feeds))[0]?.[0] ?? Number.NaN);
    }
    const expected = ((around[0] ?? 0) - (around[1] ?? 0)) / (2 * step);
    expect(Math.abs((gradient[entry] ?? Number.NaN) / expected - 1), name).toBeLessThan(1e-7);
  }
});

test("decoder: what stop-gradient holds gets none", () => {
  const stop = tf.customGrad((x: unknown) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  })) as (x: tf.Tensor) => tf.Tensor;
  // d/dx sum(stop(x²) x) = x², where without stop it is 3 x².
  const [result] = compiled([tf.tensor1d([1, 2, 3])], (x) => [
    tf.grad((t: tf.Tensor) => stop(t.square()).mul(t).sum())(x as tf.Tensor),
  ]);
  expect([...(result?.data ?? [])]).toEqual([1, 4, 9]);
});

test("decoder: a gradient of a gradient equals tfjs-cpu's", () => {
  const inputs = [
    tf.tensor2d([0.3, -0.5, 1.2, 0.7, 0.1, -0.9], [2, 3]),
    tf.tensor2d([0.2, -0.4, 0.6, 1.1, -0.3, 0.8], [3, 2]),
  ];
  const penalty = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => {
    const loss = (t: tf.Tensor) =>
      tf
        .logSoftmax(tf.tanh(t.matMul(w as tf.Tensor2D)))
        .square()
        .sum();
    return tf.grad(loss)(x).square().sum();
  };
  const second = (...xs: tf.Tensor[]) => tf.grads(penalty)(xs as [tf.Tensor, tf.Tensor]);
  const expected = second(...inputs).map(host);
  const actual = compiled(inputs, second);
  for (const [i, { data }] of expected.entries()) expect(relativeError(actual[i]?.data, data)).toBeLessThan(5e-6);
});
