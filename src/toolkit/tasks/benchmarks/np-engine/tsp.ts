/** TSP: the shortest closed tour through all cities. */
import { type CompatForm, compatList, type Parsed, strictList } from "./answers.ts";
import {
  amount,
  type Budget,
  entriesOf,
  feasible,
  infeasible,
  type NpReference,
  type NpTask,
  unreadable,
  within,
  written,
} from "./np-task.ts";

/** Distance from each city to each other one. */
export type TspInstance = Readonly<Record<string, Readonly<Record<string, number>>>>;

const COMPAT: CompatForm = { around: "any" };
const LONGEST_DISTANCE = 100;

export const tsp: NpTask<TspInstance> = {
  name: "TSP",
  category: "planning",
  direction: "min",
  sizes: {
    easy: { cities: [10, 20] },
    medium: { cities: [20, 30] },
    hard: { cities: [35, 45] },
    bench: { cities: [45, 55] },
  },
  check(instance) {
    const rows = entriesOf("TSP", "the distance map", instance).map(([city, row]) => {
      const entries = Object.entries(row ?? {}).map(([to, d]) => [to, amount("TSP", `distance ${city}-${to}`, d)]);
      return [city, Object.fromEntries(entries)] as const;
    });
    return Object.fromEntries(rows);
  },
  generate(random, sizes) {
    const n = within(random, sizes, "cities");
    const rows = Array.from({ length: n }, (): Record<string, number> => ({}));
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < a; b++) {
        const distance = 1 + random.integer(LONGEST_DISTANCE);
        Object.assign(rows[a] ?? {}, { [b]: distance });
        Object.assign(rows[b] ?? {}, { [a]: distance });
      }
    }
    const instance = Object.fromEntries(rows.map((row, a) => [a, row]));
    const tour = random.shuffle(rows.map((_, a) => a));
    return { instance, planted: written([...tour, tour[0]]) };
  },
  prompt: (instance) =>
    "Find a short closed tour that visits every city once and ends where it began. Distances from each city: " +
    `${JSON.stringify(instance)}\nEnd with "Answer: [city, city, ..., first city]".`,
  verify(instance, text, { strict = true } = {}) {
    const parsed: Parsed<number[]> = strict ? strictList(text) : compatList(text, COMPAT);
    const worst = sumOfEdges(instance);
    if (parsed.kind === "unread") return unreadable(worst, parsed.reason);
    const problem = tourProblem(Object.keys(instance).length, parsed.value);
    if (problem !== undefined) return infeasible(worst, problem);
    const length = lengthOf(instance, parsed.value);
    return length === undefined ? infeasible(worst, "a distance of the tour is not given") : feasible(length);
  },
  reference: (instance, budget) => shortestTour(instance, budget),
};

/** Sum over pairs of cities: longer than every tour of more than three cities. What the published validator gives a wrong one. */
function sumOfEdges(instance: TspInstance): number {
  const cities = Object.keys(instance);
  let sum = 0;
  for (const [i, a] of cities.entries()) for (const b of cities.slice(i + 1)) sum += instance[a]?.[b] ?? 0;
  return sum === 0 ? 1e9 : sum;
}

function tourProblem(n: number, tour: readonly number[]): string | undefined {
  if (tour[0] !== tour.at(-1)) return `it begins at ${tour[0]} and ends at ${tour.at(-1)}`;
  if (tour.length !== n + 1) return `it has ${tour.length} entries, not ${n + 1}`;
  const wrong = tour.slice(0, -1).find((city, i) => city < 0 || city >= n || tour.indexOf(city) < i);
  return wrong === undefined ? undefined : `city ${wrong} does not exist or comes twice`;
}

/** Length of a closed tour; undefined where a distance is missing. */
function lengthOf(instance: TspInstance, tour: readonly number[]): number | undefined {
  let length = 0;
  for (let i = 1; i < tour.length; i++) {
    const distance = instance[tour[i - 1] ?? -1]?.[tour[i] ?? -1];
    if (distance === undefined) return undefined;
    length += distance;
  }
  return length;
}

/** Cities up to which the best tour is found by dynamic programming. */
const EXACT = 12;

function shortestTour(instance: TspInstance, { random, steps }: Budget): NpReference {
  const n = Object.keys(instance).length;
  const d = Array.from({ length: n }, (_, a) => Array.from({ length: n }, (_, b) => instance[a]?.[b] ?? Infinity));
  const tour = n <= EXACT ? heldKarp(d) : improvedTour(d, () => random.integer(n), steps);
  const closed = [...tour, tour[0] ?? 0];
  return { value: lengthOf(instance, closed) ?? Infinity, answer: written(closed), exact: n <= EXACT };
}

/** Held and Karp 1962: best path over each set of cities that ends at each of them. */
function heldKarp(d: readonly (readonly number[])[]): number[] {
  const rest = d.length - 1; // city 0 is the start
  if (rest <= 0) return [0];
  const cost = new Float64Array(2 ** rest * rest).fill(Infinity);
  const from = new Int8Array(cost.length).fill(-1);
  for (let j = 0; j < rest; j++) cost[2 ** j * rest + j] = d[0]?.[j + 1] ?? Infinity;
  for (let set = 1; set < 2 ** rest; set++) {
    for (let j = 0; j < rest; j++) {
      const here = cost[set * rest + j] ?? Infinity;
      if (here === Infinity) continue;
      for (let k = 0; k < rest; k++) {
        if (set & (1 << k)) continue;
        const at = (set | (1 << k)) * rest + k;
        const next = here + (d[j + 1]?.[k + 1] ?? Infinity);
        if (next >= (cost[at] ?? Infinity)) continue;
        cost[at] = next;
        from[at] = j;
      }
    }
  }
  let set = 2 ** rest - 1;
  const back = (j: number): number => (cost[set * rest + j] ?? Infinity) + (d[j + 1]?.[0] ?? Infinity);
  let last = Array.from({ length: rest }, (_, j) => j).reduce((a, b) => (back(b) < back(a) ? b : a));
  const tour: number[] = [];
  while (last >= 0) {
    tour.push(last + 1);
    const before = from[set * rest + last] ?? -1;
    set &= ~(1 << last);
    last = before;
  }
  return [0, ...tour.reverse()];
}

/** Nearest neighbour from every start, each improved by turning stretches round (2-opt), then from random changes of the best. */
function improvedTour(d: readonly (readonly number[])[], pick: () => number, steps: number): number[] {
  const n = d.length;
  const length = (tour: readonly number[]): number =>
    tour.reduce((sum, city, i) => sum + (d[city]?.[tour[(i + 1) % n] ?? 0] ?? Infinity), 0);
  let best = d.map((_, start) => twoOpt(d, nearest(d, start))).reduce((a, b) => (length(b) < length(a) ? b : a));
  for (let i = 0; i < steps / n ** 2; i++) {
    const cuts = [pick(), pick(), pick()].sort((a, b) => a - b);
    const [a = 0, b = 0, c = 0] = cuts;
    const moved = twoOpt(d, [...best.slice(0, a), ...best.slice(b, c), ...best.slice(a, b), ...best.slice(c)]);
    if (length(moved) < length(best)) best = moved;
  }
  return best;
}

function nearest(d: readonly (readonly number[])[], start: number): number[] {
  const tour = [start];
  const left = new Set(d.map((_, city) => city).filter((city) => city !== start));
  while (left.size > 0) {
    const row = d[tour.at(-1) ?? 0] ?? [];
    const next = [...left].reduce((a, b) => ((row[b] ?? Infinity) < (row[a] ?? Infinity) ? b : a));
    left.delete(next);
    tour.push(next);
  }
  return tour;
}

/** Sweeps over all pairs at most: where distances differ by direction, a turned stretch may gain without end. */
const MOST_SWEEPS = 100;

function twoOpt(d: readonly (readonly number[])[], given: readonly number[]): number[] {
  const tour = [...given];
  const n = tour.length;
  const at = (i: number): number => tour[i % n] ?? 0;
  const distance = (a: number, b: number): number => d[a]?.[b] ?? Infinity;
  for (let [improved, sweeps] = [true, 0]; improved && sweeps < MOST_SWEEPS; sweeps++) {
    improved = false;
    for (let i = 0; i < n - 1; i++) {
      for (let j = i + 2; j < n; j++) {
        const gain = distance(at(i), at(i + 1)) + distance(at(j), at(j + 1)) - distance(at(i), at(j));
        if (gain - distance(at(i + 1), at(j + 1)) <= 1e-9) continue;
        const turned = tour.slice(i + 1, j + 1).reverse();
        tour.splice(i + 1, turned.length, ...turned);
        improved = true;
      }
    }
  }
  return tour;
}
