/** Brings the outputs of an executed notebook into a newer version of its sources. */
import { hasTag, INJECTED_TAG } from "./clean.ts";
import type { CodeCell, JsonObject, Notebook } from "./format.ts";

/**
 * The notebook with the outputs, counts and run record that `executed` has for the cells that are the same in both (id
 * and source). One that ran with other parameters from outside gives none: they belong to other values.
 */
export function keepOutputs(notebook: Notebook, executed: Notebook): Notebook {
  if (injectedSource(executed) !== injectedSource(notebook)) return notebook;
  const old = new Map<string, CodeCell>();
  for (const cell of executed.cells) if (cell.cell_type === "code") old.set(cell.id, cell);
  let kept = 0;
  const cells = notebook.cells.map((cell) => {
    const before = cell.cell_type === "code" ? old.get(cell.id) : undefined;
    if (cell.cell_type !== "code" || before?.source !== cell.source) return cell;
    kept++;
    return { ...cell, outputs: before.outputs, execution_count: before.execution_count };
  });
  const { rlvr } = executed.metadata;
  const run: JsonObject = kept === 0 || rlvr === undefined ? {} : { rlvr };
  return { metadata: { ...notebook.metadata, ...run }, cells };
}

function injectedSource({ cells }: Notebook): string | undefined {
  return cells.find((cell) => hasTag(cell, INJECTED_TAG))?.source;
}
