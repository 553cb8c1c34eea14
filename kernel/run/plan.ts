/** Which cells of a notebook run when it is started in the middle. */
import { refuse } from "../../src/toolkit/refuse.ts";
import { type NumberedCell, numberedCells } from "../notebook/cells.ts";
import { hasTag, INJECTED_TAG } from "../notebook/clean.ts";
import type { CodeCell, Notebook } from "../notebook/format.ts";
import { PARAMETERS_TAG } from "./parameters.ts";

export interface Plan {
  readonly run: readonly CodeCell[];
  /** Cells whose names no cell that runs needs. */
  readonly skipped: readonly NumberedCell[];
}

/**
 * The cells from `from` on, and those before it that define or change a name which these need, directly or by others;
 * always the parameters and modules imported for what they do.
 *
 * @param from a cell's id, or its number among the notebook's code cells; undefined for the whole notebook
 * @throws UsageError when there is no such cell
 */
export function planRun(notebook: Notebook, from: string | undefined): Plan {
  const cells = numberedCells(notebook);
  if (from === undefined) return { run: cells.map(({ cell }) => cell), skipped: [] };
  const own = cells.filter(({ cell }) => !hasTag(cell, INJECTED_TAG)); // numbered as in the notebook without settings
  const first = own.find(({ cell }, i) => cell.id === from || String(i + 1) === from);
  if (!first) {
    const known = own.map(({ cell }, i) => `${i + 1} (${cell.id})`).join(", ");
    refuse("run", `there is no code cell ${JSON.stringify(from)} to start from`, `pass one of ${known || "none"}`);
  }
  const start = cells.indexOf(first);
  const needed = new Set<string>();
  for (const { names } of cells.slice(start).reverse()) {
    for (const name of names?.defines ?? []) needed.delete(name); // what a later cell uses comes from this one
    for (const name of names?.uses ?? []) needed.add(name);
  }
  const skipped = new Set(cells.slice(0, start));
  for (let before = -1; before !== skipped.size; ) {
    before = skipped.size; // again until nothing changes: a function may use a name of a cell below its own
    for (const one of skipped) {
      if (!isNeeded(one, needed)) continue;
      skipped.delete(one);
      for (const name of one.names?.uses ?? []) needed.add(name);
    }
  }
  return { run: cells.filter((one) => !skipped.has(one)).map(({ cell }) => cell), skipped: [...skipped] };
}

function isNeeded({ cell, names }: NumberedCell, needed: ReadonlySet<string>): boolean {
  if (!names || names.sideEffectImport || hasTag(cell, PARAMETERS_TAG) || hasTag(cell, INJECTED_TAG)) return true;
  return [...names.defines, ...names.changes].some((name) => needed.has(name));
}
