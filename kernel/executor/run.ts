/** One execution of one cell: what the executor knows about it while it runs and after. */
import type { CompiledCell } from "../compiler/compile.ts";
import type { CellInput } from "./events.ts";

export class CellRun {
  /** Never used twice in the life of a supervisor. */
  readonly run: number;
  readonly cell: CellInput;
  readonly startedAt: number;
  /** Aborted when the cell is interrupted; the cell sees its signal as `signal`. */
  readonly controller: AbortController = new AbortController();
  /** Names of checks that failed. */
  readonly failedChecks: string[] = [];
  /** Displays whose values are promises; each waits for those before it. */
  displays: Promise<void> | undefined;
  /** The first display whose value could not be had. */
  displayFailure: { readonly error: unknown } | undefined;
  compiled: CompiledCell | undefined;
  interrupted = false;
  /** The outcome has been sent. */
  finished = false;

  constructor(run: number, cell: CellInput, startedAt: number) {
    this.run = run;
    this.cell = cell;
    this.startedAt = startedAt;
  }

  /** The name that its code has in V8's stack frames. */
  get fileName(): string {
    return `cell:${this.run}`;
  }
}

/** The run number in a V8 file name, if it is a cell's. */
export function runOfFileName(fileName: string): number | undefined {
  const match = /^cell:(\d+)$/.exec(fileName);
  return match ? Number(match[1]) : undefined;
}
