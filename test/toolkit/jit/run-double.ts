import type * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { GraphModel } from "../../../src/toolkit/jit/graph.ts";

/** Inputs of a graph that was traced in double precision. */
export type DoubleFeeds = Record<string, Tensor>;

/** Inputs x0, x1 ... as double, int32 or bool. */
export function doubleFeeds(inputs: readonly tf.Tensor[]): DoubleFeeds {
  return Object.fromEntries(inputs.map((x, i) => [`x${i}`, doubleTensor(x)]));
}

function doubleTensor(x: tf.Tensor): Tensor {
  const values = x.dataSync();
  if (x.dtype === "int32") return new Tensor("int32", Int32Array.from(values), x.shape);
  if (x.dtype === "bool") return new Tensor("bool", Uint8Array.from(values), x.shape);
  return new Tensor("float64", Float64Array.from(values), x.shape);
}

/** Loads a graph; the function runs it and returns double results in their order. */
export async function loadDouble(model: GraphModel): Promise<(feeds: DoubleFeeds) => Promise<Float64Array[]>> {
  const session = await InferenceSession.create(model.bytes, { logSeverityLevel: 3 });
  return async (feeds) => {
    const results = await session.run(feeds);
    return model.outputs.map(({ name }) => {
      const data = results[name]?.data;
      if (!(data instanceof Float64Array)) throw new Error(`${name} is not double`);
      return data;
    });
  };
}
