import { expect, test } from "vitest";
import { chunks, pickRows, splitEvenly, tokensFor } from "../../../src/toolkit/train/columns.ts";

test("tokensFor: the last token of the longest row is column T, in multiples of 8", () => {
  expect(tokensFor(10, 23)).toBe(32); // 33 ids are 32 predictions
  expect(tokensFor(10, 24)).toBe(40); // 34 ids are 33
});

test("pickRows: picks, widens and fills up", () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6); // three rows of two
  expect(pickRows({ data, width: 2 }, [2, 0], [3, 4], -1)).toEqual({
    data: Float32Array.of(5, 6, -1, -1, 1, 2, -1, -1, -1, -1, -1, -1),
    shape: [3, 4],
  });
});

test("pickRows: keeps whole numbers whole and cuts a wider column", () => {
  const data = Int32Array.of(1, 2, 3, 4, 5, 6); // two rows of three
  expect(pickRows({ data, width: 3 }, [1], [1, 2], 0)).toEqual({ data: Int32Array.of(4, 5), shape: [1, 2] });
});

test("chunks and splitEvenly: cover every item once, in order", () => {
  expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(splitEvenly([1, 2, 3, 4, 5], 3)).toEqual([[1], [2, 3], [4, 5]]);
});
