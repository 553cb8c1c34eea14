import { expect, test } from "vitest";
import { compareFingerprints, compareLogProbs } from "../../../src/toolkit/train/identity.ts";

const pair = {
  sampler: Float32Array.of(-1, -2, -3, -4),
  learner: Float32Array.of(-1.00005, Number.NaN, -3, -9),
  mask: Float32Array.of(1, 0, 1, 0),
  tokens: 2,
  rows: [7, 12],
};

test("compareLogProbs: looks at masked tokens alone and returns the largest difference", () => {
  const found = compareLogProbs(3, pair);
  expect(found.max).toBeCloseTo(5e-5, 6);
  expect(found).toMatchObject({ count: 2, sum: found.max });
});

test("compareLogProbs: names step, row, token and both values when they are apart", () => {
  const apart = { ...pair, mask: Float32Array.of(1, 0, 1, 1) };
  expect(() => compareLogProbs(3, apart)).toThrow(
    "train: step 3: the sampler and the learner are not the same policy: row 12, token 2 has log-prob -4 when sampled " +
      "and -9 when learned, 5 apart (allowed: 0.0001).",
  );
});

test("compareLogProbs: NaN is a difference", () => {
  expect(() => compareLogProbs(0, { ...pair, mask: Float32Array.of(1, 1, 1, 0) })).toThrow(/row 7, token 2 .* NaN/);
});

test("compareFingerprints: names both", () => {
  expect(() => compareFingerprints(4, "aa", "aa")).not.toThrow();
  expect(() => compareFingerprints(4, "aa", "bb")).toThrow("step 4: the weights changed between sampling and learning");
});
