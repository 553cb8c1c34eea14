import { expect, test } from "vitest";
import { openSeam, stateful } from "../../src/toolkit/seam.ts";

const counter = stateful<number, string, string>({
  init: () => 0,
  next: (count, input) => [`${input}${count}`, count + 1],
  save: (count) => count,
  restore: (saved) => (typeof saved === "number" ? saved : Number.NaN),
});

test("stateful: state goes from step to step and continues from what was saved", async () => {
  const session = openSeam(counter);
  expect([await session.next("a"), await session.next("b")]).toEqual(["a0", "b1"]);
  const later = openSeam(counter, session.save());
  expect(await later.next("c")).toBe("c2");
});

test("stateful: two sessions do not share state; a plain function has none", async () => {
  const [one, two] = [openSeam(counter), openSeam(counter)];
  await one.next("x");
  expect(await two.next("y")).toBe("y0");
  const plain = openSeam((input: number) => input * 2);
  expect([await plain.next(4), plain.save()]).toEqual([8, null]);
});
