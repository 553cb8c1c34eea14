/** Reads run folders, also of a run that is still going or was cut off in the middle of a line. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { refuse } from "../refuse.ts";
import type { StepRecord } from "../train/record.ts";
import { listCheckpoints, type RolloutRow, RUN_FORMAT, rolloutsPath } from "./run-folder.ts";

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
    rollouts: (step) => readLines(rolloutsPath(folder, step), isRolloutRow, []),
  };
}

/** A run's `config.json`. @throws UsageError when it is missing, broken or of another format */
export async function readConfig(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    refuse("readRun", `cannot read ${path}`, "pass a folder that train() wrote", error),
  );
  const config = parseJson(text);
  if (!isRecord(config)) refuse("readRun", `${path} is not a JSON object`, "restore it from a copy");
  if (config.format !== RUN_FORMAT) {
    refuse("readRun", `${path} has format ${JSON.stringify(config.format)}`, `this version reads ${RUN_FORMAT}`);
  }
  return config;
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

function isRolloutRow(value: unknown): value is RolloutRow {
  return isRecord(value) && Number.isInteger(value.row) && Array.isArray(value.ids) && Array.isArray(value.logProbs);
}
