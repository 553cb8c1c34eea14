/** Starts, watches, interrupts and ends the child process that runs cells. */
import type { CellInput, CellOutcome, ExecutorEvent } from "../executor/events.ts";

export interface SpawnOptions {
  /** The notebook's folder: relative imports, bare specifiers and files are resolved from here. */
  readonly cwd: string;
  /** Environment of the child. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Node options of the child, such as `["--max-old-space-size=512"]`. Default: none. */
  readonly execArgv?: readonly string[];
  /** The Node binary. Default: this process's. */
  readonly nodePath?: string;
}

/** Why an executor ended. */
export interface ExecutorExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** In words: "process.exit(3) was called", "out of memory", … */
  readonly reason: string;
}

/**
 * One executor process. Cells run one at a time; `execute` queues. `onEvent` of a cell also gets its late output (from
 * timers and promises) after its outcome has been returned. All output made before the end of a cell is delivered
 * before its outcome.
 */
export class ExecutorProcess {
  /** Resolves once the child is ready to run a cell. */
  static spawn(_options: SpawnOptions): Promise<ExecutorProcess> {
    return Promise.reject(new Error("internal: not built yet"));
  }

  get alive(): boolean {
    return false;
  }

  get pid(): number {
    return 0;
  }

  /** Runs a cell. Never rejects: a failure of any kind is an outcome. */
  execute(_cell: CellInput, _onEvent: (event: ExecutorEvent) => void): Promise<CellOutcome> {
    return Promise.reject(new Error("internal: not built yet"));
  }

  /** Stops the running cell; resolves when it has ended. Does nothing when no cell runs. */
  interrupt(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends the child and its process group. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Calls back once when the process has ended, for whatever reason. */
  onExit(_listener: (exit: ExecutorExit) => void): void {}
}
