import { expect, test } from "vitest";
import { batchRows } from "../../../src/toolkit/train/examples.ts";

test("batchRows: an epoch passes over every row once, the next in another order", () => {
  const epoch = (from: number): number[] =>
    [from, from + 1, from + 2].flatMap((step) => batchRows(12, 4, { seed: 1, step }));
  expect(epoch(0).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(epoch(3).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(epoch(0)).not.toEqual(epoch(3));
  expect(epoch(0)).toEqual(epoch(0));
});

test("batchRows: a batch across the end of an epoch takes the rest and goes on", () => {
  const rows = [0, 1, 2].flatMap((step) => batchRows(6, 4, { seed: 1, step })); // two epochs of 6
  expect(rows.slice(0, 6).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(rows.slice(6).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
});
