import * as tf from "@tensorflow/tfjs";
import { afterAll, expect, test } from "vitest";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { jit } from "../../../src/toolkit/jit/jit.ts";

const engine = new Engine({ threads: 1 });
afterAll(() => engine.close());

const host = (data: readonly number[], shape = [data.length]) => ({ data: new Float32Array(data), shape });

test("jit: nested arguments and results, tensors and host arrays alike", async () => {
  const f = jit(
    (batch: { x: tf.Tensor; pair: readonly [tf.Tensor, tf.Tensor] }, scale: number) => ({
      loss: batch.x.mul(batch.pair[0]).sum().mul(scale),
      parts: [batch.pair[1].greater(1), "kept"] as const,
    }),
    { name: "nested", engine },
  );
  const result = await f({ x: tf.tensor1d([1, 2]), pair: [host([3, 4]), host([1, 2])] }, 10);
  expect(result.loss.arraySync()).toBe(10 * (1 * 3 + 2 * 4));
  expect(result.parts[0].dtype).toBe("bool");
  expect([...result.parts[0].dataSync()]).toEqual([0, 1]);
  expect(result.parts[1]).toBe("kept");
});

test("jit: traces once per shapes, dtypes and static values", async () => {
  let traces = 0;
  const f = jit(
    (x: tf.Tensor, power: number) => {
      traces++;
      return x.pow(power);
    },
    { engine },
  );
  expect(await (await f(host([2, 3]), 2)).array()).toEqual([4, 9]);
  expect(await (await f(host([4, 5]), 2)).array()).toEqual([16, 25]);
  expect(traces).toBe(1);
  expect(await (await f(host([2, 3]), 3)).array()).toEqual([8, 27]);
  expect(await (await f(host([2]), 2)).array()).toEqual([4]);
  expect(traces).toBe(3);
});

test("jit: a parameter store is a record of tensors inside, and eager agrees", async () => {
  const parameters = await engine.parameters({ w: host([1, 2, 3, 4], [2, 2]), b: host([10, 20]) });
  const f = jit(
    (p: Record<string, tf.Tensor>, x: tf.Tensor) => {
      if (p.w === undefined || p.b === undefined) throw new Error("parameters are missing");
      return tf.matMul(x as tf.Tensor2D, p.w as tf.Tensor2D).add(p.b);
    },
    { name: "layer", engine },
  );
  const x = host([1, 1], [1, 2]);
  const expected = [[1 + 3 + 10, 2 + 4 + 20]];
  expect(await (await f(parameters, x)).array()).toEqual(expected);
  expect(await (await f.eager(parameters, x)).array()).toEqual(expected);
  await parameters.write({ b: host([0, 0]) });
  expect(await (await f(parameters, x)).array()).toEqual([[4, 6]]);
  expect(f.trace(parameters, x).inputs).toEqual([
    { name: "w", path: "arg0", parameter: "w" },
    { name: "b", path: "arg0", parameter: "b" },
    { name: "arg1", path: "arg1" },
  ]);
});

test("jit: outputs are named by their paths, apart from inputs of the same name", async () => {
  const f = jit((w: tf.Tensor) => ({ loss: w.sum(), arg0: w, metrics: { norm: w.square().sum().sqrt() } }), { engine });
  const { model } = f.trace(host([3, 4]));
  expect(model.outputs.map(({ name }) => name)).toEqual(["loss", "result.arg0", "metrics.norm"]);
  const { metrics, arg0 } = await f(host([3, 4]));
  expect(metrics.norm.arraySync()).toBeCloseTo(5, 6);
  expect(arg0.arraySync()).toEqual([3, 4]);
});

test("jit: one compiled function inside another is inlined", async () => {
  const square = jit((x: tf.Tensor) => x.square(), { engine });
  const outer = jit(
    (x: tf.Tensor) => {
      const called: unknown = square(x);
      return square.inline(x).add(called as tf.Tensor);
    },
    { engine },
  );
  expect(await (await outer(host([3]))).array()).toEqual([18]);
});

test("jit: explain reports operators, work and memory", async () => {
  const f = jit((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D).relu(), { engine });
  const explained = await f.explain(host(new Array(64).fill(1), [8, 8]), host(new Array(64).fill(1), [8, 8]));
  expect(explained.gigaflop).toBeCloseTo((2 * 8 ** 3) / 1e9, 15);
  expect(explained.nodeCount).toBe(2);
  expect(explained.ops.map(({ op }) => op).sort()).toEqual(["MatMul", "Relu"]);
  expect([explained.inputBytes, explained.outputBytes]).toEqual([2 * 256, 256]);
  expect(explained.memory.sessions).toBeGreaterThan(0);
});

test("jit: bad arguments and results are refused with their place", async () => {
  const f = jit((x: tf.Tensor) => x.square(), { name: "f", engine });
  const short = { data: new Float32Array(3), shape: [2, 2] };
  await expect(f(short)).rejects.toThrow("f: arg0 has 3 values for shape [2, 2]; pass 4 values.");
  const untyped = jit((x: { m: unknown }) => x.m as tf.Tensor, { name: "g", engine });
  await expect(untyped({ m: new Map() })).rejects.toThrow("g: arg0.m is of class Map; pass tensors");
  const strange = jit((x: tf.Tensor) => ({ out: { f: () => x } }), { name: "h", engine });
  await expect(strange(host([1]))).rejects.toThrow("h: out.f is a function; return tensors");
});

test("jit: an eager result that is an argument is the caller's own", async () => {
  const f = jit((x: tf.Tensor) => ({ same: x, twice: x.mul(2) }), { engine });
  const x = tf.tensor1d([1, 2]);
  const before = tf.memory().numTensors;
  const { same, twice } = await f.eager(x);
  expect(tf.memory().numTensors).toBe(before + 2);
  tf.dispose([same, twice]);
  expect(x.arraySync()).toEqual([1, 2]);
});
