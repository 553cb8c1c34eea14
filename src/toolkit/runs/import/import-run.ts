/** Anybody's run in one call: what it is, its problems with counts, its curves, what could not be read. */
import { checkOptions } from "../../options.ts";
import { refuse } from "../../refuse.ts";
import { type Table, type Tabular, tabular } from "../../table.ts";
import {
  type CollectOptions,
  collector,
  type ImportedCurve,
  type ImportedResult,
  type ImportedSet,
} from "./collect.ts";
import { type DetectedFile, detectFiles } from "./detect.ts";
import { readEvaluation } from "./evaluation.ts";
import { readLightevalDetails, readLightevalResults } from "./lighteval.ts";
import { readLmEvalResults, readLmEvalSamples } from "./lm-eval.ts";
import { matrixRecords, type SampleTable, type TableColumns, tableRecords } from "./memory.ts";
import { readMetricsJsonl } from "./metrics-jsonl.ts";
import { readNemoData } from "./nemo-rl.ts";
import { readOwnRun } from "./own-run.ts";
import { readPrimeTokens, readPrimeTraces } from "./prime-rl.ts";
import type { BadRow, ImportFormat, ImportRecord, ReadOptions, TokensRecord } from "./record.ts";
import { readTensorboard } from "./tensorboard.ts";
import { readTrackio, readTrackioParquet } from "./trackio.ts";
import { readTrlCompletions, readTrlState } from "./trl.ts";
import { readVerlDump, readVerlLog } from "./verl.ts";
import { readWandb } from "./wandb.ts";

export interface ImportOptions extends CollectOptions {
  /** Default: found out from names, first bytes and first rows. Needed only for a file that looks like another. */
  readonly format?: ImportFormat;
  /** What a row that cannot be read does. Default "refuse"; "exclude" leaves it out and lists it in `badRows`. */
  readonly badRows?: "refuse" | "exclude";
}

export interface ImportedRun {
  readonly path: string;
  /** What was found, each once. */
  readonly formats: readonly ImportFormat[];
  readonly files: readonly DetectedFile[];
  /** Files of no known format, and those that another file holds as well. */
  readonly ignored: readonly string[];
  /** By name and step. */
  readonly sets: readonly ImportedSet[];
  readonly curves: readonly ImportedCurve[];
  /** What the peer states about whole sets. */
  readonly results: readonly ImportedResult[];
  readonly tokens: readonly TokensRecord[];
  readonly configs: readonly { readonly run?: string; readonly config: Readonly<Record<string, unknown>> }[];
  /** Rows that were left out: file, line, field, why. */
  readonly badRows: readonly BadRow[];
  readonly notes: readonly string[];
}

const READERS: Readonly<
  Record<Exclude<ImportFormat, "memory">, (path: string, options: ReadOptions) => AsyncIterable<ImportRecord>>
> = {
  "rlvr-run": readOwnRun,
  "rlvr-evaluation": readEvaluation,
  "trl-completions": readTrlCompletions,
  "trl-state": readTrlState,
  "verl-dump": readVerlDump,
  "verl-log": readVerlLog,
  "prime-rl-traces": readPrimeTraces,
  "prime-rl-tokens": readPrimeTokens,
  "nemo-rl-data": readNemoData,
  "lm-eval-samples": readLmEvalSamples,
  "lm-eval-results": readLmEvalResults,
  "lighteval-details": readLightevalDetails,
  "lighteval-results": readLightevalResults,
  "metrics-jsonl": readMetricsJsonl,
  tensorboard: readTensorboard,
  wandb: readWandb,
  trackio: readTrackio,
  "trackio-parquet": readTrackioParquet,
};

/**
 * The records of one file, one at a time: for files larger than memory, or to sieve while reading.
 *
 * @throws UsageError where the file is not there, or of no known format
 */
export async function* importRecords(
  { path, format }: DetectedFile,
  options: ReadOptions = {},
): AsyncGenerator<ImportRecord> {
  if (format === "memory") refuse("importRecords", `${path} is in memory`, "pass a file");
  yield* READERS[format](path, options);
}

/**
 * Reads a file or folder of this project or of a peer: TRL, verl, prime-rl, NeMo-RL, lm-eval, lighteval, TensorBoard, W&B
 * (offline), Trackio. Each `set` is what `reasoningBoundary` takes; `checkLogged` compares the peer's numbers with right ones.
 *
 * @throws UsageError where nothing is there that can be read; for a row that cannot be read (file, line, field), unless
 * `badRows: "exclude"`
 */
export async function importRun(path: string, options: ImportOptions = {}): Promise<ImportedRun & Tabular> {
  checkImportOptions("importRun", options);
  const { format, badRows = "refuse", ...rest } = options;
  const { files, ignored } =
    format === undefined ? await detectFiles(path) : { files: [{ path, format }], ignored: [] };
  const gathered = collector(rest);
  for (const file of files) {
    for await (const record of importRecords(file, rest)) {
      gathered.add(record);
      if (badRows === "refuse") refuseBadRow(gathered.badRows);
    }
  }
  return finished({ path, files, ignored }, gathered);
}

/**
 * Samples in memory: columns by name, rows, or a danfo data frame.
 *
 * @throws UsageError as {@link importRun}, and for a column that is named and not there
 */
export function importTable(
  table: SampleTable,
  { columns = {}, ...options }: Omit<ImportOptions, "format"> & { readonly columns?: TableColumns } = {},
): ImportedRun & Tabular {
  return inMemory("importTable", tableRecords(table, columns), options);
}

/** A matrix of scores, [problems][samples]. @throws UsageError as {@link importRun} */
export function importScores(
  scores: readonly ArrayLike<unknown>[],
  { ids, ...options }: Omit<ImportOptions, "format"> & { readonly ids?: readonly string[] } = {},
): ImportedRun & Tabular {
  return inMemory("importScores", matrixRecords(scores, ids), options);
}

/**
 * One of an imported run's sets.
 *
 * @param which name and step; what is left out may be anything, as long as one set is left
 * @throws UsageError where none or several fit, naming those that are there
 */
export function importedSet(
  { sets, path }: Pick<ImportedRun, "sets" | "path">,
  which: { readonly name?: string; readonly step?: number; readonly run?: string } = {},
): ImportedSet {
  const fits = sets.filter(
    ({ name, step, run }) =>
      (which.name ?? name) === name && (which.step ?? step) === step && (which.run ?? run) === run,
  );
  const [only, ...more] = fits;
  if (only !== undefined && more.length === 0) return only;
  const names = (fits.length > 0 ? fits : sets).slice(0, 6).map(setTitle);
  return refuse(
    "importedSet",
    `${fits.length} sets of ${path} fit`,
    names.length === 0
      ? "import a dump with samples"
      : `choose name, step or run of one: ${names.join("; ")}${sets.length > 6 ? "; …" : ""}`,
  );
}

function setTitle({ name, step, run }: ImportedSet): string {
  return `${name}${step === undefined ? "" : ` at step ${step}`}${run === undefined ? "" : ` of ${run}`}`;
}

function inMemory(where: string, records: Iterable<ImportRecord>, options: ImportOptions): ImportedRun & Tabular {
  checkImportOptions(where, options);
  const gathered = collector(options);
  for (const record of records) {
    gathered.add(record);
    if (options.badRows !== "exclude") refuseBadRow(gathered.badRows);
  }
  return finished({ path: "memory", files: [{ path: "memory", format: "memory" }], ignored: [] }, gathered);
}

function checkImportOptions(where: string, options: ImportOptions): void {
  checkOptions(where, options, {
    format: { kind: "either", values: Object.keys(READERS) },
    badRows: { kind: "either", values: ["refuse", "exclude"] },
    keepSamples: { kind: "boolean" },
    keepTokens: { kind: "boolean" },
    score: { kind: "string" },
    correctFrom: { kind: "number" },
  });
}

function refuseBadRow([first]: readonly BadRow[]): void {
  if (first === undefined) return;
  const { file, line, field, problem } = first;
  const place = `${file}${line === undefined ? "" : `, line ${line}`}${field === undefined ? "" : `, field ${field}`}`;
  refuse(
    "importRun",
    `${place} ${problem}`,
    'mend it, or pass badRows: "exclude" to leave such rows out and have them listed',
  );
}

function finished(
  found: Pick<ImportedRun, "path" | "files" | "ignored">,
  gathered: ReturnType<typeof collector>,
): ImportedRun & Tabular {
  const { results, tokens, configs, badRows, notes } = gathered;
  const formats = [...new Set(found.files.map(({ format }) => format))].sort();
  const run: ImportedRun = {
    ...found,
    ...{ formats, sets: gathered.sets(), curves: gathered.curves(), results, tokens, configs, badRows, notes },
  };
  return tabular(run, importTables);
}

export function importTables({ sets, curves, badRows, notes }: ImportedRun): Table[] {
  const sum = ({ problems }: ImportedSet, of: "n" | "correct" | "failed"): number =>
    problems.reduce((total, problem) => total + problem[of], 0);
  return [
    {
      title: "sets",
      columns: {
        set: sets.map(({ name }) => name),
        step: sets.map(({ step }) => step),
        run: sets.map(({ run }) => run),
        problems: sets.map(({ problems }) => problems.length),
        samples: sets.map((set) => sum(set, "n")),
        correct: sets.map((set) => sum(set, "correct")),
        unscored: sets.map((set) => sum(set, "failed")),
      },
    },
    {
      title: "curves",
      columns: {
        metric: curves.map(({ name }) => name),
        run: curves.map(({ run }) => run),
        points: curves.map(({ steps }) => steps.length),
        last: curves.map(({ values }) => values.at(-1)),
      },
    },
    {
      title: "left out",
      columns: {
        where: [
          ...badRows.map(({ file, line }) => `${file}${line === undefined ? "" : `:${line}`}`),
          ...notes.map(() => ""),
        ],
        field: [...badRows.map(({ field }) => field), ...notes.map(() => undefined)],
        why: [...badRows.map(({ problem }) => problem), ...notes],
      },
    },
  ];
}
