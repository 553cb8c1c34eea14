/** Three of the tasks at sizes of 4 to 8 for small policies, as a task of this lab: short prompts, answers of single digits. */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import { defineVerifier, type Judgement, judge } from "../../../verify/verifier.ts";
import { countProblems, drawProblems, type ProblemSource } from "../../stream.ts";
import type { Problem, Task } from "../../task.ts";
import type { NpReference, NpResult } from "./np-task.ts";
import { npRatio } from "./score.ts";
import { type KnapsackInstance, knapsack, type SubsetSumInstance, subsetSum } from "./selection.ts";
import { type TspInstance, tsp } from "./tsp.ts";

export interface NpEngineTaskOptions {
  /** Default "knapsack". */
  readonly task?: "knapsack" | "subset-sum" | "TSP";
  /** Items, numbers or cities at the hardest level, 4 to 8; the levels are 4 to this. Default 6: the card's small scale. */
  readonly size?: number;
}

/** One of the tasks behind a small form: what a level draws, how it is written, and the answer's verifier. */
interface Small {
  draw(size: number, random: Rng): { readonly data: unknown; readonly prompt: string };
  verify(data: unknown, text: string): NpResult;
  reference(data: unknown): NpReference;
  readonly direction: "max" | "min";
  /** Characters of a prompt at most, for so many items. */
  longest(size: number): number;
}

const BUDGET = { steps: 100_000 };
const budget = () => ({ random: rng({ seed: 0, stream: "np-engine/reference" }), ...BUDGET });

/** Weights, values and distances are single digits, 1 to 9; a knapsack holds half of all. */
const digit = (random: Rng): number => 1 + random.integer(9);

const SMALL: Readonly<Record<"knapsack" | "subset-sum" | "TSP", Small>> = {
  knapsack: {
    direction: knapsack.direction,
    draw(size, random) {
      const items = Array.from({ length: size }, () => ({ weight: digit(random), value: digit(random) }));
      const capacity = Math.max(9, Math.floor(items.reduce((sum, { weight }) => sum + weight, 0) / 2));
      const written = items.map(({ weight, value }) => `${weight}${value}`).join();
      return { data: { capacity, items: Object.fromEntries(items.entries()) }, prompt: `${capacity}:${written}>` };
    },
    verify: (data, text) => knapsack.verify(data as KnapsackInstance, text),
    reference: (data) => knapsack.reference(data as KnapsackInstance, budget()),
    longest: (size) => 2 + 1 + 3 * size,
  },
  "subset-sum": {
    direction: subsetSum.direction,
    draw(size, random) {
      const numbers = Array.from({ length: size }, () => digit(random));
      const chosen = random.shuffle([...numbers.keys()]).slice(0, 2 + random.integer(size - 2));
      const target = chosen.reduce((sum, id) => sum + (numbers[id] ?? 0), 0);
      return {
        data: { target, numbers: Object.fromEntries(numbers.entries()) },
        prompt: `${target}:${numbers.join()}>`,
      };
    },
    verify: (data, text) => subsetSum.verify(data as SubsetSumInstance, text),
    reference: (data) => subsetSum.reference(data as SubsetSumInstance, budget()),
    longest: (size) => 2 + 1 + 2 * size,
  },
  TSP: {
    direction: tsp.direction,
    draw(size, random) {
      const rows = Array.from({ length: size }, (_, a) => Array.from({ length: a }, () => digit(random)));
      const at = (a: number, b: number): number => rows[Math.max(a, b)]?.[Math.min(a, b)] ?? 0;
      const cities = [...rows.keys()];
      const row = (a: number) => Object.fromEntries(cities.filter((b) => b !== a).map((b) => [b, at(a, b)]));
      const prompt = `${rows
        .slice(1)
        .map((one) => one.join(""))
        .join()}>`;
      return { data: Object.fromEntries(cities.map((a) => [a, row(a)])), prompt };
    },
    verify: (data, text) => tsp.verify(data as TspInstance, text),
    reference: (data) => tsp.reference(data as TspInstance, budget()),
    longest: (size) => (size * (size - 1)) / 2 + size,
  },
};

/**
 * A knapsack, subset sum or travelling salesman task whose partial scores are ratios to the best answer.
 *
 *     knapsack    prompt 14:38,92,45,71>   capacity, then weight and value of each item   completion 02 (their ids)
 *     subset-sum  prompt 12:3,9,4,5>       target, then the numbers                       completion 023
 *     TSP         prompt 4,81,329>         distances to the cities before each            completion 02130
 *
 * @throws UsageError for an unknown task or a size out of range
 */
export function npEngineTask(options: NpEngineTaskOptions = {}): Task {
  checkOptions("npEngineTask", options, {
    task: { kind: "either", values: ["knapsack", "subset-sum", "TSP"] },
    size: { kind: "integer", min: 4, max: 8 },
  });
  const { task = "knapsack", size = 6 } = options;
  const small = SMALL[task];
  const name = `np-engine/${task}`;
  const levels = Array.from({ length: size - 3 }, (_, i) => i + 4);
  const source: ProblemSource = {
    name,
    levels,
    draw(level, random) {
      const { data, prompt } = small.draw(level, random);
      const { answer, value } = small.reference(data);
      return { id: `${name}:${prompt}`, prompt, answer: idsIn(answer), level, data: { instance: data, best: value } };
    },
    list: () => "unknown",
  };
  const verifier = defineVerifier<Problem>({
    name,
    version: "1",
    verify: (problem, text) => verdictOf(small, problem, text),
  });
  return {
    name,
    settings: { size },
    alphabet: "0123456789,:>",
    levels,
    maxPromptTokens: 1 + small.longest(size),
    maxCompletionTokens: size + 3, // a flawed tour has one city too many; EOS
    problems: (ask) => drawProblems(source, ask),
    available: ({ split, level }) => countProblems(source, split, level),
    demonstration(problem, random, { flawed }) {
      return flawed ? flawedAnswer(small, problem, random) : problem.answer;
    },
    verify: verifier.verify,
  };
}

/** The single digits of a written answer. */
const idsIn = (answer: string): string => (answer.match(/\d/g) ?? []).join("");

const instanceOf = ({ id, data: { instance, best } }: Problem): { instance: unknown; best: number } =>
  typeof best === "number"
    ? { instance, best }
    : refuse("npEngineTask", `${id} has no reference`, "pass a problem of this task");

function resultOf(small: Small, problem: Problem, completion: string): NpResult {
  return small.verify(instanceOf(problem).instance, `Answer: [${[...completion].join()}]`);
}

function verdictOf(small: Small, problem: Problem, completion: string): Judgement {
  if (!/^\d+$/.test(completion)) return judge.unparsed("the answer is not a row of digits");
  const result = resultOf(small, problem, completion);
  if (!result.feasible) return judge.wrong(result.reason, completion);
  const ratio = npRatio(small, result, instanceOf(problem).best);
  if (ratio >= 1) return judge.correct(completion);
  return judge.partial(ratio, `its value is ${result.value}, the best is ${instanceOf(problem).best}`, completion);
}

/** The best answer with one id less, one more, or two changed places: whichever is no best answer. */
function flawedAnswer(small: Small, problem: Problem, random: Rng): string {
  const ids = [...problem.answer];
  const at = random.integer(ids.length);
  const tries = [
    ids.filter((_, i) => i !== at),
    [...ids, `${random.integer(problem.level)}`],
    ids.map((id, i) => (i === at ? (ids[at + 1] ?? id) : i === at + 1 ? (ids[at] ?? id) : id)),
    [...ids, ids[0] ?? "0"],
  ];
  const wrong = random.shuffle(tries).find((answer) => {
    const result = resultOf(small, problem, answer.join(""));
    return answer.length > 0 && npRatio(small, result, instanceOf(problem).best) < 1;
  });
  return (wrong ?? [...ids, ...ids.slice(0, 1)]).join("");
}
