import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rng } from "../../../../src/index.ts";
import {
  boundaryInputs,
  buildSuite,
  detectionBound,
  differentialInputs,
  fitSaturation,
  killMatrix,
  mutatedProblems,
  readCodeProblems,
  readTestCases,
  suiteMetrics,
  suiteReward,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

const double = (input: string): string => `${2 * Number(input)}`;
const square = (input: string): string => `${Number(input) ** 2}`;
const crash = (): string => {
  throw new Error("crash");
};
const endless = (_: string, step: () => void): string => {
  for (;;) step();
};

test("saga: a wrong program is killed where it differs, crashes or never ends", () => {
  const inputs = ["0", "1", "2"]; // 2 x = x² at 0 and 2
  expect(killMatrix({ reference: double, wrong: [square, crash, endless], inputs })).toEqual([
    [0, 1, 0],
    [1, 1, 1],
    [1, 1, 1],
  ]);
  expect(() => killMatrix({ reference: crash, wrong: [square], inputs })).toThrow("the reference fails on test 0");
  expect(() => killMatrix({ reference: double, wrong: [], inputs })).toThrow("there are 0 wrong programs and 3 tests");
});

test("saga: a suite keeps what the validator accepts, once, and rewards programs that pass all of it", () => {
  const tests = buildSuite({
    generators: [() => ["1", "x", "2"], () => ["2", "5"]],
    validator: (input) => /^\d+$/.test(input),
    reference: double,
  });
  expect(tests).toEqual([
    { input: "1", output: "2" },
    { input: "2", output: "4" },
    { input: "5", output: "10" },
  ]);
  expect([double, square, endless].map((program) => suiteReward(program, tests))).toEqual([1, 0, 0]);
  expect(suiteReward(square, tests.slice(1, 2))).toBe(1); // a weak suite rewards a wrong program
  expect(() => suiteReward(double, [])).toThrow("there is no test");
  const none = { generators: [() => ["x"]], validator: () => false, reference: double };
  expect(() => buildSuite(none)).toThrow("the validator accepts no input");
  expect(() => buildSuite({ ...none, validator: () => true, reference: crash })).toThrow('the reference fails on "x"');
});

test("saga: edges of ranges, and inputs on which programs differ", () => {
  expect(boundaryInputs([[0, 1]])).toEqual(["0", "1"]);
  expect(
    boundaryInputs([
      [0, 8],
      [3, 3],
    ]),
  ).toEqual(["0 3", "8 3", "1 3", "7 3", "4 3"]);
  expect(() => boundaryInputs([[2, 1]])).toThrow("range 0 is 2 to 1");
  const candidates = ["0", "2", "3", "1"];
  expect(differentialInputs({ accepted: double, rejected: [square, double], candidates })).toEqual(["3"]);
});

test("saga: on mutated problems, rules that look for differences beat random inputs", () => {
  const problems = mutatedProblems({ seed: 1, mutants: 30 });
  expect(problems).toHaveLength(20);
  const random = rng({ seed: 2, stream: "test" });
  const size = 16;
  const kills = { random: [] as number[][][], rules: [] as number[][][] };
  for (const { ranges, validator, reference, wrong } of problems) {
    const draw = (): string => ranges.map(([low, high]) => low + random.integer(high - low + 1)).join(" ");
    const drawn = Array.from({ length: 400 }, draw);
    const rules = [
      ...differentialInputs({
        accepted: reference,
        rejected: wrong,
        candidates: [...boundaryInputs(ranges), ...drawn],
      }),
      ...boundaryInputs(ranges),
    ];
    expect(rules.every(validator)).toBe(true);
    kills.random.push(killMatrix({ reference, wrong, inputs: drawn.slice(0, size) }));
    kills.rules.push(killMatrix({ reference, wrong, inputs: rules.slice(0, size) }));
  }
  const [plain, guided] = [suiteMetrics(kills.random), suiteMetrics(kills.rules)];
  expect(guided.dr.at(-1)).toBeGreaterThan((plain.dr.at(-1) ?? 1) + 0.05);
  expect(guided.vacc.at(-1)).toBeGreaterThan((plain.vacc.at(-1) ?? 1) + 0.2);
  const { p, rho } = fitSaturation(plain.dr);
  expect(p).toBe(plain.dr[0]);
  expect(rho).toBeGreaterThan(0.05); // tests of one problem are alike: far from independent
  expect(() => mutatedProblems({ seed: 1, mutants: 0 })).toThrow("mutants is 0");
});

test("saga: the same seed makes the same problems", () => {
  const outputs = (seed: number) =>
    mutatedProblems({ seed, mutants: 3 }).map(({ name, wrong }) => [
      name,
      ...wrong.map((run) => run("5 17", () => {})),
    ]);
  expect(outputs(4)).toEqual(outputs(4));
  expect(outputs(4)).not.toEqual(outputs(5));
});

test("saga: a saturation curve is found again", () => {
  const curve = Array.from({ length: 40 }, (_, i) => detectionBound(0.2, i + 1, 0.1));
  const { p, rho } = fitSaturation(curve);
  expect([p, rho]).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.1, 6)]);
  expect(() => fitSaturation([0.5])).toThrow("there are 1 rates");
});

const folder = mkdtempSync(join(tmpdir(), "rlvr-saga-"));
beforeAll(() => {
  const row = { title: "t", problem: "p", question_id: "abc390_b", link: "l", Source: "AtCoder", difficulty: "easy" };
  writeFileSync(join(folder, "problems.jsonl"), `${JSON.stringify(row)}\n`);
  writeFileSync(join(folder, "bad.jsonl"), `${JSON.stringify({ ...row, link: null })}\n`);
  const tests = { case_10: { input: "1", output: "2" }, case_2: { input: "0", output: "0" } };
  writeFileSync(join(folder, "tests.json"), JSON.stringify(tests));
  writeFileSync(join(folder, "empty.json"), "{}");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("saga: published problems and tests are read", async () => {
  expect(await readCodeProblems(join(folder, "problems.jsonl"))).toEqual([
    { id: "abc390_b", title: "t", statement: "p", link: "l", source: "AtCoder", difficulty: "easy" },
  ]);
  expect(await readTestCases(join(folder, "tests.json"))).toEqual([
    { input: "0", output: "0" },
    { input: "1", output: "2" },
  ]);
  await expect(readCodeProblems(join(folder, "bad.jsonl"))).rejects.toThrow("link of row 0 is null");
  await expect(readTestCases(join(folder, "empty.json"))).rejects.toThrow("holds no test");
  await expect(readTestCases(join(folder, "none.json"))).rejects.toThrow("ENOENT");
});
