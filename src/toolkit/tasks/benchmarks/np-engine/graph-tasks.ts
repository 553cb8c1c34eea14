/** Tasks on graphs with lists of neighbours: longest cycle, fewest colours, largest clique; and the largest independent set. */
import { type CompatForm, compatList, type Parsed, strictList } from "./answers.ts";
import { fewestColours } from "./colours.ts";
import { longestCycle } from "./cycles.ts";
import {
  asLists,
  asMaps,
  chance,
  checkGraph,
  edgesWhere,
  type Graph,
  graphOf,
  largestSet,
  type NeighbourLists,
  type WeightMaps,
} from "./graphs.ts";
import {
  feasible,
  infeasible,
  type NpResult,
  type NpTask,
  unreadable,
  type VerifyOptions,
  within,
  written,
} from "./np-task.ts";

/** Reads the answer and judges it, with the value of a wrong one. */
function judged(
  text: string,
  { strict = true }: VerifyOptions,
  form: CompatForm,
  wrong: number,
  judge: (answer: readonly number[], strict: boolean) => number | string,
): NpResult {
  const parsed: Parsed<number[]> = strict ? strictList(text) : compatList(text, form);
  if (parsed.kind === "unread") return unreadable(wrong, parsed.reason);
  const found = judge(parsed.value, strict);
  return typeof found === "number" ? feasible(found) : infeasible(wrong, found);
}

const stranger = (graph: Graph, answer: readonly number[]): number | undefined =>
  answer.find((vertex) => vertex < 0 || vertex >= graph.n);
const repeated = (answer: readonly number[]): number | undefined =>
  answer.find((vertex, i) => answer.indexOf(vertex) < i);

export const hamiltonianCycle: NpTask<NeighbourLists> = {
  name: "hamiltonian-cycle",
  category: "planning",
  direction: "max",
  sizes: {
    easy: { vertices: [15, 20], percent: [20, 20] },
    medium: { vertices: [20, 30], percent: [30, 30] },
    hard: { vertices: [30, 40], percent: [40, 40] },
    bench: { vertices: [40, 50], percent: [50, 50] },
  },
  check(instance) {
    checkGraph("hamiltonian-cycle", instance, "lists");
    return instance as NeighbourLists;
  },
  generate(random, sizes) {
    const n = within(random, sizes, "vertices");
    const percent = within(random, sizes, "percent");
    const cycle = random.shuffle(Array.from({ length: n }, (_, a) => a));
    const place = new Map(cycle.map((vertex, i) => [vertex, i]));
    const gap = (a: number, b: number): number => Math.abs((place.get(a) ?? 0) - (place.get(b) ?? 0));
    const edges = edgesWhere(n, (a, b) => {
      const extra = chance(random, percent / 100);
      return gap(a, b) === 1 || gap(a, b) === n - 1 || extra ? 1 : undefined;
    });
    return { instance: asLists(n, edges), planted: written([...cycle, cycle[0]]) };
  },
  prompt: (instance) =>
    "Find a long cycle that visits no vertex twice and ends where it began. Neighbours of each vertex: " +
    `${JSON.stringify(instance)}\nEnd with "Answer: [vertex, ..., first vertex]".`,
  verify(instance, text, options = {}) {
    const graph = graphOf(instance);
    return judged(text, options, { around: "any" }, -1, (cycle, strict) => {
      if (cycle.length === 0 || cycle[0] !== cycle.at(-1)) return "it does not end where it begins";
      const inner = cycle.slice(0, -1);
      const wrong = stranger(graph, cycle) ?? repeated(inner);
      if (wrong !== undefined) return `vertex ${wrong} does not exist or comes twice`;
      const step = inner.findIndex((vertex, i) => graph.weight(vertex, cycle[i + 1] ?? -1) === undefined);
      if (step >= 0) return `${cycle[step]} and ${cycle[step + 1]} are not neighbours`;
      return strict && inner.length < 3 ? "a cycle has three vertices at least" : cycle.length;
    });
  },
  reference(instance, budget) {
    const { cycle, exact } = longestCycle(graphOf(instance), budget);
    if (cycle.length === 0) return { value: 0, answer: written([]), exact };
    return { value: cycle.length + 1, answer: written([...cycle, cycle[0]]), exact };
  },
};

export const colouring: NpTask<NeighbourLists> = {
  name: "GCP-D",
  category: "graph",
  direction: "min",
  sizes: {
    easy: { vertices: [8, 12], colours: [3, 4], percent: [20, 20] },
    medium: { vertices: [15, 22], colours: [4, 6], percent: [35, 35] },
    hard: { vertices: [25, 32], colours: [6, 8], percent: [50, 50] },
    bench: { vertices: [32, 40], colours: [6, 8], percent: [50, 50] },
  },
  check(instance) {
    checkGraph("GCP-D", instance, "lists");
    return instance as NeighbourLists;
  },
  generate(random, sizes) {
    const n = within(random, sizes, "vertices");
    const colours = Math.min(n, within(random, sizes, "colours"));
    const percent = within(random, sizes, "percent");
    const planted = random.shuffle(Array.from({ length: n }, (_, a) => (a % colours) + 1));
    const edges = edgesWhere(n, (a, b) => (planted[a] !== planted[b] && chance(random, percent / 100) ? 1 : undefined));
    return { instance: asLists(n, edges), planted: written(planted) };
  },
  prompt: (instance) =>
    "Colour the vertices with few colours, numbered from 1, so that no two neighbours have one. Neighbours of each vertex: " +
    `${JSON.stringify(instance)}\nEnd with "Answer: [colour of vertex 0, colour of vertex 1, ...]".`,
  verify(instance, text, options = {}) {
    const graph = graphOf(instance);
    return judged(text, options, { around: "any", allowEmpty: true }, graph.n + 1, (colours) => {
      if (colours.length !== graph.n) return `it has ${colours.length} colours for ${graph.n} vertices`;
      const low = colours.find((colour) => colour <= 0);
      if (low !== undefined) return `a colour is ${low}`;
      const clash = edgesWhere(graph.n, (a, b) =>
        graph.weight(a, b) !== undefined && colours[a] === colours[b] ? 1 : undefined,
      )[0];
      if (clash !== undefined) return `the neighbours ${clash[0]} and ${clash[1]} have one colour`;
      return new Set(colours).size;
    });
  },
  reference(instance, budget) {
    const { colours, exact } = fewestColours(graphOf(instance), budget);
    return { value: new Set(colours).size, answer: written(colours), exact };
  },
};

export const maximumClique: NpTask<NeighbourLists> = {
  name: "maximum_clique_problem",
  category: "graph",
  direction: "max",
  sizes: {
    easy: { vertices: [4, 8], planted: [2, 4], percent: [30, 30] },
    medium: { vertices: [8, 12], planted: [2, 4], percent: [30, 30] },
    hard: { vertices: [12, 16], planted: [2, 6], percent: [40, 40] },
    bench: { vertices: [16, 20], planted: [4, 8], percent: [40, 40] },
  },
  check(instance) {
    checkGraph("maximum_clique_problem", instance, "lists");
    return instance as NeighbourLists;
  },
  generate(random, sizes) {
    const { n, chosen, joined } = plantedSet(random, sizes);
    const edges = edgesWhere(n, (a, b) => (joined(a, b) || chance(random, percentOf(sizes)) ? 1 : undefined));
    return { instance: asLists(n, edges), planted: written(chosen) };
  },
  prompt: (instance) =>
    `Find many vertices that are all neighbours of each other. Neighbours of each vertex: ${JSON.stringify(instance)}\n` +
    'End with "Answer: [vertex, ...]".',
  verify(instance, text, options = {}) {
    const graph = graphOf(instance);
    return judged(text, options, { around: "any", marker: "first" }, -1, (clique) => {
      if (clique.length === 0) return "it is empty";
      const wrong = stranger(graph, clique) ?? repeated(clique);
      if (wrong !== undefined) return `vertex ${wrong} does not exist or comes twice`;
      const apart = pairOf(clique, (a, b) => graph.weight(a, b) === undefined);
      return apart === undefined ? clique.length : `${apart} are not neighbours`;
    });
  },
  reference(instance, { steps }) {
    const { set, exact } = largestSet(graphOf(instance), true, steps);
    return { value: set.length, answer: written(set), exact };
  },
};

export const independentSet: NpTask<WeightMaps> = {
  name: "maximum-set",
  category: "graph",
  direction: "max",
  sizes: {
    easy: { vertices: [12, 20], planted: [4, 8], percent: [40, 40] },
    medium: { vertices: [20, 30], planted: [8, 12], percent: [40, 40] },
    hard: { vertices: [30, 40], planted: [12, 16], percent: [40, 40] },
    bench: { vertices: [40, 50], planted: [16, 20], percent: [40, 40] },
  },
  check(instance) {
    checkGraph("maximum-set", instance, "maps");
    return instance as WeightMaps;
  },
  generate(random, sizes) {
    const { n, chosen, joined } = plantedSet(random, sizes);
    const edges = edgesWhere(n, (a, b) => (!joined(a, b) && chance(random, percentOf(sizes)) ? 1 : undefined));
    return { instance: asMaps(n, edges), planted: written(chosen) };
  },
  prompt: (instance) =>
    `Find many vertices of which no two are neighbours. Neighbours of each vertex: ${JSON.stringify(instance)}\n` +
    'End with "Answer: [vertex, ...]".',
  verify(instance, text, options = {}) {
    const graph = graphOf(instance);
    const form: CompatForm = { around: "square", firstLine: true, allowEmpty: true };
    return judged(text, options, form, -1, (set, strict) => {
      if (strict && set.length === 0) return "it is empty";
      const wrong = stranger(graph, set) ?? (strict ? repeated(set) : undefined);
      if (wrong !== undefined) return `vertex ${wrong} does not exist or comes twice`;
      const joined = pairOf(set, (a, b) => graph.weight(a, b) !== undefined);
      return joined === undefined ? set.length : `${joined} are neighbours`;
    });
  },
  reference(instance, { steps }) {
    const { set, exact } = largestSet(graphOf(instance), false, steps);
    return { value: set.length, answer: written(set), exact };
  },
};

type Sizes = NpTask<unknown>["sizes"]["easy"];

const percentOf = (sizes: Sizes): number => (sizes.percent?.[0] ?? 40) / 100;

function plantedSet(random: Parameters<NpTask<unknown>["generate"]>[0], sizes: Sizes) {
  const n = within(random, sizes, "vertices");
  const size = Math.min(n, within(random, sizes, "planted"));
  const chosen = random
    .shuffle(Array.from({ length: n }, (_, a) => a))
    .slice(0, size)
    .sort((a, b) => a - b);
  return { n, chosen, joined: (a: number, b: number): boolean => chosen.includes(a) && chosen.includes(b) };
}

/** The first pair of entries for which `test` holds, as "a and b". */
function pairOf(entries: readonly number[], test: (a: number, b: number) => boolean): string | undefined {
  for (const [i, a] of entries.entries()) {
    const b = entries.slice(i + 1).find((other) => test(a, other));
    if (b !== undefined) return `${a} and ${b}`;
  }
  return undefined;
}
