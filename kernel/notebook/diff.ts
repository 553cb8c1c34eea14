/** What differs between two executed notebooks: settings and surroundings, checked values, sources, outputs. */
import type { Json } from "../executor/events.ts";
import { codeCells } from "./cells.ts";
import { compareOutputs } from "./compare.ts";
import type { Cell, JsonObject, Notebook } from "./format.ts";
import { isObject } from "./place.ts";

/** A named value that differs; undefined where one has none. */
export interface ValueChange {
  readonly name: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export interface CellChange {
  readonly kind: "changed" | "added" | "removed";
  readonly id: string;
  /** "cell 4 (train)" of a code cell, "text (intro)" of another; as the newer notebook numbers it where it is there. */
  readonly name: string;
  /** Lines of both sources, each behind "- ", "+ " or two blanks. None where the source is the same. */
  readonly source: readonly string[];
  /** Differences of the outputs in words. */
  readonly outputs: readonly string[];
}

export interface NotebookDiff {
  /** Parameters, commit, lock file, runtime, hardware, and other metadata. */
  readonly settings: readonly ValueChange[];
  /** Values of `check`. */
  readonly checks: readonly ValueChange[];
  readonly cells: readonly CellChange[];
}

/** Of the run's record: differs from run to run, or is compared by cell. */
const NOT_COMPARED: ReadonlySet<string> = new Set(["cells", "checks", "peakBytes", "notebook"]);
/** Lines of two sources are paired up to this many comparisons; beyond, all of one stand before all of the other. */
const MOST_COMPARISONS = 4_000_000;

/**
 * Compares two notebooks. Cells are paired by id and source, then by source, then by id.
 *
 * @param tolerance of numbers in outputs and checks, relative
 */
export function diffNotebooks(before: Notebook, after: Notebook, tolerance: number): NotebookDiff {
  const [old, now] = [settingsOf(before), settingsOf(after)];
  const values = (from: Notebook): ReadonlyMap<string, Json> => checkValues(from);
  const near = (a: Json | undefined, b: Json | undefined): boolean =>
    typeof a === "number" && typeof b === "number" && Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
  return {
    settings: changes(old, now),
    checks: changes(values(before), values(after)).filter(({ before: a, after: b }) => !near(a, b)),
    cells: cellChanges(before, after, tolerance),
  };
}

/** Whether nothing differs. */
export function isSame({ settings, checks, cells }: NotebookDiff): boolean {
  return settings.length === 0 && checks.length === 0 && cells.length === 0;
}

function changes(before: ReadonlyMap<string, Json>, after: ReadonlyMap<string, Json>): ValueChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

/** Metadata by paths such as `parameters.seed`; the run's record without its own name before it. */
function settingsOf({ metadata }: Notebook): Map<string, Json> {
  const { rlvr, ...rest } = metadata;
  const record = isObject(rlvr) ? Object.entries(rlvr).filter(([name]) => !NOT_COMPARED.has(name)) : [];
  return new Map([...flat(Object.fromEntries(record), ""), ...flat(rest, "")]);
}

function flat(value: JsonObject, path: string): [string, Json][] {
  return Object.entries(value).flatMap(([name, inner]): [string, Json][] =>
    isObject(inner) ? flat(inner, `${path}${name}.`) : [[`${path}${name}`, inner]],
  );
}

function checkValues({ metadata }: Notebook): Map<string, Json> {
  const checks = isObject(metadata.rlvr) && isObject(metadata.rlvr.checks) ? metadata.rlvr.checks : {};
  return new Map(
    Object.entries(checks).flatMap(([name, check]): [string, Json][] =>
      isObject(check) ? [[name, check.value ?? null]] : [],
    ),
  );
}

function cellChanges(before: Notebook, after: Notebook, tolerance: number): CellChange[] {
  const pairs = pair(before.cells, after.cells);
  const removed = before.cells.filter((cell) => ![...pairs.values()].includes(cell));
  const changed = after.cells.flatMap((cell): CellChange[] => {
    const old = pairs.get(cell);
    const { id } = cell;
    const name = nameOf(cell, after);
    if (!old) return [{ kind: "added", id, name, source: prefixed("+ ", cell.source), outputs: [] }];
    const source = old.source === cell.source ? [] : diffLines(old.source, cell.source);
    const both = old.cell_type === "code" && cell.cell_type === "code";
    const outputs = both ? compareOutputs(old.outputs, cell.outputs, tolerance) : [];
    return source.length + outputs.length === 0 ? [] : [{ kind: "changed", id, name, source, outputs }];
  });
  const gone = removed.map((cell): CellChange => {
    const name = nameOf(cell, before);
    return { kind: "removed", id: cell.id, name, source: prefixed("- ", cell.source), outputs: [] };
  });
  return [...gone, ...changed];
}

/** For each newer cell the older one that it was. */
function pair(before: readonly Cell[], after: readonly Cell[]): Map<Cell, Cell> {
  const pairs = new Map<Cell, Cell>();
  const free = new Set(before);
  const rules: ((a: Cell, b: Cell) => boolean)[] = [
    (a, b) => a.id === b.id && a.source === b.source,
    (a, b) => a.source === b.source && a.source.trim() !== "",
    (a, b) => a.id === b.id,
  ];
  for (const rule of rules) {
    for (const cell of after) {
      if (pairs.has(cell)) continue;
      const old = [...free].find((one) => one.cell_type === cell.cell_type && rule(one, cell));
      if (!old) continue;
      pairs.set(cell, old);
      free.delete(old);
    }
  }
  return pairs;
}

function nameOf(cell: Cell, notebook: Notebook): string {
  if (cell.cell_type !== "code") return `text (${cell.id})`;
  return `cell ${codeCells(notebook).indexOf(cell) + 1} (${cell.id})`;
}

function prefixed(prefix: string, source: string): string[] {
  return source.split("\n").map((line) => `${prefix}${line}`);
}

/** The lines of both texts, those that they share once: the longest common subsequence. */
function diffLines(before: string, after: string): string[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  if (a.length * b.length > MOST_COMPARISONS) return [...prefixed("- ", before), ...prefixed("+ ", after)];
  const width = b.length + 1;
  const shared = new Uint32Array((a.length + 1) * width); // length of the longest for what follows (i, j)
  const at = (i: number, j: number): number => shared[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      shared[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push(`  ${a[i++]}`) && j++;
    else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) lines.push(`- ${a[i++]}`);
    else lines.push(`+ ${b[j++]}`);
  }
  return lines;
}
