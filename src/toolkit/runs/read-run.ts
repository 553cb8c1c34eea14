/** Reads run folders, also of a run that is still going or was cut off in the middle of a line. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { refuse } from "../refuse.ts";
import type { StepRecord } from "../train/record.ts";
import { joinedRows } from "./join-rows.ts";
import { FINISHES, readRolloutColumns, STATUSES, type StoredColumns } from "./rollout-columns.ts";
import {
  columnsPath,
  listCheckpoints,
  type RolloutRow,
  type RolloutText,
  RUN_FORMATS,
  rolloutsPath,
} from "./run-folder.ts";

/** A run as read from its folder. */
export interface StoredRun {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly records: readonly StepRecord[];
  /** Checkpoint folders in the order of their steps; the first is the policy that the run started from. */
  readonly checkpoints: readonly string[];
  /** What was left out in reading, such as a last line cut off. */
  readonly notes: readonly string[];
  /** The completions of a step. */
  rollouts(step: number): Promise<readonly RolloutRow[]>;
}

/**
 * Opens a run folder.
 *
 * @throws UsageError when it is no run folder, or naming file and line where one cannot be read
 */
export async function readRun(folder: string): Promise<StoredRun> {
  const notes: string[] = [];
  const config = await readConfig(join(folder, "config.json"));
  const metrics = join(folder, "metrics.jsonl");
  const records = await readLines(metrics, isStepRecord, notes);
  return {
    folder,
    config,
    records,
    checkpoints: (await listCheckpoints(folder)).map(({ path }) => path),
    notes,
    rollouts: (step) => readRollouts(folder, step),
  };
}

/** A run's `config.json`. @throws UsageError when it is missing, broken or of another format */
export async function readConfig(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    refuse("readRun", `cannot read ${path}`, "pass a folder that train() wrote", error),
  );
  const config = parseJson(text);
  if (!isRecord(config)) refuse("readRun", `${path} is not a JSON object`, "restore it from a copy");
  if (!RUN_FORMATS.some((format) => format === config.format)) {
    const known = RUN_FORMATS.join(" and ");
    refuse("readRun", `${path} has format ${JSON.stringify(config.format)}`, `this version reads ${known}`);
  }
  return config;
}

/** A step's completions: lines with numbers in them (the first format), or lines joined with their columns. */
export async function readRollouts(folder: string, step: number): Promise<readonly RolloutRow[]> {
  const path = rolloutsPath(folder, step);
  const texts = await readLines(path, isRolloutText, []);
  if (texts.every(isRolloutRow)) return texts;
  const numbers = columnsPath(folder, step);
  const rows = joinedRows(texts, await readRolloutColumns(numbers));
  return rows ?? refuse("readRun", `${path} and ${numbers} are not of one step`, "restore both from one copy");
}

/** What an index has of a completion. */
export interface StepRow {
  readonly row: number;
  readonly problem: string;
  readonly level: number;
  readonly reward: number | null;
  readonly status: string;
  readonly finish: string;
  readonly promptTokens: number;
  readonly tokens: number;
}

/** The same of a step's completions, from their columns alone where there are columns. */
export async function stepRows(folder: string, step: number): Promise<StepRow[]> {
  const columns = await stepColumns(folder, step);
  if (columns === undefined) return (await readRollouts(folder, step)).map(stepRow);
  const { problems, group, level, reward, status, finish, promptLengths, completionLengths } = columns;
  return Array.from(group, (of, row) => ({
    ...{ row, problem: problems[of] ?? "", level: level[row] ?? 0, reward: reward[row] ?? null },
    ...{ status: STATUSES[status[row] ?? 0] ?? "", finish: FINISHES[finish[row] ?? 0] ?? "" },
    ...{ promptTokens: promptLengths[row] ?? 0, tokens: completionLengths[row] ?? 0 },
  }));
}

function stepRow({ row, problem, level, reward, status, finish, ids, promptLength }: RolloutRow): StepRow {
  const lengths = { promptTokens: promptLength, tokens: ids.length - promptLength };
  return { row, problem, level, reward, status, finish, ...lengths };
}

/** A step's columns; undefined in a folder of the first format, which has none. */
export async function stepColumns(folder: string, step: number): Promise<StoredColumns | undefined> {
  const path = columnsPath(folder, step);
  const there = await stat(path).catch(() => undefined);
  return there === undefined ? undefined : await readRolloutColumns(path);
}

/** Lines of a JSONL file that fit `holds`. Only a last line without its newline may be broken: it was cut off. */
async function readLines<T>(path: string, holds: (value: unknown) => value is T, notes: string[]): Promise<T[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    refuse("readRun", `cannot read ${path}`, "pass a run folder and a step that hold it", error),
  );
  const lines = text.split("\n");
  const last = lines.pop() ?? ""; // after the last newline: empty, or a line cut off
  const values = lines.map((line, index) => {
    const value = parseJson(line);
    if (holds(value)) return value;
    return refuse(
      "readRun",
      `${path}, line ${index + 1} cannot be read`,
      "remove the line, or restore the file from a copy",
    );
  });
  const tail = last === "" ? undefined : parseJson(last);
  if (holds(tail)) values.push(tail);
  else if (last !== "") notes.push(`${path}, line ${lines.length + 1} was cut off and is left out`);
  return values;
}

/** The value, or undefined where the text is not JSON: the caller names file and line. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isStepRecord(value: unknown): value is StepRecord {
  return (
    isRecord(value) &&
    Number.isInteger(value.step) &&
    isRecord(value.metrics) &&
    isRecord(value.timing) &&
    isRecord(value.identity) &&
    Array.isArray(value.events)
  );
}

function isRolloutText(value: unknown): value is RolloutText {
  return isRecord(value) && Number.isInteger(value.row) && typeof value.problem === "string";
}

function isRolloutRow(value: RolloutText): value is RolloutRow {
  return "ids" in value && Array.isArray(value.ids) && "logProbs" in value && Array.isArray(value.logProbs);
}
