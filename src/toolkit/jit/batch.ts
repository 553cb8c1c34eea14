/** Batches: tensors in plain objects and arrays, as callers pass them and as a traced function sees them. */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../refuse.ts";
import type { HostTensor } from "./host-tensor.ts";

/** A batch as it is passed for a function that sees `B`: where `B` has a tensor, plain memory. */
export type Batch<B> = B extends tf.Tensor
  ? HostTensor
  : B extends (...args: never[]) => unknown
    ? never
    : B extends object
      ? { readonly [K in keyof B]: Batch<B[K]> }
      : B;

/** A tensor of a batch and where it is, such as `batch.ids` or `batch.rows.0`. */
export interface BatchLeaf {
  readonly path: string;
  readonly tensor: HostTensor;
}

type Walked = unknown;

/** The tensors of a batch in a fixed order. */
export function flattenBatch(batch: unknown): BatchLeaf[] {
  const leaves: BatchLeaf[] = [];
  walk(batch, "batch", (path, tensor) => {
    leaves.push({ path, tensor });
    return undefined;
  });
  return leaves;
}

/** Equal for batches that one compiled graph fits: same structure, shapes, dtypes, and same values that are no tensors. */
export function batchKey(batch: unknown): string {
  return JSON.stringify(
    walk(batch, "batch", (_, tensor) => ({ dtype: dtypeOf(tensor), shape: tensor.shape })),
    (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x),
  );
}

/** The same structure with a tensor of `make`'s for each of the batch's. */
export function batchTensors<B>(
  batch: unknown,
  make: (path: string, dtype: "float32" | "int32" | "bool", shape: readonly number[]) => tf.Tensor,
): B {
  return walk(batch, "batch", (path, tensor) => make(path, dtypeOf(tensor), tensor.shape)) as B;
}

function walk(node: unknown, path: string, leaf: (path: string, tensor: HostTensor) => Walked): Walked {
  if (node instanceof tf.Tensor) {
    return refuse(
      "batch",
      `${path} is a tf.Tensor`,
      "pass { data, shape }: what is in a backend would have to be read",
    );
  }
  if (isHostTensor(node)) return leaf(path, node);
  if (Array.isArray(node)) return node.map((item, i) => walk(item, `${path}.${i}`, leaf));
  if (typeof node === "object" && node !== null) {
    const prototype: unknown = Object.getPrototypeOf(node);
    if (prototype !== Object.prototype && prototype !== null) {
      return refuse(
        "batch",
        `${path} is a ${node.constructor.name}`,
        "pass tensors { data, shape }, plain objects, arrays",
      );
    }
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, `${path}.${key}`, leaf)]));
  }
  if (typeof node === "function") return refuse("batch", `${path} is a function`, "close over it in the loss function");
  return node;
}

function isHostTensor(node: unknown): node is HostTensor {
  return (
    typeof node === "object" && node !== null && "data" in node && "shape" in node && ArrayBuffer.isView(node.data)
  );
}

function dtypeOf({ data }: HostTensor): "float32" | "int32" | "bool" {
  if (data instanceof Float32Array) return "float32";
  return data instanceof Int32Array ? "int32" : "bool";
}
