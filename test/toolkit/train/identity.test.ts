import { expect, test } from "vitest";
import {
  type Agreement,
  checkAgreement,
  compareFingerprints,
  compareLogProbs,
  noAgreement,
} from "../../../src/toolkit/train/identity.ts";

const pair = {
  sampler: Float32Array.of(-1, -2, -3, -4),
  learner: Float32Array.of(-1.00005, Number.NaN, -3, -9),
  mask: Float32Array.of(1, 0, 1, 0),
  tokens: 2,
  rows: [7, 12],
};

function compare(more: Partial<typeof pair> = {}): Agreement {
  const seen = noAgreement();
  compareLogProbs(3, { ...pair, ...more }, seen);
  return seen;
}

test("compareLogProbs: looks at masked tokens alone and adds up what it finds", () => {
  const seen = compare();
  expect(seen.max).toBeCloseTo(5e-5, 6);
  expect(seen).toMatchObject({ count: 2, sum: seen.max, apart: 0 });
  expect(() => checkAgreement(3, seen)).not.toThrow();
});

test("compareLogProbs: names step, row, token and both values when they are apart", () => {
  expect(() => compare({ mask: Float32Array.of(1, 0, 1, 1) })).toThrow(
    "train: step 3: the sampler and the learner disagree: row 12, token 2 has log-prob -4 when sampled and -9 when " +
      "learned, 5 apart (allowed: 0.0001). Their weights are the same, so the difference is rounding at extreme weights; " +
      "lower learningRate.",
  );
});

test("compareLogProbs: NaN is a difference", () => {
  expect(() => compare({ mask: Float32Array.of(1, 1, 1, 0) })).toThrow(/row 7, token 2 .* NaN/);
});

test("checkAgreement: one token in 1000 may be past the tolerance by rounding, no more", () => {
  const seen = compare({ learner: Float32Array.of(-1.0002, 0, -3, 0) });
  expect(seen.apart).toBe(1);
  expect(() => checkAgreement(3, seen)).toThrow(/step 3: .* row 7, token 1 has log-prob -1 when sampled and -1.0002/);
  expect(() => checkAgreement(3, { ...seen, count: 1000 })).not.toThrow();
  expect(() => checkAgreement(3, { ...seen, count: 1000, apart: 2 })).toThrow();
});

test("compareFingerprints: names both", () => {
  expect(() => compareFingerprints(4, "aa", "aa")).not.toThrow();
  expect(() => compareFingerprints(4, "aa", "bb")).toThrow("step 4: the weights changed between sampling and learning");
});
