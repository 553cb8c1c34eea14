import { expect, test } from "vitest";
import { groupIndices, toColumn, toColumns, toIntColumn, toNested } from "./columns.ts";

test("toColumn: ragged rows are padded to the longest, and come back", () => {
  const nested = [[0.5, 0.25], [], [1, 2, 3]];
  const column = toColumn(nested, { fill: -1 });
  expect(column).toMatchObject({ rows: 3, width: 3 });
  expect([...column.values]).toEqual([0.5, 0.25, -1, -1, -1, -1, 1, 2, 3]);
  expect([...column.present]).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 1]);
  expect(toNested(column.values, column)).toEqual(nested);
  const rectangle = [
    [0.5, 0.25, -1],
    [-1, -1, -1],
    [1, 2, 3],
  ];
  expect(toNested(column.values, { width: 3 })).toEqual(rectangle);
  expect(toNested(new Float32Array(0), { width: 0, lengths: [0, 0] })).toEqual([[], []]);
});

test("toIntColumn: whole numbers, and a width of one's own", () => {
  expect(toIntColumn([[7], [8, 9]], { width: 3 }).values).toEqual(Int32Array.of(7, 0, 0, 8, 9, 0));
});

test("toColumns: lists of one shape; another shape is refused", () => {
  const { rows, width, a, b } = toColumns({ a: [[1], [2, 3]], b: [[0], [1, 1]] });
  expect([rows, width, [...a], [...b]]).toEqual([2, 2, [1, 0, 2, 3], [0, 0, 1, 1]]);
  expect(() => toColumns({ a: [[1], [2, 3]], b: [[0, 1], [1]] })).toThrow("b and a differ in shape");
  expect(() => toColumns({ a: [[1]], b: [] })).toThrow("differ in shape");
});

test("groupIndices: numbered in the order in which they come", () => {
  expect([...groupIndices(["q", "p", "q", "r"])]).toEqual([0, 1, 0, 2]);
  expect([...groupIndices([7, 7, 3])]).toEqual([0, 0, 1]);
  expect(() => groupIndices([7, Number.NaN])).toThrow("row 1 is of group NaN");
  expect(() => groupIndices(JSON.parse("[null, 7]"))).toThrow("row 0 is of group null");
  expect(() => groupIndices(JSON.parse("{}"))).toThrow("there are no group labels");
});
