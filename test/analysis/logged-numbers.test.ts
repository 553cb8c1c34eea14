import { expect, test } from "vitest";
import { checkLogged, countPair, limitReport, reasoningBoundary } from "../../src/analysis/index.ts";
import { type ImportedRun, importedSet, importRun, importScores } from "../../src/index.ts";
import { dump } from "../support/dump.ts";

/** A verl dump of problems with the outcomes of their samples, and its log. */
function verl(
  problems: readonly (readonly number[])[],
  log: Readonly<Record<string, number>> | undefined,
): Promise<ImportedRun> {
  const rows = problems.flatMap((outcomes, p) =>
    outcomes.map((acc, s) => ({
      input: `q${p}`,
      output: "o",
      gts: "g",
      score: 2 * acc - 1,
      step: 20,
      acc,
      pred: acc === 1 ? "right" : `w${s % 2}`,
    })),
  );
  return importRun(
    dump({ "validation/20.jsonl": rows, ...(log === undefined ? {} : { "log.jsonl": [{ step: 20, data: log }] }) }),
  );
}

test("checkLogged: verl's best@k of 1 right in 4 is 0.684, the unbiased pass@4 is 1", async () => {
  const name = "val-core/math/acc/best@4/mean";
  const { numbers, notCompared } = checkLogged(await verl([[1, 0, 0, 0]], { [name]: 0.684 }));
  expect(notCompared).toEqual([]);
  expect(numbers).toHaveLength(1);
  expect(numbers[0]).toMatchObject({ metric: name, set: "validation", step: 20, problems: 1, logged: 0.684, right: 1 });
  expect(numbers[0]?.expected).toBeCloseTo(1 - (3 / 4) ** 4, 12);
  expect(numbers[0]?.why).toContain("with replacement");
});

// Means over the problems 1 of 4 and 2 of 4. pass@2: 1 − (3·2)/(4·3) = 1/2 and 1 − (2·1)/(4·3) = 5/6.
// All k right: C(c, 2) / C(4, 2) = 0 and 1/6. With replacement: (1/4)² and (2/4)² for "all right".
test.each([
  { name: "val-core/m/acc/mean@4", logged: 0.375, right: (1 / 4 + 2 / 4) / 2, expected: 0.375, why: "agrees" },
  {
    name: "val-core/m/acc/best@2/mean",
    logged: 0.6,
    right: (1 / 2 + 5 / 6) / 2,
    expected: (7 / 16 + 3 / 4) / 2,
    why: "too low",
  },
  {
    name: "val-aux/m/acc/worst@2/mean",
    logged: 0.15,
    right: (0 + 1 / 6) / 2,
    expected: (1 / 16 + 4 / 16) / 2,
    why: "too high",
  },
  {
    name: "val-aux/m/acc/std@4",
    logged: (Math.sqrt(3 / 16) + 1 / 2) / 2,
    right: (Math.sqrt(3 / 12) + Math.sqrt(4 / 12)) / 2, // squared deviations 3/4 and 1, over n − 1 = 3
    expected: (Math.sqrt(3 / 16) + 1 / 2) / 2,
    why: "n − 1",
  },
  { name: "val-core/m/reward/mean@4", logged: -0.25, right: (-0.5 + 0) / 2, expected: -0.25, why: "agrees" },
])("checkLogged: verl's $name", async ({ name, logged, right, expected, why }) => {
  const run = await verl(
    [
      [1, 0, 0, 0],
      [1, 1, 0, 0],
    ],
    { [name]: logged },
  );
  const [number] = checkLogged(run).numbers;
  expect(number?.right).toBeCloseTo(right, 12);
  expect(number?.expected).toBeCloseTo(expected, 12);
  expect(number?.difference).toBeCloseTo(logged - right, 12);
  expect(number?.why).toContain(why);
});

test("checkLogged: a majority with the ties shared out; one right answer spelled in two ways is not compared", async () => {
  // Votes right, right, w0, w1. Two of them: both right 1/6, one right 4/6 (a tie, worth 1/2): 1/6 + 1/3 = 1/2.
  const name = "val-core/m/acc/maj@2/mean";
  const run = await verl([[1, 1, 0, 0]], { [name]: 0.6 });
  expect(checkLogged(run).numbers[0]?.right).toBeCloseTo(0.5, 12);
  const rows = ["4", "4.0"].map((pred) => ({ input: "q", output: "o", gts: "4", score: 1, acc: 1, pred, step: 20 }));
  const spelled = await importRun(dump({ "val/20.jsonl": rows, "log.jsonl": [{ step: 20, data: { [name]: 1 } }] }));
  expect(checkLogged(spelled).notCompared[0]?.why).toContain("is spelled in 2 ways");
});

test("checkLogged: a dump without its log says what the log would have said", async () => {
  const { numbers } = checkLogged(await verl([[1, 0, 0, 0]], undefined));
  expect(numbers.map(({ metric, logged, expected, right }) => [metric, logged, expected, right])).toEqual([
    ["best@2/mean", undefined, 1 - (3 / 4) ** 2, 0.5],
    ["best@4/mean", undefined, 1 - (3 / 4) ** 4, 1],
  ]);
});

test("checkLogged: what cannot be compared is listed with the reason", async () => {
  const log = {
    "val-core/m/acc/best@8/mean": 1,
    "val-core/m/other/mean@4": 1,
    "val-core/x/acc/mean@4": 1,
    "actor/loss": 3,
  };
  const { notCompared, numbers } = checkLogged(await verl([[1, 0, 0, 0]], log));
  expect(numbers).toEqual([]);
  expect(notCompared.map(({ why }) => why)).toEqual(
    Array(3).fill("the log has 2 data sources, and the dump does not say which row is of which"),
  );
  const one = checkLogged(
    await verl([[1, 0, 0, 0]], { "val-core/m/acc/best@8/mean": 1, "val-core/m/other/mean@4": 1 }),
  );
  expect(one.notCompared.map(({ why }) => why)).toEqual([
    "the dump has fewer than 8 samples of some problems",
    "some samples of the dump have no number called other",
  ]);
});

test("checkLogged: lighteval's bootstrapped error is 31.6 times too small, lm-eval's of a mean is right", async () => {
  // 30 of 100 documents right: the error of the mean is √(0.3 · 0.7 · 100 / 99 / 100).
  const right = Math.sqrt((0.3 * 0.7 * 100) / 99 / 100);
  const rows = Array.from({ length: 100 }, (_, i) => ({
    doc_id: i,
    target: "t",
    resps: [["r"]],
    filtered_resps: ["r"],
    filter: "none",
    metrics: ["maj"],
    maj: i < 30 ? 1 : 0,
  }));
  const check = async (results: object) => {
    const folder = dump({
      "samples_toy_2025-06-01T00-00-00.jsonl": rows,
      "results_2025-06-01T00-00-00.json": JSON.stringify(results),
    });
    return checkLogged(await importRun(folder)).numbers;
  };
  const lighteval = await check({
    config_general: {},
    results: { toy: { maj: 0.3, maj_stderr: right / Math.sqrt(1000) } },
  });
  expect(lighteval.map(({ why }) => why)).toEqual(["agrees", expect.stringContaining("31.6 times too small")]);
  expect(lighteval[1]?.right).toBeCloseTo(right, 12);
  const harness = await check({ results: { toy: { "maj,none": 0.3, "maj_stderr,none": right } } });
  expect(harness.map(({ why }) => why)).toEqual(["agrees", "agrees"]);
});

test("imported sets go into the analyses as they are", () => {
  const set = (scores: number[][]) => importedSet(importScores(scores, { ids: ["a", "b"] }));
  const [base, trained] = [
    set([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ]),
    set([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
    ]),
  ];
  expect(reasoningBoundary(base, trained).crossing.k).toBe(3); // base 1/4, 2/4, 3/4, trained 1/2 throughout
  const pair = countPair(base, trained);
  expect(pair).toEqual({ base: { n: 4, correct: [1, 1] }, trained: { n: 4, correct: [4, 0] }, ids: ["a", "b"] });
  expect(limitReport(pair).coverage.baseOnly).toEqual([1]);
  expect(() => countPair(base, set([[1], [0]]))).toThrow(
    'problem "a" has 4 samples in the base run and 1 in the trained one',
  );
});
