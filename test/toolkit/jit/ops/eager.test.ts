import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { attention, divergence, rmsNorm, rope, swiglu, tokenLogProbs } from "../../../../src/toolkit/jit/ops.ts";
import { inputsOf, opCases, weighed } from "./cases.ts";

beforeAll(() => tf.setBackend("cpu"));

function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return a.sub(b).abs().max().arraySync() as number;
}

test.each(opCases)("$name: the eager op equals its plain formula, value and gradient", (op) => {
  const inputs = inputsOf(op);
  expect(largestDifference(op.op(...inputs), op.plain(...inputs))).toBeLessThan(2e-6);
  const gradients = tf.grads((...x: tf.Tensor[]) => weighed(op.op(...x)))(inputs);
  const expected = tf.grads((...x: tf.Tensor[]) => weighed(op.plain(...x)))(inputs);
  expect(gradients).toHaveLength(inputs.length);
  for (const [i, gradient] of gradients.entries()) {
    expect(largestDifference(gradient, expected[i] as tf.Tensor)).toBeLessThan(5e-6);
  }
});

test("attention: a later position changes nothing before it", () => {
  const [q, k, v] = inputsOf(opCases[3] as (typeof opCases)[number]) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const last = tf.oneHot([4], 5).reshape([1, 1, 5, 1]).mul(100);
  const before = attention(q, k, v).slice([0, 0, 0, 0], [-1, -1, 4, -1]);
  const after = attention(q, k.add(last), v.add(last)).slice([0, 0, 0, 0], [-1, -1, 4, -1]);
  expect(largestDifference(before, after)).toBe(0);
});

test("tokenLogProbs: the entropy of V equal logits is log V, and their log-probs are its negative", () => {
  const { logProbs, entropy } = tokenLogProbs(tf.fill([1, 5], 3), tf.tensor1d([4], "int32"));
  expect(logProbs.arraySync()[0]).toBeCloseTo(-Math.log(5), 6);
  expect(entropy.arraySync()[0]).toBeCloseTo(Math.log(5), 6);
});

test("divergence: of (3/4, 1/4) from (1/2, 1/2); what is masked may be NaN", () => {
  const [from, to] = [tf.tensor([Math.log(3), 0, Number.NaN, 1], [2, 2]), tf.tensor([0, 0, 1, Number.NaN], [2, 2])];
  const of = (p: tf.Tensor, q: tf.Tensor) => divergence(p, q, { mask: tf.tensor1d([1, 0]) });
  const expected = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
  expect([...of(from, to).dataSync()]).toEqual([expect.closeTo(expected, 6), 0]);
  const [toFrom, toTo] = tf.grads((p: tf.Tensor, q: tf.Tensor) => of(p, q).sum())([from, to]);
  const slope = 0.75 * (Math.log(1.5) - expected); // p (log p / q - D)
  expect([...(toFrom?.dataSync() ?? [])]).toEqual([expect.closeTo(slope, 6), expect.closeTo(-slope, 6), 0, 0]);
  expect([...(toTo?.dataSync() ?? [])]).toEqual([-0.25, 0.25, 0, 0].map((value) => expect.closeTo(value, 6))); // q - p
});

test("ops: shapes that do not fit are refused with the shapes given", () => {
  const x = tf.zeros<tf.Rank.R2>([2, 4]);
  const heads = (n: number): tf.Tensor4D => tf.zeros([1, n, 2, 4]);
  expect(() => rmsNorm(x, tf.zeros([3]), 1e-5)).toThrow("rmsNorm: x is [2,4] and weight [3]");
  expect(() => rmsNorm(x, tf.zeros([4]), 0)).toThrow("rmsNorm: eps is 0");
  expect(() => rope(heads(1), tf.zeros([2, 4]), tf.zeros([2, 2]))).toThrow("cos [2,4]");
  expect(() => divergence(x, tf.zeros([2, 3]))).toThrow("divergence: logits are [2,4] and [2,3]");
  expect(() => divergence(x, x, { mask: tf.zeros([3]) })).toThrow("divergence: the mask is [3]; pass [2]");
  expect(() => swiglu(x, tf.zeros([2, 5]))).toThrow("gate is [2,4] and up [2,5]");
  expect(() => attention(heads(3), heads(2), heads(2))).toThrow("H a multiple of KV");
  expect(() => tokenLogProbs(x, tf.zeros([2]))).toThrow("targets are float32; pass int32.");
});
