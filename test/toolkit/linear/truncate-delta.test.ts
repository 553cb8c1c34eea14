import { expect, test } from "vitest";
import { truncateDelta } from "../../../src/toolkit/linear/truncate-delta.ts";
import { after, before } from "../../support/weight-change.ts";

test("truncateDelta: keeps the top r directions of the change and all of a vector's", async () => {
  const two = await truncateDelta(before, after, 2);
  const expected = [4, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1];
  expect(Array.from(two.m?.data ?? [])).toEqual(expected.map((x) => expect.closeTo(x, 6)));
  expect(two.v?.data).toEqual(Float32Array.of(3, 4));
  expect(two.m?.shape).toEqual([3, 4]);
  expect((await truncateDelta(before, after, 0)).v?.data).toEqual(before.v?.data);
  expect((await truncateDelta(before, after, 3)).m?.data).toEqual(after.m?.data);
  await expect(truncateDelta(before, after, 1.5)).rejects.toThrow("rank is 1.5");
});
