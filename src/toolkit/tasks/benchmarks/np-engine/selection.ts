/** Tasks of selection: set cover, subset sum, knapsack. */
import { refuse } from "../../../refuse.ts";
import { behindMarker, type CompatForm, compatList, type Parsed, strictList } from "./answers.ts";
import {
  amount,
  entriesOf,
  feasible,
  infeasible,
  type NpResult,
  type NpTask,
  unreadable,
  within,
  written,
} from "./np-task.ts";
import { bestCover, bestKnapsack, longestSum } from "./selection-solvers.ts";

function read(text: string, strict: boolean, form: CompatForm): Parsed<number[]> {
  return strict ? strictList(text) : compatList(text, form);
}

const repeated = (ids: readonly number[]): number | undefined => ids.find((id, i) => ids.indexOf(id) < i);

/** What was read of an object with these fields. */
function fieldsOf(task: string, instance: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  const fields = Object.fromEntries(entriesOf(task, "the instance", instance));
  const missing = names.find((name) => fields[name] === undefined);
  if (missing !== undefined) refuse(task, `the instance has no ${missing}`, "pass the published form");
  return fields;
}

export interface SetCoverInstance {
  readonly U: readonly number[];
  readonly S: Readonly<Record<string, readonly number[]>>;
}

export const setCover: NpTask<SetCoverInstance> = {
  name: "set-cover",
  category: "selection",
  direction: "min",
  sizes: {
    easy: { elements: [10, 20], subsets: [5, 10] },
    medium: { elements: [20, 25], subsets: [10, 15] },
    hard: { elements: [25, 30], subsets: [15, 25] },
    bench: { elements: [30, 40], subsets: [20, 30] },
  },
  check(instance) {
    const { U, S } = fieldsOf("set-cover", instance, ["U", "S"]);
    const numbers = (what: string, list: unknown): number[] => {
      if (!Array.isArray(list)) refuse("set-cover", `${what} is no list`, "pass the published form");
      return list.map((entry) => amount("set-cover", `an element of ${what}`, entry));
    };
    const subsets = entriesOf("set-cover", "S", S).map(([id, list]) => [id, numbers(`subset ${id}`, list)] as const);
    return { U: numbers("U", U), S: Object.fromEntries(subsets) };
  },
  generate(random, sizes) {
    const n = within(random, sizes, "elements");
    const m = within(random, sizes, "subsets");
    const largest = Math.max(1, Math.floor(0.4 * n)); // published generator: 0.4 |U|
    const order = random.shuffle(Array.from({ length: n }, (_, a) => a));
    const parts = Math.max(Math.min(m, 3), Math.ceil(n / largest)); // a cover in as few as the size allows is planted
    const cut = Array.from({ length: parts }, (_, i) => order.filter((_, j) => j % parts === i));
    const others = Array.from({ length: Math.max(0, m - parts) }, () =>
      random.shuffle(order).slice(0, 1 + random.integer(largest)),
    );
    const subsets = random.shuffle([...cut, ...others]).map((list) => list.sort((a, b) => a - b));
    const planted = subsets.flatMap((list, id) => (cut.includes(list) ? [id] : []));
    const instance = { U: order.toSorted((a, b) => a - b), S: Object.fromEntries(subsets.entries()) };
    return { instance, planted: written(planted) };
  },
  prompt: (instance) =>
    'Choose few of the subsets S so that together they hold all of U; say "Impossible" where they cannot. ' +
    `${JSON.stringify(instance)}\nEnd with "Answer: [subset id, ...]".`,
  verify({ U, S }, text, { strict = true } = {}) {
    const worst = Object.keys(S).length + 1;
    const whole = new Set(U);
    const covers = (ids: readonly (number | string)[]): boolean => {
      const held = new Set(ids.flatMap((id) => S[id] ?? []));
      return held.size === whole.size && [...held].every((element) => whole.has(element));
    };
    if (behindMarker(text) === "Impossible") {
      return covers(Object.keys(S)) ? infeasible(worst, "there is a cover") : feasible(0);
    }
    const parsed = read(text, strict, { around: "square", allowEmpty: true });
    if (parsed.kind === "unread") return unreadable(worst, parsed.reason);
    const stranger = parsed.value.find((id) => S[id] === undefined);
    if (stranger !== undefined) return infeasible(worst, `there is no subset ${stranger}`);
    return covers(parsed.value) ? feasible(parsed.value.length) : infeasible(worst, "the subsets do not give U");
  },
  reference(instance, budget) {
    const { ids, exact } = bestCover(instance, budget);
    if (ids === undefined) return { value: 0, answer: "Answer: Impossible", exact: true };
    return { value: ids.length, answer: written(ids), exact };
  },
};

export interface SubsetSumInstance {
  readonly target: number;
  readonly numbers: Readonly<Record<string, number>>;
}

export const subsetSum: NpTask<SubsetSumInstance> = {
  name: "subset-sum",
  category: "selection",
  direction: "max",
  sizes: {
    easy: { numbers: [5, 10], values: [1, 5] },
    medium: { numbers: [8, 12], values: [1, 10] },
    hard: { numbers: [12, 15], values: [1, 15] },
    bench: { numbers: [15, 20], values: [1, 15] },
  },
  check(instance) {
    const { target, numbers } = fieldsOf("subset-sum", instance, ["target", "numbers"]);
    const entries = entriesOf("subset-sum", "numbers", numbers);
    const checked = entries.map(([id, value]) => [id, amount("subset-sum", `number ${id}`, value)] as const);
    return { target: amount("subset-sum", "the target", target), numbers: Object.fromEntries(checked) };
  },
  generate(random, sizes) {
    const n = within(random, sizes, "numbers");
    const numbers = Array.from({ length: n }, () => within(random, sizes, "values"));
    const size = Math.max(1, Math.floor(n / 2));
    const chosen = random
      .shuffle([...numbers.keys()])
      .slice(0, size)
      .sort((a, b) => a - b);
    const target = chosen.reduce((sum, id) => sum + (numbers[id] ?? 0), 0);
    return { instance: { target, numbers: Object.fromEntries(numbers.entries()) }, planted: written(chosen) };
  },
  prompt: (instance) =>
    `Choose many of the numbers so that their sum is the target. ${JSON.stringify(instance)}\nEnd with "Answer: [id, ...]".`,
  verify({ target, numbers }, text, { strict = true } = {}) {
    const parsed = read(text, strict, { around: "brackets", skipEmpty: true });
    if (parsed.kind === "unread") return unreadable(-1, parsed.reason);
    const ids = parsed.value;
    if (ids.length === 0) return infeasible(-1, "it is empty");
    const wrong = ids.find((id) => numbers[id] === undefined) ?? (strict ? repeated(ids) : undefined);
    if (wrong !== undefined) return infeasible(-1, `number ${wrong} does not exist or comes twice`);
    const sum = ids.reduce((total, id) => total + (numbers[id] ?? 0), 0);
    return sum === target ? feasible(ids.length) : infeasible(-1, `the sum is ${sum}, not ${target}`);
  },
  reference(instance, budget) {
    const { ids, exact } = longestSum(instance, budget);
    return { value: ids.length, answer: written(ids), exact };
  },
};

export interface KnapsackItem {
  readonly weight: number;
  readonly value: number;
}

export interface KnapsackInstance {
  readonly capacity: number;
  readonly items: Readonly<Record<string, KnapsackItem>>;
}

/** Weights and values of generated items; a thousandth of the published ones (our choice: short prompts). */
const LEAST = 10;
const SPAN = 41;

export const knapsack: NpTask<KnapsackInstance> = {
  name: "knapsack",
  category: "selection",
  direction: "max",
  sizes: {
    easy: { planted: [6, 10], distractors: [8, 15], slackPercent: [110, 140] },
    medium: { planted: [8, 12], distractors: [15, 25], slackPercent: [105, 125] },
    hard: { planted: [15, 25], distractors: [20, 35], slackPercent: [102, 115] },
    bench: { planted: [25, 35], distractors: [30, 45], slackPercent: [102, 115] },
  },
  check(instance) {
    const { capacity, items } = fieldsOf("knapsack", instance, ["capacity", "items"]);
    const checked = entriesOf("knapsack", "items", items).map(([id, item]) => {
      const { weight, value } = fieldsOf("knapsack", item, ["weight", "value"]);
      const number = (what: string, given: unknown): number => amount("knapsack", `the ${what} of item ${id}`, given);
      return [id, { weight: number("weight", weight), value: number("value", value) }] as const;
    });
    return { capacity: amount("knapsack", "the capacity", capacity), items: Object.fromEntries(checked) };
  },
  generate(random, sizes) {
    const [good, bad] = [within(random, sizes, "planted"), within(random, sizes, "distractors")];
    const items = Array.from({ length: good + bad }, (_, i) => {
      const weight = LEAST + random.integer(SPAN);
      const worth = i < good ? 1 + random.uniform() : 0.3 + 0.7 * random.uniform();
      return { weight, value: Math.max(1, Math.round(weight * worth)), planted: i < good };
    });
    const order = random.shuffle(items);
    const chosen = order.flatMap(({ planted }, id) => (planted ? [id] : []));
    const weight = chosen.reduce((sum, id) => sum + (order[id]?.weight ?? 0), 0);
    const capacity = Math.floor((weight * within(random, sizes, "slackPercent")) / 100);
    const shown = order.map(({ weight: w, value }, id) => [id, { weight: w, value }] as const);
    return { instance: { capacity, items: Object.fromEntries(shown) }, planted: written(chosen) };
  },
  prompt: (instance) =>
    "Choose items of much value whose weights do not exceed the capacity. " +
    `${JSON.stringify(instance)}\nEnd with "Answer: [item id, ...]".`,
  verify({ capacity, items }, text, { strict = true } = {}): NpResult {
    const parsed = read(text, strict, { around: "any", skipEmpty: true });
    if (parsed.kind === "unread") return unreadable(-1, parsed.reason);
    const ids = parsed.value;
    if (ids.length === 0) return infeasible(-1, "it is empty");
    const wrong = repeated(ids) ?? ids.find((id) => items[id] === undefined);
    if (wrong !== undefined) return infeasible(-1, `item ${wrong} does not exist or comes twice`);
    const sum = (of: (item: KnapsackItem) => number): number =>
      ids.reduce((total, id) => total + of(items[id] ?? { weight: 0, value: 0 }), 0);
    const weight = sum((item) => item.weight);
    if (weight > capacity) return infeasible(-1, `the weight is ${weight}, the capacity ${capacity}`);
    return feasible(sum((item) => item.value));
  },
  reference(instance, budget) {
    const { ids, value, exact } = bestKnapsack(instance, budget);
    return { value, answer: written(ids), exact };
  },
};
