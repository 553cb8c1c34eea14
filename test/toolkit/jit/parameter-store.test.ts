import { afterAll, expect, test } from "vitest";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { productGraph, waves } from "./graphs.ts";

const engine = new Engine({ threads: 1 });
afterAll(() => engine.close());

const tensors = { b: waves([3]), a: waves([2, 2], 2) };

test("parameters: shapes and count are known, values come back as they went in", async () => {
  const store = await engine.parameters(tensors);
  expect(store.shapes).toEqual({ a: [2, 2], b: [3] });
  expect(store.count).toBe(2 * 2 + 3);
  expect(await store.read()).toEqual(tensors);
  expect(await store.read(["a"])).toEqual({ a: tensors.a });
  expect(tensors.a.data).toHaveLength(4);
});

test("parameters: what was read is a copy, what is written is seen by graphs and by the fingerprint", async () => {
  const store = await engine.parameters(tensors);
  const before = await store.fingerprint();
  const { a } = await store.read();
  a?.data.fill(0);
  expect(await store.fingerprint()).toBe(before);
  await store.write({ a: { data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] } });
  expect(await store.fingerprint()).not.toBe(before);
  const { y } = await engine.run(productGraph(2, 2, 2), { a: tensors.a, w: store.ref("a") });
  expect(y?.data).toEqual(tensors.a.data); // times the identity
});

test("parameters: the fingerprint depends on every bit, on names and on shapes, not on the order of names", async () => {
  const fingerprint = async (values: typeof tensors | Record<string, (typeof tensors)["a"]>): Promise<string> =>
    (await engine.parameters(values)).fingerprint();
  const base = await fingerprint(tensors);
  expect(base).toMatch(/^[0-9a-f]{32}$/);
  expect(await fingerprint({ a: tensors.a, b: tensors.b })).toBe(base);
  const lastBit = tensors.b.data.slice();
  new Uint32Array(lastBit.buffer)[2] = (new Uint32Array(lastBit.buffer)[2] ?? 0) ^ 1;
  const others = [
    { ...tensors, b: { data: lastBit, shape: [3] } },
    { ...tensors, a: { data: tensors.a.data, shape: [4] } },
    { a: tensors.a, c: tensors.b },
  ];
  const all = await Promise.all(others.map(fingerprint));
  expect(new Set([base, ...all]).size).toBe(4);
});

test("parameters: a clone is equal and independent", async () => {
  const store = await engine.parameters(tensors);
  const copy = await store.clone();
  expect(await copy.fingerprint()).toBe(await store.fingerprint());
  await copy.write({ b: { data: new Float32Array(3), shape: [3] } });
  expect((await store.read(["b"])).b).toEqual(tensors.b);
});

test("parameters: wrong names, shapes and dtypes are refused and nothing is written", async () => {
  const store = await engine.parameters(tensors);
  const before = await store.fingerprint();
  const good = { data: new Float32Array(4), shape: [2, 2] };
  await expect(store.write({ a: good, x: good })).rejects.toThrow("there is no parameter x; name one of b, a.");
  await expect(store.write({ a: good, b: good })).rejects.toThrow("b has shape [2, 2] and 4 values; pass shape [3].");
  await expect(store.write({ a: { data: new Int32Array(4), shape: [2, 2] } })).rejects.toThrow("a is not float32");
  expect(await store.fingerprint()).toBe(before);
  await expect(store.read(["x"])).rejects.toThrow("there is no parameter x");
  expect(() => store.ref("x")).toThrow("there is no parameter x");
});

test("parameters: after dispose the memory is free and use is refused", async () => {
  await using own = new Engine({ threads: 1 }); // other tests' stores may be collected at any time
  const before = (await own.memory()).parameterBytes;
  const store = await own.parameters({ big: waves([1000]) });
  expect((await own.memory()).parameterBytes).toBe(before + 4 * 1000);
  await store.dispose();
  await store.dispose();
  expect((await own.memory()).parameterBytes).toBe(before);
  await expect(store.read()).rejects.toThrow("the store was disposed of");
});

test("parameters: a store of another engine is refused", async () => {
  await using other = new Engine({ threads: 1 });
  const store = await other.parameters({ w: waves([2, 2]) });
  const run = engine.run(productGraph(2, 2, 2), { a: tensors.a, w: store.ref("w") });
  await expect(run).rejects.toThrow("another engine");
});
