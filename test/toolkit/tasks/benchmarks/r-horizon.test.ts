import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rng } from "../../../../src/index.ts";
import {
  chainReward,
  composeChain,
  composeDataset,
  finalAnswers,
  horizonCurve,
  isPureInteger,
  keyCandidates,
  pickKey,
  readHorizonChains,
  readHorizonSeeds,
  scoreChain,
  wordProblems,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

const box = "A box holds 7 rows of 5 balls. How many balls?";
const seeds = [
  { id: "a", question: "What is 5 + 7?", answer: 12, key: { value: 5, start: 8, end: 9 } },
  { id: "b", question: box, answer: 35, key: { value: 7, start: 12, end: 13 } },
  { id: "c", question: "Is $x = 40$ odd? Say 0.", answer: 0, key: { value: 40, start: 8, end: 10, inMath: true } },
];

test("r-horizon: a chain replaces the key at its place and asks for every answer", () => {
  const { prompt, targets, offsets, ids } = composeChain(seeds);
  expect([targets, offsets, ids]).toEqual([
    [12, 35, 0],
    [-5, 5],
    ["a", "b", "c"],
  ]);
  expect(prompt).toContain("Problem 1: What is 5 + 7?");
  expect(prompt).toContain("[variable2] = [answer1] - 5. A box holds [variable2] rows of 5 balls. How many balls?");
  expect(prompt).toContain("[variable3] = [answer2] + 5. Is $x = {[variable3]}$ odd?");
  expect(prompt).toContain("### Final Answers\n\nProblem 1: \\boxed{[answer1]}");
  expect(() => composeChain([])).toThrow("there is no problem");
  expect(() => composeChain([seeds[0], seeds[0]] as typeof seeds)).toThrow("problem a comes twice");
  const moved = { id: "d", question: box, answer: 35, key: { value: 7, start: 13, end: 14 } };
  expect(() => composeChain([moved])).toThrow('" " stands where d has its key 7');
  expect(() => composeChain([{ ...moved, answer: 0.5 }])).toThrow("the answer of d is 0.5");
});

test("r-horizon: data sets hold different chains, none expected to be solved too rarely, and repeat by seed", () => {
  const pool = wordProblems({ count: 12, seed: 1 });
  const chains = composeDataset({ seeds: pool, n: 3, count: 40 });
  expect(chains).toHaveLength(40);
  expect(new Set(chains.map(({ ids }) => ids.join())).size).toBe(40);
  expect(composeDataset({ seeds: pool, n: 3, count: 40 })).toEqual(chains);
  const passRates = Object.fromEntries(pool.map(({ id }, i) => [id, i < 6 ? 0.9 : 0.1]));
  const solvable = composeDataset({ seeds: pool, n: 2, count: 20, passRates, minExpected: 0.25 });
  expect(solvable.length).toBeGreaterThan(5);
  expect(solvable.flatMap(({ ids }) => ids).every((id) => (passRates[id] ?? 0) > 0.5)).toBe(true);
  expect(composeDataset({ seeds: pool.slice(0, 2), n: 2, count: 9 })).toHaveLength(2); // there are two orders
  expect(() => composeDataset({ seeds: pool, n: 13, count: 1 })).toThrow("n is 13 with 12 seeds");
  expect(() => composeDataset({ seeds: pool, n: 1, count: 0 })).toThrow("count is 0");
  expect(() => composeDataset({ seeds: pool, n: 1, count: 1, minExpected: 0.5 })).toThrow("without passRates");
  expect(() => composeDataset({ seeds: pool, n: 1, count: 1, passRates: {} })).toThrow("pass rate 0 is NaN");
});

test("r-horizon: pure integers and key numbers", () => {
  const texts = ["-42", "{1 000}", "3.0", "\\frac{1}{2}", "12 cm", "1/2", ""];
  expect(texts.map(isPureInteger)).toEqual([true, true, false, false, false, false, false]);
  const values = (text: string): number[] => keyCandidates(text).map(({ value }) => value);
  expect(values("In Step 3 put x_1 and y^{2} at (3, 4) of 1,000 and 50")).toEqual([50]);
  expect(keyCandidates("$\\frac{3}{x}$, 8 apples and $y + 5$")).toEqual([
    { value: 3, start: 7, end: 8, inMath: true, independent: false },
    { value: 8, start: 15, end: 16, inMath: false, independent: true },
    { value: 5, start: 33, end: 34, inMath: true, independent: true },
  ]);
  expect(pickKey("$\\frac{3}{x}$, 8 apples and $y + 5$")?.value).toBe(8);
  expect(pickKey("8 and 9 apples", (_, { value }) => (value === 9 ? "medium" : "low"))?.value).toBe(9);
  expect(pickKey("8 apples", () => undefined)).toBeUndefined();
});

const response = (a: string, b: string): string =>
  `<think>\\boxed{1}</think> So.\n### Final Answers\n\nProblem 1: \\boxed{${a}}\n\nProblem 2: \\boxed{${b}}`;

test("r-horizon: answers are read behind the heading, or from the last boxes", () => {
  expect([...finalAnswers(response("4", "9"), 2)]).toEqual([
    [1, "4"],
    [2, "9"],
  ]);
  expect([...finalAnswers("### Final Answers Problem 2: \\boxed{9}", 2)]).toEqual([[2, "9"]]);
  expect([...finalAnswers("\\boxed{1} \\boxed{4} \\boxed{\\frac{1}{2}}", 2)]).toEqual([
    [1, "4"],
    [2, "\\frac{1}{2}"],
  ]);
  expect(finalAnswers("nothing", 2).size).toBe(0);
});

test("r-horizon: rewards of the last answer and of all, behind a closed thinking block", () => {
  const gold = ["4", "9"];
  const rewards = (text: string) => [chainReward(text, gold), chainReward(text, gold, { kind: "all" })];
  expect(rewards(response("4", "9"))).toEqual([1, 1]);
  expect(rewards(response("5", "9"))).toEqual([1, 0]);
  expect(rewards(response("4", "8"))).toEqual([0, 0]);
  expect(rewards("### Final Answers Problem 2: \\boxed{9}")).toEqual([0, 0]);
  expect(chainReward("\\boxed{4} \\boxed{9}", gold, { kind: "all", closedThinking: false })).toBe(1);
  expect(scoreChain({ gold, predicted: new Map([[1, "4"]]), equal: () => undefined }).labels).toEqual([-1, -1]);
});

test("r-horizon: a solver that tires falls below what independence predicts", () => {
  const random = rng({ seed: 2, stream: "solver" });
  const results = [1, 2, 4, 8].flatMap((n) =>
    Array.from({ length: 1500 }, () => {
      const passRates = Array.from({ length: n }, () => 0.9);
      const right = passRates.map((rate, i) => random.uniform() < rate - 0.04 * i);
      const gold = right.map(() => "1");
      const predicted = new Map(right.map((is, i) => [i + 1, is ? "1" : "0"]));
      return { passRates, ...scoreChain({ gold, predicted, equal: (a, b) => a === b }) };
    }),
  );
  const curve = horizonCurve(results);
  expect(curve.map(({ n, chains }) => [n, chains])).toEqual([1, 2, 4, 8].map((n) => [n, 1500]));
  expect(Math.abs(curve[0]?.gap ?? 1)).toBeLessThan(0.03);
  expect(curve[3]?.gap).toBeGreaterThan(0.2); // 0.43 expected, some 0.14 there
  expect(curve[3]?.expected).toBeCloseTo(0.9 ** 8, 9);
});

test("r-horizon: hard problems that come together raise the mean of products above the product of means", () => {
  const chain = (rate: number) => ({ passRates: [rate, rate], accAll: 0, accLast: 0 }) as const;
  const [point] = horizonCurve([chain(1), chain(0)]);
  expect(point).toMatchObject({ expected: 0.5, expectedOfMeans: 0.25 });
});

const folder = mkdtempSync(join(tmpdir(), "rlvr-horizon-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("r-horizon: released seeds and chains are read; positions count characters", async () => {
  const seed = {
    instanceId: "s",
    input: "😀 7 rows",
    target: ["{35}"],
    selected_variable: { number: 7, start_pos: 2, end_pos: 3, is_in_math_env: false },
  };
  const path = join(folder, "seeds.jsonl");
  writeFileSync(path, `${JSON.stringify(seed, undefined, 2)}\n\n${JSON.stringify(seed, undefined, 2)}\n`);
  const [read] = await readHorizonSeeds(path);
  expect(read).toMatchObject({ id: "s", answer: 35, key: { value: 7, start: 3, end: 4 } });
  expect(composeChain(read === undefined ? [] : [read]).targets).toEqual([35]);
  const chains = join(folder, "chains.jsonl");
  const chain = { input: "p", target: ["4,9"], instanceIds: ["a", "b"] };
  writeFileSync(chains, `# note\n${JSON.stringify({ examples: [chain] })}\n${JSON.stringify(chain)}\n`);
  const gold = { prompt: "p", gold: ["4", "9"], ids: ["a", "b"] };
  expect(await readHorizonChains(chains)).toEqual([gold, gold]);
  await expect(readHorizonSeeds(chains)).rejects.toThrow("entry 0 lacks a text");
  writeFileSync(chains, "{");
  await expect(readHorizonChains(chains)).rejects.toThrow("entry 0 of");
  await expect(readHorizonChains(join(folder, "none"))).rejects.toThrow("ENOENT");
});
