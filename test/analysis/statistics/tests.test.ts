import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  detectableDifference,
  differencePower,
  fisherExact,
  fisherSamples,
  mcnemar,
  mcnemarPower,
  mcnemarProblems,
  pairedPermutationTest,
  permutationTest,
  problemsNeeded,
  sequentialLooks,
  signTest,
} from "../../../src/analysis/index.ts";
import { binomialShares } from "../../../src/analysis/statistics/discrete.ts";
import { rng } from "../../../src/toolkit/rng.ts";
import { pythonHas } from "../../support/python.ts";
import { runVectors } from "../../vectors/runner/run.ts";

/** Two-sided p of the first `count` values, by counting every subset. */
function counted(values: readonly number[], count: number): number {
  const sums: number[] = [];
  for (let bits = 0; bits < 1 << values.length; bits++) {
    const chosen = values.filter((_, i) => (bits >> i) & 1);
    if (chosen.length === count) sums.push(chosen.reduce((a, b) => a + b, 0));
  }
  const observed = values.slice(0, count).reduce((a, b) => a + b, 0);
  const share = (hit: (sum: number) => boolean): number => sums.filter(hit).length / sums.length;
  return Math.min(
    1,
    2 *
      Math.min(
        share((s) => s <= observed + 1e-12),
        share((s) => s >= observed - 1e-12),
      ),
  );
}

test("permutationTest: every deal counted, for zeros and ones, eighths and any numbers", () => {
  const random = rng({ seed: 3, stream: "test" });
  for (let round = 0; round < 30; round++) {
    const scale = [1, 8, 1000][round % 3] ?? 1;
    const draw = (n: number): number[] => Array.from({ length: n }, () => random.integer(scale + 1) / scale);
    const [a, b] = [draw(1 + random.integer(6)), draw(1 + random.integer(6))];
    expect(permutationTest(a, b).p).toBeCloseTo(counted([...a, ...b], a.length), 10);
  }
});

test("permutationTest: large samples with ties stay exact, and zeros and ones give twice the hypergeometric tail", () => {
  const zerosAndOnes = (ones: number): number[] => Array.from({ length: 240 }, (_, i) => Number(i < ones));
  const { statistic, p } = permutationTest(zerosAndOnes(130), zerosAndOnes(100));
  expect(statistic).toBeCloseTo(30 / 240, 14);
  expect(p).toBeCloseTo(0.007991611737002425, 10); // 2 * scipy.stats.hypergeom(480, 230, 240).sf(129)
});

test("permutationTest: sampled comes near exact, repeats by its seed, and is never 0", () => {
  const [a, b] = [
    [1, 2, 3, 4, 9, 6.5],
    [2, 7, 8, 8.25, 10, 11],
  ];
  const exact = permutationTest(a, b).p;
  const sampled = permutationTest(a, b, { method: "sampled" }).p;
  expect(Math.abs(sampled - exact)).toBeLessThan(4 * 2 * Math.sqrt(exact / 2 / 9999));
  expect(permutationTest(a, b, { method: "sampled" }).p).toBe(sampled);
  const paired = pairedPermutationTest(a, b, { method: "sampled" }).p;
  expect(Math.abs(paired - pairedPermutationTest(a, b).p)).toBeLessThan(0.02);
  const far = Array.from({ length: 30 }, (_, i) => 100 + i);
  expect(
    permutationTest(
      far,
      far.map((x) => -x),
      { method: "sampled", resamples: 99 },
    ).p,
  ).toBeCloseTo(2 / 100, 14);
});

test("pairedPermutationTest: verdicts give the sign test; thirty unlike differences are refused with the way out", () => {
  const x = Array.from({ length: 200 }, (_, i) => Number(i < 120));
  const y = Array.from({ length: 200 }, (_, i) => Number(i >= 15 && i < 100));
  expect(pairedPermutationTest(x, y).p).toBeCloseTo(signTest({ rises: 0, falls: 35 }), 12); // 15 + 20 discordant, one way
  const odd = Array.from({ length: 30 }, (_, i) => Math.sqrt(i + 2));
  const zero = odd.map(() => 0);
  expect(() => pairedPermutationTest(odd, zero)).toThrow('pass method: "sampled"');
  expect(pairedPermutationTest(odd, zero, { method: "sampled" }).p).toBeLessThan(0.001);
  expect(() => pairedPermutationTest([1], [1, 2])).toThrow("1 and 2 values");
});

test("mcnemar: the table and the tail of chi-square with one degree of freedom", () => {
  const x = Array.from({ length: 60 }, (_, i) => Number(i < 40));
  const y = Array.from({ length: 60 }, (_, i) => Number(i >= 30 && i < 45));
  const result = mcnemar(x, y);
  expect(result).toMatchObject({ xOnly: 30, yOnly: 5, both: 10, neither: 15 });
  expect(result.exactP).toBe(signTest({ rises: 5, falls: 30 }));
  expect(result.chiSquare).toBeCloseTo(625 / 35, 12);
  expect(result.chiSquareP / 2.3812376847743398e-5).toBeCloseTo(1, 6); // scipy.stats.chi2.sf(625 / 35, 1)
  expect(() => mcnemar([1, 0.5], [0, 1])).toThrow("x[1] is 0.5");
});

test("problemsNeeded: the formula, its inverse, and its power", () => {
  const z = 1.959963984540054 + 0.8416212335729143;
  // Miller 2024, section 4: between-problem spread and sampling noise that k samples share
  expect(problemsNeeded(0.03, { between: 0.2, within: 0.3, samples: 4 })).toBe(
    Math.ceil((z ** 2 * (0.04 + 0.3 / 4)) / 0.0009),
  );
  expect(detectableDifference(1000, { between: 0.3 })).toBeCloseTo((z * 0.3) / Math.sqrt(1000), 12);
  const n = problemsNeeded(0.02, { between: 0.3 }, { power: 0.9, alpha: 0.01 });
  expect(differencePower(0.02, n, { between: 0.3 }, { alpha: 0.01 })).toBeGreaterThanOrEqual(0.9);
  expect(differencePower(0.02, n - 1, { between: 0.3 }, { alpha: 0.01 })).toBeLessThan(0.9);
  expect(differencePower(0.02, 500, { between: 0.3 })).toBeCloseTo(0.3197243526880226, 10); // statsmodels normal_power
  expect(differencePower(0, 500, { between: 0.3 })).toBeCloseTo(0.05, 12);
  expect(() => problemsNeeded(0, { between: 0.3 })).toThrow("the difference is 0");
  expect(() => problemsNeeded(0.1, { between: 0 })).toThrow("the spread is 0");
  expect(() => problemsNeeded(0.1, { between: 1 }, { power: 80 })).toThrow("power is 80");
});

test("mcnemarPower: summed over every table", () => {
  // scipy: multinomial probabilities of all tables whose binomial test is at most 0.05
  expect(mcnemarPower(30, { xOnly: 0.05, yOnly: 0.3 })).toBeCloseTo(0.5699232463264796, 10);
  expect(mcnemarPower(40, { xOnly: 0.1, yOnly: 0.2 })).toBeCloseTo(0.13360729952989764, 10);
  expect(mcnemarPower(5, { xOnly: 0, yOnly: 1 })).toBe(0); // 2 / 32 is above 0.05
  expect(mcnemarPower(6, { xOnly: 0, yOnly: 1 })).toBeCloseTo(1, 12); // 2 / 64 is not
  expect(mcnemarProblems({ xOnly: 0, yOnly: 1 })).toBe(6);
  const discordance = { xOnly: 0.05, yOnly: 0.1 };
  const problems = mcnemarProblems(discordance);
  expect(mcnemarPower(problems, discordance)).toBeGreaterThanOrEqual(0.8);
  expect(mcnemarPower(problems - 1, discordance)).toBeLessThan(0.8);
  expect(() => mcnemarProblems({ xOnly: 0.1, yOnly: 0.1 })).toThrow("both shares are equal");
  expect(() => mcnemarPower(10, { xOnly: 0.9, yOnly: 0.2 })).toThrow("sum to at most 1");
});

// Boundaries by scipy's multivariate normal; five looks as published for this spending (DeMets & Lan 1994; SAS SEQDESIGN).
test.each([
  ["obrien-fleming", [1 / 3, 2 / 3, 1], [3.7103028, 2.5114279, 1.9930474]],
  ["pocock", [1 / 3, 2 / 3, 1], [2.2794284, 2.29491, 2.2959391]],
  ["obrien-fleming", [0.2, 0.4, 0.6, 0.8, 1], [4.8769, 3.357, 2.6803, 2.2898, 2.031]],
  ["pocock", [0.2, 0.4, 0.6, 0.8, 1], [2.438, 2.4268, 2.4102, 2.3966, 2.386]],
] as const)("sequentialLooks: %s at %o", (spending, shares, boundaries) => {
  const looks = sequentialLooks(shares, { spending });
  for (const [i, z] of boundaries.entries()) expect(looks[i]?.z).toBeCloseTo(z, 3.9);
  expect(looks.at(-1)?.spent).toBeCloseTo(0.05, 12);
});

test("sequentialLooks: one look is an ordinary test, and looks that are not declared in order are refused", () => {
  const [look] = sequentialLooks([1]);
  expect(look?.z).toBeCloseTo(1.959963984540054, 9);
  expect(look?.p).toBeCloseTo(0.05, 9);
  for (const shares of [[], [0.5], [0.5, 0.5, 1], [0, 1], [0.5, 2]]) {
    expect(() => sequentialLooks(shares)).toThrow("pass rising shares above 0, the last 1");
  }
});

test("sequentialLooks: five declared looks keep the error, undeclared ones at 0.05 do not", () => {
  const looks = sequentialLooks([0.2, 0.4, 0.6, 0.8, 1]);
  const random = rng({ seed: 4, stream: "test" });
  let [declared, naive] = [0, 0];
  const trials = 20_000;
  for (let trial = 0; trial < trials; trial++) {
    let sum = 0;
    const z = looks.map(({ share }) => {
      sum += random.normal() * Math.sqrt(0.2);
      return Math.abs(sum) / Math.sqrt(share);
    });
    declared += Number(z.some((value, i) => value >= (looks[i]?.z ?? 0)));
    naive += Number(z.some((value) => value >= 1.96));
  }
  expect(Math.abs(declared / trials - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / trials));
  expect(Math.abs(naive / trials - 0.142)).toBeLessThan(0.012); // Armitage, McPherson & Rowe 1969, table 2: five looks
});

/** The Python packages that the reference script computes with. */
const packages = ["numpy", "scipy", "statsmodels", "rliable"];
const found = pythonHas(...packages);
if (!found) console.log(`statistics: ${packages.join(", ")} not found for Python (RLVR_PYTHON), stored numbers only`);

test.skipIf(!found)("statistics: agrees with the packages on new random cases of every form", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-statistics-"));
  const script = fileURLToPath(new URL("../../../scripts/reference/statistics.py", import.meta.url));
  const args = ["-W", "ignore", script, "--seed", "5", "--each", "3"];
  const { stdout, stderr } = spawnSync(process.env.RLVR_PYTHON ?? "python3", args, { encoding: "utf8" });
  writeFileSync(join(folder, "cases.json"), stdout);
  const { passed, failures } = await runVectors("statistics", join(folder, "cases.json"));
  rmSync(folder, { recursive: true });
  expect(failures.join("\n"), stderr).toBe("");
  expect(passed).toBe(17 * 3);
});

test("fisherSamples: exact where one rate is 0, near the exact number elsewhere", () => {
  const power = (n: number, p: number, q: number): number => {
    let sum = 0;
    for (const [a, first] of binomialShares(n, p).entries()) {
      for (const [b, second] of binomialShares(n, q).entries()) {
        if (first * second > 1e-9 && fisherExact({ n, correct: a }, { n, correct: b }) <= 0.05) sum += first * second;
      }
    }
    return sum;
  };
  const exact = fisherSamples(0.1, 0);
  expect([power(exact, 0.1, 0) >= 0.8, power(exact - 1, 0.1, 0) >= 0.8]).toEqual([true, false]);
  expect(fisherSamples(0.9, 1)).toBe(exact); // the same seen from the failures
  expect(power(fisherSamples(0.5, 0.2), 0.5, 0.2)).toBeCloseTo(0.8, 1);
  // Casagrande, Pike & Smith at p̄ = 0.35: A = (1.96 √0.455 + 0.8416 √0.41)² = 3.4632, n = A (1 + √(1 + 1.2 / A))² / 0.36 = 44.9.
  expect(fisherSamples(0.5, 0.2)).toBe(45);
  expect(() => fisherSamples(0.3, 0.3)).toThrow("both rates are equal");
  expect(() => fisherSamples(Number.NaN, 0.3)).toThrow("a rate is NaN");
});
