import * as tf from "@tensorflow/tfjs";
import { afterAll, expect, test } from "vitest";
import type { HostTensor } from "../../../../src/toolkit/jit/host-tensor.ts";
import { kernels } from "../../../../src/toolkit/jit/kernels/index.ts";
import { runGraph } from "../run-graph.ts";
import { traceGraph } from "../trace-graph.ts";
import { float, type KernelCase, makeInput } from "./case.ts";
import { binaryCases, unaryCases } from "./elementwise-cases.ts";
import { indexingCases } from "./indexing-cases.ts";
import { reductionCases } from "./reduction-cases.ts";
import { shapeCases } from "./shape-cases.ts";

const cases = [...unaryCases, ...binaryCases, ...reductionCases, ...shapeCases, ...indexingCases];
const seen = new Set<string>();

type Fn = (...inputs: tf.Tensor[]) => readonly tf.Tensor[];

/** A tensor of tfjs-cpu may hold its values in an array of another type than its dtype's. */
function host(x: tf.Tensor): HostTensor {
  const type = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[x.dtype as "float32"];
  return { data: type.from(x.dataSync()), shape: x.shape };
}

function compiled(fn: Fn, inputs: readonly tf.Tensor[]): readonly HostTensor[] {
  const feeds = Object.fromEntries(inputs.map((x, i) => [`x${i}`, host(x)]));
  return Object.values(runGraph(traceGraph(inputs, fn), feeds));
}

/** A row's own function, or what it is compared with. */
async function eager(fn: Fn, inputs: readonly tf.Tensor[]): Promise<readonly HostTensor[]> {
  let results: readonly tf.Tensor[] = [];
  const profile = await tf.profile(() => {
    results = fn(...inputs);
    return [...results];
  });
  for (const name of profile.kernelNames) seen.add(name);
  return results.map(host);
}

/** Same shape, same dtype, and values to `tolerance` of the largest one (at least 1). */
function expectEqual(actual: readonly HostTensor[], expected: readonly HostTensor[], tolerance: number): void {
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [i, { data }] of expected.entries()) {
    const result = actual[i]?.data ?? [];
    expect(result.constructor.name).toBe(data.constructor.name);
    const scale = Math.max(1, ...[...data].filter(Number.isFinite).map(Math.abs));
    for (const [j, value] of data.entries()) {
      const difference = Math.abs((result[j] ?? Number.NaN) - value);
      const same = Object.is(result[j], value) || result[j] === value || difference <= tolerance * scale;
      if (!same) expect([...result], `result ${i}, entry ${j}`).toEqual([...data]);
    }
  }
}

/** Weights of a scalar made of all float results, so that every entry's gradient is its own. */
function gradients(row: KernelCase, isFloat: readonly boolean[]): Fn {
  return (...tensors) => {
    const count = row.inputs.length;
    const [inputs, weights] = [tensors.slice(0, count), tensors.slice(count)];
    const floats = inputs.filter(({ dtype }) => dtype === "float32");
    const loss = (...xs: tf.Tensor[]): tf.Tensor => {
      const queue = [...xs];
      const full = inputs.map((x) => (x.dtype === "float32" ? (queue.shift() ?? x) : x));
      const results = [row.run(...full)].flat().filter((_, i) => isFloat[i]);
      const terms = results.map((result, i) => result.mul(weights[i] ?? 1).sum());
      return terms.reduce((sum, term) => sum.add(term));
    };
    return tf.grads(loss)(floats);
  };
}

test.each(cases)("kernels: $name", async (row) => {
  const inputs = row.inputs.map(makeInput);
  const tolerance = row.tolerance ?? 2e-6;
  const run: Fn = (...xs) => [row.run(...xs)].flat();
  const expected = await eager(run, inputs);
  expectEqual(compiled(run, inputs), expected, tolerance);
  for (const name of row.covers ?? []) seen.add(name);

  const isFloat = expected.map(({ data }) => data instanceof Float32Array);
  if (!row.inputs.some(({ dtype }) => dtype === "float32") || !isFloat.includes(true)) return;
  const shapes = expected.filter((_, i) => isFloat[i]).map(({ shape }) => shape);
  const weights = shapes.map((shape, i) => makeInput(float(shape, 0.5, 2), 100 + i));
  const gradient = gradients(row, isFloat);
  const all = [...inputs, ...weights];
  if (row.gradient === "none") expect(() => gradient(...all), "TensorFlow.js has a gradient").toThrow();
  else expectEqual(compiled(gradient, all), await eager(gradient, all), 2 * tolerance);
});

afterAll(() => {
  expect([...kernels.keys()].filter((name) => !seen.has(name))).toEqual([]);
});
