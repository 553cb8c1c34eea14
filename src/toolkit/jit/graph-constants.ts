/** Constants of a graph as bytes. */
import { createHash } from "node:crypto";
import type { DType } from "./graph.ts";

/** Values of a constant in row-major order. */
export type ConstantData = readonly number[] | Float32Array | Int32Array | Uint8Array | Float64Array | BigInt64Array;

/** The element type that an array of values stands for. */
export function dtypeOf(data: ConstantData): DType {
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "bool";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  return "float32";
}

/** A copy of the values in the memory layout of `dtype`. */
export function constantBytes(data: ConstantData, dtype: DType): Uint8Array {
  const array = arrayOf(data, dtype);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** A short text that differs for different bytes: the bytes themselves up to a hash's length, then their SHA-256. */
export function contentKey(bytes: Uint8Array): string {
  return bytes.length <= 32 ? Buffer.from(bytes).toString("hex") : createHash("sha256").update(bytes).digest("base64");
}

function arrayOf(data: ConstantData, dtype: DType): ArrayBufferView {
  if (dtype === "int64") return BigInt64Array.from(data, BigInt);
  const numbers: ArrayLike<number> = data instanceof BigInt64Array ? Array.from(data, Number) : data;
  if (dtype === "float32") return Float32Array.from(numbers);
  if (dtype === "float64") return Float64Array.from(numbers);
  if (dtype === "int32") return Int32Array.from(numbers);
  return Uint8Array.from(numbers, (value) => (value ? 1 : 0));
}
