/** Means over groups of tokens, with intervals from resampling whole clusters (problems or sequences). */
import { eachResample, percentileEstimate } from "../statistics/bootstrap.ts";
import type { Estimate } from "../statistics/estimate.ts";

/** A named set of tokens. */
export interface Group {
  readonly name: string;
  /** Token indices, at least one. */
  readonly members: readonly number[];
}

/** For each group, one estimate per measure. @param weights of the tokens in every mean. Default: all alike */
export function groupEstimates(
  groups: readonly Group[],
  measures: readonly Float64Array[],
  owners: ArrayLike<number>,
  options: { readonly confidence: number; readonly resamples: number; readonly seed: number },
  weights?: ArrayLike<number>,
): Estimate[][] {
  const clusters = clusterIndex(owners);
  const cells = groups.map((group) => measures.map((measure) => sumsByCluster(group, measure, clusters.of, weights)));
  const drawn = cells.map((row) => row.map(() => new Float64Array(options.resamples)));
  eachResample(clusters.count, options, (counts, r) => {
    for (const [g, row] of cells.entries()) {
      for (const [m, sums] of row.entries()) {
        const column = drawn[g]?.[m];
        if (column !== undefined) column[r] = weightedMean(sums, counts);
      }
    }
  });
  return cells.map((row, g) =>
    row.map((sums, m) => {
      // A resample without a single token of a rare group says nothing about it and is left out.
      const known = (drawn[g]?.[m] ?? new Float64Array(0)).filter((value) => !Number.isNaN(value));
      return percentileEstimate(weightedMean(sums, undefined), known, options.confidence);
    }),
  );
}

/** Sums and sizes of a group's tokens in each cluster that has any. */
interface ClusterSums {
  readonly clusters: readonly number[];
  readonly sums: Float64Array;
  readonly sizes: Float64Array;
}

function sumsByCluster(
  { members }: Group,
  measure: Float64Array,
  of: Uint32Array,
  weights: ArrayLike<number> | undefined,
): ClusterSums {
  const place = new Map<number, number>();
  for (const i of members) {
    const cluster = of[i] ?? 0;
    if (!place.has(cluster)) place.set(cluster, place.size);
  }
  const [sums, sizes] = [new Float64Array(place.size), new Float64Array(place.size)];
  for (const i of members) {
    const at = place.get(of[i] ?? 0) ?? 0;
    const weight = weights === undefined ? 1 : (weights[i] ?? 0);
    sums[at] = (sums[at] ?? 0) + weight * (measure[i] ?? 0);
    sizes[at] = (sizes[at] ?? 0) + weight;
  }
  return { clusters: [...place.keys()], sums, sizes };
}

function weightedMean({ clusters, sums, sizes }: ClusterSums, counts: Uint32Array | undefined): number {
  let [sum, size] = [0, 0];
  for (let at = 0; at < clusters.length; at++) {
    const count = counts === undefined ? 1 : (counts[clusters[at] ?? 0] ?? 0);
    sum += count * (sums[at] ?? 0);
    size += count * (sizes[at] ?? 0);
  }
  return size === 0 ? Number.NaN : sum / size;
}

/** Sequences numbered 0, 1, … in order of appearance. */
export function clusterIndex(sequences: ArrayLike<number>): { readonly count: number; readonly of: Uint32Array } {
  const numbers = new Map<number, number>();
  const of = Uint32Array.from(sequences, (sequence) => {
    const known = numbers.get(sequence);
    if (known !== undefined) return known;
    numbers.set(sequence, numbers.size);
    return numbers.size - 1;
  });
  return { count: numbers.size, of };
}

/** Groups by class, largest first. */
export function groupByClass(classes: readonly string[]): Group[] {
  const members = new Map<string, number[]>();
  for (const [i, name] of classes.entries()) {
    const list = members.get(name);
    if (list === undefined) members.set(name, [i]);
    else list.push(i);
  }
  return Array.from(members, ([name, list]) => ({ name, members: list })).sort(
    (a, b) => b.members.length - a.members.length,
  );
}

/** Ranges of positions, equally wide, the last one perhaps narrower; ranges without a token are left out. */
export function groupByPosition(
  positions: ArrayLike<number>,
  bins: number,
): (Group & { readonly from: number; readonly to: number })[] {
  let last = 0;
  for (let i = 0; i < positions.length; i++) last = Math.max(last, positions[i] ?? 0);
  const width = Math.ceil((last + 1) / bins);
  const members = Array.from({ length: Math.ceil((last + 1) / width) }, (): number[] => []);
  for (let i = 0; i < positions.length; i++) members[Math.floor((positions[i] ?? 0) / width)]?.push(i);
  return members.flatMap((list, bin) => {
    const [from, to] = [bin * width, Math.min(last, (bin + 1) * width - 1)];
    return list.length === 0 ? [] : [{ name: from === to ? `${from}` : `${from}–${to}`, members: list, from, to }];
  });
}
