/** One row of the table that compares compiled kernels with tfjs-cpu. */
import * as tf from "@tensorflow/tfjs";
import { rng } from "../../../../src/toolkit/rng.ts";

/** A tensor to make. */
export interface Input {
  readonly dtype: "float32" | "int32" | "bool";
  readonly shape: readonly number[];
  /** Smallest and largest value, or the values themselves. */
  readonly values: readonly [number, number] | { readonly exactly: readonly number[] };
}

export interface KernelCase {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];
  /** "none" where TensorFlow.js itself has no gradient (the test checks that); default: it has one for float inputs. */
  readonly gradient?: "none";
  /** Kernels that only the compiled form calls, since tfjs-cpu has no such kernel, or one with an error. */
  readonly covers?: readonly string[];
  /** Largest difference relative to the tensor's largest entry (at least 1). Default 2e-6: float32 rounding. */
  readonly tolerance?: number;
}

/** float32 in [low, high]. */
export function float(shape: readonly number[], low = -2, high = 2): Input {
  return { dtype: "float32", shape, values: [low, high] };
}

/** int32 from low to high. */
export function whole(shape: readonly number[], low = -5, high = 5): Input {
  return { dtype: "int32", shape, values: [low, high] };
}

export function bool(shape: readonly number[]): Input {
  return { dtype: "bool", shape, values: [0, 1] };
}

export function exactly(values: readonly number[], shape: readonly number[] = [values.length]): Input {
  return { dtype: "float32", shape, values: { exactly: values } };
}

export function wholeExactly(values: readonly number[], shape: readonly number[] = [values.length]): Input {
  return { dtype: "int32", shape, values: { exactly: values } };
}

/** The i-th input of a case, the same in every run. */
export function makeInput({ dtype, shape, values }: Input, i: number): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  if ("exactly" in values) return tf.tensor([...values.exactly], [...shape], dtype);
  const [low, high] = values;
  const random = rng({ seed: 1, stream: "kernel case", row: i });
  const draw =
    dtype === "float32" ? () => low + random.uniform() * (high - low) : () => low + random.integer(high - low + 1);
  return tf.tensor(Array.from({ length: size }, draw), [...shape], dtype);
}

/** Runs a kernel that no tfjs function calls in this form. */
export function runKernel(name: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap = {}): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attributes);
}
