import { expect, test } from "vitest";
import { Recent } from "../../../src/toolkit/jit/recent.ts";

test("Recent: the entry that was not used for longest goes", () => {
  const gone: [string, number][] = [];
  const recent = new Recent<string, number>(2, (key, value) => gone.push([key, value]));
  expect(recent.get("a", () => 1)).toBe(1);
  expect(recent.get("b", () => 2)).toBe(2);
  expect(recent.get("a", () => 9)).toBe(1); // found, and used after b
  expect(recent.get("c", () => 3)).toBe(3);
  expect(gone).toEqual([["b", 2]]);
  expect(recent.get("b", () => 4)).toBe(4); // made again; a is the oldest
  expect([gone, recent.size]).toEqual([
    [
      ["b", 2],
      ["a", 1],
    ],
    2,
  ]);
});
