import { expect, test } from "vitest";
import { microBatchRows, miniBatchRows } from "../../../src/toolkit/train/split.ts";

const group = Int32Array.of(0, 0, 0, 1, 1, 2, 2, 2);
const once = { epoch: 0, seed: 1, step: 2 };

test("miniBatchRows: one update takes the rows as they came; several share them out, each row once", () => {
  expect(miniBatchRows(group, { ...once, miniBatches: 1, together: undefined })).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
  const split = miniBatchRows(group, { ...once, miniBatches: 3, together: undefined });
  expect(split.map((rows) => rows.length).sort()).toEqual([2, 3, 3]);
  expect(split.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(miniBatchRows(group, { ...once, epoch: 1, miniBatches: 3, together: undefined })).not.toEqual(split);
});

test("miniBatchRows: groups that must meet are never split", () => {
  const split = miniBatchRows(group, { ...once, miniBatches: 2, together: "group" });
  expect(split.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const rows of split) {
    for (const id of [0, 1, 2]) {
      const size = rows.filter((b) => group[b] === id).length;
      expect([0, group.filter((g) => g === id).length]).toContain(size);
    }
  }
});

test("microBatchRows: whole groups are packed up to the height; one that is higher stands alone", () => {
  const rows = [0, 1, 2, 3, 4, 5, 6, 7];
  expect(microBatchRows(group, rows, 3, undefined)).toEqual([
    [0, 1, 2],
    [3, 4, 5],
    [6, 7],
  ]);
  expect(microBatchRows(group, rows, 5, "group")).toEqual([
    [0, 1, 2, 3, 4],
    [5, 6, 7],
  ]);
  expect(microBatchRows(group, rows, 2, "group")).toEqual([
    [0, 1, 2],
    [3, 4],
    [5, 6, 7],
  ]);
  expect(microBatchRows(group, rows, 3, "update")).toEqual([rows]);
});
