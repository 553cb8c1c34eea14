import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entryPoint } from "../../../src/toolkit/entry-point.ts";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { UsageError } from "../../../src/toolkit/refuse.ts";
import { chainGraph, productGraph, waves } from "./graphs.ts";

const a = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
const w = { data: Float32Array.of(5, 6, 7, 8), shape: [2, 2] };
const product = [1 * 5 + 2 * 7, 1 * 6 + 2 * 8, 3 * 5 + 4 * 7, 3 * 6 + 4 * 8];

let folder: string;
let program: URL;
let engine: Engine;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rlvr-engine-"));
  program = pathToFileURL(join(folder, "program.mjs"));
  writeFileSync(
    program,
    `export const program = {
      echo: (runtime, payload) => ({ result: payload, transfer: payload.data ? [payload.data.buffer] : [] }),
      fail: () => { throw new TypeError("the program failed", { cause: new Error("deeper") }); },
      die: () => { process.exit(7); },
      crash: () => new Promise(() => setImmediate(() => { throw new Error("nobody catches this"); })),
      count: async (runtime, { until }, context) => {
        let i = 0;
        for (; i < until; i++) {
          context.checkpoint();
          context.progress(i);
          const end = performance.now() + 2;
          while (performance.now() < end);
        }
        return { result: i };
      },
    };`,
  );
  engine = new Engine({ threads: 2 });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

test("engine.run: a product of two matrices, one of them a stored parameter", async () => {
  const store = await engine.parameters({ w });
  const graph = productGraph(2, 2, 2);
  const { y } = await engine.run(graph, { a, w: store.ref("w") });
  expect(y?.shape).toEqual([2, 2]);
  expect([...(y?.data ?? [])]).toEqual(product);
  expect(a.data).toHaveLength(4); // the caller's array is still the caller's
});

test("engine.run: a view into a larger buffer is read from its own start", async () => {
  const wide = Float32Array.of(9, 9, ...a.data, 9);
  const { y } = await engine.run(productGraph(2, 2, 2), { a: { data: wide.subarray(2, 6), shape: [2, 2] }, w });
  expect([...(y?.data ?? [])]).toEqual(product);
});

test("engine.run: NaN in, NaN out", async () => {
  const { y } = await engine.run(productGraph(2, 2, 2), { a: { ...a, data: Float32Array.of(1, 2, Number.NaN, 4) }, w });
  expect([...(y?.data ?? [])]).toEqual([product[0], product[1], Number.NaN, Number.NaN]);
});

test.each([
  {
    what: "another shape",
    feeds: { a: waves([2, 3]), w },
    message: "input a is float32 [2, 3] with 6 values; pass float32 [2, 2]",
  },
  {
    what: "too few values",
    feeds: { a: { data: a.data, shape: [2, 2, 2] }, w },
    message: "input a is float32 [2, 2, 2] with 4",
  },
  {
    what: "another dtype",
    feeds: { a: { data: Int32Array.of(1, 2, 3, 4), shape: [2, 2] }, w },
    message: "input a is int32 [2, 2]",
  },
  { what: "a missing input", feeds: { a }, message: "input w is missing (given: a)" },
  { what: "an unknown input", feeds: { a, w, b: w }, message: "b is no input of the graph; pass a, w" },
])("engine.run: $what is refused by name", async ({ feeds, message }) => {
  const failure = await engine.run(productGraph(2, 2, 2), { ...feeds }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect(String(failure)).toContain(message);
});

test("engine.run: the same inputs give the same bits", async () => {
  const graph = productGraph(300, 257, 190);
  const feeds = { a: waves([300, 257]), w: waves([257, 190], 0.3) };
  const first = await engine.run(graph, feeds);
  await using other = new Engine({ threads: 2 });
  for (const runner of [engine, engine, other]) {
    const again = await runner.run(graph, feeds);
    expect(
      Buffer.from(again.y?.data.buffer as ArrayBuffer).equals(Buffer.from(first.y?.data.buffer as ArrayBuffer)),
    ).toBe(true);
  }
});

test("engine.call: results and transferred buffers come back, errors keep kind, message and cause", async () => {
  const data = Float32Array.of(1, 2, 3);
  const echoed = await engine.call<{ data: Float32Array }>(program, "echo", { data }, { transfer: [data.buffer] });
  expect([...echoed.data]).toEqual([1, 2, 3]);
  expect(data).toHaveLength(0); // moved, not copied
  const failure = await engine.call(program, "fail", {}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "TypeError", message: "the program failed", cause: { message: "deeper" } });
  await expect(engine.call(program, "missing", {})).rejects.toThrow("has no method missing; it has echo, fail");
});

test("engine.call: progress arrives while the call runs", async () => {
  const seen: number[] = [];
  const onProgress = (i: number) => void seen.push(i);
  await expect(engine.call(program, "count", { until: 5 }, { onProgress })).resolves.toBe(5);
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

test("engine.call: an abort stops a running call at its checkpoint and a waiting one before it starts", async () => {
  const running = new AbortController();
  const seen: number[] = [];
  const onProgress = (i: number) => {
    seen.push(i);
    if (i === 3) running.abort(new Error("enough"));
  };
  const long = engine.call(program, "count", { until: 100_000 }, { signal: running.signal, onProgress });
  const waiting = engine.call(program, "count", { until: 1 }, { signal: running.signal });
  const after = engine.call(program, "count", { until: 2 });
  await expect(long).rejects.toThrow("enough");
  await expect(waiting).rejects.toThrow("enough");
  await expect(after).resolves.toBe(2);
  expect(seen.length).toBeLessThan(1000);
  await expect(engine.call(program, "echo", {}, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
    "before",
  );
});

test.each([
  ["die", "engine: the worker exited with code 7"],
  ["crash", "engine: the worker failed: nobody catches this"],
])("engine: when its worker ends (%s), pending and later calls reject and say why", async (method, message) => {
  await using broken = new Engine({ threads: 1 });
  const calls = [broken.call(program, method, {}), broken.memory()];
  const outcomes = await Promise.allSettled(calls);
  for (const outcome of outcomes) expect(String(outcome.status === "rejected" && outcome.reason)).toContain(message);
  await expect(broken.memory()).rejects.toThrow("make a new Engine and load a checkpoint");
});

test("engine.close: a call in the middle of a run is rejected, and the process lives", async () => {
  const busy = new Engine({ threads: 2 });
  const graph = chainGraph(512, 100);
  const feeds = { a: waves([512, 512]), w: waves([512, 512], 1e-3) };
  await busy.run(graph, feeds);
  const calls = [busy.run(graph, feeds), busy.call(program, "count", { until: 1e6 }), busy.memory()];
  const outcomes = Promise.allSettled(calls);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await busy.close();
  for (const outcome of await outcomes) {
    expect(String(outcome.status === "rejected" && outcome.reason)).toContain("engine: the worker was closed");
  }
  await busy.close();
  await expect(busy.memory()).rejects.toThrow("was closed");
});

test("engine: the main thread keeps ticking during a long run", async () => {
  const graph = chainGraph(512, 200);
  const feeds = { a: waves([512, 512]), w: waves([512, 512], 1e-3) };
  await engine.run(graph, feeds);
  const before = performance.eventLoopUtilization();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const start = performance.now();
  await engine.run(graph, feeds);
  const ms = performance.now() - start;
  clearInterval(timer);
  // Were the 200 products of 512 x 512 computed here, the loop would be busy all the time and tick at most once.
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.6);
  expect(ticks).toBeGreaterThan(ms / 50);
});

test("engine: least recently used sessions go when the limit is passed, and come back on use", async () => {
  await using small = new Engine({ threads: 1, maxSessionBytes: 1 });
  const graphs = [productGraph(2, 2, 2), productGraph(2, 2, 3)] as const;
  const wide = waves([2, 3]);
  await small.run(graphs[0], { a, w });
  await small.run(graphs[1], { a, w: wide });
  expect((await small.memory()).sessions).toBe(1);
  const { y } = await small.run(graphs[0], { a, w });
  expect([...(y?.data ?? [])]).toEqual(product);
  const memory = await engine.memory();
  expect(memory.sessions).toBeGreaterThan(1);
  expect(memory.sessionBytes).toBeGreaterThan(0);
  expect(memory.rss).toBeGreaterThan(memory.parameterBytes);
});

test("engine: bad options are refused by the first call", async () => {
  await using engine = new Engine({ threads: 0 });
  await expect(engine.memory()).rejects.toThrow("engine: threads is 0; pass a whole number of threads, at least 1.");
});

test("engine: a process ends by itself when idle, and not before its calls are done", async () => {
  const script = `
    const { Engine } = await import(${JSON.stringify(entryPoint("./engine.ts", new URL("../../../src/toolkit/jit/engine.ts", import.meta.url).href).href)});
    Engine.shared().memory().then(() => console.log("answered"));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 30_000,
  });
  expect(stdout).toBe("answered\n");
});

test("engine.profile: names the operators with counts and times", async () => {
  const ops = await engine.profile(chainGraph(64, 3), { a: waves([64, 64]), w: waves([64, 64]) });
  expect(ops.find(({ op }) => op === "MatMul")).toMatchObject({ op: "MatMul", count: 3 });
  for (const { ms } of ops) expect(ms).toBeGreaterThanOrEqual(0);
});

test("engine: graphs that were not used for longest are forgotten, and come back on use", async () => {
  await using own = new Engine({ threads: 1 });
  const run = async (n: number) => (await own.run(productGraph(1, 1, n), { a: waves([1, 1]), w: waves([1, n]) })).y;
  for (let n = 1; n <= 260; n++) await run(n);
  expect((await own.memory()).sessions).toBe(256);
  expect((await run(1))?.shape).toEqual([1, 1]);
});
