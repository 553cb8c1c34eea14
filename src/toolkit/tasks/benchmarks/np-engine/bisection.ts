/** Balanced bisection: two halves of the vertices with little weight between them. */
import type { Rng } from "../../../rng.ts";
import { listOfLists } from "./answers.ts";
import { asMaps, chance, checkGraph, type Edge, edgesWhere, graphOf, type WeightMaps } from "./graphs.ts";
import {
  type Budget,
  feasible,
  infeasible,
  type NpReference,
  type NpTask,
  unreadable,
  within,
  written,
} from "./np-task.ts";

export const bisection: NpTask<WeightMaps> = {
  name: "minimum-cut",
  category: "partition",
  direction: "min",
  sizes: {
    easy: { nodes: [42, 42] },
    medium: { nodes: [45, 45] },
    hard: { nodes: [45, 45] },
    bench: { nodes: [50, 50] },
  },
  check(instance) {
    checkGraph("minimum-cut", instance, "maps");
    return instance as WeightMaps;
  },
  generate(random, sizes) {
    const n = within(random, sizes, "nodes");
    const order = random.shuffle(Array.from({ length: n }, (_, a) => a));
    const first = new Set(order.slice(0, Math.floor(n / 2)));
    const halves = [order.filter((a) => first.has(a)), order.filter((a) => !first.has(a))];
    return {
      instance: asMaps(n, communities(random, n, first)),
      planted: written(halves.map((half) => half.sort(byNumber))),
    };
  },
  prompt: (instance) =>
    "Split the vertices into two halves (sizes differ by one at most) with little weight between them. Weights: " +
    `${JSON.stringify(instance)}\nEnd with "Answer: [[vertex, ...], [vertex, ...]]".`,
  verify(instance, text, _options = {}) {
    const graph = graphOf(instance);
    const worst = cutOf(instance, () => true);
    const parsed = listOfLists(text);
    if (parsed.kind === "unread") return unreadable(worst, parsed.reason);
    const [left, right, ...more] = parsed.value;
    if (left === undefined || right === undefined || more.length > 0) return unreadable(worst, "it is not two lists");
    const all = [...left, ...right];
    const wrong = all.find((vertex, i) => vertex < 0 || vertex >= graph.n || all.indexOf(vertex) < i);
    if (wrong !== undefined) return infeasible(worst, `vertex ${wrong} does not exist or comes twice`);
    if (all.length !== graph.n) return infeasible(worst, `it holds ${all.length} of ${graph.n} vertices`);
    if (Math.abs(left.length - right.length) !== graph.n % 2)
      return infeasible(worst, "the halves are not of one size");
    const inLeft = new Set(left);
    return feasible(cutOf(instance, (a, b) => inLeft.has(a) !== inLeft.has(b)));
  },
  reference: bestBisection,
};

const byNumber = (a: number, b: number): number => a - b;

/** Two dense halves, few light edges between them, and a bridge of heavier ones that tempts. */
function communities(random: Rng, n: number, first: ReadonlySet<number>): Edge[] {
  return edgesWhere(n, (a, b) => {
    const [inside, bridge] = [first.has(a) === first.has(b), a % 8 === 0 && b % 8 === 0];
    if (inside) return chance(random, 0.6) ? 5 + random.integer(6) : undefined;
    if (bridge) return chance(random, 0.5) ? 4 + random.integer(3) : undefined;
    return chance(random, 0.08) ? 1 + random.integer(4) : undefined;
  });
}

/** Sum of the weights of the edges for which `cut` holds. */
function cutOf(instance: WeightMaps, cut: (a: number, b: number) => boolean): number {
  let sum = 0;
  for (const [a, row] of Object.entries(instance)) {
    for (const [b, weight] of Object.entries(row))
      if (Number(a) < Number(b) && cut(Number(a), Number(b))) sum += weight;
  }
  return sum;
}

/** Vertices up to which all halves are looked at. */
const EXACT = 14;

function bestBisection(instance: WeightMaps, budget: Budget): NpReference {
  const graph = graphOf(instance);
  const w = Array.from({ length: graph.n }, (_, a) =>
    Float64Array.from({ length: graph.n }, (_, b) => graph.weight(a, b) ?? 0),
  );
  const exact = graph.n <= EXACT;
  const side = exact ? everyHalf(w) : swapped(w, budget);
  const halves = [1, 0].map((of) => [...side.keys()].filter((a) => side[a] === of));
  return { value: cutOf(instance, (a, b) => side[a] !== side[b]), answer: written(halves), exact };
}

type Weights = readonly Float64Array[];

function cutWeight(w: Weights, side: Uint8Array): number {
  let sum = 0;
  for (let a = 0; a < w.length; a++) {
    for (let b = 0; b < a; b++) if (side[a] !== side[b]) sum += w[a]?.[b] ?? 0;
  }
  return sum;
}

function everyHalf(w: Weights): Uint8Array {
  const n = w.length;
  let [best, least]: [Uint8Array, number] = [new Uint8Array(n), Infinity];
  for (let mask = 0; mask < 2 ** n; mask++) {
    const side = Uint8Array.from({ length: n }, (_, a) => (mask >> a) & 1);
    const ones = side.reduce((sum, one) => sum + one, 0);
    if (ones !== Math.ceil(n / 2)) continue;
    const cut = cutWeight(w, side);
    if (cut < least) [best, least] = [side, cut];
  }
  return best;
}

/** From random halves, the swap that gains most until none does; the best of several starts. */
function swapped(w: Weights, { random, steps }: Budget): Uint8Array {
  const n = w.length;
  let [best, least]: [Uint8Array, number] = [new Uint8Array(n), Infinity];
  for (let left = steps; left > 0; ) {
    const order = random.shuffle(Array.from({ length: n }, (_, a) => a));
    const side = new Uint8Array(n);
    for (const a of order.slice(0, Math.ceil(n / 2))) side[a] = 1;
    for (let gain = 1; gain > 0 && left > 0; left -= n) gain = bestSwap(w, side);
    const cut = cutWeight(w, side);
    if (cut < least) [best, least] = [side, cut];
  }
  return best;
}

/** Does the swap that gains most, where one gains; what it gained. */
function bestSwap(w: Weights, side: Uint8Array): number {
  const n = w.length;
  const pull = Float64Array.from({ length: n }, (_, a) => {
    let sum = 0;
    for (let b = 0; b < n; b++) sum += (side[a] === side[b] ? -1 : 1) * (w[a]?.[b] ?? 0);
    return sum;
  });
  let [from, to, most] = [-1, -1, 1e-9];
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      if (side[a] !== 1 || side[b] !== 0) continue;
      const gain = (pull[a] ?? 0) + (pull[b] ?? 0) - 2 * (w[a]?.[b] ?? 0);
      if (gain > most) [from, to, most] = [a, b, gain];
    }
  }
  if (from < 0) return 0;
  side[from] = 0;
  side[to] = 1;
  return most;
}
