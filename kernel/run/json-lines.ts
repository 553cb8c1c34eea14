/** A run as JSON lines, for programs that watch it. */
import type { CodeCell } from "../notebook/format.ts";
import type { CellPlace, RunReporter } from "./run.ts";

/**
 * Writes one object a line: `cell-start`, `progress`, `check`, `stream`, `cell-end`, each with the notebook's path and the
 * cell; displays and results are in the executed notebook.
 */
export function jsonReporter(write: (line: string) => unknown, notebook: string): RunReporter {
  let place: CellPlace | undefined;
  const line = (event: string, fields: object): void =>
    void write(`${JSON.stringify({ event, notebook, ...fields })}\n`);
  const at = (cell: CodeCell): object => ({ cell: place?.number ?? 0, id: cell.id });
  return {
    skipped: (cells) => line("skipped", { cells: cells.map(({ number, cell }) => ({ cell: number, id: cell.id })) }),
    cellStart(cell, started) {
      place = started;
      line("cell-start", { ...at(cell), done: started.done, total: started.total });
    },
    event({ kind, ...fields }) {
      if (kind === "progress" || kind === "check" || kind === "stream") line(kind, fields);
    },
    cellEnd: (cell, { status, ms, error, peakBytes }) =>
      line("cell-end", { ...at(cell), status, ms: Math.round(ms), peakBytes, ...(error && { error }) }),
  };
}
