/** Curves on common axes: resampled, smoothed, normalised over all that is compared. */
import { refuse } from "../../toolkit/refuse.ts";
import { mean } from "../statistics/estimate.ts";
import type { RunCurve, Runset } from "./runs.ts";

/** A curve at equally spaced steps. */
export interface ResampledCurve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** Logged points that a later one at the same step, with another value, has replaced. */
  readonly replaced: number;
}

/**
 * A curve at n equally spaced steps from its first to its last, linear between points. Points are sorted by step; of several
 * at one step the last logged counts.
 *
 * @throws UsageError for no points, unlike lengths, numbers that are not finite, or n below 1
 */
export function resampleCurve(steps: ArrayLike<number>, values: ArrayLike<number>, n: number): ResampledCurve {
  const where = "resampleCurve";
  if (steps.length !== values.length || steps.length === 0) {
    refuse(where, `there are ${steps.length} steps and ${values.length} values`, "pass one value a step, at least one");
  }
  if (!Number.isInteger(n) || n < 1) refuse(where, `n is ${n}`, "pass a whole number of points, at least 1");
  const { x, y, replaced } = sortedPoints(where, steps, values);
  const [first, last] = [x[0] ?? 0, x.at(-1) ?? 0];
  const spaced = Array.from({ length: n }, (_, i) =>
    n > 1 && i === n - 1 ? last : first + ((last - first) * i) / Math.max(1, n - 1),
  );
  return { steps: spaced, values: spaced.map((step) => interpolate(x, y, step)), replaced };
}

function sortedPoints(
  where: string,
  steps: ArrayLike<number>,
  values: ArrayLike<number>,
): { x: number[]; y: number[]; replaced: number } {
  const points = Array.from({ length: steps.length }, (_, i) => ({ step: steps[i], value: values[i] }));
  const clean = points.map(({ step, value }, i) => {
    if (typeof step !== "number" || typeof value !== "number" || !Number.isFinite(step) || !Number.isFinite(value)) {
      return refuse(where, `point ${i} is ${value} at step ${step}`, "pass finite numbers, and leave gaps out");
    }
    return { step, value };
  });
  clean.sort((a, b) => a.step - b.step); // stable: the last logged of a step stays last
  const [x, y]: [number[], number[]] = [[], []];
  let replaced = 0;
  for (const { step, value } of clean) {
    if (x.at(-1) === step) {
      if (y.at(-1) !== value) replaced++;
      y[y.length - 1] = value;
    } else {
      x.push(step);
      y.push(value);
    }
  }
  return { x, y, replaced };
}

/** Linear between the sorted points; the end values beyond them. */
function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  let [low, high] = [0, x.length - 1];
  if (at <= (x[low] ?? 0)) return y[low] ?? Number.NaN;
  if (at >= (x[high] ?? 0)) return y[high] ?? Number.NaN;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [x[low], x[high], y[low], y[high]];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

/** Mean and spread over runs at common steps. */
export interface LearningCurve {
  readonly experiment: string;
  readonly environment: string;
  readonly runs: number;
  readonly steps: readonly number[];
  readonly mean: readonly number[];
  /** Population standard deviation over runs. */
  readonly std: readonly number[];
}

/**
 * Learning curve of a runset: each run smoothed by a rolling mean over logged points, then mean and standard deviation over
 * runs on the range of steps that all runs share.
 *
 * @param options.window logged points. Default 100 (the paper's).
 * @param options.points Default 200; the paper's code takes 10,000, which no screen shows.
 */
export function learningCurve(
  { experiment, environment, runs }: Runset,
  { window = 100, points = 200 }: { readonly window?: number; readonly points?: number } = {},
): LearningCurve {
  if (runs.length === 0)
    refuse("learningCurve", `"${experiment}" has no run on "${environment}"`, "leave the empty set out");
  for (const [name, value] of Object.entries({ window, points })) {
    if (!Number.isInteger(value) || value < 1)
      refuse("learningCurve", `${name} is ${value}`, "pass a whole number, at least 1");
  }
  const smooth = runs.map((run) => smoothed(run, window));
  const first = smooth.reduce((most, { x }) => Math.max(most, x[0] ?? 0), Number.NEGATIVE_INFINITY);
  const last = smooth.reduce((least, { x }) => Math.min(least, x.at(-1) ?? 0), Number.POSITIVE_INFINITY);
  if (last < first) {
    refuse(
      "learningCurve",
      `runs of "${experiment}" share no steps (${first} to ${last})`,
      "compare runs at a common budget",
    );
  }
  const steps = Array.from({ length: points }, (_, i) => first + ((last - first) * i) / Math.max(1, points - 1));
  const rows = steps.map((step) => smooth.map(({ x, y }) => interpolate(x, y, step)));
  const means = rows.map(mean);
  const std = rows.map((row, i) => Math.sqrt(mean(row.map((value) => (value - (means[i] ?? 0)) ** 2))));
  return { experiment, environment, runs: runs.length, steps, mean: means, std };
}

/** Rolling mean over the last `window` points, fewer at the start. */
function smoothed({ steps, values }: RunCurve, window: number): { readonly x: number[]; readonly y: number[] } {
  const { x, y } = sortedPoints("learningCurve", steps, values);
  let sum = 0;
  const means = y.map((value, i) => {
    sum += value - (i >= window ? (y[i - window] ?? 0) : 0);
    return sum / Math.min(window, i + 1);
  });
  return { x, y: means };
}
