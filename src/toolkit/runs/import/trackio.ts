/**
 * Trackio: `{project}.db` (SQLite, rows that are still in its write-ahead log included) and its exports to parquet. Metrics by
 * run and step, and the configs; traces, alerts and system metrics are counted and named.
 */
import { asNumber, attempt, badField, badRow, type Fields, isFields, numericFields, step } from "./fields.ts";
import { parquetRecords } from "./parquet.ts";
import { utf8 } from "./protobuf.ts";
import { parsePythonJson } from "./python-json.ts";
import type { ImportFormat, ImportRecord, Place } from "./record.ts";
import { BrokenDatabase, openPages } from "./sqlite/pages.ts";
import { sqliteRows, sqliteTables } from "./sqlite/tables.ts";

const LEFT_OUT = ["system_metrics", "traces", "alerts"];

export async function* readTrackio(file: string): AsyncGenerator<ImportRecord> {
  try {
    yield* databaseRecords(file);
  } catch (error) {
    if (!(error instanceof BrokenDatabase)) throw error;
    yield badRow({ file }, `cannot be read as an SQLite database: ${error.message}`);
  }
}

async function* databaseRecords(file: string): AsyncGenerator<ImportRecord> {
  const pages = await openPages(file);
  try {
    const tables = await sqliteTables(pages);
    if (!tables.some(({ name }) => name === "metrics")) {
      return yield badRow({ file }, `has the tables ${tables.map(({ name }) => name).join(", ")}, none called metrics`);
    }
    for (const table of tables) {
      let line = 0;
      if (table.name === "metrics" || table.name === "configs") {
        for await (const row of sqliteRows(pages, table)) {
          line += 1;
          const place = { file, line };
          yield* attempt(place, () => [table.name === "metrics" ? metricsRow(row, place, "trackio") : configRow(row)]);
        }
      } else if (LEFT_OUT.includes(table.name)) {
        for await (const _ of sqliteRows(pages, table)) line += 1;
        if (line > 0) yield { kind: "note", text: `${file}: ${line} rows of ${table.name} are left out` };
      }
    }
  } finally {
    await pages[Symbol.asyncDispose]();
  }
}

function runOf(row: Fields): string {
  return typeof row.run_name === "string" ? row.run_name : badField("run_name", "is missing");
}

function metricsRow(row: Fields, place: Place, format: ImportFormat): ImportRecord {
  const logged = Object.entries(json(row, "metrics"));
  const values = numericFields(Object.fromEntries(logged.map(([name, value]) => [name, spelledOut(value)])));
  return { kind: "metrics", format, run: runOf(row), step: step(row, "step"), values, place };
}

/** Numbers that JSON has no word for are stored as texts. */
function spelledOut(value: unknown): unknown {
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value;
}

function configRow(row: Fields): ImportRecord {
  return { kind: "config", run: runOf(row), config: json(row, "config") };
}

function json(row: Fields, field: string): Fields {
  const value = row[field];
  try {
    const text = value instanceof Uint8Array ? utf8(value) : value; // new versions store JSON as bytes
    const parsed = typeof text === "string" ? parsePythonJson(text) : undefined;
    return isFields(parsed) ? parsed : badField(field, "is not a JSON object");
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return badField(field, "is not JSON");
  }
}

const NOT_METRICS = ["id", "run_id", "run_name", "timestamp", "step", "log_id", "space_id"];

/** The export of the metrics: a column a metric. */
export async function* readTrackioParquet(file: string): AsyncGenerator<ImportRecord> {
  yield* parquetRecords(file, (row, place) => {
    const numbers = Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        const found = asNumber(value);
        return found === undefined || NOT_METRICS.includes(name) ? [] : [[name, found] as const];
      }),
    );
    return [
      { kind: "metrics", format: "trackio-parquet", run: runOf(row), step: step(row, "step"), values: numbers, place },
    ];
  });
}
