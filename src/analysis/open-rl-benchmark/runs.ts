/** Tracked runs as data, and the filters that pick them. */
import { refuse } from "../../toolkit/refuse.ts";

/** A value of a run's configuration. */
export type ConfigValue = string | number | boolean;

/** A run as it was logged. */
export interface TrackedRun {
  readonly id: string;
  /** "running" runs are left out; anything else counts as ended. Default ended. */
  readonly state?: string;
  readonly user?: string;
  readonly config: Readonly<Record<string, ConfigValue | undefined>>;
  readonly tags?: readonly string[];
  /** Logged rows: step, `_runtime` in seconds, metrics; null or left out where a metric was not logged. */
  readonly history: readonly Readonly<Record<string, number | null | undefined>>[];
}

/** Which runs belong to one experiment. */
export interface RunFilter {
  readonly experiment: string;
  /** Name in tables and figures. Default the experiment. */
  readonly legend: string;
  /** Every one of these must be there. */
  readonly tags: readonly string[];
  readonly user: string | undefined;
  /** By key of the configuration, the values allowed. */
  readonly config: Readonly<Record<string, readonly ConfigValue[]>>;
}

/** Where to look: names of the keys that hold things. */
export interface FilterKeys {
  readonly entity: string | undefined;
  readonly project: string | undefined;
  /** Key of the task's name in the configuration. Default "env_id". */
  readonly environmentKey: string;
  /** Key of the experiment's name. Default "exp_name". */
  readonly experimentKey: string;
  /** Key of the step in a row. Default "global_step". */
  readonly xAxis: string;
  /** Default "charts/episodic_return". */
  readonly metric: string;
}

export interface FilterSet extends FilterKeys {
  readonly filters: readonly RunFilter[];
}

/** Reads "name?tag=v1&seed=1&seed=2&user=u&cl=Legend": values of other keys are numbers, booleans or text. */
export function parseFilter(text: string): RunFilter {
  const [experiment, query] = split(text);
  if (experiment === "") refuse("parseFilter", `"${text}" names no experiment`, 'write "name?key=value&..."');
  const config: Record<string, ConfigValue[]> = Object.create(null);
  for (const key of new Set(query.keys())) {
    if (!["tag", "user", "cl"].includes(key)) config[key] = query.getAll(key).map(literal);
  }
  return {
    experiment,
    legend: query.get("cl") ?? experiment,
    tags: query.getAll("tag"),
    user: query.get("user") ?? undefined,
    config,
  };
}

/**
 * Reads a filter set: first "?we=entity&wpn=project&ceik=env key&cen=experiment key&xaxis=step key&metric=name" (each may be
 * left out), then a filter for each experiment.
 */
export function parseFilterSet([first = "", ...rest]: readonly string[]): FilterSet {
  const [name, query] = split(first);
  if (name !== "" || !first.startsWith("?")) {
    refuse("parseFilterSet", `the first string is "${first}"`, 'begin with "?", then "metric=..." and the like');
  }
  const known = ["we", "wpn", "ceik", "cen", "xaxis", "metric"];
  for (const key of query.keys()) {
    if (!known.includes(key)) refuse("parseFilterSet", `there is no key "${key}"`, `known: ${known.join(", ")}`);
  }
  if (rest.length === 0) refuse("parseFilterSet", "there is no experiment", 'add a string such as "ppo?tag=v1"');
  return {
    entity: query.get("we") ?? undefined,
    project: query.get("wpn") ?? undefined,
    environmentKey: query.get("ceik") ?? "env_id",
    experimentKey: query.get("cen") ?? "exp_name",
    xAxis: query.get("xaxis") ?? "global_step",
    metric: query.get("metric") ?? "charts/episodic_return",
    filters: rest.map(parseFilter),
  };
}

function split(text: string): [name: string, query: URLSearchParams] {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, new URLSearchParams()] : [text.slice(0, mark), new URLSearchParams(text.slice(mark + 1))];
}

function literal(text: string): ConfigValue {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^true$/i.test(text)) return true;
  return /^false$/i.test(text) ? false : text;
}

/** Whether a run is one of the filter's: experiment, every tag, the user, and each key's value among those listed. */
export function matchesFilter(
  filter: RunFilter,
  run: Pick<TrackedRun, "config" | "tags" | "user">,
  { experimentKey = "exp_name" }: Partial<Pick<FilterKeys, "experimentKey">> = {},
): boolean {
  return (
    run.config[experimentKey] === filter.experiment &&
    filter.tags.every((tag) => run.tags?.includes(tag)) &&
    (filter.user === undefined || run.user === filter.user) &&
    Object.entries(filter.config).every(([key, values]) => values.some((value) => value === run.config[key]))
  );
}

/** One run's metric over steps. */
export interface RunCurve {
  readonly id: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** Last `_runtime` in seconds, where logged. */
  readonly runtime: number | undefined;
}

/** All runs of one experiment on one task. */
export interface Runset {
  readonly experiment: string;
  readonly environment: string;
  readonly runs: readonly RunCurve[];
  /** Runs that match but were left out, and why. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * The runs of each experiment on each task. Runs under way and runs without the metric are skipped, with the reason.
 *
 * @throws UsageError for a task that no run has, and for an empty set unless `allowEmpty` (default false)
 */
export function queryRuns(
  runs: readonly TrackedRun[],
  set: FilterSet,
  environments: readonly string[],
  { allowEmpty = false }: { readonly allowEmpty?: boolean } = {},
): Runset[] {
  for (const environment of environments) {
    if (allowEmpty || runs.some(({ config }) => config[set.environmentKey] === environment)) continue;
    refuse(
      "queryRuns",
      `no run has ${set.environmentKey} "${environment}"`,
      "name a task that was logged, or pass allowEmpty",
    );
  }
  return set.filters.flatMap((filter) =>
    environments.map((environment) => {
      const found = runs.filter(
        (run) => run.config[set.environmentKey] === environment && matchesFilter(filter, run, set),
      );
      const runset = runsetOf(found, set, { experiment: filter.legend, environment });
      if (runset.runs.length > 0 || allowEmpty) return runset;
      const skipped = runset.skipped.map(({ id, reason }) => `${id} (${reason})`).join(", ") || "none found";
      const what = `"${filter.legend}" has no usable run on "${environment}" (${skipped})`;
      return refuse("queryRuns", what, "loosen the filter, or pass allowEmpty");
    }),
  );
}

function runsetOf(
  found: readonly TrackedRun[],
  set: FilterKeys,
  names: { readonly experiment: string; readonly environment: string },
): Runset {
  const runs: RunCurve[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const run of found) {
    const curve = curveOf(run, set);
    if (run.state === "running") skipped.push({ id: run.id, reason: "still running" });
    else if (curve.steps.length === 0) skipped.push({ id: run.id, reason: `no ${set.metric} at any ${set.xAxis}` });
    else runs.push(curve);
  }
  return { ...names, runs, skipped };
}

function curveOf({ id, history }: TrackedRun, { xAxis, metric }: FilterKeys): RunCurve {
  const [steps, values]: [number[], number[]] = [[], []];
  let runtime: number | undefined;
  for (const [i, row] of history.entries()) {
    const [step, value] = [row[xAxis], row[metric]];
    runtime = row._runtime ?? runtime;
    if (typeof step !== "number" || typeof value !== "number") continue;
    if (!Number.isFinite(step) || !Number.isFinite(value)) {
      refuse(
        "queryRuns",
        `row ${i} of run ${id} has ${metric} ${value} at ${xAxis} ${step}`,
        "log null where there is no value",
      );
    }
    steps.push(step);
    values.push(value);
  }
  return { id, steps, values, runtime };
}
