/**
 * Statistics of drawn scores. Each is prepared once for a matrix (sorted, ranked, clipped) and then computed for many
 * resamples, given as cells of that matrix: the point value is the same computation on the cells themselves.
 */
import { refuse } from "../../toolkit/refuse.ts";
import type { ScoreMatrix, Scores } from "./scores.ts";

/** A statistic of one matrix, ready for resampling. */
export interface Statistic {
  /** How many numbers it gives. */
  readonly size: number;
  /**
   * @param cells [N · M] drawn cells as indices into the scores' values, run by run; place c belongs to task c mod M
   * @param out gets `size` numbers from `at` on
   */
  compute(cells: Int32Array, out: Float64Array, at: number): void;
}

/** Scores in one number: the mean and the median of the task means, the interquartile mean, the optimality gap. */
export type Aggregate = "mean" | "median" | "iqm" | "optimalityGap";

/** Share of the scores that the interquartile mean leaves out at each end. */
const TRIMMED = 0.25;

export function aggregateOf(name: Aggregate, scores: Scores, gamma: number): Statistic {
  switch (name) {
    case "mean":
      return meanOf(scores.values);
    case "median":
      return medianOf(scores);
    case "iqm":
      return iqmOf(scores.values);
    case "optimalityGap":
      return optimalityGapOf(scores.values, gamma);
    default:
      return refuse(
        "aggregate",
        `the statistic is ${String(name satisfies never)}`,
        "pass mean, median, iqm or optimalityGap",
      );
  }
}

/** Every task has as many runs, so the mean of task means is the mean of all. */
function meanOf(values: Float64Array): Statistic {
  return {
    size: 1,
    compute(cells, out, at) {
      let sum = 0;
      for (let c = 0; c < cells.length; c++) sum += values[cells[c] ?? 0] ?? 0;
      out[at] = sum / cells.length;
    },
  };
}

function optimalityGapOf(values: Float64Array, gamma: number): Statistic {
  const clipped = meanOf(values.map((value) => Math.min(value, gamma)));
  return {
    size: 1,
    compute(cells, out, at) {
      clipped.compute(cells, out, at);
      out[at] = gamma - (out[at] ?? 0);
    },
  };
}

function medianOf({ tasks, values }: Scores): Statistic {
  const means = new Float64Array(tasks);
  return {
    size: 1,
    compute(cells, out, at) {
      taskMeans(values, cells, means);
      means.sort();
      out[at] = ((means[(tasks - 1) >> 1] ?? 0) + (means[tasks >> 1] ?? 0)) / 2;
    },
  };
}

/** Means of the drawn scores of each task, added in the order of runs. */
function taskMeans(values: Float64Array, cells: Int32Array, means: Float64Array): void {
  const tasks = means.length;
  means.fill(0);
  for (let c = 0; c < cells.length; ) {
    for (let m = 0; m < tasks; m++, c++) means[m] = (means[m] ?? 0) + (values[cells[c] ?? 0] ?? 0);
  }
  const runs = cells.length / tasks;
  for (let m = 0; m < tasks; m++) means[m] = (means[m] ?? 0) / runs;
}

/** Nothing is sorted after the first time: draws are counted by their rank, and a walk over ranks adds up the middle. */
function iqmOf(values: Float64Array): Statistic {
  const n = values.length;
  const order = Int32Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const sorted = Float64Array.from(order, (cell) => values[cell] ?? 0);
  const ranks = new Int32Array(n);
  for (const [rank, cell] of order.entries()) ranks[cell] = rank;
  const counts = new Int32Array(n);
  const first = Math.floor(TRIMMED * n);
  const end = n - first;
  return {
    size: 1,
    compute(cells, out, at) {
      countRanks(cells, ranks, counts);
      out[at] = middleSum(sorted, counts, first, end) / (end - first);
    },
  };
}

function countRanks(cells: Int32Array, ranks: Int32Array, counts: Int32Array): void {
  counts.fill(0);
  for (let c = 0; c < cells.length; c++) {
    const rank = ranks[cells[c] ?? 0] ?? 0;
    counts[rank] = (counts[rank] ?? 0) + 1;
  }
}

/** Sum of the drawn numbers at places first to end − 1 of their sorted order. */
function middleSum(sorted: Float64Array, counts: Int32Array, first: number, end: number): number {
  let rank = 0;
  let seen = counts[0] ?? 0;
  while (seen <= first) seen += counts[++rank] ?? 0;
  let sum = (Math.min(seen, end) - first) * (sorted[rank] ?? 0);
  while (seen < end) {
    const count = counts[++rank] ?? 0;
    sum += Math.min(count, end - seen) * (sorted[rank] ?? 0);
    seen += count;
  }
  return sum;
}

/** Share of all scores (or of task means) above each threshold. */
export function profileOf(kind: "runs" | "taskMeans", scores: Scores, thresholds: readonly number[]): Statistic {
  const order = [...thresholds.keys()].sort((a, b) => (thresholds[a] ?? 0) - (thresholds[b] ?? 0));
  const sorted = Float64Array.from(order, (i) => thresholds[i] ?? 0);
  const counts = new Int32Array(sorted.length + 1);
  /** Writes the shares: the counts are of values above exactly so many thresholds. */
  const write = (total: number, out: Float64Array, at: number): void => {
    let above = 0;
    for (let i = sorted.length; i > 0; i--) {
      above += counts[i] ?? 0;
      out[at + (order[i - 1] ?? 0)] = above / total;
    }
  };
  const place = (value: number): void => {
    const below = countBelow(sorted, value);
    counts[below] = (counts[below] ?? 0) + 1;
  };
  const means = new Float64Array(scores.tasks);
  return {
    size: sorted.length,
    compute(cells, out, at) {
      counts.fill(0);
      if (kind === "runs") for (const cell of cells) place(scores.values[cell] ?? 0);
      else {
        taskMeans(scores.values, cells, means);
        for (const value of means) place(value);
      }
      write(kind === "runs" ? cells.length : scores.tasks, out, at);
    },
  };
}

/** How many of the sorted numbers are less than the value. */
function countBelow(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A caller's own statistic: it gets the drawn matrix, whose rows are used again for the next one. */
export function customOf(
  { runs, tasks, values }: Scores,
  size: number,
  statistic: (scores: ScoreMatrix) => ArrayLike<number>,
): Statistic {
  const drawn = new Float64Array(runs * tasks);
  const matrix = Array.from({ length: runs }, (_, n) => drawn.subarray(n * tasks, (n + 1) * tasks));
  return {
    size,
    compute(cells, out, at) {
      for (let c = 0; c < cells.length; c++) drawn[c] = values[cells[c] ?? 0] ?? 0;
      const result = statistic(matrix);
      if (result.length !== size) {
        refuse(
          "stratifiedBootstrap",
          `the statistic gave ${result.length} numbers, then ${size}`,
          "always give as many",
        );
      }
      for (let i = 0; i < size; i++) out[at + i] = result[i] ?? Number.NaN;
    },
  };
}

/** Chance that a run of x beats a run of y on a task, ties counting half: mean over tasks, and of each task on request. */
export function improvementOf(
  x: Scores,
  y: Scores,
): (cellsX: Int32Array, cellsY: Int32Array, perTask?: Float64Array) => number {
  const drawn = new Float64Array(y.runs);
  return (cellsX, cellsY, perTask) => {
    let total = 0;
    for (let m = 0; m < x.tasks; m++) {
      for (let b = 0; b < y.runs; b++) drawn[b] = y.values[cellsY[b * y.tasks + m] ?? 0] ?? 0;
      let halves = 0;
      for (let a = 0; a < x.runs; a++) {
        const score = x.values[cellsX[a * x.tasks + m] ?? 0] ?? 0;
        for (let b = 0; b < y.runs; b++) {
          const other = drawn[b] ?? 0;
          halves += score > other ? 2 : score === other ? 1 : 0;
        }
      }
      const chance = halves / (2 * x.runs * y.runs);
      if (perTask !== undefined) perTask[m] = chance;
      total += chance;
    }
    return total / x.tasks;
  };
}
