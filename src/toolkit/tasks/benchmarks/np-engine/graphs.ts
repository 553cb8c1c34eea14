/** Graphs of the tasks: n vertices named 0 to n - 1, as lists of neighbours or as maps to weights. */
import { refuse } from "../../../refuse.ts";
import type { Rng } from "../../../rng.ts";
import { amount, entriesOf } from "./np-task.ts";

/** Weight of the edge from a vertex to each neighbour. */
export type WeightMaps = Readonly<Record<string, Readonly<Record<string, number>>>>;
export type NeighbourLists = Readonly<Record<string, readonly number[]>>;

/** Weights of an undirected graph. */
export interface Graph {
  readonly n: number;
  weight(a: number, b: number): number | undefined;
  neighbours(a: number): Iterable<number>;
}

export function graphOf(
  instance: Readonly<Record<string, readonly number[] | Readonly<Record<string, number>>>>,
): Graph {
  const rows = Object.keys(instance).map((_, a) => {
    const row = instance[a] ?? [];
    const entries = Array.isArray(row) ? row.map((b) => [Number(b), 1] as const) : Object.entries(row).map(toPair);
    return new Map<number, number>(entries);
  });
  return {
    n: rows.length,
    weight: (a, b) => rows[a]?.get(b),
    neighbours: (a) => rows[a]?.keys() ?? [],
  };
}

const toPair = ([b, weight]: [string, number]): readonly [number, number] => [Number(b), weight];

/** @throws UsageError for vertices other than 0 to n - 1, an edge to itself or known to one end alone, unequal weights of one edge */
export function checkGraph(task: string, instance: unknown, kind: "lists" | "maps"): Graph {
  const entries = entriesOf(task, "the graph", instance);
  const n = entries.length;
  for (const [name] of entries) checkVertex(task, name, n);
  const rows = entries.map(([name, row]) => [name, rowOf(task, name, row, kind)] as const);
  const graph = graphOf(Object.fromEntries(rows));
  for (let a = 0; a < n; a++) {
    for (const b of graph.neighbours(a)) {
      checkVertex(task, `${b}`, n);
      if (a === b) refuse(task, `vertex ${a} is its own neighbour`, "leave such edges out");
      if (graph.weight(b, a) === graph.weight(a, b)) continue;
      refuse(task, `the edge from ${a} to ${b} is not that from ${b} to ${a}`, "write each edge at both ends");
    }
  }
  return graph;
}

function checkVertex(task: string, name: string, n: number): void {
  if (/^\d+$/.test(name) && Number(name) < n) return;
  refuse(task, `there is a vertex ${name} in a graph of ${n}`, `name the vertices 0 to ${n - 1}`);
}

function rowOf(
  task: string,
  name: string,
  row: unknown,
  kind: "lists" | "maps",
): readonly number[] | Record<string, number> {
  if (kind === "lists") {
    if (Array.isArray(row)) return row.map(Number);
    return refuse(task, `vertex ${name} has no list of neighbours`, "pass the published form");
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    refuse(task, `vertex ${name} has no map of neighbours`, "pass the published form");
  }
  return Object.fromEntries(Object.entries(row).map(([b, w]) => [b, amount(task, `the edge ${name}-${b}`, w)]));
}

/** Edges of a random graph, as [a, b, weight] with a < b. */
export type Edge = readonly [a: number, b: number, weight: number];

export function asLists(n: number, edges: readonly Edge[]): Record<string, number[]> {
  const lists = Array.from({ length: n }, (): number[] => []);
  for (const [a, b] of edges) {
    lists[a]?.push(b);
    lists[b]?.push(a);
  }
  return Object.fromEntries(lists.map((list, a) => [a, list.sort((x, y) => x - y)]));
}

export function asMaps(n: number, edges: readonly Edge[]): Record<string, Record<string, number>> {
  const maps = Array.from({ length: n }, (): Record<string, number> => ({}));
  for (const [a, b, weight] of edges) {
    Object.assign(maps[a] ?? {}, { [b]: weight });
    Object.assign(maps[b] ?? {}, { [a]: weight });
  }
  return Object.fromEntries(maps.map((map, a) => [a, map]));
}

/** Every pair of n vertices for which `edge` gives a weight. */
export function edgesWhere(n: number, edge: (a: number, b: number) => number | undefined): Edge[] {
  const edges: Edge[] = [];
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      const weight = edge(a, b);
      if (weight !== undefined) edges.push([a, b, weight]);
    }
  }
  return edges;
}

export const chance = (random: Rng, p: number): boolean => random.uniform() < p;

/**
 * The largest set of vertices that are pairwise joined (or, with `joined` false, pairwise apart): branch and bound, each vertex
 * before those behind it in the order of degrees. `exact` is false where the steps ran out.
 */
export function largestSet(graph: Graph, joined: boolean, steps: number): { set: number[]; exact: boolean } {
  const fits = (a: number, b: number): boolean => (graph.weight(a, b) !== undefined) === joined;
  const all = Array.from({ length: graph.n }, (_, a) => a);
  const partners = all.map((a) => all.filter((b) => b !== a && fits(a, b)).length);
  const order = all.sort((a, b) => (partners[b] ?? 0) - (partners[a] ?? 0));
  let [best, left]: [number[], number] = [[], steps];
  const grow = (set: readonly number[], candidates: readonly number[]): void => {
    if (set.length > best.length) best = [...set];
    const bound = colourBound(candidates, fits);
    for (let i = candidates.length - 1; i >= 0; i--) {
      if (--left < 0 || set.length + (bound[i] ?? 0) <= best.length) return;
      const next = candidates[i] ?? 0;
      grow(
        [...set, next],
        candidates.slice(0, i).filter((b) => fits(next, b)),
      );
    }
  };
  grow([], order);
  return { set: best.sort((a, b) => a - b), exact: left >= 0 };
}

/** For each prefix of the candidates, how many groups hold all of it such that no two of a group fit: no set can be larger. */
function colourBound(candidates: readonly number[], fits: (a: number, b: number) => boolean): number[] {
  const groups: number[][] = [];
  return candidates.map((a) => {
    const group = groups.find((others) => others.every((b) => !fits(a, b)));
    if (group === undefined) groups.push([a]);
    else group.push(a);
    return groups.length;
  });
}
