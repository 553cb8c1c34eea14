import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { countGroups, equalGroups, groupMean, groupSum, sameGroup } from "../../src/toolkit/groups.ts";

// Groups 4 and 7, in any order; the last row only fills up.
const group = tf.tensor1d([4, 7, 4, -1], "int32");
const values = tf.tensor1d([1, 10, 3, 99]);

test("groups: sums and means over the rows of a group; a row that fills up is of none", () => {
  expect([...groupSum(values, group).dataSync()]).toEqual([4, 10, 4, 0]); // 1 + 3, 10
  expect([...groupMean(values, group).dataSync()]).toEqual([2, 10, 2, 0]);
  expect(sameGroup(group).arraySync()[0]).toEqual([1, 0, 1, 0]);
  expect(countGroups(group).dataSync()[0]).toBe(2);
  expect(countGroups(tf.tensor1d([-1, -1], "int32")).dataSync()[0]).toBe(0);
});

test("groups: the gradient of a group's mean goes to each member alike", () => {
  const gradient = tf.grad((x) =>
    groupMean(x as tf.Tensor1D, group)
      .gather(tf.tensor1d([0], "int32"))
      .sum(),
  )(values);
  expect([...gradient.dataSync()]).toEqual([0.5, 0, 0.5, 0]);
});

test("equalGroups: rows that stand together, numbered; no part of a group", () => {
  expect([...equalGroups("m", 6, 3)]).toEqual([0, 0, 0, 1, 1, 1]);
  expect(() => equalGroups("m", 5, 2)).toThrow("m: 5 rows are no whole number of groups of 2; pass whole groups.");
  expect(() => equalGroups("m", 5, 0)).toThrow("m: the group size is 0; pass a whole number from 1.");
});
