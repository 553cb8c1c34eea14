/** Tokens of many completions in columns, picked by step, problem and reward. */
import { MASK_REASONS, STATUSES, type StoredColumns } from "./rollout-columns.ts";
import type { RolloutRow } from "./run-folder.ts";
import { type RunQuery, rangeOf } from "./run-query.ts";

/** One number a token in every column. */
export interface TokenTable {
  readonly count: number;
  /** Names of the runs that `run` points into. */
  readonly runs: readonly string[];
  readonly run: Int32Array;
  readonly step: Int32Array;
  readonly row: Int32Array;
  /** Place in the completion, from 0. */
  readonly position: Int32Array;
  readonly ids: Int32Array;
  readonly logProbs: Float32Array;
  readonly sampleLogProbs: Float32Array;
  readonly advantages: Float32Array;
  /** NaN where unknown. */
  readonly entropies: Float32Array;
  /** Index into `reasons`; 255 where unknown. */
  readonly masks: Uint8Array;
  readonly reasons: readonly string[];
}

/** Tokens of one step. */
export interface TokenPart extends Omit<TokenTable, "runs" | "run" | "step" | "reasons"> {
  readonly from: { readonly run: string; readonly step: number };
}

const UNKNOWN = 255;

/** Tokens of a step's rows that fit. */
export function tokensOfColumns(
  { run, step, columns }: { readonly run: string; readonly step: number; readonly columns: StoredColumns },
  query: RunQuery,
): TokenPart {
  const rows = fittingRows(columns, query);
  const { promptLengths, completionLengths } = columns;
  const count = rows.reduce((sum, { row }) => sum + (completionLengths[row] ?? 0), 0);
  const made = emptyColumns(count);
  let at = 0;
  for (const { row, tokensAt, idsAt } of rows) {
    const length = completionLengths[row] ?? 0;
    const [from, to] = [tokensAt, tokensAt + length];
    const first = idsAt + (promptLengths[row] ?? 0);
    made.ids.set(columns.ids.subarray(first, first + length), at);
    made.logProbs.set(columns.logProbs.subarray(from, to), at);
    made.sampleLogProbs.set(columns.sampleLogProbs.subarray(from, to), at);
    made.advantages.set(columns.advantages.subarray(from, to), at);
    if (columns.entropies) made.entropies.set(columns.entropies.subarray(from, to), at);
    made.masks.set(columns.masks.subarray(from, to), at);
    made.row.fill(row, at, at + length);
    for (let t = 0; t < length; t++) made.position[at + t] = t;
    at += length;
  }
  if (columns.entropies === undefined) made.entropies.fill(Number.NaN);
  return { count, from: { run, step }, ...made };
}

/** The same from rows whose numbers lie in JSON: folders of the first format. */
export function tokensOfRows(
  { run, step, rows }: { readonly run: string; readonly step: number; readonly rows: readonly RolloutRow[] },
  query: RunQuery,
): TokenPart {
  const fits = fitting(query);
  const picked = rows.filter(({ problem, reward, status }) => fits(problem, reward ?? Number.NaN, status));
  const count = picked.reduce((sum, { ids, promptLength }) => sum + ids.length - promptLength, 0);
  const made = emptyColumns(count);
  made.entropies.fill(Number.NaN);
  made.masks.fill(UNKNOWN);
  let at = 0;
  for (const { row, ids, promptLength, logProbs, sampleLogProbs, advantages } of picked) {
    const completion = ids.slice(promptLength);
    made.ids.set(completion, at);
    for (let t = 0; t < completion.length; t++) {
      made.logProbs[at + t] = logProbs[t] ?? Number.NaN;
      made.sampleLogProbs[at + t] = sampleLogProbs[t] ?? Number.NaN;
      made.advantages[at + t] = advantages[t] ?? Number.NaN;
      made.position[at + t] = t;
    }
    made.row.fill(row, at, at + completion.length);
    at += completion.length;
  }
  return { count, from: { run, step }, ...made };
}

function emptyColumns(count: number) {
  const [row, position, ids] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  const [logProbs, sampleLogProbs] = [new Float32Array(count), new Float32Array(count)];
  const [advantages, entropies] = [new Float32Array(count), new Float32Array(count)];
  return { row, position, ids, logProbs, sampleLogProbs, advantages, entropies, masks: new Uint8Array(count) };
}

function fitting({ problem, reward, status }: RunQuery): (problem: string, reward: number, status: string) => boolean {
  const [low, high] = reward === undefined ? [Number.NaN, Number.NaN] : rangeOf("reward", reward);
  return (one, value, as) =>
    (problem === undefined || one === problem) &&
    (reward === undefined || (value >= low && value <= high)) &&
    (status === undefined || as === status);
}

/** Rows that fit, and where their tokens and ids begin. */
function fittingRows(columns: StoredColumns, query: RunQuery) {
  const fits = fitting(query);
  const { problems, group, reward, status, promptLengths, completionLengths } = columns;
  const found: { readonly row: number; readonly tokensAt: number; readonly idsAt: number }[] = [];
  let [tokensAt, idsAt] = [0, 0];
  for (let row = 0; row < group.length; row++) {
    const as = STATUSES[status[row] ?? 0] ?? "";
    if (fits(problems[group[row] ?? -1] ?? "", reward[row] ?? Number.NaN, as)) found.push({ row, tokensAt, idsAt });
    const length = completionLengths[row] ?? 0;
    tokensAt += length;
    idsAt += length + (promptLengths[row] ?? 0);
  }
  return found;
}

/** Steps put together. @param limit tokens at most */
export function joinTokens(parts: readonly TokenPart[], limit: number = Number.POSITIVE_INFINITY): TokenTable {
  const runs = [...new Set(parts.map(({ from }) => from.run))];
  const numbers = new Map(runs.map((run, i) => [run, i]));
  const count = Math.min(
    limit,
    parts.reduce((sum, part) => sum + part.count, 0),
  );
  const made = { run: new Int32Array(count), step: new Int32Array(count), ...emptyColumns(count) };
  let at = 0;
  for (const part of parts) {
    const length = Math.min(part.count, count - at);
    made.run.fill(numbers.get(part.from.run) ?? -1, at, at + length);
    made.step.fill(part.from.step, at, at + length);
    made.row.set(part.row.subarray(0, length), at);
    made.position.set(part.position.subarray(0, length), at);
    made.ids.set(part.ids.subarray(0, length), at);
    made.logProbs.set(part.logProbs.subarray(0, length), at);
    made.sampleLogProbs.set(part.sampleLogProbs.subarray(0, length), at);
    made.advantages.set(part.advantages.subarray(0, length), at);
    made.entropies.set(part.entropies.subarray(0, length), at);
    made.masks.set(part.masks.subarray(0, length), at);
    at += length;
  }
  return { count, runs, ...made, reasons: MASK_REASONS };
}
