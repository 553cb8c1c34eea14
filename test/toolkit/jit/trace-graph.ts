import type * as tf from "@tensorflow/tfjs";
import { GraphBuilder, type GraphModel } from "../../../src/toolkit/jit/graph.ts";
import { record, tensorOfValue, valueOfTensor } from "../../../src/toolkit/jit/trace.ts";

/** The graph of a function of tensors like `inputs`; results are named r0, r1 ... */
export function traceGraph(
  inputs: readonly tf.Tensor[],
  fn: (...tensors: tf.Tensor[]) => readonly tf.Tensor[],
  precision: "float32" | "float64" = "float32",
): GraphModel {
  const graph = new GraphBuilder("test");
  return record(
    "test",
    graph,
    () => {
      const placeholders = inputs.map(({ dtype, shape }, i) => {
        if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") throw new Error(`dtype ${dtype}`);
        return tensorOfValue(graph.input(`x${i}`, dtype === "float32" ? precision : dtype, shape));
      });
      fn(...placeholders).forEach((result, i) => {
        graph.output(`r${i}`, valueOfTensor(result));
      });
      return graph.build();
    },
    { precision },
  );
}
