import { expect, test } from "vitest";
import { boundaryDecomposition, consolidated } from "../../src/analysis/index.ts";

test("math-beyond: both shares of solved problems add up from the three sets", () => {
  const base = [1, 1, 0, 0, 0, 1, 0, 0];
  const post = [1, 0, 1, 0, 0, 1, 0, 1];
  const { expansion, shrinkage, preservation, passBase, passPost } = boundaryDecomposition(base, post);
  expect(passPost * 8).toBe(expansion.length + preservation.length);
  expect(passBase * 8).toBe(shrinkage.length + preservation.length);
  const back = boundaryDecomposition(post.map(Boolean), base.map(Boolean)); // flags may be booleans
  expect([back.expansion, back.shrinkage]).toEqual([shrinkage, expansion]);
});

test("math-beyond: consolidated problems were solved before, are solved mostly now, and more often", () => {
  expect(consolidated([0.1, 0, 0.6, 0.4, 0.9], [0.5, 0.9, 0.6, 0.45, 0.95])).toEqual([0, 4]);
  expect(consolidated([0.1], [0.4], { threshold: 0.3 })).toEqual([0]);
  expect(() => consolidated([0.1], [])).toThrow("there are 1 and 0 rates");
  expect(() => consolidated([0.1], [1.5])).toThrow("a rate is 1.5");
});
