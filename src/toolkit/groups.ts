/** Sums and means over groups of rows, as tensor operations: the group of a row is a number, the rows come in any order. */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "./refuse.ts";

/**
 * Groups of rows that stand together, `size` each, numbered in order. @returns [B]
 *
 * @throws UsageError when the rows are no whole number of groups
 */
export function equalGroups(where: string, rows: number, size: number): Int32Array {
  if (!Number.isInteger(size) || size < 1) refuse(where, `the group size is ${size}`, "pass a whole number from 1");
  if (rows % size !== 0) refuse(where, `${rows} rows are no whole number of groups of ${size}`, "pass whole groups");
  return Int32Array.from({ length: rows }, (_, b) => Math.floor(b / size));
}

/**
 * 1 where two rows are of one group, else 0. A row that only fills a micro-batch up (group -1) is of no group, its own
 * included.
 *
 * @param group [B] int32
 * @returns [B, B]
 */
export function sameGroup(group: tf.Tensor1D): tf.Tensor2D {
  const [rows] = group.shape;
  const [across, down] = [group.reshape([1, rows]), group.reshape([rows, 1])];
  return across.equal(down).logicalAnd(down.greaterEqual(0)).cast("float32") as tf.Tensor2D;
}

/** Sum of the values of each row's group. @param values [B] @returns [B] */
export function groupSum(values: tf.Tensor1D, group: tf.Tensor1D): tf.Tensor1D {
  const [rows] = group.shape;
  return sameGroup(group)
    .matMul(values.reshape([rows, 1]))
    .reshape<tf.Tensor1D>([rows]);
}

/** Mean of the values of each row's group; 0 for a row of no group. @param values [B] @returns [B] */
export function groupMean(values: tf.Tensor1D, group: tf.Tensor1D): tf.Tensor1D {
  return groupSum(values, group).div(sameGroup(group).sum(1).maximum(1));
}

/** Number of groups with a row in the batch. */
export function countGroups(group: tf.Tensor1D): tf.Scalar {
  const size = sameGroup(group).sum(1); // [B]; a group of n rows counts n times 1 / n
  return tf
    .where(size.greater(0), tf.onesLike(size).div(size.maximum(1)), 0)
    .sum()
    .asScalar();
}
