/**
 * Runs a notebook without a front end: the same executor as the interactive kernel, outputs saved after each cell,
 * parameters set from outside, a record of where the numbers come from.
 */
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { writeFileAtomic } from "../../src/toolkit/files.ts";
import type { CellError, CellOutcome, ExecutorEvent } from "../executor/events.ts";
import { codeCells, type NumberedCell } from "../notebook/cells.ts";
import { hasTag } from "../notebook/clean.ts";
import {
  type Cell,
  type CodeCell,
  type JsonObject,
  type Notebook,
  readNotebook,
  writeNotebook,
} from "../notebook/format.ts";
import { keepOutputs } from "../notebook/keep-outputs.ts";
import { OutputCollector } from "../notebook/outputs.ts";
import { ExecutorProcess } from "../session/supervisor.ts";
import { type Limits, LimitWatch } from "./limits.ts";
import { declaredParameters, injectParameters, type Parameter, readSettings } from "./parameters.ts";
import { planRun } from "./plan.ts";
import { provenance } from "./provenance.ts";
import { RunRecord } from "./record.ts";
import { Saver } from "./saver.ts";
import { checkTargets } from "./targets.ts";

/** Tag of a cell that may end in an error. */
export const RAISES_TAG = "raises-exception";

export interface RunOptions {
  /** Where the executed notebook goes. */
  readonly output: string;
  /** `name=value` settings of the parameters cell. */
  readonly settings?: readonly string[];
  /** Values of parameters by name, from files; `settings` win. */
  readonly parameterFiles?: readonly JsonObject[];
  /** Default: no limits. */
  readonly limits?: Limits;
  /**
   * Id or number of the code cell to start from. Cells before it run only where a later one needs their names; the others
   * keep the outputs that `output` has of them, if they and the parameters are the same. Default: the first.
   */
  readonly fromCell?: string;
  /** Whether to go on after a cell that failed. Default false. */
  readonly keepGoing?: boolean;
  /** Aborting stops the running cell, saves what is there and ends the run. */
  readonly signal?: AbortSignal;
  /** Told of each cell's start and end and of every event. */
  readonly reporter?: RunReporter;
  /** The notebook in another form, written before the first cell and after the last one. */
  readonly page?: { readonly path: string; readonly render: (notebook: Notebook) => string };
  /** Called after each cell that did not fail, while the executor is idle. */
  readonly afterCell?: (cell: CodeCell, executor: ExecutorProcess) => Promise<void>;
}

/** Where a cell stands in a run. */
export interface CellPlace {
  /** Cells that ran before it. */
  readonly done: number;
  readonly total: number;
  /** Its number among the notebook's code cells, from 1. */
  readonly number: number;
}

export interface RunReporter {
  /** Cells that are left out, before the first one runs. */
  skipped?(cells: readonly NumberedCell[]): void;
  cellStart?(cell: CodeCell, place: CellPlace): void;
  event?(event: ExecutorEvent): void;
  cellEnd?(cell: CodeCell, outcome: CellOutcome): void;
}

/** A cell that failed or was interrupted, with its error. */
export interface CellFailure {
  readonly cell: CodeCell;
  readonly number: number;
  readonly error: CellError;
}

export interface RunResult {
  readonly status: "ok" | "failed" | "interrupted";
  readonly notebook: Notebook;
  readonly parameters: readonly Parameter[];
  /** In order; more than one only where the run kept going. */
  readonly failures: readonly CellFailure[];
  readonly ms: number;
  /** The most memory that the cells' process held, bytes. */
  readonly peakBytes: number;
}

/**
 * Runs all code cells in order and stops at the first that fails.
 *
 * @param path the notebook or percent script; its folder is the working folder of the cells, as in Jupyter
 * @throws UsageError when the notebook, a parameter or the output's place is not usable; nothing has run then
 */
export async function runNotebook(path: string, options: RunOptions): Promise<RunResult> {
  const { output, settings = [], parameterFiles = [], fromCell, reporter = {}, page } = options;
  const source = await readNotebook(path);
  const parameters = readSettings(settings, declaredParameters(source), parameterFiles);
  const injected = injectParameters(source, parameters);
  const plan = planRun(injected, fromCell);
  await checkTargets(path, output, page?.path);
  const folder = dirname(resolve(path));
  const starting = ExecutorProcess.spawn({ cwd: folder }); // beside what is left to be read and written
  let save = async (): Promise<void> => {};
  try {
    const made = await provenance(source, parameters, folder);
    const earlier = plan.skipped.length > 0 && existsSync(output) ? await readNotebook(output) : undefined;
    const { notebook, cells } = prepare(injected, plan.run, earlier);
    const record = new RunRecord(notebook, made, plan.skipped, earlier);
    save = async () => {
      await writeNotebook(output, notebook);
      if (page) await writeFileAtomic(page.path, page.render(notebook));
    };
    await save();
    if (plan.skipped.length > 0) reporter.skipped?.(plan.skipped);
    const run = new CellLoop(await starting, notebook, record, { ...options, name: basename(path) });
    return { ...(await run.all(cells)), notebook, parameters };
  } finally {
    const [executor] = await Promise.allSettled([starting]);
    if (executor.status === "fulfilled") await executor.value.close();
    await save(); // with what came after the last cell's end
  }
}

/** The notebook to be run: outputs of an earlier run only in cells that are skipped. */
function prepare(
  notebook: Notebook,
  run: readonly CodeCell[],
  earlier: Notebook | undefined,
): { notebook: Notebook; cells: CodeCell[] } {
  const ids = new Set(run.map(({ id }) => id));
  const bare = { metadata: { ...notebook.metadata }, cells: notebook.cells.map(cleared) };
  const kept = earlier ? keepOutputs(bare, earlier) : bare;
  const ready = { ...bare, cells: kept.cells.map((cell) => (ids.has(cell.id) ? cleared(cell) : cell)) };
  return { notebook: ready, cells: codeCells(ready).filter(({ id }) => ids.has(id)) };
}

function cleared(cell: Cell): Cell {
  return cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell;
}

/** The cells of one run, one after the other. */
class CellLoop {
  readonly #executor: ExecutorProcess;
  readonly #notebook: Notebook;
  readonly #record: RunRecord;
  readonly #options: RunOptions & { readonly name: string };
  readonly #limits: LimitWatch;
  readonly #collector = new OutputCollector();
  readonly #saver: Saver;
  readonly #failures: CellFailure[] = [];
  #peakBytes = 0;

  constructor(
    executor: ExecutorProcess,
    notebook: Notebook,
    record: RunRecord,
    options: RunOptions & { readonly name: string },
  ) {
    this.#executor = executor;
    this.#notebook = notebook;
    this.#record = record;
    this.#options = options;
    this.#saver = new Saver(() => writeNotebook(options.output, notebook));
    this.#limits = new LimitWatch(options.limits ?? {}, () => void executor.interrupt());
  }

  async all(cells: readonly CodeCell[]): Promise<Omit<RunResult, "notebook" | "parameters">> {
    const { signal } = this.#options;
    const start = performance.now();
    const stop = (): void => void this.#executor.interrupt();
    signal?.addEventListener("abort", stop);
    try {
      for (const [done, cell] of cells.entries()) {
        if (signal?.aborted || !(await this.#one(cell, { done, total: cells.length }))) break;
      }
    } finally {
      this.#limits.stop();
      signal?.removeEventListener("abort", stop);
      await this.#saver.settled();
    }
    const status = signal?.aborted ? "interrupted" : this.#failures.length > 0 ? "failed" : "ok";
    return { status, failures: this.#failures, ms: performance.now() - start, peakBytes: this.#peakBytes };
  }

  /** Runs a cell; false when the run ends with it. */
  async #one(cell: CodeCell, { done, total }: { done: number; total: number }): Promise<boolean> {
    const { reporter = {}, keepGoing = false, afterCell, signal, name } = this.#options;
    const number = codeCells(this.#notebook).indexOf(cell) + 1;
    cell.execution_count = number;
    this.#collector.open(cell);
    reporter.cellStart?.(cell, { done, total, number });
    this.#limits.start();
    const outcome = await this.#executor.execute({ index: number, id: cell.id, source: cell.source, name }, (event) => {
      this.#limits.heard();
      this.#collector.take(event);
      this.#record.take(event);
      reporter.event?.(event);
    });
    this.#limits.stop();
    this.#peakBytes = Math.max(this.#peakBytes, outcome.peakBytes ?? 0);
    const ended = this.#ended(cell, outcome);
    this.#record.cellEnd(cell, ended, this.#peakBytes);
    this.#saver.request();
    reporter.cellEnd?.(cell, ended);
    if (ended.status === "ok" || (hasTag(cell, RAISES_TAG) && !ended.interrupted && !ended.executorLost)) {
      await afterCell?.(cell, this.#executor);
      return true;
    }
    this.#failures.push({ cell, number, error: ended.error ?? { ename: "Error", evalue: "unknown", traceback: [] } });
    return keepGoing && !ended.executorLost && !this.#limits.over && !signal?.aborted;
  }

  /** A cell that a limit stopped says so, in its outputs too. */
  #ended(cell: CodeCell, outcome: CellOutcome): CellOutcome {
    const { exceeded } = this.#limits;
    if (exceeded === undefined || outcome.status === "ok") return outcome;
    const lost = outcome.executorLost ? "; it did not stop, and all variables are lost" : "";
    const evalue = `${exceeded}${lost}`;
    const error = { ename: "TimeoutError", evalue, traceback: [`TimeoutError: ${evalue}`] };
    const last = cell.outputs.findLastIndex((output) => output.output_type === "error");
    if (last >= 0) cell.outputs[last] = { output_type: "error", ...error };
    return { ...outcome, error };
  }
}
