/**
 * An index of the runs in a folder, in SQLite: what is asked across runs, steps and problems without opening every file.
 * It holds nothing that is not in the run folders, so that it can be made again from them at any time: runs never write
 * into it, a reader brings it up to date, and of two readers that do so at once either result is right.
 */
import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Database, SqlJsStatic } from "sql.js";
import { writeFileAtomic } from "../files.ts";
import { refuse, UsageError } from "../refuse.ts";
import type { StepRecord } from "../train/record.ts";
import { isLocked } from "./lock.ts";
import { isStepRecord, parseJson, readConfig, stepRows } from "./read-run.ts";

/** Name of the index in a folder of runs. */
const INDEX = ".rlvr-index.sqlite";

/** Raised when a table changes: an index of another version is made anew. */
const VERSION = 1;

const SCHEMA = `
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, state TEXT, task TEXT, algorithm TEXT, seed INTEGER,
  steps INTEGER NOT NULL DEFAULT 0, planned INTEGER, reward REAL, started TEXT, commit_id TEXT, config TEXT NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0, tail TEXT NOT NULL DEFAULT '');
CREATE TABLE metrics (
  run INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (run, name, step)) WITHOUT ROWID;
CREATE TABLE events (run INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE rollouts (
  run INTEGER NOT NULL, step INTEGER NOT NULL, row INTEGER NOT NULL, problem TEXT NOT NULL, level REAL, reward REAL,
  status TEXT NOT NULL, finish TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, tokens INTEGER NOT NULL,
  PRIMARY KEY (run, step, row)) WITHOUT ROWID;
CREATE TABLE notes (run INTEGER NOT NULL, step INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX rollouts_by_problem ON rollouts (problem, run, step);
PRAGMA user_version = ${VERSION};`;

/** An open index. */
export interface RunIndex {
  readonly database: Database;
  /** What could not be read, in words. */
  readonly notes: readonly string[];
}

export interface IndexOptions {
  /** Makes it anew instead of reading what is new. Default false. */
  readonly rebuild?: boolean;
}

/**
 * Opens the index of a folder of runs (or of one run), up to date with what is on the disk now, and keeps it there for the next time.
 *
 * @throws UsageError when there is no such folder
 */
export async function openIndex(root: string, { rebuild = false }: IndexOptions = {}): Promise<RunIndex> {
  const there = await stat(root).catch(() => undefined);
  if (!there?.isDirectory()) refuse("runs", `there is no folder ${root}`, "pass a folder that holds run folders");
  const engine = await sqlite();
  const path = join(root, INDEX);
  const kept = rebuild ? undefined : await keptIndex(engine, path);
  const database = kept ?? new engine.Database();
  if (kept === undefined) database.exec(SCHEMA);
  const notes: string[] = [];
  const changed = await update(database, root, notes);
  if (changed || kept === undefined) {
    await writeFileAtomic(path, sealed(database.export())).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      notes.push(`the index is not kept: ${error.message}`); // a folder that may only be read is queried all the same
    });
  }
  const left = all<{ readonly name: string; readonly step: number; readonly message: string }>(
    database,
    "SELECT name, step, message FROM notes JOIN runs ON runs.id = run ORDER BY name, step",
  );
  notes.push(...left.map(({ name, step, message }) => `completions of ${name}, step ${step} are left out: ${message}`));
  return { database, notes };
}

/** With a hash behind it, which SQLite does not read: a changed byte in the middle of a table would be believed. */
function sealed(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);
}

const SEAL = 32;

/** SQLite, when it is needed: 40 ms. */
async function sqlite(): Promise<SqlJsStatic> {
  const { default: initSqlJs } = await import("sql.js");
  return await initSqlJs();
}

/** The index on the disk; undefined where there is none, or one that cannot be used. */
async function keptIndex(engine: SqlJsStatic, path: string): Promise<Database | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const content = bytes.subarray(0, -SEAL);
  if (!createHash("sha256").update(content).digest().equals(bytes.subarray(-SEAL))) return undefined;
  const database = new engine.Database(content);
  if (database.exec("PRAGMA user_version")[0]?.values[0]?.[0] === VERSION) return database;
  database.close();
  return undefined;
}

/** Brings the tables up to date. @returns whether anything has changed */
async function update(database: Database, root: string, notes: string[]): Promise<boolean> {
  const found = new Map((await runFolders(root)).map((folder) => [nameOf(root, folder), folder]));
  let changed = false;
  for (const { id, name } of all<{ id: number; name: string }>(database, "SELECT id, name FROM runs")) {
    if (found.has(name)) continue;
    removeRun(database, id);
    changed = true;
  }
  for (const [name, folder] of found) {
    try {
      changed = (await updateRun(database, { name, folder })) || changed;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      notes.push(`${name} is left out: ${error.message}`);
      const [left] = all<{ readonly id: number }>(database, "SELECT id FROM runs WHERE name = ?", [name]);
      if (left) removeRun(database, left.id);
      changed = true;
    }
  }
  return changed;
}

/** Folders that hold a run, at most three levels down. */
async function runFolders(root: string, depth = 0): Promise<string[]> {
  const config = await readFile(join(root, "config.json"), "utf8").catch(() => undefined);
  if (config !== undefined) return /"format"\s*:\s*"rlvr-run\//.test(config) ? [root] : []; // else a policy's, say
  if (depth === 3) return [];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const inside = entries.filter((entry) => entry.isDirectory() && !/^(\.|node_modules$)/.test(entry.name));
  return (await Promise.all(inside.map(({ name }) => runFolders(join(root, name), depth + 1)))).flat().sort();
}

function nameOf(root: string, folder: string): string {
  return relative(root, folder).split(sep).join("/") || ".";
}

interface Place {
  readonly name: string;
  readonly folder: string;
}

interface Known {
  readonly id: number;
  readonly config: string;
  readonly bytes: number;
  readonly tail: string;
  readonly state: string;
  readonly steps: number;
}

/** Reads what is new in a run's folder. */
async function updateRun(database: Database, place: Place): Promise<boolean> {
  const { name, folder } = place;
  const config = await readConfig(join(folder, "config.json"));
  const text = JSON.stringify(config);
  const state = await stateOf(folder);
  const before = all<Known>(database, "SELECT * FROM runs WHERE name = ?", [name])[0];
  const lines = before?.config === text ? await newLines(folder, before) : undefined;
  if (before !== undefined && lines === undefined) removeRun(database, before.id); // another run, or steps taken again
  const fresh = lines ?? (await newLines(folder, { bytes: 0, tail: "" })) ?? { records: [], bytes: 0, tail: "" };
  if (lines !== undefined && lines.records.length === 0 && before?.state === state) return false;
  const id = lines === undefined || before === undefined ? addRun(database, name, config, text) : before.id;
  for (const record of fresh.records) await addStep(database, { id, folder }, record);
  database.run(
    `UPDATE runs SET state = ?2, bytes = ?3, tail = ?4, steps = ?5,
       reward = (SELECT value FROM metrics WHERE run = ?1 AND name = 'reward' ORDER BY step DESC LIMIT 1)
     WHERE id = ?1`,
    [id, state, fresh.bytes, fresh.tail, (fresh.records.at(-1)?.step ?? (before?.steps ?? 0) - 1) + 1],
  );
  return true;
}

function addRun(database: Database, name: string, config: Readonly<Record<string, unknown>>, text: string): number {
  const settings = record(config.settings);
  const environment = record(config.environment);
  const values = [name, record(config.task).name, record(config.algorithm).name, settings.seed, settings.steps];
  database.run(
    "INSERT INTO runs (name, task, algorithm, seed, planned, started, commit_id, config) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [...values, config.startedAt, environment.commit, text].map(sqlValue),
  );
  return all<{ id: number }>(database, "SELECT id FROM runs WHERE name = ?", [name])[0]?.id ?? 0;
}

function removeRun(database: Database, id: number): void {
  for (const table of ["metrics", "events", "rollouts", "notes"])
    database.run(`DELETE FROM ${table} WHERE run = ?`, [id]);
  database.run("DELETE FROM runs WHERE id = ?", [id]);
}

/** A step's figures, events and completions: all of them, or none. */
async function addStep(
  database: Database,
  { id, folder }: { readonly id: number; readonly folder: string },
  { step, metrics, events }: StepRecord,
): Promise<void> {
  const { rows, fault } = await stepRows(folder, step).then(
    (found) => ({ rows: found, fault: undefined }),
    (error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      return { rows: [], fault: error.message };
    },
  );
  database.run("BEGIN");
  try {
    const insert = (sql: string, values: Iterable<readonly unknown[]>): void => {
      const statement = database.prepare(sql);
      for (const row of values) statement.run(row.map(sqlValue));
      statement.free();
    };
    const figures = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
    insert(
      "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
      figures.map(([name, value]) => [id, step, name, value]),
    );
    insert(
      "INSERT INTO events VALUES (?, ?, ?, ?)",
      events.map(({ kind, message }) => [id, step, kind, message]),
    );
    insert(
      "INSERT OR REPLACE INTO rollouts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      rows.map(({ row, problem, level, reward, status, finish, promptTokens, tokens }) => [
        ...[id, step, row, problem, level, reward, status, finish, promptTokens, tokens],
      ]),
    );
    if (fault !== undefined) database.run("INSERT INTO notes VALUES (?, ?, ?)", [id, step, fault]);
    database.run("COMMIT");
  } catch (error) {
    database.run("ROLLBACK");
    throw error;
  }
}

/** Bytes before the part that is read, which must be those that were read the last time. */
const TAIL = 4096;

interface NewLines {
  readonly records: readonly StepRecord[];
  /** Read so far. */
  readonly bytes: number;
  /** Hash of the last bytes of them. */
  readonly tail: string;
}

/** Records behind those that were read; undefined where the file is not the one that was read: a resumed run rewrites it. */
async function newLines(
  folder: string,
  { bytes, tail }: { readonly bytes: number; readonly tail: string },
): Promise<NewLines | undefined> {
  const path = join(folder, "metrics.jsonl");
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return bytes === 0 ? { records: [], bytes: 0, tail: "" } : undefined;
  try {
    const { size } = await file.stat();
    if (size < bytes) return undefined;
    const from = Math.max(0, bytes - TAIL);
    const part = new Uint8Array(size - from);
    const { bytesRead } = await file.read(part, 0, part.length, from);
    const text = Buffer.from(part.buffer, 0, bytesRead);
    if (bytes > 0 && hashOf(text.subarray(0, bytes - from)) !== tail) return undefined;
    const end = from + text.lastIndexOf("\n") + 1; // a line without its end is on its way
    if (end <= bytes) return { records: [], bytes, tail };
    const lines = text
      .subarray(bytes - from, end - from)
      .toString()
      .split("\n")
      .slice(0, -1);
    const records = lines.map(parseJson);
    const wrong = records.findIndex((one) => !isStepRecord(one));
    if (wrong >= 0) refuse("runs", `${path} has a line that cannot be read`, "restore the file from a copy");
    const last = text.subarray(Math.max(0, end - TAIL - from), end - from);
    return { records: records.filter(isStepRecord), bytes: end, tail: hashOf(last) };
  } finally {
    await file.close();
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** How a run stands: running, or how it ended; "killed" where it did not end and nobody writes. */
async function stateOf(folder: string): Promise<string> {
  const lines = (await readFile(join(folder, "history.jsonl"), "utf8").catch(() => "")).trimEnd().split("\n");
  const last = record(parseJson(lines.at(-1) ?? ""));
  if (last.kind === "end" && typeof last.stopped === "string") return last.stopped;
  return (await isLocked(folder)) ? "running" : "killed";
}

export type SqlValue = number | string | null;

/** All rows of a query. */
export function all<R extends object>(database: Database, sql: string, values: readonly SqlValue[] = []): R[] {
  const statement = database.prepare(sql);
  try {
    statement.bind([...values]);
    const rows: R[] = [];
    while (statement.step()) rows.push(statement.getAsObject() as R);
    return rows;
  } finally {
    statement.free();
  }
}

function sqlValue(value: unknown): SqlValue {
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
