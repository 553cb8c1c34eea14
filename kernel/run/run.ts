/**
 * Runs a notebook without a front end: the same executor as the interactive kernel, outputs saved after each cell,
 * parameters set from outside, a record of where the numbers come from.
 */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checkWritable, writeFileAtomic } from "../../src/toolkit/files.ts";
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
  /** The notebook in another form, written before the first cell and after the last one. */
  readonly page?: { readonly path: string; readonly render: (notebook: Notebook) => string };
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
  const { output, settings = [], signal, reporter = {}, page } = options;
  const start = performance.now();
  const source = await readNotebook(path);
  const parameters = readSettings(settings, declaredParameters(source));
  const notebook = injectParameters(source, parameters);
  await checkTargets(path, output, page?.path);
  const folder = dirname(resolve(path));
  const record = await provenance(source, parameters, folder);
  notebook.metadata = { ...notebook.metadata, rlvr: record };
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code");
  for (const cell of cells) Object.assign(cell, { outputs: [], execution_count: null });
  const save = async (): Promise<void> => {
    await writeNotebook(output, notebook);
    if (page) await writeFileAtomic(page.path, page.render(notebook));
  };
  await save();

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
    await save(); // with what came after the last cell's end
  }
}

/** Refuses targets that are the notebook or each other, links looked through, or that cannot be written. */
async function checkTargets(path: string, output: string, page: string | undefined): Promise<void> {
  const source = await realPath(path);
  const target = await realPath(output);
  if (target === source) refuse("run", `the output ${output} is the notebook itself`, "name another file with -o");
  await checkWritable(output);
  if (page === undefined) return;
  const pageTarget = await realPath(page);
  if (pageTarget === source) refuse("run", `the page ${page} is the notebook itself`, "name another file");
  if (pageTarget === target) refuse("run", `the page ${page} is the output notebook`, "name another file");
  await checkWritable(page);
}

/** The file a path names in the end; for a file that does not exist yet, its place in the real folder. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const absolute = resolve(path);
    const folder = dirname(absolute);
    return folder === absolute ? absolute : join(await realPath(folder), basename(absolute));
  }
}
