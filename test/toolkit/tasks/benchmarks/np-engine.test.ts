import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rng } from "../../../../src/index.ts";
import {
  NP_TASKS,
  type NpSizes,
  npBenchScore,
  npEngineTask,
  npRatio,
  npReward,
  npTask,
  readNpBench,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

/** Sizes that a laptop's policy and a brute-force reference can do. */
const SMALL: Readonly<Record<keyof typeof NP_TASKS, NpSizes>> = {
  TSP: { cities: [5, 6] },
  "hamiltonian-cycle": { vertices: [6, 7], percent: [20, 20] },
  "GCP-D": { vertices: [6, 7], colours: [3, 3], percent: [60, 60] },
  maximum_clique_problem: { vertices: [6, 7], planted: [2, 3], percent: [30, 30] },
  "maximum-set": { vertices: [6, 7], planted: [3, 3], percent: [40, 40] },
  "minimum-cut": { nodes: [6, 7] },
  "set-cover": { elements: [6, 8], subsets: [4, 6] },
  "subset-sum": { numbers: [5, 6], values: [1, 9] },
  knapsack: { planted: [3, 3], distractors: [2, 3], slackPercent: [105, 125] },
  "meeting-schedule": { meetings: [3, 4], attendees: [3, 4], rooms: [2, 2], perMeeting: [2, 3] },
};

const names = Object.keys(SMALL) as (keyof typeof NP_TASKS)[];
const budget = (seed: number) => ({ random: rng({ seed, stream: "reference" }), steps: 20_000 });

test.each(names)("np-engine: %s plants feasible answers, which no exact reference is worse than", (name) => {
  const task = npTask(name);
  for (let row = 0; row < 12; row++) {
    const { instance, planted } = task.generate(rng({ seed: 3, stream: name, row }), SMALL[name]);
    expect(task.check(JSON.parse(JSON.stringify(instance)))).toEqual(instance);
    const [made, best] = [task.verify(instance, planted), task.reference(instance, budget(row))];
    expect(best.exact).toBe(true);
    const again = task.verify(instance, best.answer);
    if (best.value > 0 || name === "set-cover") expect([again.feasible, again.value]).toEqual([true, best.value]);
    if (name === "meeting-schedule" && best.value === 0) continue; // no meeting fits: there is no answer
    expect(made.feasible).toBe(true);
    expect(npRatio(task, made, best.value)).toBeLessThanOrEqual(1);
    expect(task.verify(instance, planted, { strict: false })).toEqual(made);
    expect(task.prompt(instance)).toContain("Answer:");
  }
});

test.each(names)("np-engine: %s at its easy size has a reference no worse than what was planted", (name) => {
  const task = npTask(name);
  const { instance, planted } = task.generate(rng({ seed: 5, stream: name }), task.sizes.easy);
  const best = task.reference(instance, budget(1));
  expect(task.verify(instance, best.answer)).toMatchObject({ feasible: true, value: best.value });
  const ratio = npRatio(task, task.verify(instance, planted), best.value);
  expect(ratio).toBeGreaterThan(0);
  expect(ratio).toBeLessThanOrEqual(1);
});

/** All orders of some entries. */
function orders(entries: readonly number[]): number[][] {
  if (entries.length === 0) return [[]];
  return entries.flatMap((first) => orders(entries.filter((entry) => entry !== first)).map((rest) => [first, ...rest]));
}

/** All selections of n entries. */
const selections = (n: number): number[][] =>
  Array.from({ length: 2 ** n }, (_, mask) =>
    Array.from({ length: n }, (_unused, i) => i).filter((i) => (mask >> i) & 1),
  );

test.each(["TSP", "hamiltonian-cycle", "maximum_clique_problem", "maximum-set", "set-cover", "subset-sum", "knapsack"])(
  "np-engine: %s: the reference is the best of all answers",
  (name) => {
    const task = npTask(name);
    const better = (a: number, b: number): boolean => (task.direction === "min" ? a < b : a > b);
    for (let row = 0; row < 4; row++) {
      const sizes = SMALL[name as keyof typeof SMALL];
      const { instance } = task.generate(rng({ seed: 8, stream: name, row }), sizes);
      const isTour = name === "TSP" || name === "hamiltonian-cycle";
      const n = name === "TSP" || isTour ? Object.keys(instance as object).length : 7;
      const sets = selections(n);
      const answers = isTour ? sets.flatMap((set) => orders(set).map((order) => [...order, order[0] ?? 0])) : sets;
      const values = answers
        .filter((answer) => !isTour || answer[0] === Math.min(...answer))
        .map((answer) => task.verify(instance, `Answer: ${JSON.stringify(answer)}`))
        .flatMap(({ feasible, value }) => (feasible ? [value] : []));
      const best = values.reduce((a, b) => (better(b, a) ? b : a), task.direction === "min" ? Infinity : 0);
      expect(task.reference(instance, budget(row)).value).toBeCloseTo(best, 9);
    }
  },
);

test("np-engine: strict answers have one list, of one bracket, with nothing to choose from behind it", () => {
  const instance = { target: 5, numbers: { 0: 2, 1: 3, 2: 5 } };
  const ok = (text: string): boolean => NP_TASKS["subset-sum"].verify(instance, text).formatOk;
  const accepted = [
    "Answer: [0, 1]",
    "Answer: 0 -> 1",
    "Answer: {0,1}",
    "Answer: 0,1.",
    "x Answer: 9 Answer: ('0','1').",
  ];
  expect(accepted.map(ok)).toEqual(accepted.map(() => true));
  const refused = [
    "Answer: [0,1) ",
    "Answer: [0,1] or [2]",
    "Answer: [0,1] 2",
    "[0,1]",
    "Answer: [[0,1]]",
    "Answer: 0 1",
  ];
  expect(refused.map(ok)).toEqual(refused.map(() => false));
});

test("np-engine: rewards clip at 1, and tell what cannot be read from what is infeasible", () => {
  const { knapsack } = NP_TASKS;
  const good = { formatOk: true, feasible: true, value: 12, reason: "" };
  const bad = { formatOk: true, feasible: false, value: -1, reason: "x" };
  const results = [good, { ...good, value: 5 }, bad, { ...bad, formatOk: false }];
  const rewards = (kind: "ratio" | "signed" | "feasible") =>
    results.map((result) => npReward(knapsack, result, 10, { kind }));
  expect(rewards("ratio")).toEqual([1, 0.5, 0, 0]);
  expect(rewards("signed")).toEqual([1, 0.5, 0, -1]);
  expect(rewards("feasible")).toEqual([1, 1, 0, 0]);
  expect(() => npReward(knapsack, good, Number.NaN)).toThrow("the reference is NaN");
});

test("np-engine: tasks are averaged within their category, categories overall", () => {
  const results = { TSP: [[0.5]], "hamiltonian-cycle": [[1]], knapsack: [[0, 0.2]] };
  const { perCategory, overall } = npBenchScore(results, (name) => npTask(name).category);
  expect(perCategory).toEqual({ planning: { SR: 100, AR: 75 }, selection: { SR: 100, AR: 20 } });
  expect(overall).toEqual({ SR: 100, AR: 47.5 });
  expect(() => npTask("toString")).toThrow('there is no task "toString"');
});

test.each(["knapsack", "subset-sum", "TSP"] as const)("np-engine: %s as a task for small policies", (task) => {
  const small = npEngineTask({ task, size: 5 });
  const problems = small.problems({ split: "train", count: 60, seed: 1 });
  const random = rng({ seed: 2, stream: "demonstrations" });
  const allowed = new Set(small.alphabet);
  for (const problem of problems) {
    const right = small.demonstration(problem, random, { flawed: false });
    const wrong = small.demonstration(problem, random, { flawed: true });
    expect(small.verify(problem, right).status).toBe("correct");
    expect(["wrong", "partial"]).toContain(small.verify(problem, wrong).status);
    expect([...problem.prompt, ...right, ...wrong].every((character) => allowed.has(character))).toBe(true);
    expect(problem.prompt.length + 1).toBeLessThanOrEqual(small.maxPromptTokens);
    expect(Math.max(right.length, wrong.length) + 1).toBeLessThanOrEqual(small.maxCompletionTokens);
    expect(small.verify(problem, "0,1").status).toBe("unparsed");
  }
  expect(new Set(problems.map(({ id }) => id)).size).toBe(60);
  expect(() => npEngineTask({ size: 9 })).toThrow("size is 9");
});

const folder = mkdtempSync(join(tmpdir(), "rlvr-np-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("np-engine: published files are read: the benchmark, and instances of one task", async () => {
  const question = { target: 5, numbers: { 0: 2, 1: 3 } };
  const path = join(folder, "bench.json");
  const entry = { prompt: "p", question, task_type: "subset-sum", ground_truth: 2 };
  writeFileSync(path, JSON.stringify({ bench_question1: entry }));
  expect(await readNpBench(path)).toEqual([
    { id: "bench_question1", task: "subset-sum", difficulty: "bench", instance: question, prompt: "p", groundTruth: 2 },
  ]);
  writeFileSync(
    path,
    JSON.stringify({ big_small: "big", questions: { easy_question1: { ...question, ground_truth: 2 } } }),
  );
  const [read] = await readNpBench(path, { task: "subset-sum" });
  expect(read).toMatchObject({ difficulty: "easy", instance: question, groundTruth: 2 });
  await expect(readNpBench(path)).rejects.toThrow("easy_question1 does not say its task");
  writeFileSync(path, JSON.stringify({ question1: { ...entry, question: { target: "x", numbers: {} } } }));
  await expect(readNpBench(path)).rejects.toThrow("readNpBench: question1: subset-sum");
});
