/** Small graphs, built by hand, for tests of the engine. */
import { GraphBuilder, type GraphModel, type Value } from "../../../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";

/** y [M, N] = a [M, K] · w [K, N] */
export function productGraph(m: number, k: number, n: number): GraphModel {
  const graph = new GraphBuilder(`product ${m}x${k}x${n}`);
  const inputs = [graph.input("a", "float32", [m, k]), graph.input("w", "float32", [k, n])];
  graph.output("y", graph.node("MatMul", inputs, { dtype: "float32", shape: [m, n] }));
  return graph.build();
}

/** y = a · w · w · … (`times` products of square matrices), a run of any length. */
export function chainGraph(size: number, times: number): GraphModel {
  const graph = new GraphBuilder(`chain ${size} ${times}`);
  let value: Value = graph.input("a", "float32", [size, size]);
  const w = graph.input("w", "float32", [size, size]);
  for (let i = 0; i < times; i++) value = graph.node("MatMul", [value, w], { dtype: "float32", shape: [size, size] });
  graph.output("y", value);
  return graph.build();
}

/** Values sin(1), sin(2), … scaled: no two alike. */
export function waves(shape: readonly number[], scale = 1): HostTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i + 1)), shape };
}
