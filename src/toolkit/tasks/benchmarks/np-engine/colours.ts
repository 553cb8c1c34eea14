/** Colourings: the most constrained vertex first (DSatur, Brélaz 1979), going back where fewer colours may do. */
import type { Graph } from "./graphs.ts";
import type { Budget } from "./np-task.ts";

/** Colours of the vertices from 1; `exact` where the search ended before its steps did. */
export function fewestColours(
  graph: Graph,
  { steps }: Budget,
): { readonly colours: number[]; readonly exact: boolean } {
  const colours = new Int32Array(graph.n);
  let [best, most, left]: [number[], number, number] = [[], graph.n + 1, steps];
  const place = (placed: number, used: number): void => {
    if (used >= most || --left < 0) return;
    if (placed === graph.n) {
      [best, most] = [[...colours], used];
      return;
    }
    const vertex = mostConstrained(graph, colours);
    const taken = new Set([...graph.neighbours(vertex)].map((other) => colours[other] ?? 0));
    for (let colour = 1; colour <= Math.min(used + 1, most - 1); colour++) {
      if (taken.has(colour)) continue;
      colours[vertex] = colour;
      place(placed + 1, Math.max(used, colour));
      if (left < 0 && best.length > 0) break;
    }
    colours[vertex] = 0;
  };
  left = Math.max(left, graph.n + 1); // the first way down is greedy and always ends
  place(0, 0);
  return { colours: best, exact: left >= 0 };
}

/** The uncoloured vertex with the most colours around it, then the most neighbours. */
function mostConstrained(graph: Graph, colours: Int32Array): number {
  let [found, score] = [-1, -1];
  for (let vertex = 0; vertex < graph.n; vertex++) {
    if (colours[vertex] !== 0) continue;
    const neighbours = [...graph.neighbours(vertex)];
    const around = new Set(neighbours.map((other) => colours[other] ?? 0).filter((colour) => colour > 0)).size;
    const here = around * (graph.n + 1) + neighbours.length;
    if (here > score) [found, score] = [vertex, here];
  }
  return found;
}
