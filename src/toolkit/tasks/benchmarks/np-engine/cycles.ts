/** Long cycles: by search through all paths from the smallest vertex, or by paths that are turned at their end. */
import type { Graph } from "./graphs.ts";
import type { Budget } from "./np-task.ts";

/** Vertices up to which all cycles are looked at. */
const EXACT = 10;

/** A longest cycle of three vertices or more, without its repeated first vertex; empty where there is none. */
export function longestCycle(graph: Graph, budget: Budget): { readonly cycle: number[]; readonly exact: boolean } {
  if (graph.n <= EXACT) return { cycle: everyCycle(graph), exact: true };
  const cycle = rotatedPaths(graph, budget);
  return { cycle, exact: cycle.length === graph.n };
}

function everyCycle(graph: Graph): number[] {
  let best: number[] = [];
  const walk = (path: readonly number[]): void => {
    const [start = 0, last = 0] = [path[0], path.at(-1)];
    if (path.length >= 3 && path.length > best.length && graph.weight(last, start) !== undefined) best = [...path];
    if (best.length === graph.n) return;
    for (const next of graph.neighbours(last)) {
      if (next > start && !path.includes(next)) walk([...path, next]); // each cycle from its smallest vertex
    }
  };
  for (let start = 0; start < graph.n; start++) walk([start]);
  return best;
}

/** Pósa 1976: a path that cannot grow is turned round behind a neighbour of its end. */
function rotatedPaths(graph: Graph, { random, steps }: Budget): number[] {
  let best: number[] = [];
  let path: number[] = [];
  let idle = 0;
  for (let i = 0; i < steps; i++) {
    if (path.length === 0 || idle > 4 * graph.n) [path, idle] = [[random.integer(graph.n)], 0];
    const last = path.at(-1) ?? 0;
    const neighbours = [...graph.neighbours(last)];
    if (neighbours.length === 0) {
      path = [];
      continue;
    }
    const first = path.findIndex((vertex) => graph.weight(vertex, last) !== undefined);
    if (path.length - first >= 3 && first >= 0 && path.length - first > best.length) best = path.slice(first);
    if (best.length === graph.n) return best;
    const fresh = neighbours.filter((vertex) => !path.includes(vertex));
    if (fresh.length > 0) [path, idle] = [[...path, random.pick(fresh)], 0];
    else {
      const at = path.indexOf(random.pick(neighbours));
      path = [...path.slice(0, at + 1), ...path.slice(at + 1).reverse()];
      idle++;
    }
  }
  return best;
}
