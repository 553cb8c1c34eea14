/** Runs asked together: metrics, completions and tokens by run, step, problem and reward, and plain SQL. */
import { join } from "node:path";
import { checkOptions } from "../options.ts";
import { refuse } from "../refuse.ts";
import { readRollouts, stepColumns } from "./read-run.ts";
import type { RolloutRow } from "./run-folder.ts";
import { all, type IndexOptions, openIndex, type SqlValue } from "./run-index.ts";
import { type RunQuery, rangeOf } from "./run-query.ts";
import { joinTokens, type TokenPart, type TokenTable, tokensOfColumns, tokensOfRows } from "./token-table.ts";

/** A run, as a line of a list. */
export interface RunSummary {
  /** Its folder, from the folder of runs. */
  readonly name: string;
  /** "running", "finished", "aborted", "paused", "failed", or "killed": it neither ended nor is anybody writing. */
  readonly state: string;
  readonly task: string | null;
  readonly algorithm: string | null;
  readonly seed: number | null;
  /** Done, of those planned. */
  readonly steps: number;
  readonly planned: number | null;
  /** Of the last step. */
  readonly reward: number | null;
  /** When, for people. */
  readonly started: string | null;
  readonly commit_id: string | null;
}

export interface StoredMetric {
  readonly run: string;
  readonly step: number;
  readonly name: string;
  readonly value: number;
}

/** A completion in the index. */
export interface IndexedRollout {
  readonly run: string;
  readonly step: number;
  readonly row: number;
  readonly problem: string;
  readonly level: number | null;
  readonly reward: number | null;
  readonly status: string;
  readonly finish: string;
  readonly prompt_tokens: number;
  readonly tokens: number;
}

/** Runs that can be asked. What was on the disk when it was opened is seen; open it again to see more. */
export interface RunStore {
  /** What could not be read, in words. */
  readonly notes: readonly string[];
  list(): RunSummary[];
  /** Figures by run, name and step. `problem`, `reward` and `status` say nothing about figures and are refused. */
  metrics(query?: Pick<RunQuery, "run" | "step" | "limit"> & { readonly name?: string }): StoredMetric[];
  /** Completions, without their texts. */
  rollouts(query?: RunQuery): IndexedRollout[];
  /** One completion with its texts and tokens. @throws UsageError when it is not there */
  rollout(of: Pick<IndexedRollout, "run" | "step" | "row">): Promise<RolloutRow>;
  /** Tokens of completions, in columns. */
  tokens(query?: RunQuery): Promise<TokenTable>;
  /** Rows of any SELECT over the tables runs, metrics, events and rollouts. */
  sql(text: string, values?: readonly SqlValue[]): Record<string, SqlValue>[];
  close(): void;
}

/**
 * Opens the runs of a folder.
 *
 *     const runs = await openRuns("runs");
 *     const { count, entropies } = await runs.tokens({ step: [10, 20], reward: 1 });
 *
 * @param folder holds run folders, or is one
 * @throws UsageError when there is no such folder
 */
export async function openRuns(folder: string, options: IndexOptions = {}): Promise<RunStore> {
  checkOptions("openRuns", options, { rebuild: { kind: "boolean" } });
  const { database, notes } = await openIndex(folder, options);
  const placeOf = (run: string): string => join(folder, run);
  const select = <R extends object>(sql: string, values: readonly SqlValue[]): R[] => {
    try {
      return all<R>(database, sql, values);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      return refuse("runs", `SQLite says ${said}`, "ask the tables runs, metrics, events and rollouts", error);
    }
  };
  return {
    notes,
    list: () =>
      select(
        "SELECT name, state, task, algorithm, seed, steps, planned, reward, started, commit_id FROM runs ORDER BY name",
        [],
      ),
    metrics(query = {}) {
      const { name, ...rest } = query;
      checkQuery("metrics", rest, ["run", "step", "limit"]);
      const { where, values, limit } = conditions("metrics", rest);
      const named = name === undefined ? where : [...where, "metrics.name = ?"];
      const sql = `SELECT runs.name AS run, step, metrics.name AS name, value FROM metrics JOIN runs ON runs.id = run
        ${whereOf(named)} ORDER BY runs.name, metrics.name, step ${limit}`;
      return select(sql, name === undefined ? values : [...values, name]);
    },
    rollouts(query = {}) {
      checkQuery("rollouts", query);
      const { where, values, limit } = conditions("rollouts", query);
      const sql = `SELECT runs.name AS run, step, row, problem, level, rollouts.reward AS reward, status, finish,
        prompt_tokens, tokens FROM rollouts JOIN runs ON runs.id = run ${whereOf(where)} ORDER BY run, step, row ${limit}`;
      return select(sql, values);
    },
    async rollout({ run, step, row }) {
      const found = (await readRollouts(placeOf(run), step)).find((one) => one.row === row);
      return found ?? refuse("runs", `step ${step} of ${run} has no row ${row}`, "pass one that rollouts() gave");
    },
    async tokens(query = {}) {
      checkQuery("tokens", query);
      const { where, values } = conditions("rollouts", query);
      const steps = select<{ readonly run: string; readonly step: number }>(
        `SELECT DISTINCT runs.name AS run, step FROM rollouts JOIN runs ON runs.id = run ${whereOf(where)} ORDER BY run, step`,
        values,
      );
      const parts: TokenPart[] = [];
      let left = query.limit ?? Number.POSITIVE_INFINITY;
      for (const { run, step } of steps) {
        if (left <= 0) break;
        const columns = await stepColumns(placeOf(run), step);
        const part = columns
          ? tokensOfColumns({ run, step, columns }, query)
          : tokensOfRows({ run, step, rows: await readRollouts(placeOf(run), step) }, query);
        left -= part.count;
        parts.push(part);
      }
      return joinTokens(parts, query.limit);
    },
    sql: (text, values = []) => select(text, values),
    close: () => database.close(),
  };
}

function checkQuery(where: string, query: object, known: readonly string[] = FIELDS): void {
  const unknown = Object.keys(query).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse(where, `"${unknown}" cannot be asked for`, `use some of ${known.join(", ")}`);
}

const FIELDS: readonly (keyof RunQuery)[] = ["run", "step", "problem", "reward", "status", "limit"];

interface Conditions {
  readonly where: readonly string[];
  readonly values: readonly SqlValue[];
  readonly limit: string;
}

function conditions(table: "metrics" | "rollouts", query: RunQuery): Conditions {
  const where: string[] = [];
  const values: SqlValue[] = [];
  const add = (text: string, ...of: readonly SqlValue[]): void => {
    where.push(text);
    values.push(...of);
  };
  const { run, step, problem, reward, status, limit } = query;
  const names = run === undefined ? [] : typeof run === "string" ? [run] : run;
  if (run !== undefined) add(`runs.name IN (${names.map(() => "?").join(", ")})`, ...names);
  if (step !== undefined) add(`${table}.step BETWEEN ? AND ?`, ...rangeOf("step", step));
  if (problem !== undefined) add("problem = ?", problem);
  if (reward !== undefined) add("rollouts.reward BETWEEN ? AND ?", ...rangeOf("reward", reward));
  if (status !== undefined) add("rollouts.status = ?", status);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0)) {
    refuse("runs", `limit is ${limit}`, "pass a whole number");
  }
  return { where, values, limit: limit === undefined ? "" : `LIMIT ${limit}` };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
