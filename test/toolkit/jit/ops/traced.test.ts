/** Every fused op, compiled by its own nodes, against its eager formula and its plain TensorFlow.js twin, also compiled. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine } from "../../../../src/toolkit/jit/engine.ts";
import { GraphBuilder } from "../../../../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../../../../src/toolkit/jit/host-tensor.ts";
import { record, tensorOfValue, valueOfTensor } from "../../../../src/toolkit/jit/trace.ts";
import { inputsOf, type OpCase, opCases, weighed } from "./cases.ts";

const engine = new Engine({ threads: 2 });
beforeAll(() => tf.setBackend("cpu"));
afterAll(() => engine.close());

/** Value and gradients of a function of tensors, compiled and run. */
async function compiled(fn: OpCase["op"], inputs: tf.Tensor[]): Promise<HostTensor[]> {
  const graph = new GraphBuilder("op");
  record("op", graph, () => {
    const traced = inputs.map(({ shape }, i) => tensorOfValue(graph.input(`x${i}`, "float32", shape)));
    graph.output("value", valueOfTensor(fn(...traced)));
    for (const [i, gradient] of tf
      .grads((...x: tf.Tensor[]) => weighed(fn(...x)))(traced)
      .entries()) {
      graph.output(`gradient${i}`, valueOfTensor(gradient));
    }
  });
  const feeds = inputs.map((x, i) => [`x${i}`, { data: x.dataSync() as Float32Array, shape: x.shape }] as const);
  return Object.values(await engine.run(graph.build(), Object.fromEntries(feeds)));
}

function eager(fn: OpCase["op"], inputs: tf.Tensor[]): HostTensor[] {
  const gradients = tf.grads((...x: tf.Tensor[]) => weighed(fn(...x)))(inputs);
  return [fn(...inputs), ...gradients].map((x) => ({ data: x.dataSync() as Float32Array, shape: x.shape }));
}

test.each(opCases)("$name: compiled nodes, eager formula and compiled plain formula agree", async (op) => {
  const inputs = inputsOf(op);
  const [expected, fused, plain] = [
    eager(op.op, inputs),
    await compiled(op.op, inputs),
    await compiled(op.plain, inputs),
  ];
  for (const results of [fused, plain]) {
    expect(results.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    for (const [i, { data }] of results.entries()) {
      const reference = expected[i]?.data ?? [];
      const scale = Math.max(1, ...Array.from(reference, Math.abs));
      const worst = Math.max(...Array.from(data, (x, j) => Math.abs(x - (reference[j] ?? Number.NaN))));
      expect(worst / scale).toBeLessThan(5e-6);
    }
  }
});
