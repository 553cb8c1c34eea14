/**
 * Outputs that the cells above them, as they stand now, would not give: a cell that was edited after it ran, one that
 * used a name of an older run or version of another cell, and all that build on it.
 */
import { type NumberedCell, numberedCells, sourceHash } from "./cells.ts";
import type { CodeCell, Notebook } from "./format.ts";
import { isObject } from "./place.ts";

export interface StaleCell {
  readonly cell: CodeCell;
  /** Among the code cells, from 1. */
  readonly number: number;
  /** A sentence for each reason: "cell 7 used x of an older cell 3 (cell 3 ran again after it)". */
  readonly reasons: readonly string[];
}

/** Names that cells see beside those of cells and Node's globals. */
const INJECTED: ReadonlySet<string> = new Set([
  ...["console", "display", "signal", "require", "__filename", "__dirname", "_", "arguments", "undefined"],
]);

/** The stale cells of an executed notebook, in its order. None for one that has never run. */
export function staleCells(notebook: Notebook): StaleCell[] {
  const cells = numberedCells(notebook);
  if (!cells.some(({ cell }) => cell.execution_count !== null)) return [];
  const ran = recordedSources(notebook);
  const stale = new Map<NumberedCell, string[]>();
  for (const one of cells) {
    const reasons = [...ownReasons(one, ran), ...usedReasons(one, cells, ran, stale)];
    if (reasons.length > 0) stale.set(one, reasons);
  }
  return [...stale].map(([{ cell, number }, reasons]) => ({ cell, number, reasons }));
}

/** The hashes of the sources that ran, by cell id, as `rlvr run` records them. */
function recordedSources(notebook: Notebook): ReadonlyMap<string, string> {
  const record = notebook.metadata.rlvr;
  const cells = isObject(record) && isObject(record.cells) ? record.cells : {};
  return new Map(
    Object.entries(cells).flatMap(([id, entry]): [string, string][] =>
      isObject(entry) && typeof entry.source === "string" ? [[id, entry.source]] : [],
    ),
  );
}

function isEdited({ cell }: NumberedCell, ran: ReadonlyMap<string, string>): boolean {
  const hash = ran.get(cell.id);
  return hash !== undefined && hash !== sourceHash(cell.source);
}

function ownReasons(one: NumberedCell, ran: ReadonlyMap<string, string>): string[] {
  const { cell, number } = one;
  if (isEdited(one, ran)) return [`cell ${number} was edited after it ran`];
  if (cell.execution_count === null && /\S/.test(cell.source)) return [`cell ${number} has not been run`];
  return [];
}

function usedReasons(
  one: NumberedCell,
  cells: readonly NumberedCell[],
  ran: ReadonlyMap<string, string>,
  stale: ReadonlyMap<NumberedCell, readonly string[]>,
): string[] {
  const { cell, number, names } = one;
  if (cell.execution_count === null || !names || endedByMissingName(cell)) return [];
  return [...names.uses].flatMap((name) => {
    const reason = usedReason(one, name, cells, ran, stale);
    return reason === undefined ? [] : [`cell ${number} used ${reason}`];
  });
}

/** What is wrong with the value of a name that a cell used, if anything is. */
function usedReason(
  { cell, number }: NumberedCell,
  name: string,
  cells: readonly NumberedCell[],
  ran: ReadonlyMap<string, string>,
  stale: ReadonlyMap<NumberedCell, readonly string[]>,
): string | undefined {
  const count = cell.execution_count ?? 0;
  const others = cells.filter((other) => other.number !== number && other.names?.defines.has(name));
  const expected = others.findLast((other) => other.number < number);
  if (!expected) return missing(name, count, others);
  const its = expected.cell.execution_count;
  const older = `${name} of an older cell ${expected.number}`;
  if (its === null) return `${older} (cell ${expected.number} has not been run)`;
  if (its > count) return `${older} (cell ${expected.number} ran again after it)`;
  if (isEdited(expected, ran)) return `${older} (cell ${expected.number} was edited since)`;
  const between = others.find(
    (other) => (other.cell.execution_count ?? 0) > its && (other.cell.execution_count ?? 0) < count,
  );
  if (between) return `${name} of cell ${between.number}, not of cell ${expected.number} above it`;
  return stale.has(expected) ? `${name} of cell ${expected.number}, which is stale` : undefined;
}

function missing(name: string, count: number, others: readonly NumberedCell[]): string | undefined {
  const later = others.find(({ cell }) => cell.execution_count !== null && cell.execution_count < count);
  if (later) return `${name} of cell ${later.number}, which stands below it`;
  return name in globalThis || INJECTED.has(name) ? undefined : `${name}, which no cell above it defines`;
}

/** A cell that shows that a name is missing has used none. */
function endedByMissingName(cell: CodeCell): boolean {
  return cell.outputs.some((output) => output.output_type === "error" && output.ename === "ReferenceError");
}
