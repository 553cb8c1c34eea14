/**
 * An order of items in which alike ones stand together: agglomerative clustering by average linkage (Sokal & Michener 1958), then
 * leaves turned so that neighbours are near. Deterministic: of equal distances the pair with the smallest indices is merged first, and
 * of equally good turns the one that keeps the smaller index in front is taken.
 */

/** An order with the clusters in it. */
export interface Seriation {
  /** [n] indices of the items, as they should stand. */
  readonly order: readonly number[];
  /** [n] cluster of each item (not of each place), numbered from 0 in the order. */
  readonly clusters: readonly number[];
}

interface Cluster {
  /** In their order. */
  readonly leaves: readonly number[];
  readonly smallest: number;
}

/** Most clusters that are considered. Our choice: more cannot be told apart in a figure. */
const MOST_CLUSTERS = 8;
/** A cut must separate at least so well, as a mean silhouette. Our choice: below it (Rousseeuw 1987 calls it weak) there is one. */
const LEAST_SILHOUETTE = 0.25;

/**
 * @param distance symmetric, 0 or above, of two items
 * @param n items, at least 1
 */
export function seriate(n: number, distance: (i: number, j: number) => number): Seriation {
  let clusters: Cluster[] = Array.from({ length: n }, (_, i) => ({ leaves: [i], smallest: i }));
  const cuts: (readonly Cluster[])[] = [clusters];
  while (clusters.length > 1) {
    const [a, b] = nearestPair(clusters, distance);
    const [first, second] = a.smallest < b.smallest ? [a, b] : [b, a];
    const joined = { leaves: turned(first.leaves, second.leaves, distance), smallest: first.smallest };
    clusters = clusters
      .map((cluster) => (cluster === first ? joined : cluster))
      .filter((cluster) => cluster !== second);
    cuts.push(clusters);
  }
  const order = clusters[0]?.leaves ?? [];
  return { order, clusters: numbered(bestCut(cuts, distance), order) };
}

function nearestPair(clusters: readonly Cluster[], distance: (i: number, j: number) => number): [Cluster, Cluster] {
  let best: { pair: [Cluster, Cluster]; at: number } | undefined;
  for (const [i, a] of clusters.entries()) {
    for (const b of clusters.slice(i + 1)) {
      let sum = 0;
      for (const x of a.leaves) for (const y of b.leaves) sum += distance(x, y);
      const at = sum / (a.leaves.length * b.leaves.length);
      if (best === undefined || at < best.at) best = { pair: [a, b], at };
    }
  }
  return best?.pair ?? refuseEmpty();
}

function refuseEmpty(): never {
  throw new Error("internal: no pair of clusters");
}

/** The two rows of leaves, each turned or not, so that those that meet are nearest. */
function turned(
  first: readonly number[],
  second: readonly number[],
  distance: (i: number, j: number) => number,
): readonly number[] {
  const ways = [
    [first, second],
    [first, [...second].reverse()],
    [[...first].reverse(), second],
    [[...first].reverse(), [...second].reverse()],
  ] as const;
  let best = ways[0];
  let nearest = Number.POSITIVE_INFINITY;
  for (const way of ways) {
    const at = distance(way[0].at(-1) ?? 0, way[1][0] ?? 0);
    if (at < nearest) [best, nearest] = [way, at];
  }
  return [...best[0], ...best[1]];
}

/** The cut with the largest mean silhouette; of equal ones that with fewer clusters; one cluster where none separates. */
function bestCut(
  cuts: readonly (readonly Cluster[])[],
  distance: (i: number, j: number) => number,
): readonly Cluster[] {
  let best = cuts.at(-1) ?? [];
  let highest = LEAST_SILHOUETTE;
  for (const cut of [...cuts].reverse()) {
    if (cut.length < 2 || cut.length > MOST_CLUSTERS) continue;
    const width = silhouette(cut, distance);
    if (width > highest + 1e-12) [best, highest] = [cut, width];
  }
  return best;
}

/** Mean over items of (b − a) / max(a, b), a within the item's cluster, b to the nearest other; 0 for an item alone. */
function silhouette(cut: readonly Cluster[], distance: (i: number, j: number) => number): number {
  let [sum, items] = [0, 0];
  for (const own of cut) {
    for (const x of own.leaves) {
      items++;
      if (own.leaves.length === 1) continue;
      const meanTo = ({ leaves }: Cluster): number =>
        leaves.reduce((total, y) => total + (x === y ? 0 : distance(x, y)), 0) /
        (leaves.length - (leaves.includes(x) ? 1 : 0));
      const a = meanTo(own);
      const b = Math.min(...cut.filter((other) => other !== own).map(meanTo));
      const most = Math.max(a, b);
      sum += most === 0 ? 0 : (b - a) / most;
    }
  }
  return sum / items;
}

function numbered(cut: readonly Cluster[], order: readonly number[]): number[] {
  const clusters = new Array<number>(order.length).fill(0);
  const numbers = new Map<Cluster, number>();
  for (const item of order) {
    const cluster = cut.find(({ leaves }) => leaves.includes(item));
    if (cluster === undefined) continue;
    if (!numbers.has(cluster)) numbers.set(cluster, numbers.size);
    clusters[item] = numbers.get(cluster) ?? 0;
  }
  return clusters;
}
