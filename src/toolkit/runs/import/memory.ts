/** Samples and metrics that are in memory already: columns, rows, matrices of outcomes, danfo data frames. */
import { checkOptions } from "../../options.ts";
import { refuse } from "../../refuse.ts";
import { anyText, asNumber, attempt, badField, type Fields, isFields, others, score } from "./fields.ts";
import type { ImportRecord, SampleRecord } from "./record.ts";

/** As much of a danfo `DataFrame` as is read. */
export interface FrameLike {
  readonly columns: readonly string[];
  readonly values: readonly unknown[];
}

/** Which column is what. */
export interface TableColumns {
  /** Id of the problem. Default "problem". */
  readonly problem?: string;
  /** Score of the sample. Default "score". */
  readonly score?: string;
  /** Text of the sample. Default "text", where there is one. */
  readonly text?: string;
  /** Step of training. Default "step", where there is one. */
  readonly step?: string;
  /** Difficulty. Default "level", where there is one. */
  readonly level?: string;
  /** Name of the set of problems. Default "memory". */
  readonly set?: string;
}

const RULES = Object.fromEntries(
  ["problem", "score", "text", "step", "level", "set"].map((name) => [name, { kind: "string" } as const]),
);

/** A table of one sample a row: columns by name, a list of rows, or a danfo data frame. */
export type SampleTable = Readonly<Record<string, ArrayLike<unknown>>> | readonly Fields[] | FrameLike;

/** @throws UsageError for columns of unlike length, or one that is named and not there */
export function* tableRecords(table: SampleTable, columns: TableColumns = {}): Generator<ImportRecord> {
  checkOptions("importTable", columns, RULES);
  const rows = rowsOfTable(table);
  const [first] = rows;
  for (const name of [
    columns.problem ?? "problem",
    columns.score ?? "score",
    columns.text,
    columns.step,
    columns.level,
  ]) {
    if (name === undefined || first === undefined || name in first) continue;
    refuse("importTable", `there is no column "${name}"`, `the table has ${Object.keys(first).join(", ")}`);
  }
  for (const [i, row] of rows.entries()) {
    const place = { file: columns.set ?? "memory", line: i + 1 };
    yield* attempt(place, () => [tableSample(row, columns, place)]);
  }
}

function tableSample(row: Fields, columns: TableColumns, place: SampleRecord["place"]): SampleRecord {
  const { problem = "problem", score: scored = "score", text = "text", step = "step", level = "level" } = columns;
  const [at, of] = [asNumber(row[step]), asNumber(row[level])];
  return {
    kind: "sample",
    set: columns.set ?? "memory",
    ...(at === undefined ? {} : { step: at }),
    ...(of === undefined ? {} : { level: of }),
    problem: anyText(row[problem]) ?? badField(problem, "is missing"),
    text: anyText(row[text]) ?? "",
    score: score(row, scored),
    fields: others(row, problem, scored, text, step, level),
    place,
  };
}

function rowsOfTable(table: SampleTable): readonly Fields[] {
  if (Array.isArray(table)) {
    const wrong = table.findIndex((row) => !isFields(row));
    return wrong < 0 ? table : refuse("importTable", `row ${wrong} is no object`, "pass rows with named values");
  }
  const columns = isFrame(table) ? frameColumns(table) : columnsOf(table);
  const lengths = new Set(Object.values(columns).map((column) => column.length));
  if (lengths.size > 1)
    refuse("importTable", `the columns have ${[...lengths].join(", ")} rows`, "give all one length");
  return Array.from({ length: [...lengths][0] ?? 0 }, (_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]])),
  );
}

function isFrame(table: object): table is FrameLike {
  return "columns" in table && "values" in table && Array.isArray(table.columns) && Array.isArray(table.values);
}

function frameColumns({ columns, values }: FrameLike): Record<string, unknown[]> {
  const at = (row: unknown, c: number): unknown => (Array.isArray(row) ? row[c] : row);
  return Object.fromEntries(columns.map((name, c) => [name, values.map((row) => at(row, c))]));
}

function columnsOf(table: object): Record<string, ArrayLike<unknown>> {
  const columns: Record<string, ArrayLike<unknown>> = {};
  for (const [name, column] of Object.entries(table)) {
    if (Array.isArray(column) || (ArrayBuffer.isView(column) && !(column instanceof DataView)))
      columns[name] = column as ArrayLike<unknown>;
    else refuse("importTable", `the column "${name}" is no array`, "pass arrays, rows or a data frame");
  }
  return columns;
}

/**
 * A matrix of scores: [problems][samples]; rows may be of unlike length.
 *
 * @param ids names of the problems. Default their places
 */
export function* matrixRecords(
  scores: readonly ArrayLike<unknown>[],
  ids?: readonly string[],
): Generator<ImportRecord> {
  if (ids !== undefined && ids.length !== scores.length) {
    refuse("importScores", `there are ${ids.length} ids for ${scores.length} problems`, "name each problem once");
  }
  for (const [p, row] of scores.entries()) {
    const place = { file: "memory", line: p + 1 };
    yield* attempt(place, () =>
      Array.from(row, (value, s) => ({
        kind: "sample" as const,
        set: "memory",
        problem: ids?.[p] ?? `problem ${p}`,
        text: "",
        score: score({ [`[${s}]`]: value }, `[${s}]`),
        fields: {},
        place,
      })),
    );
  }
}
