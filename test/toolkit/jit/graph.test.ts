import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/toolkit/jit/graph.ts";
import { runGraph } from "./run-graph.ts";

const pair = { dtype: "float32", shape: [2] } as const;

test("graph: runs what it describes", () => {
  const graph = new GraphBuilder("affine");
  const x = graph.input("x", "float32", [2, 2]);
  const w = graph.constant(new Float32Array([1, 2, 3, 4]), [2, 2]);
  const y = graph.node("Gemm", [x, w, graph.scalar(10)], x, { attributes: { transB: 1, alpha: { float: 0.5 } } });
  graph.output("y", y);
  const model = graph.build();
  expect(model.flops).toBe(2 * 2 * 2 * 2);
  // x wᵀ / 2 + 10, x = [[1, 0], [1, 1]]: rows of wᵀ are [1, 3] and [2, 4].
  const { y: result } = runGraph(model, { x: { data: new Float32Array([1, 0, 1, 1]), shape: [2, 2] } });
  expect(result).toEqual({ data: new Float32Array([10.5, 11.5, 11.5, 13.5]), shape: [2, 2] });
});

test("graph: equal nodes and constants exist once, different attributes do not", () => {
  const graph = new GraphBuilder("cse");
  const x = graph.input("x", "float32", [2]);
  expect(graph.scalar(3)).toBe(graph.constant(new Float32Array([3]), []));
  expect(graph.scalar(3)).not.toBe(graph.scalar(3, "int32"));
  expect(graph.scalar(0)).not.toBe(graph.scalar(-0)); // 1 / -0 is not 1 / 0
  const leaky = (alpha: number) => graph.node("LeakyRelu", [x], pair, { attributes: { alpha: { float: alpha } } });
  expect(leaky(0.1)).toBe(leaky(0.1));
  expect(leaky(0.1)).not.toBe(leaky(0.2));
  expect(graph.node("Neg", [x], pair)).not.toBe(graph.node("Abs", [x], pair));
});

test("graph: what no output needs is left out", () => {
  const graph = new GraphBuilder("dead");
  const x = graph.input("x", "float32", [2]);
  graph.node("Exp", [graph.node("Neg", [x], pair)], pair);
  graph.constant(new Float32Array(1000), [1000]);
  graph.output("y", graph.node("Abs", [x], pair));
  const model = graph.build();
  expect(model.nodeCount).toBe(1);
  expect(model.bytes.length).toBeLessThan(400);
});

test("graph: inputs, constants and one value twice can be outputs", () => {
  const graph = new GraphBuilder("alias");
  const x = graph.input("x", "float32", [2]);
  const y = graph.node("Neg", [x], pair);
  graph.output("same", x);
  graph.output("seven", graph.scalar(7, "int32"));
  graph.output("first", y);
  graph.output("second", y);
  const outputs = runGraph(graph.build(), { x: { data: new Float32Array([1, -2]), shape: [2] } });
  expect(outputs.same?.data).toEqual(new Float32Array([1, -2]));
  expect(outputs.seven).toEqual({ data: new Int32Array([7]), shape: [] });
  expect(outputs.first?.data).toEqual(new Float32Array([-1, 2]));
  expect(outputs.second?.data).toEqual(new Float32Array([-1, 2]));
});

test("graph: several results, int64 and bool inside", () => {
  const graph = new GraphBuilder("split");
  const x = graph.input("x", "float32", [3]);
  const sizes = graph.constant([1, 2], [2], "int64");
  const outs = [1, 2].map((size) => ({ dtype: "float32", shape: [size] }) as const);
  const parts = graph.nodes("Split", [x, sizes], outs, { attributes: { axis: 0 } });
  expect(parts.map(({ shape }) => shape)).toEqual([[1], [2]]);
  const [, tail] = parts;
  if (tail === undefined) throw new Error("Split has two results");
  graph.output("tail", tail);
  graph.output("above", graph.node("Greater", [tail, graph.scalar(2.5)], { dtype: "bool", shape: [2] }));
  const outputs = runGraph(graph.build(), { x: { data: new Float32Array([1, 2, 3]), shape: [3] } });
  expect(outputs.tail?.data).toEqual(new Float32Array([2, 3]));
  expect(outputs.above?.data).toEqual(new Uint8Array([0, 1]));
});

test("graph: a name twice is refused", () => {
  const graph = new GraphBuilder("names");
  const x = graph.input("x", "float32", [2]);
  expect(() => graph.output("x", x)).toThrow("graph: two inputs or outputs are named x; give each its own name.");
});

test("graph: an attribute that is no integer must say float", () => {
  const graph = new GraphBuilder("attribute");
  const x = graph.input("x", "float32", [2]);
  expect(() => graph.node("LeakyRelu", [x], pair, { attributes: { alpha: 0.5 } })).toThrow("say { float: 0.5 }");
});

test("graph: products count 2 m n k, transposed, batched, contracted", () => {
  const graph = new GraphBuilder("flops");
  const a = graph.input("a", "float32", [3, 5, 2]);
  const b = graph.input("b", "float32", [3, 5, 4]);
  const attributes = { transA: 1 };
  const out = { dtype: "float32", shape: [3, 2, 4] } as const;
  graph.output("y", graph.node("FusedMatMul", [a, b], out, { attributes, domain: "com.microsoft" }));
  expect(graph.build().flops).toBe(2 * 3 * 2 * 4 * 5);
  const contraction = { attributes: { equation: "bki,bkj->bij" } };
  graph.output("z", graph.node("Einsum", [a, b], out, contraction));
  expect(graph.build().flops).toBe(2 * (2 * 3 * 2 * 4 * 5));
});
