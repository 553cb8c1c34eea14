import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import {
  type AdamWOptions,
  adamWSettings,
  adamWStep,
  addScaled,
  scaleInPlace,
  sumOfSquares,
} from "../../../src/toolkit/jit/adamw.ts";

beforeAll(() => tf.setBackend("cpu"));

const shapes = { matrix: [2, 2], norm: [2] };
const settings = (options: AdamWOptions = {}) => adamWSettings(options, shapes);
const zeros = (n: number) => ({ first: new Float32Array(n), second: new Float32Array(n) });
const plain = { learningRate: 0.1, scale: 1, weightDecay: 0, step: 1 };

test("adamW: the first step moves each weight by the learning rate against its gradient's sign", () => {
  const weights = Float32Array.of(1, 1, 1);
  const squares = adamWStep(weights, Float32Array.of(4, -0.01, 0), zeros(3), settings(), plain);
  // m̂ = g and v̂ = g², so the change is 0.1 g / (|g| + 1e-8); it is 0, not NaN, where g is 0.
  expect([...weights].map((w) => w.toFixed(6))).toEqual(["0.900000", "1.100000", "1.000000"]);
  expect(squares).toBeCloseTo(0.1 ** 2 + 0.1 ** 2, 7);
});

test("adamW: five steps equal tfjs's Adam when nothing decays", () => {
  const options = { beta1: 0.8, beta2: 0.9, epsilon: 1e-3 };
  const start = [0.5, -1, 2, 0];
  const gradient = (step: number) => start.map((x, i) => Math.sin(3 * i + step) + 0.1 * x);
  const variable = tf.variable(tf.tensor1d(start), true, "w");
  const adam = tf.train.adam(0.05, options.beta1, options.beta2, options.epsilon);
  const [weights, moments] = [Float32Array.from(start), zeros(4)];
  for (let step = 1; step <= 5; step++) {
    adam.applyGradients([{ name: "w", tensor: tf.tensor1d(gradient(step)) }]);
    const scalars = { ...plain, learningRate: 0.05, step };
    adamWStep(weights, Float32Array.from(gradient(step)), moments, settings(options), scalars);
  }
  const expected = variable.dataSync();
  for (const [i, w] of weights.entries()) expect(w).toBeCloseTo(expected[i] ?? Number.NaN, 5);
});

test("adamW: decay is decoupled: a weight without gradient shrinks by learning rate times λ, moments stay 0", () => {
  const [weights, moments] = [Float32Array.of(2), zeros(1)];
  adamWStep(weights, Float32Array.of(0), moments, settings(), { ...plain, weightDecay: 0.5 });
  expect(weights[0]).toBeCloseTo(2 - 0.1 * 0.5 * 2, 6);
  expect(moments).toEqual(zeros(1));
});

test("adamW: the clipping factor scales the gradient before the moments", () => {
  const [moments, halved] = [zeros(1), zeros(1)];
  adamWStep(Float32Array.of(1), Float32Array.of(3), moments, settings(), { ...plain, scale: 0.5 });
  adamWStep(Float32Array.of(1), Float32Array.of(1.5), halved, settings(), plain);
  expect(moments).toEqual(halved);
  expect(moments.first[0]).toBeCloseTo(0.1 * 1.5, 6);
  expect(moments.second[0]).toBeCloseTo(0.05 * 1.5 ** 2, 6);
});

test("adamW: matrices decay and vectors do not, unless told otherwise", () => {
  expect(settings().decaying).toEqual(["matrix"]);
  expect(settings({ decays: (name) => name === "norm" }).decaying).toEqual(["norm"]);
});

test.each([
  [{ beta1: 1 }, "adamW: beta1 is 1; pass a number in [0, 1)."],
  [{ beta2: -0.1 }, "adamW: beta2 is -0.1"],
  [{ epsilon: 0 }, "adamW: epsilon is 0"],
  [{ weightDecay: Number.NaN }, "adamW: weightDecay is NaN"],
] satisfies [AdamWOptions, string][])("adamW: %o is refused", (options, message) => {
  expect(() => settings(options)).toThrow(message);
});

test("adamW: sums and scalings cover every entry, also beyond a multiple of four", () => {
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect(sumOfSquares(values)).toBe(1 + 4 + 9 + 16 + 25 + 36);
  addScaled(values, Float32Array.of(1, 1, 1, 1, 1, 2), -0.5);
  expect([...values]).toEqual([0.5, 1.5, 2.5, 3.5, 4.5, 5]);
  scaleInPlace(values, 2);
  expect([...values]).toEqual([1, 3, 5, 7, 9, 10]);
});
