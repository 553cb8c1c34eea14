import { expect, test } from "vitest";
import {
  benjaminiHochberg,
  clusteredBootstrap,
  fisherExact,
  pairedDifference,
  passAtK,
  passCurve,
  quantile,
  signTest,
  wilsonInterval,
} from "../../../src/analysis/index.ts";
import { normalQuantile } from "../../../src/analysis/statistics/normal.ts";
import { rng } from "../../../src/toolkit/rng.ts";

// Vectors 1 of Yue et al. 2025 (arXiv:2504.13837) and of Wu et al. 2025 (arXiv:2507.14843).
test.each([
  [10, 3, 1, 0.3],
  [10, 3, 2, 0.5333333333],
  [10, 3, 5, 0.9166666667],
  [10, 3, 7, 0.9916666667],
  [10, 3, 8, 1],
  [10, 3, 10, 1],
  [10, 0, 10, 0],
  [4, 4, 1, 1],
  [256, 1, 128, 0.5],
  [1024, 2, 256, 0.4376832845],
  [16, 3, 4, 0.607142857],
  [16, 0, 4, 0],
  [16, 14, 4, 1],
])("passAtK: n = %i, correct = %i, k = %i gives %f", (n, correct, k, expected) => {
  expect(passAtK({ n, correct }, k)).toBeCloseTo(expected, 9);
  expect(passCurve({ n, correct })[k - 1]).toBeCloseTo(expected, 9);
});

test("passAtK: agrees with counting every subset of six samples", () => {
  for (let correct = 0; correct <= 6; correct++) {
    for (let k = 1; k <= 6; k++) {
      const subsets = Array.from({ length: 64 }, (_, bits) => bits).filter((bits) => popCount(bits) === k);
      const hits = subsets.filter((bits) => (bits & ((1 << correct) - 1)) !== 0);
      expect(passAtK({ n: 6, correct }, k)).toBeCloseTo(hits.length / subsets.length, 14);
      expect(passCurve({ n: 6, correct })[k - 1]).toBeCloseTo(hits.length / subsets.length, 14);
    }
  }
});

const popCount = (bits: number): number => bits.toString(2).replaceAll("0", "").length;

test.each([
  [{ n: 4, correct: 1 }, 5, "passAtK: k is 5 of n = 4 samples"],
  [{ n: 4, correct: 1 }, 0, "k is 0"],
  [{ n: 4, correct: 5 }, 1, "correct is 5 of n = 4"],
  [{ n: 4, correct: -1 }, 1, "correct is -1"],
  [{ n: Number.NaN, correct: 1 }, 1, "n is NaN"],
  [{ n: 4, correct: 1.5 }, 1, "correct is 1.5"],
])("passAtK: %o with k = %i is refused", (counts, k, message) => {
  expect(() => passAtK(counts, k)).toThrow(message);
});

// Wilson's ends are the two rates p with (share − p)² = z² p (1 − p) / n.
test.each([
  { correct: 30, n: 100, confidence: 0.95, z: 1.959963984540054 },
  { correct: 1, n: 20, confidence: 0.9, z: 1.6448536269514722 },
  { correct: 0, n: 20, confidence: 0.95, z: 1.959963984540054 },
  { correct: 20, n: 20, confidence: 0.95, z: 1.959963984540054 },
])("wilsonInterval: $correct of $n at $confidence", ({ correct, n, confidence, z }) => {
  const { value, low, high } = wilsonInterval({ n, correct }, confidence);
  expect(value).toBe(correct / n);
  for (const end of [low, high]) expect((value - end) ** 2).toBeCloseTo((z ** 2 * end * (1 - end)) / n, 14);
  if (correct === 0) expect([low, high]).toEqual([0, expect.closeTo(z ** 2 / (n + z ** 2), 12)]);
  if (correct === n) expect([low, high]).toEqual([expect.closeTo(n / (n + z ** 2), 12), 1]);
  expect(low).toBeLessThan(high);
});

test("normalQuantile: known quantiles in the centre, the middle and the tail", () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
  expect(normalQuantile(0.5)).toBe(0);
  expect(normalQuantile(0.25)).toBeCloseTo(-0.6744897501960817, 14);
  expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 12);
  expect(normalQuantile(1e-20)).toBeCloseTo(-9.2623400898, 9);
});

// Fisher's tea: 3 of 4 against 1 of 4; two-sided p = (16 + 16 + 1 + 1) / 70.
test.each([
  [{ n: 4, correct: 3 }, { n: 4, correct: 1 }, 34 / 70],
  [{ n: 4, correct: 4 }, { n: 4, correct: 0 }, 2 / 70],
  [{ n: 10, correct: 1 }, { n: 14, correct: 11 }, 0.0027594561852200836], // scipy.stats.fisher_exact([[1, 9], [11, 3]])
  [{ n: 5, correct: 0 }, { n: 7, correct: 0 }, 1],
  [{ n: 5, correct: 5 }, { n: 7, correct: 7 }, 1],
])("fisherExact: %o against %o", (a, b, p) => {
  expect(fisherExact(a, b)).toBeCloseTo(p, 12);
  expect(fisherExact(b, a)).toBeCloseTo(p, 12);
});

test("fisherExact: thousands of samples neither overflow nor vanish", () => {
  expect(fisherExact({ n: 4096, correct: 2048 }, { n: 4096, correct: 2048 })).toBeCloseTo(1, 12);
  expect(fisherExact({ n: 4096, correct: 0 }, { n: 4096, correct: 4096 })).toBeLessThan(1e-300);
});

test("signTest: twice the smaller binomial tail", () => {
  expect(signTest({ rises: 9, falls: 1 })).toBeCloseTo((2 * (1 + 10)) / 1024, 14);
  expect(signTest({ rises: 0, falls: 5 })).toBeCloseTo(2 / 32, 14);
  expect(signTest({ rises: 5, falls: 5 })).toBe(1);
  expect(signTest({ rises: 0, falls: 0 })).toBe(1);
  expect(signTest({ rises: 1500, falls: 1000 })).toBeLessThan(1e-20);
  expect(() => signTest({ rises: 0.5, falls: 1 })).toThrow("rises is 0.5");
});

test("benjaminiHochberg: p times count over rank, made monotone from the largest down", () => {
  // ranks 1, 3, 2, 4 of 4: 0.01·4, 0.04·4/3, 0.03·4/2 = 0.06 then held down to 0.0533…, 0.5
  const adjusted = benjaminiHochberg([0.01, 0.04, 0.03, 0.5]);
  for (const [i, value] of [0.04, 0.16 / 3, 0.16 / 3, 0.5].entries()) expect(adjusted[i]).toBeCloseTo(value, 14);
  expect(() => benjaminiHochberg([1.1])).toThrow("a p-value is 1.1");
});

test("quantile: linear between neighbours, and Infinity stays itself", () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4], 1)).toBe(4);
  expect(quantile([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 0.75)).toBe(Number.POSITIVE_INFINITY);
});

test("clusteredBootstrap: the standard error of a mean comes out, and the seed repeats it", () => {
  const values = Array.from({ length: 200 }, (_, i) => Number(i % 5 < 2)); // share 0.4, SE = sqrt(0.24/200) = 0.0346
  const share = (counts: Uint32Array): number => values.reduce((sum, v, i) => sum + v * (counts[i] ?? 0), 0) / 200;
  const interval = clusteredBootstrap(200, share);
  expect(interval.value).toBeCloseTo(0.4, 14);
  expect((interval.high - interval.low) / (2 * 1.96)).toBeCloseTo(Math.sqrt(0.24 / 200), 2.5);
  expect(clusteredBootstrap(200, share)).toEqual(interval);
  expect(clusteredBootstrap(200, share, { seed: 1 })).not.toEqual(interval);
  expect(() => clusteredBootstrap(200, share, { confidence: 95 })).toThrow("confidence is 95");
});

test("clusteredBootstrap: 95 % intervals of pass@1 at 30 problems x 8 samples cover the truth", () => {
  // Problems' success rates uniform in [0, 1], so the truth is 0.5. 400 trials: 2 standard errors of a coverage of 0.95 = 0.022.
  const random = rng({ seed: 11, stream: "test" });
  let covered = 0;
  for (let trial = 0; trial < 400; trial++) {
    const shares = Array.from({ length: 30 }, () => {
      const rate = random.uniform();
      return Array.from({ length: 8 }, () => random.uniform()).filter((u) => u < rate).length / 8;
    });
    const statistic = (counts: Uint32Array): number => shares.reduce((sum, s, i) => sum + s * (counts[i] ?? 0), 0) / 30;
    const { low, high } = clusteredBootstrap(30, statistic, { resamples: 500, seed: trial });
    if (low <= 0.5 && 0.5 <= high) covered++;
  }
  expect(covered / 400).toBeGreaterThan(0.91);
  expect(covered / 400).toBeLessThan(0.98);
});

test("pairedDifference: mean, standard error and directions of the differences", () => {
  const paired = pairedDifference([0, 0.5, 0.5, 1], [0.5, 0.5, 1, 0.75]); // differences 0.5, 0, 0.5, −0.25
  expect(paired.value).toBeCloseTo(0.1875, 14);
  const squares = 0.3125 ** 2 + 0.1875 ** 2 + 0.3125 ** 2 + 0.4375 ** 2;
  expect(paired.standardError).toBeCloseTo(Math.sqrt(squares / 3 / 4), 14);
  expect(paired).toMatchObject({ rises: 2, falls: 1, ties: 1 });
  expect(paired.low).toBeLessThan(paired.value);
  expect(() => pairedDifference([1], [1, 2])).toThrow("1 and 2 values");
  expect(() => pairedDifference([1], [Number.NaN])).toThrow("y[0] is NaN");
});
