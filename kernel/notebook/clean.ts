/** A notebook without what runs and front ends leave in it: what belongs into a repository. */
import type { Json } from "../executor/events.ts";
import type { Cell, JsonObject, Notebook } from "./format.ts";

/** Tag of the cell that holds parameters set from outside. */
export const INJECTED_TAG = "injected-parameters";

/** Metadata that tools write while a notebook runs or is looked at. */
const RUN_METADATA: ReadonlySet<string> = new Set(["rlvr", "papermill", "widgets", "signature"]);
const CELL_METADATA: ReadonlySet<string> = new Set([
  ...["execution", "ExecuteTime", "papermill", "collapsed", "scrolled", "trusted", "heading_collapsed"],
  ...["jp-MarkdownHeadingCollapsed", "outputId"],
]);

/** The notebook as its author wrote it: no outputs, counts, record of a run, injected parameters, traces of front ends. */
export function withoutRun(notebook: Notebook): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED_TAG));
  return { metadata: without(notebook.metadata, RUN_METADATA), cells: cells.map(cleanCell) };
}

/** Whether the cell has a tag. */
export function hasTag(cell: Cell, tag: string): boolean {
  const { tags } = cell.metadata;
  return Array.isArray(tags) && tags.includes(tag);
}

function cleanCell(cell: Cell): Cell {
  const metadata = without(cell.metadata, CELL_METADATA);
  return cell.cell_type === "code" ? { ...cell, metadata, outputs: [], execution_count: null } : { ...cell, metadata };
}

function without(metadata: JsonObject, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(metadata).filter((entry): entry is [string, Json] => !names.has(entry[0])));
}
