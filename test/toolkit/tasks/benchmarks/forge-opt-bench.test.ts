import { expect, test } from "vitest";
import { grpo } from "../../../../src/algorithms/index.ts";
import { groupAdvantages, rng } from "../../../../src/index.ts";
import { expectedReward, type TabularProblem, trainTabular } from "../../../../src/toolkit/tabular.ts";
import {
  aboveRandom,
  answerText,
  forgeProblems,
  forgeReward,
  knapsackInstance,
  NP_TASKS,
  type NpResult,
  npTask,
  optimum,
  qualityRatio,
  scoreBenchmark,
  tspInstance,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

test("forge: the card's colourings and covers", () => {
  const graph = { 0: [1, 2], 1: [0, 2], 2: [0, 1, 3], 3: [2] };
  const colours = (list: number[]) => NP_TASKS["GCP-D"].verify(graph, answerText(list));
  expect(optimum(NP_TASKS["GCP-D"], graph)).toBe(3);
  expect(colours([1, 2, 3, 1])).toMatchObject({ feasible: true, value: 3 });
  expect(qualityRatio("GCP-D", colours([1, 2, 3, 4]).value, 3)).toBe(0.75);
  expect(colours([1, 1, 2, 3]).feasible).toBe(false);
  const cover = { U: [1, 2, 3, 4, 5], S: { 0: [1, 2, 3], 1: [2, 4], 2: [3, 4], 3: [4, 5], 4: [1, 5] } };
  const sets = (list: number[]) => NP_TASKS["set-cover"].verify(cover, answerText(list));
  expect(optimum(NP_TASKS["set-cover"], cover)).toBe(2);
  expect(sets([0, 3])).toMatchObject({ feasible: true, value: 2 });
  expect(qualityRatio("set-cover", sets([0, 1, 4]).value, 2)).toBeCloseTo(2 / 3, 12);
  expect(sets([0, 1]).feasible).toBe(false);
  const impossible = { U: [1, 2], S: { 0: [1] } };
  const said = NP_TASKS["set-cover"].verify(impossible, "Answer: Impossible");
  expect(qualityRatio("set-cover", said.value, optimum(NP_TASKS["set-cover"], impossible))).toBe(1);
});

test.each([
  ["subset-sum", { target: 4, numbers: { 0: 2, 1: 3 } }, "[0, 0]"],
  ["maximum-set", { 0: { 1: 1 }, 1: { 0: 1 }, 2: {} }, "[2, 2]"],
  ["hamiltonian-cycle", { 0: [1, 2], 1: [0, 2], 2: [0, 1] }, "[0]"],
])("forge: %s is not fooled by %j", (name, given, answer) => {
  const task = npTask(name);
  const result = task.verify(task.check(given), `Answer: ${answer}`);
  expect(forgeReward({ ...result, reference: 2, kind: task.direction }).reward).toBeLessThan(0);
});

test("forge: the last answer counts, and what a model writes never throws", () => {
  const knapsack = knapsackInstance(9, [
    { weight: 3, value: 4 },
    { weight: 4, value: 5 },
  ]);
  const texts = ["Answer: [0]\nno: Answer: [0, 1]", "Answer: (0, 1", "Answer: [0.5]", "[0]", "", "Answer: [1e999]"];
  const results = texts.map((text) => NP_TASKS.knapsack.verify(knapsack, text));
  expect(results.map(({ formatOk }) => formatOk)).toEqual([true, false, false, false, false, false]);
  expect(results[0]?.value).toBe(9);
  expect(forgeReward({ ...(results[1] as NpResult), reference: 9, kind: "knapsack" }).reward).toBe(-2.5);
});

test("forge: graded rewards tell feasible answers apart, binary ones do not", () => {
  const group = (mode: "quality" | "binary", values: readonly (number | undefined)[]) => {
    const rewards = values.map((value) => {
      const feasible = value !== undefined;
      return forgeReward({ formatOk: true, feasible, value: value ?? 0, reference: 18, kind: "min" }, { mode }).reward;
    });
    const settings = { scale: "group-std", deviation: "sample", epsilon: 1e-6 } as const;
    const advantages = groupAdvantages(Float64Array.from(rewards), new Int32Array(rewards.length), settings);
    return { rewards, advantages: [...advantages] };
  };
  const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));
  const card = [18, 21, 30, undefined];
  expect(group("quality", card).rewards).toEqual(near([2, 1.8571428571, 1.6, -0.5]));
  expect(group("quality", card).advantages).toEqual(near([0.6494742116, 0.5275072235, 0.3079664469, -1.4849480801]));
  expect(group("binary", card).advantages).toEqual(near([0.4999996, 0.4999996, 0.4999996, -1.4999988]));
  expect(group("quality", [18, 18, 18, 18]).advantages).toEqual([0, 0, 0, 0]);
  expect(group("binary", [18, 20, 30, 25]).advantages).toEqual([0, 0, 0, 0]);
  expect(group("quality", [18, 20, 30, 25]).advantages.every((advantage) => advantage !== 0)).toBe(true);
});

test("forge: beating the reference is said, not paid; ratios on the scale of random answers", () => {
  const better = forgeReward({ formatOk: true, feasible: true, value: 15, reference: 18, kind: "TSP" });
  expect(better).toEqual({ reward: 2, format: 1, feasibility: 1, ratio: 1.2, beatsReference: true });
  expect(aboveRandom(0.75, 0.5)).toBe(0.5);
  expect(aboveRandom(0.25, 0.5)).toBe(-0.5);
  expect(() => aboveRandom(1, 1)).toThrow("of random answers 1");
  const { attempts } = scoreBenchmark([
    { category: "graph", task: "clique", ratios: [1, 0, 0] },
    { category: "graph", task: "clique", ratios: [1] },
  ]);
  expect(attempts).toEqual([1, 3]);
});

test("forge: problems come in tiers, each with a reference that its verifier can reach", () => {
  const problems = forgeProblems({ count: 20, seed: 3, steps: 2000 });
  expect(problems.map(({ tier }) => tier).join()).toBe(
    [...Array(10).fill("easy"), ...Array(8).fill("medium"), ...Array(2).fill("hard")].join(),
  );
  expect(new Set(problems.map(({ task }) => task)).size).toBe(10);
  for (const { task, instance, reference, prompt } of problems) {
    expect(npTask(task).check(JSON.parse(JSON.stringify(instance)))).toEqual(instance);
    expect(reference).toBeGreaterThan(0);
    expect(prompt).toContain("Answer:");
  }
  const few = { count: 5, seed: 3, tasks: ["knapsack", "subset-sum"], mix: { easy: 1, bench: 1 }, steps: 500 } as const;
  expect(forgeProblems(few)).toEqual(forgeProblems(few));
  expect(forgeProblems(few).map(({ tier }) => tier)).toEqual(["easy", "easy", "easy", "bench", "bench"]);
  expect(forgeProblems({ ...few, order: "mixed" }).map(({ tier }) => tier)).not.toEqual(
    forgeProblems(few).map(({ tier }) => tier),
  );
  expect(() => forgeProblems({ count: 1, seed: 1, mix: {} })).toThrow("the shares of all tiers are 0");
});

/** Five cities in an order that starts at city 0, or six items taken or left, as problems small enough to be enumerated. */
function small(kind: "TSP" | "knapsack") {
  const contexts = 6;
  const instances = Array.from({ length: contexts }, (_, row) => {
    const random = rng({ seed: 11, stream: kind, row });
    if (kind === "TSP") {
      const half = Array.from({ length: 5 }, (_unused, a) => Array.from({ length: a }, () => 1 + random.integer(20)));
      return tspInstance(half.map((_unused, a) => half.map((_row, b) => half[Math.max(a, b)]?.[Math.min(a, b)] ?? 0)));
    }
    const items = Array.from({ length: 6 }, () => ({ weight: 1 + random.integer(9), value: 1 + random.integer(9) }));
    return knapsackInstance(Math.floor(items.reduce((sum, { weight }) => sum + weight, 0) / 2), items);
  });
  const task = npTask(kind);
  const references = instances.map((instance) => optimum(task, instance));
  const idsOf = (answer: readonly number[]): number[] =>
    kind === "TSP"
      ? [0, ...answer.map((city) => city + 1), 0]
      : answer.flatMap((taken, id) => (taken === 1 ? [id] : []));
  const judged = (context: number, answer: readonly number[], mode: "quality" | "binary") => {
    const result = task.verify(instances[context], answerText(idsOf(answer)));
    return forgeReward({ ...result, reference: references[context] ?? 1, kind }, { mode });
  };
  const [symbols, length] = kind === "TSP" ? [4, 4] : [2, 6];
  // a base policy that seldom visits a city twice
  const initial = (prefix: readonly number[]): number[] =>
    Array.from({ length: symbols }, (_, symbol) => (kind === "TSP" && prefix.includes(symbol) ? -2 : 0));
  return { contexts, symbols, length, judged, initial };
}

test.each(["TSP", "knapsack"] as const)(
  "forge: on %s both rewards teach feasible answers, the graded one good ones",
  async (kind) => {
    const { contexts, symbols, length, judged, initial } = small(kind);
    const after = async (mode: "quality" | "binary") => {
      const reward: TabularProblem["reward"] = (context, answer) => judged(context, answer, mode).reward;
      const { policy } = await trainTabular({
        problem: { contexts, symbols, length, reward, initial: (_, prefix) => initial(prefix) },
        algorithm: grpo(),
        steps: 200,
        promptsPerStep: contexts,
        samplesPerPrompt: 16,
        optimizer: "adam",
        learningRate: 0.15,
        seed: 5,
        measureEvery: 199,
      });
      const ratio = (context: number, answer: readonly number[]) => judged(context, answer, "quality").ratio;
      return {
        SR: expectedReward(policy, (context, answer) => (ratio(context, answer) > 0 ? 1 : 0)),
        QR: expectedReward(policy, ratio),
      };
    };
    const [quality, binary] = [await after("quality"), await after("binary")];
    expect(binary.SR).toBeGreaterThan(0.95);
    expect(quality.SR).toBeGreaterThan(0.95);
    expect(quality.QR).toBeGreaterThan(binary.QR + 0.2);
    expect(quality.QR).toBeGreaterThan(0.97);
  },
);
