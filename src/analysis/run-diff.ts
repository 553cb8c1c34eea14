/**
 * What differs between two stored runs: configuration, code, data, environment, the place where they part, and their curves
 * with intervals, so that a difference of luck is not taken for one of the method.
 */
import type { Difference } from "../toolkit/runs/differences.ts";
import { differences } from "../toolkit/runs/differences.ts";
import { type Divergence, stepDivergence } from "../toolkit/runs/divergence.ts";
import type { StoredRun } from "../toolkit/runs/read-run.ts";
import { decisiveParts } from "../toolkit/runs/resume-folder.ts";
import type { RolloutRow } from "../toolkit/runs/run-folder.ts";
import { type Clusters, clusteredMean } from "./statistics/clustered.ts";
import type { Estimate } from "./statistics/estimate.ts";

export interface RunDiff {
  /** The runs' folders. */
  readonly a: string;
  readonly b: string;
  /** Task, algorithm, settings, policy. */
  readonly configuration: readonly Difference[];
  /** Commit, uncommitted changes, lock file, script or notebook. */
  readonly code: readonly Difference[];
  readonly data: DataDiff;
  /** Node, platform, processor, memory. */
  readonly environment: readonly Difference[];
  /** Steps that both have. */
  readonly steps: number;
  readonly curves: readonly CurveDiff[];
  /** Where the runs part; undefined where all common steps are the same, bit for bit. */
  readonly divergence?: Divergence;
}

/** Problems and their order. */
export interface DataDiff {
  /** Common steps with the same problems, answers included. */
  readonly same: number;
  /** The first step with others. */
  readonly first?: { readonly step: number; readonly a: readonly string[]; readonly b: readonly string[] };
}

/** A figure in one stretch of steps. */
export interface CurveDiff {
  readonly name: string;
  /** First and last step. */
  readonly from: number;
  readonly to: number;
  readonly a: Estimate;
  readonly b: Estimate;
  /** The intervals have a value in common. */
  readonly overlap: boolean;
}

export interface RunDiffOptions {
  /** Stretches that the common steps are cut into. Default 4. */
  readonly stretches?: number;
}

/** Figures compared beside the reward, where both runs have them; a stretch's values are its steps'. */
const FIGURES = ["eval_reward", "entropy", "completions/mean_length", "grad_norm", "loss"];

/**
 * Compares two runs. Intervals are of 95 %: the reward's is clustered by problem (completions of one problem are alike), a
 * figure's is of its steps, as if they were independent, which makes it too narrow where the figure drifts.
 */
export async function runDiff(a: StoredRun, b: StoredRun, { stretches = 4 }: RunDiffOptions = {}): Promise<RunDiff> {
  const steps = Math.min(a.records.length, b.records.length);
  const rewards: { a: Scored[]; b: Scored[] } = { a: [], b: [] };
  let [same, divergence]: [number, Divergence | undefined] = [0, undefined];
  let first: DataDiff["first"];
  for (let step = 0; step < steps; step++) {
    const [rowsA, rowsB] = [await a.rollouts(step), await b.rollouts(step)];
    const [problemsA, problemsB] = [problemsOf(rowsA), problemsOf(rowsB)];
    if (problemsA.join("\n") === problemsB.join("\n")) same++;
    else first ??= { step, a: problemsA, b: problemsB };
    divergence ??= parting({ run: a, rows: rowsA }, { run: b, rows: rowsB }, step);
    rewards.a.push(...scored(step, rowsA));
    rewards.b.push(...scored(step, rowsB));
  }
  const environments = split(a.config.environment, b.config.environment);
  const made = (run: StoredRun): object => ({ script: run.config.script, notebook: run.config.notebook });
  return {
    ...{ a: a.folder, b: b.folder, steps },
    configuration: differences(decisiveParts(a.config), decisiveParts(b.config)),
    code: [...environments.code, ...differences(made(a), made(b))],
    data: { same, ...(first && { first }) },
    environment: environments.machine,
    curves: stretchesOf(steps, stretches).flatMap((stretch) => [
      ...rewardCurve(rewards, stretch),
      ...FIGURES.flatMap((name) => figureCurve(name, { a, b }, stretch)),
    ]),
    ...(divergence && { divergence }),
  };
}

/** Nothing that decides the steps differs, and no common step does. */
export function isSameRun({ configuration, data, steps, divergence }: RunDiff): boolean {
  return configuration.length === 0 && data.same === steps && divergence === undefined;
}

interface Side {
  readonly run: StoredRun;
  readonly rows: readonly RolloutRow[];
}

function parting(a: Side, b: Side, step: number): Divergence | undefined {
  const [one, other] = [a.run.records[step], b.run.records[step]];
  if (one === undefined || other === undefined) throw new Error(`internal: there is no step ${step}`);
  return stepDivergence({ record: one, rows: a.rows }, { record: other, rows: b.rows });
}

/** A step's problems in their order, each once, with its answer. */
function problemsOf(rows: readonly RolloutRow[]): string[] {
  return [...new Set(rows.map(({ problem, prompt, answer }) => `${problem}: ${prompt} ${answer}`))];
}

interface Scored {
  readonly step: number;
  readonly problem: string;
  readonly reward: number;
}

function scored(step: number, rows: readonly RolloutRow[]): Scored[] {
  return rows.flatMap(({ problem, reward }) => (reward === null ? [] : [{ step, problem, reward }]));
}

type Stretch = readonly [from: number, to: number];

function stretchesOf(steps: number, wanted: number): Stretch[] {
  const count = Math.min(wanted, steps);
  const at = (part: number): number => Math.floor((part * steps) / count);
  return Array.from({ length: count }, (_, part) => [at(part), at(part + 1) - 1]);
}

function rewardCurve(rewards: { readonly a: readonly Scored[]; readonly b: readonly Scored[] }, stretch: Stretch) {
  const [from, to] = stretch;
  const clusters = (all: readonly Scored[]): number[][] => {
    const found = new Map<string, number[]>();
    for (const { step, problem, reward } of all) {
      if (step < from || step > to) continue;
      const list = found.get(problem);
      if (list) list.push(reward);
      else found.set(problem, [reward]);
    }
    return [...found.values()];
  };
  return compared("reward", stretch, clusters(rewards.a), clusters(rewards.b));
}

function figureCurve(
  name: string,
  runs: { readonly a: StoredRun; readonly b: StoredRun },
  stretch: Stretch,
): CurveDiff[] {
  const [from, to] = stretch;
  const values = ({ records }: StoredRun): number[][] =>
    records.slice(from, to + 1).flatMap(({ metrics }) => {
      const value = metrics[name];
      return value === undefined || !Number.isFinite(value) ? [] : [[value]];
    });
  return compared(name, stretch, values(runs.a), values(runs.b));
}

/** Nothing where a side has fewer than two values: there is no interval. */
function compared(name: string, [from, to]: Stretch, a: Clusters, b: Clusters): CurveDiff[] {
  if (a.length < 2 || b.length < 2) return [];
  const [one, other] = [estimate(a), estimate(b)];
  const overlap = one.low <= other.high && other.low <= one.high;
  return [{ name, from, to, a: one, b: other, overlap }];
}

function estimate(of: Clusters): Estimate {
  const { value, low, high } = clusteredMean(of);
  return { value, low, high };
}

const CODE = ["commit", "dirty", "changes", "lock"];

function split(
  a: unknown,
  b: unknown,
): { readonly code: readonly Difference[]; readonly machine: readonly Difference[] } {
  const all = differences(a ?? {}, b ?? {});
  return {
    code: all.filter(({ path }) => CODE.includes(path)),
    machine: all.filter(({ path }) => !CODE.includes(path)),
  };
}
