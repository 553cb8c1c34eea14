/**
 * rliable: results of few runs on several tasks, in robust numbers with intervals instead of single means.
 * Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", arXiv:2108.13264, section 4.
 *
 *     X [N, M]: score of run n on task m, on one scale for all tasks
 *     IQM(X) = mean of what is left of all N·M scores when ⌊N·M / 4⌋ are cut at each end
 *     optimality gap(X) = γ − mean( min(X, γ) )
 *     P(X > Y) = mean over tasks of P(a run of X beats a run of Y), ties counting half
 *     profile F(τ) = share of scores above τ (strictly)
 *     interval: runs are drawn within each task, independently; one task's runs are not matched with another's
 *
 * Seam: evaluation. Ragged, empty or non-finite scores are refused. One run is allowed, but its interval has no width, and the
 * result warns. The interval speaks about other runs (seeds) on the same tasks; with few questions a task, the noise of
 * choosing questions is not in it, unless questions are passed as tasks and `taskBootstrap` draws them too. Two intervals that
 * overlap prove nothing: take `improvementInterval` or `differenceInterval`.
 *
 * Limits, measured on six tasks with normal noise (1500 trials): a 95 % percentile interval of the mean, the median or the IQM
 * covers 87 to 88 % of the time with 3 runs, 92 % with 5, 91 to 93 % with 10 and 93 % with 20.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import { type BootstrapEstimate, intervalOf } from "./rliable/intervals.ts";
import { everyCell, type IndexSource, manyAtOnce, oneByOne, type Resampler, stratified } from "./rliable/resampling.ts";
import {
  readCheckpoints,
  readPair,
  readScores,
  type ScoreCurves,
  type ScoreMatrix,
  type Scores,
} from "./rliable/scores.ts";
import {
  type Aggregate,
  aggregateOf,
  customOf,
  improvementOf,
  profileOf,
  type Statistic,
} from "./rliable/statistics.ts";
import { type BootstrapOptions, bootstrapRules } from "./statistics/bootstrap.ts";
import type { IntervalKind } from "./statistics/bootstrap-intervals.ts";
import { checkConfidence } from "./statistics/estimate.ts";

export type { BootstrapEstimate } from "./rliable/intervals.ts";
export { type IndexSource, linearCongruential } from "./rliable/resampling.ts";
export type { ScoreCurves, ScoreMatrix } from "./rliable/scores.ts";
export type { Aggregate } from "./rliable/statistics.ts";

export interface AggregateOptions {
  /** Level from which on a score counts as good enough, for the optimality gap. Default 1 (the paper's human level). */
  readonly gamma?: number;
}

export interface RunBootstrapOptions extends BootstrapOptions {
  /** Default 50000 for aggregates, 2000 for profiles (the paper's code). */
  readonly resamples?: number;
  /** Default "percentile" (the paper's). */
  readonly interval?: Exclude<IntervalKind, "bca">;
  /** Draw tasks too, for intervals that speak about other tasks of the kind. Default false (the paper's). */
  readonly taskBootstrap?: boolean;
  /** Where indices come from, instead of `seed`: one a run and task, resample by resample, run by run, task by task. */
  readonly source?: IndexSource;
}

export interface ProfileOptions {
  /** Share of single scores (the paper's recommendation), or of task means, above the threshold. Default "runs". */
  readonly kind?: "runs" | "taskMeans";
}

const aggregateRules = { gamma: { kind: "number" } } as const;
const runRules = {
  ...bootstrapRules,
  interval: { kind: "either", values: ["percentile", "basic", "bc"] },
  taskBootstrap: { kind: "boolean" },
  source: { kind: "object" },
} as const;
const profileRules = { kind: { kind: "either", values: ["runs", "taskMeans"] } } as const;

/** One number for a matrix of scores: "mean" and "median" of the task means, "iqm", "optimalityGap" (lower is better). */
export function aggregate(scores: ScoreMatrix, statistic: Aggregate, options: AggregateOptions = {}): number {
  checkOptions("aggregate", options, aggregateRules);
  const read = readScores("aggregate", scores);
  return valueOn(aggregateOf(statistic, read, options.gamma ?? 1), read)[0] ?? Number.NaN;
}

/** Chance that a run of x scores above a run of y, ties counting half: of each task, and the mean over tasks. */
export function probabilityOfImprovement(
  x: ScoreMatrix,
  y: ScoreMatrix,
): { readonly perTask: readonly number[]; readonly average: number } {
  const pair = readPair("probabilityOfImprovement", x, y);
  const perTask = new Float64Array(pair.x.tasks);
  const average = improvementOf(pair.x, pair.y)(everyCell(pair.x), everyCell(pair.y), perTask);
  return { perTask: [...perTask], average };
}

/** Share of scores above each threshold τ, strictly: an accuracy of 1 is not above 1. */
export function performanceProfile(
  scores: ScoreMatrix,
  thresholds: readonly number[],
  options: ProfileOptions = {},
): number[] {
  checkOptions("performanceProfile", options, profileRules);
  const read = readScores("performanceProfile", scores);
  checkThresholds(thresholds);
  return [...valueOn(profileOf(options.kind ?? "runs", read, thresholds), read)];
}

/** The profile with an interval at each threshold (pointwise). */
export function profileIntervals(
  scores: ScoreMatrix,
  thresholds: readonly number[],
  { kind = "runs", ...options }: ProfileOptions & RunBootstrapOptions = {},
): BootstrapEstimate[] {
  checkOptions("profileIntervals", { kind }, profileRules);
  const read = readScores("profileIntervals", scores);
  checkThresholds(thresholds);
  return resampled("profileIntervals", read, profileOf(kind, read, thresholds), { resamples: 2000, ...options });
}

/**
 * A statistic of runs × tasks with its interval, by drawing runs within each task.
 *
 * @param statistic an aggregate's name, or a function of the drawn matrix that gives one number; the rows that it gets are
 * used again for the next resample
 * @throws UsageError for scores that `aggregate` would refuse, options out of range
 */
export function stratifiedBootstrap(
  scores: ScoreMatrix,
  statistic: Aggregate | ((scores: ScoreMatrix) => number),
  { gamma = 1, ...options }: RunBootstrapOptions & AggregateOptions = {},
): BootstrapEstimate {
  checkOptions("stratifiedBootstrap", { gamma }, aggregateRules);
  const read = readScores("stratifiedBootstrap", scores);
  const prepared =
    typeof statistic === "string"
      ? aggregateOf(statistic, read, gamma)
      : customOf(read, 1, (drawn) => [statistic(drawn)]);
  return only(resampled("stratifiedBootstrap", read, prepared, options));
}

/** The same for a function that gives several numbers, as many each time; intervals are pointwise. */
export function stratifiedBootstrapVector(
  scores: ScoreMatrix,
  statistic: (scores: ScoreMatrix) => ArrayLike<number>,
  options: RunBootstrapOptions = {},
): BootstrapEstimate[] {
  const read = readScores("stratifiedBootstrapVector", scores);
  const size = statistic(scores).length;
  return resampled("stratifiedBootstrapVector", read, customOf(read, size, statistic), options);
}

/**
 * An aggregate at each checkpoint, with intervals: the sample-efficiency curve. All checkpoints share their draws of runs.
 *
 * @param curves [N, M, K]
 */
export function sampleEfficiency(
  curves: ScoreCurves,
  statistic: Aggregate = "iqm",
  { gamma = 1, ...options }: Omit<RunBootstrapOptions, "source"> & AggregateOptions = {},
): BootstrapEstimate[] {
  checkOptions("sampleEfficiency", { gamma }, aggregateRules);
  return readCheckpoints("sampleEfficiency", curves).map((read) =>
    only(resampled("sampleEfficiency", read, aggregateOf(statistic, read, gamma), options)),
  );
}

/** `probabilityOfImprovement` with its interval: the two samples are drawn independently. */
export function improvementInterval(
  x: ScoreMatrix,
  y: ScoreMatrix,
  options: RunBootstrapOptions = {},
): BootstrapEstimate {
  const pair = readPair("improvementInterval", x, y);
  return resampledPair("improvementInterval", pair, improvementOf(pair.x, pair.y), options);
}

/** Aggregate of x minus aggregate of y with its interval: the two samples are drawn independently. */
export function differenceInterval(
  x: ScoreMatrix,
  y: ScoreMatrix,
  statistic: Aggregate = "iqm",
  { gamma = 1, ...options }: RunBootstrapOptions & AggregateOptions = {},
): BootstrapEstimate {
  checkOptions("differenceInterval", { gamma }, aggregateRules);
  const pair = readPair("differenceInterval", x, y);
  const [ofX, ofY] = [aggregateOf(statistic, pair.x, gamma), aggregateOf(statistic, pair.y, gamma)];
  const out = new Float64Array(2);
  const difference = (cellsX: Int32Array, cellsY: Int32Array): number => {
    ofX.compute(cellsX, out, 0);
    ofY.compute(cellsY, out, 1);
    return (out[0] ?? 0) - (out[1] ?? 0);
  };
  return resampledPair("differenceInterval", pair, difference, options);
}

function checkThresholds(thresholds: readonly number[]): void {
  const wrong = thresholds.find((threshold) => typeof threshold !== "number" || Number.isNaN(threshold));
  if (wrong !== undefined) refuse("performanceProfile", `a threshold is ${wrong}`, "pass numbers");
}

/** A statistic of the sample itself. */
function valueOn(statistic: Statistic, scores: Scores): Float64Array {
  const out = new Float64Array(statistic.size);
  statistic.compute(everyCell(scores), out, 0);
  return out;
}

function only(estimates: readonly BootstrapEstimate[]): BootstrapEstimate {
  const [first] = estimates;
  if (first === undefined) throw new Error("internal: a statistic without a number");
  return first;
}

interface Plan {
  readonly resamples: number;
  readonly confidence: number;
  readonly interval: IntervalKind;
  resampler(scores: Scores, sample: number): Resampler;
}

function planOf(where: string, options: RunBootstrapOptions): Plan {
  checkOptions(where, options, runRules);
  const {
    resamples = 50_000,
    confidence = 0.95,
    seed = 0,
    interval = "percentile",
    taskBootstrap = false,
    source,
  } = options;
  checkConfidence(where, confidence);
  const resampler = (scores: Scores, sample: number): Resampler => {
    const random = rng({ seed, stream: "analysis/rliable", row: sample });
    return stratified(scores, (n) => (source ? oneByOne(source, n) : manyAtOnce(random, n)), taskBootstrap);
  };
  return { resamples, confidence, interval, resampler };
}

function warningsOf(...samples: readonly Scores[]): string[] {
  const single = samples.some(({ runs }) => runs === 1);
  return single ? ["a single run: nothing can be said about other runs, the interval has no width"] : [];
}

function resampled(
  where: string,
  scores: Scores,
  statistic: Statistic,
  options: RunBootstrapOptions,
): BootstrapEstimate[] {
  const plan = planOf(where, options);
  const values = valueOn(statistic, scores);
  const next = plan.resampler(scores, 0);
  const cells = new Int32Array(scores.values.length);
  const out = new Float64Array(plan.resamples * statistic.size);
  for (let r = 0; r < plan.resamples; r++) {
    next(cells);
    statistic.compute(cells, out, r * statistic.size);
  }
  const warnings = warningsOf(scores);
  return Array.from(values, (value, i) => {
    const replicates =
      statistic.size === 1
        ? out
        : Float64Array.from({ length: plan.resamples }, (_, r) => out[r * statistic.size + i] ?? 0);
    return intervalOf(value, replicates, { ...plan, warnings });
  });
}

function resampledPair(
  where: string,
  { x, y }: { readonly x: Scores; readonly y: Scores },
  statistic: (cellsX: Int32Array, cellsY: Int32Array) => number,
  options: RunBootstrapOptions,
): BootstrapEstimate {
  const plan = planOf(where, options);
  const [nextX, nextY] = [plan.resampler(x, 0), plan.resampler(y, 1)];
  const [cellsX, cellsY] = [everyCell(x), everyCell(y)];
  const value = statistic(cellsX, cellsY);
  const replicates = new Float64Array(plan.resamples);
  for (let r = 0; r < plan.resamples; r++) {
    nextX(cellsX);
    nextY(cellsY);
    replicates[r] = statistic(cellsX, cellsY);
  }
  return intervalOf(value, replicates, { ...plan, warnings: warningsOf(x, y) });
}
