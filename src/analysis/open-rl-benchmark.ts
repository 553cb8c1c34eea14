/**
 * Open RL Benchmark: learning curves kept as data, so that tables and comparisons are made from stored runs alone.
 * Huang et al. 2024, "Open RL Benchmark: Comprehensive Tracked Experiments for Reinforcement Learning", arXiv:2402.03046,
 * sections 2 and 3.
 *
 *     cell = mean over runs ± population std of [ mean of the last W logged values ], W = 100
 *     curves: resampled at 20 equally spaced steps between a run's own first and last
 *     max-min: (x − min) / (max − min) of each task over all experiments, runs and resampled points
 *     then median, IQM, mean and optimality gap of the last point, profiles and sample-efficiency curves (`rliable.ts`)
 *
 * Seam: evaluation. For verifiable rewards (our choice): the task's name is the environment, pass@1 or the mean reward the
 * metric, optimizer steps or generated tokens the x axis. Runs under way and runs without the metric are skipped and listed;
 * sets without a run are refused. Only as many runs are compared as the task with the fewest has: `runs` and `dropped` say so.
 * Resampling on each run's own range hides early stops: `learningCurve` compares on the range that all runs share.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../toolkit/table.ts";
import { resampleCurve } from "./open-rl-benchmark/curves.ts";
import { type NormalizedCurves, normalizeMaxMin } from "./open-rl-benchmark/normalize.ts";
import type { RunCurve, Runset } from "./open-rl-benchmark/runs.ts";
import {
  type Aggregate,
  type BootstrapEstimate,
  profileIntervals,
  type RunBootstrapOptions,
  sampleEfficiency,
  stratifiedBootstrap,
} from "./rliable.ts";
import { mean } from "./statistics/estimate.ts";

export {
  type CellOptions,
  type ResultCell,
  type ResultTable,
  resultCell,
  resultTable,
  runtimeText,
  tableCsv,
  tableMarkdown,
} from "./open-rl-benchmark/cells.ts";
export { type LearningCurve, learningCurve, type ResampledCurve, resampleCurve } from "./open-rl-benchmark/curves.ts";
export {
  type ExperimentCurves,
  type NormalizedCurves,
  normalizeMaxMin,
  normalizeReference,
  type ReferencedScore,
} from "./open-rl-benchmark/normalize.ts";
export {
  type ConfigValue,
  type FilterKeys,
  type FilterSet,
  matchesFilter,
  parseFilter,
  parseFilterSet,
  queryRuns,
  type RunCurve,
  type RunFilter,
  type Runset,
  type TrackedRun,
} from "./open-rl-benchmark/runs.ts";

export interface AggregateReportOptions extends Pick<RunBootstrapOptions, "confidence" | "resamples" | "seed"> {
  /** Points that each curve is resampled at. Default 20 (the paper's). */
  readonly points?: number;
  /** "maxmin" (default), or by task the scores that are 0 and 1 on the scale. */
  readonly normalize?: "maxmin" | Readonly<Record<string, { readonly random: number; readonly human: number }>>;
  /** Where the profile ends; it has 81 thresholds from 0. Default 1 for maxmin, 8 otherwise (the paper's, for Atari). */
  readonly lastThreshold?: number;
}

/** One experiment over all tasks. */
export interface ExperimentReport {
  readonly experiment: string;
  /** Runs compared of each task, and runs left out because another task has fewer. */
  readonly runs: number;
  readonly dropped: readonly string[];
  /** Of the last point. */
  readonly aggregates: Readonly<Record<Aggregate, BootstrapEstimate>>;
  /** Share of runs above each threshold, at the last point. */
  readonly profile: readonly BootstrapEstimate[];
  /** IQM at each point: steps from 0 to the mean last step; seconds likewise where runtimes were logged. */
  readonly efficiency: readonly BootstrapEstimate[];
  readonly steps: readonly number[];
  readonly seconds: readonly number[] | undefined;
}

export interface AggregateReport {
  readonly confidence: number;
  readonly tasks: readonly string[];
  readonly thresholds: readonly number[];
  readonly experiments: readonly ExperimentReport[];
  /** [M] the scale of each task, where it was made of the scores. */
  readonly scale: Pick<NormalizedCurves, "min" | "max"> | undefined;
}

/** Thresholds of a profile. */
const THRESHOLDS = 81;

/**
 * Experiments compared over all tasks, from runsets of each experiment on each task.
 *
 * @throws UsageError when an experiment lacks a task, a set has no run, or a task cannot be normalised
 */
export function aggregateReport(
  runsets: readonly Runset[],
  options: AggregateReportOptions = {},
): AggregateReport & Tabular {
  checkOptions("aggregateReport", options, {
    confidence: { kind: "number", above: 0, max: 1 },
    resamples: { kind: "integer", min: 1 },
    seed: { kind: "integer", min: 0 },
    points: { kind: "integer", min: 2 },
    lastThreshold: { kind: "number", above: 0 },
    ...(typeof options.normalize === "object"
      ? { normalize: { kind: "object" } }
      : { normalize: { kind: "either", values: ["maxmin"] } }),
  });
  const { points = 20, normalize = "maxmin", confidence = 0.95, resamples, seed = 0 } = options;
  const bootstrap = { confidence, seed, ...(resamples === undefined ? {} : { resamples }) };
  const { tasks, chosen } = chooseRuns(runsets);
  const raw = Object.fromEntries(chosen.map(({ experiment, rows }) => [experiment, resampledScores(rows, points)]));
  const scaled = normalize === "maxmin" ? normalizeMaxMin(raw) : undefined;
  const scores = scaled?.scores ?? byReference(raw, tasks, typeof normalize === "object" ? normalize : {});
  const last = options.lastThreshold ?? (normalize === "maxmin" ? 1 : 8);
  const thresholds = Array.from({ length: THRESHOLDS }, (_, i) => (last * i) / (THRESHOLDS - 1));
  const report: AggregateReport = {
    confidence,
    tasks,
    thresholds,
    scale: scaled === undefined ? undefined : { min: scaled.min, max: scaled.max },
    experiments: chosen.map(({ experiment, rows, dropped }) => {
      const curves = scores[experiment] ?? [];
      const final = curves.map((run) => run.map((curve) => curve.at(-1) ?? Number.NaN));
      const of = (statistic: Aggregate): BootstrapEstimate => stratifiedBootstrap(final, statistic, bootstrap);
      return {
        experiment,
        runs: rows.length,
        dropped,
        aggregates: { mean: of("mean"), median: of("median"), iqm: of("iqm"), optimalityGap: of("optimalityGap") },
        profile: profileIntervals(final, thresholds, { resamples: 2000, ...bootstrap }),
        efficiency: sampleEfficiency(curves, "iqm", { resamples: 2000, ...bootstrap }),
        ...axesOf(rows.flat(), points),
      };
    }),
  };
  return tabular(report, aggregateTables);
}

interface Chosen {
  readonly experiment: string;
  /** [S][M] */
  readonly rows: readonly (readonly RunCurve[])[];
  readonly dropped: readonly string[];
}

function chooseRuns(runsets: readonly Runset[]): { tasks: string[]; chosen: Chosen[] } {
  const tasks = [...new Set(runsets.map(({ environment }) => environment))];
  const experiments = [...new Set(runsets.map(({ experiment }) => experiment))];
  if (tasks.length === 0) refuse("aggregateReport", "there is no runset", "pass what queryRuns gives");
  const chosen = experiments.map((experiment) => {
    const sets = tasks.map((task) => {
      const found = runsets.find((set) => set.experiment === experiment && set.environment === task);
      if (found !== undefined && found.runs.length > 0) return found.runs;
      return refuse(
        "aggregateReport",
        `"${experiment}" has no run on "${task}"`,
        "compare on tasks that all experiments have",
      );
    });
    const runs = sets.reduce((least, set) => Math.min(least, set.length), Number.POSITIVE_INFINITY);
    const rows = Array.from({ length: runs }, (_, s) => sets.flatMap((set) => set[s] ?? []));
    return { experiment, rows, dropped: sets.flatMap((set) => set.slice(runs).map(({ id }) => id)) };
  });
  return { tasks, chosen };
}

function resampledScores(rows: readonly (readonly RunCurve[])[], points: number): (readonly number[])[][] {
  return rows.map((row) => row.map(({ steps, values }) => resampleCurve(steps, values, points).values));
}

function byReference(
  raw: Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>,
  tasks: readonly string[],
  references: Readonly<Record<string, { readonly random: number; readonly human: number }>>,
): NormalizedCurves["scores"] {
  const scales = tasks.map((task) => {
    const { random, human } =
      references[task] ??
      refuse("aggregateReport", `there are no reference scores of "${task}"`, "pass random and human");
    if (human === random)
      refuse("aggregateReport", `the reference scores of "${task}" are equal`, "pass two that differ");
    return { random, human };
  });
  const scale = (value: number, m: number): number => {
    const { random = 0, human = 1 } = scales[m] ?? {};
    return (value - random) / (human - random);
  };
  const scaled = Object.entries(raw).map(([name, curves]) => [
    name,
    curves.map((run) => run.map((curve, m) => curve.map((value) => scale(value, m)))),
  ]);
  return Object.fromEntries(scaled);
}

function axesOf(runs: readonly RunCurve[], points: number): Pick<ExperimentReport, "steps" | "seconds"> {
  const spaced = (end: number): number[] => Array.from({ length: points }, (_, i) => (end * i) / (points - 1));
  const runtimes = runs.map(({ runtime }) => runtime).filter((runtime) => runtime !== undefined);
  const last = mean(
    runs.map(({ steps }) => steps.reduce((most, step) => Math.max(most, step), Number.NEGATIVE_INFINITY)),
  );
  return { steps: spaced(last), seconds: runtimes.length === runs.length ? spaced(mean(runtimes)) : undefined };
}

function aggregateTables({ experiments, thresholds }: AggregateReport): Table[] {
  const rows = experiments.flatMap(({ experiment, runs, aggregates }) =>
    Object.entries(aggregates).map(([name, { value, low, high }]) => ({ experiment, runs, name, value, low, high })),
  );
  return [
    {
      title: "aggregates",
      columns: {
        experiment: rows.map(({ experiment }) => experiment),
        "runs a task": rows.map(({ runs }) => runs),
        aggregate: rows.map(({ name }) => name),
        value: rows.map(({ value }) => value),
        low: rows.map(({ low }) => low),
        high: rows.map(({ high }) => high),
      },
    },
    {
      title: "profile",
      columns: {
        threshold: thresholds,
        ...Object.fromEntries(
          experiments.map(({ experiment, profile }) => [experiment, profile.map(({ value }) => value)]),
        ),
      },
    },
  ];
}
