/**
 * Runs a notebook without a front end: the same executor as the interactive kernel, outputs saved after each cell,
 * parameters set from outside, a record of where the numbers come from.
 */
import { basename, dirname, resolve } from "node:path";
import { refuse } from "../../src/toolkit/refuse.ts";
import type { CellError, CellOutcome, ExecutorEvent } from "../executor/events.ts";
import { type CodeCell, type JsonObject, type Notebook, readNotebook, writeNotebook } from "../notebook/format.ts";
import { OutputCollector } from "../notebook/outputs.ts";
import { ExecutorProcess } from "../session/supervisor.ts";
import { declaredParameters, injectParameters, type Parameter, readSettings } from "./parameters.ts";
import { provenance } from "./provenance.ts";

export interface RunOptions {
  /** Where the executed notebook goes. */
  readonly output: string;
  /** `name=value` settings of the parameters cell. */
  readonly settings?: readonly string[];
  /** Aborting stops the running cell, saves what is there and ends the run. */
  readonly signal?: AbortSignal;
  /** Told of each cell's start and end and of every event. */
  readonly reporter?: RunReporter;
  /** Called with the notebook before the first cell and after the last one, to write it in other forms. */
  readonly onSave?: (notebook: Notebook) => Promise<void>;
}

export interface RunReporter {
  cellStart?(cell: CodeCell, place: { readonly done: number; readonly total: number }): void;
  event?(event: ExecutorEvent): void;
  cellEnd?(cell: CodeCell, outcome: CellOutcome): void;
}

export interface RunResult {
  readonly status: "ok" | "failed" | "interrupted";
  readonly notebook: Notebook;
  readonly parameters: readonly Parameter[];
  /** The cell that failed or was interrupted, with its error. */
  readonly failure?: { readonly cell: CodeCell; readonly number: number; readonly error: CellError };
  readonly ms: number;
}

/**
 * Runs all code cells in order and stops at the first that fails.
 *
 * @param path the notebook; its folder is the working folder of the cells, as in Jupyter
 * @throws UsageError when the notebook, a parameter or the output's place is not usable; nothing has run then
 */
export async function runNotebook(path: string, options: RunOptions): Promise<RunResult> {
  const { output, settings = [], signal, reporter = {}, onSave } = options;
  const start = performance.now();
  const source = await readNotebook(path);
  const parameters = readSettings(settings, declaredParameters(source));
  const notebook = injectParameters(source, parameters);
  if (resolve(output) === resolve(path)) {
    refuse("run", `the output ${output} is the notebook itself`, "name another file with -o");
  }
  const folder = dirname(resolve(path));
  const record = await provenance(source, parameters, folder);
  notebook.metadata = { ...notebook.metadata, rlvr: record };
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code");
  for (const cell of cells) Object.assign(cell, { outputs: [], execution_count: null });
  await writeNotebook(output, notebook);
  await onSave?.(notebook);

  const executor = await ExecutorProcess.spawn({ cwd: folder });
  const stop = (): void => void executor.interrupt();
  signal?.addEventListener("abort", stop);
  const timings: JsonObject = {};
  const collector = new OutputCollector();
  try {
    for (const [done, cell] of cells.entries()) {
      if (signal?.aborted) return { status: "interrupted", notebook, parameters, ms: performance.now() - start };
      cell.execution_count = done + 1;
      collector.open(cell);
      reporter.cellStart?.(cell, { done, total: cells.length });
      const outcome = await executor.execute(
        { index: done + 1, id: cell.id, source: cell.source, name: basename(path) },
        (event) => {
          collector.take(event);
          reporter.event?.(event);
        },
      );
      timings[cell.id] = Math.round(outcome.ms);
      notebook.metadata.rlvr = { ...record, cellMs: { ...timings } };
      await writeNotebook(output, notebook);
      reporter.cellEnd?.(cell, outcome);
      if (outcome.status === "error") {
        const error = outcome.error ?? { ename: "Error", evalue: "unknown", traceback: [] };
        const status = signal?.aborted ? "interrupted" : "failed";
        return {
          status,
          notebook,
          parameters,
          failure: { cell, number: done + 1, error },
          ms: performance.now() - start,
        };
      }
    }
    return { status: "ok", notebook, parameters, ms: performance.now() - start };
  } finally {
    signal?.removeEventListener("abort", stop);
    await executor.close();
    await writeNotebook(output, notebook); // with what came after the last cell's end
    await onSave?.(notebook);
  }
}
