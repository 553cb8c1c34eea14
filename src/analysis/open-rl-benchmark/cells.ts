/** Tables of results: each cell the mean and the spread of a few runs' last values. */
import { refuse } from "../../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../../toolkit/table.ts";
import { mean } from "../statistics/estimate.ts";
import type { Runset } from "./runs.ts";

export interface CellOptions {
  /** Number of last logged values that a run's score is the mean of. They are points, not episodes. Default 100 (the paper's). */
  readonly window?: number;
}

/** Runs of one experiment on one task in two numbers. */
export interface ResultCell {
  readonly mean: number;
  /** Population standard deviation over runs (n in the denominator, as in the paper's code); 0 for one run. */
  readonly std: number;
  /** Number of runs. */
  readonly n: number;
  /** "5.17 ± 1.31". */
  readonly text: string;
  /** Score of each run. */
  readonly perRun: readonly number[];
  /** Places of runs without a value, which are left out. */
  readonly skipped: readonly number[];
}

/**
 * One cell: of each run the mean of its last values that are not null, then mean and spread over runs.
 *
 * @param runs logged values in order; null where a row has none
 * @throws UsageError when no run has a value, a value is not finite, or the window is below 1
 */
export function resultCell(
  runs: readonly (readonly (number | null | undefined)[])[],
  { window = 100 }: CellOptions = {},
): ResultCell {
  if (!Number.isInteger(window) || window < 1) {
    refuse("resultCell", `the window is ${window}`, "pass a whole number of values, at least 1");
  }
  const scores = runs.map((values, i) => {
    const logged = values.filter((value) => value !== null && value !== undefined);
    const wrong = logged.find((value) => !Number.isFinite(value));
    if (wrong !== undefined)
      refuse("resultCell", `a value of run ${i} is ${wrong}`, "pass null where there is no value");
    return logged.length === 0 ? undefined : mean(logged.slice(-window));
  });
  const perRun = scores.filter((score) => score !== undefined);
  if (perRun.length === 0)
    refuse("resultCell", `none of ${runs.length} runs has a value`, "pass a run with the metric");
  const centre = mean(perRun);
  const std = Math.sqrt(mean(perRun.map((score) => (score - centre) ** 2)));
  return {
    mean: centre,
    std,
    n: perRun.length,
    text: `${twoDecimals(centre)} ± ${twoDecimals(std)}`,
    perRun,
    skipped: scores.flatMap((score, i) => (score === undefined ? [i] : [])),
  };
}

/** Two decimals, exact halves to the even digit as Python prints them: halves are odd eighths and nothing else. */
function twoDecimals(value: number): string {
  const eighths = Math.abs(value) * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return value.toFixed(2);
  const below = Math.floor(eighths * 12.5);
  return ((Math.sign(value) * (below % 2 === 0 ? below : below + 1)) / 100).toFixed(2);
}

/** Rows are tasks, columns are experiments. */
export interface ResultTable {
  readonly environments: readonly string[];
  readonly experiments: readonly string[];
  /** [tasks][experiments]; undefined where there is no run. */
  readonly cells: readonly (readonly (ResultCell | undefined)[])[];
  /** Mean last runtime of each experiment and task in seconds; undefined where none was logged. */
  readonly runtimes: readonly (readonly (number | undefined)[])[];
}

/** The table of all runsets. `tableMarkdown` and `tableCsv` write it out. */
export function resultTable(runsets: readonly Runset[], options: CellOptions = {}): ResultTable & Tabular {
  if (runsets.length === 0) refuse("resultTable", "there is no runset", "pass what queryRuns gives");
  const environments = [...new Set(runsets.map(({ environment }) => environment))];
  const experiments = [...new Set(runsets.map(({ experiment }) => experiment))];
  const at = <T>(make: (runset: Runset) => T): (T | undefined)[][] =>
    environments.map((environment) =>
      experiments.map((experiment) => {
        const here = runsets.filter((set) => set.environment === environment && set.experiment === experiment);
        if (here.length > 1)
          refuse("resultTable", `"${experiment}" is twice on "${environment}"`, "give each a legend of its own");
        return here[0] === undefined || here[0].runs.length === 0 ? undefined : make(here[0]);
      }),
    );
  const table: ResultTable = {
    environments,
    experiments,
    cells: at(({ runs }) =>
      resultCell(
        runs.map(({ values }) => values),
        options,
      ),
    ),
    runtimes: at(({ runs }) => meanRuntime(runs.map(({ runtime }) => runtime))),
  };
  return tabular(table, resultTables);
}

function meanRuntime(runtimes: readonly (number | undefined)[]): number | undefined {
  const known = runtimes.filter((runtime) => runtime !== undefined);
  return known.length === 0 ? undefined : mean(known);
}

/** Seconds as "42.0 s", "3.5 m" or "2.1 h". */
export function runtimeText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return seconds < 3600 ? `${(seconds / 60).toFixed(1)} m` : `${(seconds / 3600).toFixed(1)} h`;
}

function resultTables({ environments, experiments, cells, runtimes }: ResultTable): Table[] {
  const columns = <T>(rows: readonly (readonly (T | undefined)[])[], text: (value: T) => string) =>
    Object.fromEntries(
      experiments.map((name, e) => [name, rows.map((row) => (row[e] === undefined ? undefined : text(row[e])))]),
    );
  const overall = experiments.map((_, e) => meanRuntime(runtimes.map((row) => row[e])));
  return [
    { title: "results", columns: { task: environments, ...columns(cells, ({ text }) => text) } },
    { title: "runs", columns: { task: environments, ...columns(cells, ({ n }) => String(n)) } },
    {
      title: "mean runtime",
      columns: { task: [...environments, "mean over tasks"], ...columns([...runtimes, overall], runtimeText) },
    },
  ];
}

/** A result table as Markdown. */
export function tableMarkdown({ environments, experiments, cells }: ResultTable): string {
  const line = (parts: readonly string[]): string =>
    `| ${parts.map((part) => part.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(["", ...experiments]),
    line(["---", ...experiments.map(() => "---")]),
    ...environments.map((name, i) => line([name, ...(cells[i] ?? []).map((cell) => cell?.text ?? "")])),
    "",
  ].join("\n");
}

/** A result table as CSV (RFC 4180): a row for each task and experiment, with mean, std and n in full. */
export function tableCsv({ environments, experiments, cells }: ResultTable): string {
  const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = environments.flatMap((environment, i) =>
    experiments.flatMap((experiment, e) => {
      const cell = cells[i]?.[e];
      if (cell === undefined) return [];
      return [[quoted(environment), quoted(experiment), cell.mean, cell.std, cell.n].join(",")];
    }),
  );
  return `${["task,experiment,mean,std,n", ...rows].join("\n")}\n`;
}
