import { expect, test } from "vitest";
import { bucket } from "../../../src/toolkit/policy/buckets.ts";

test("bucket: powers of two and the halves between, from the smallest on", () => {
  const sizes = Array.from({ length: 13 }, (_, i) => bucket(i + 1, 1));
  expect(sizes).toEqual([1, 2, 3, 4, 6, 6, 8, 8, 12, 12, 12, 12, 16]);
  expect([1, 16, 17, 24, 25, 33, 97].map((count) => bucket(count, 16))).toEqual([16, 16, 24, 24, 32, 48, 128]);
});
