/** Starts, watches, interrupts and ends the child process that runs cells. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { fileURLToPath } from "node:url";
import { entryPoint } from "../../src/toolkit/entry-point.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import { type CellInput, type CellOutcome, type ExecutorEvent, revived } from "../executor/events.ts";
import { type Frame, FrameReader, type RunCommand } from "../executor/frames.ts";
import { exitReason } from "./exit-reason.ts";

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
  /** In words: "process.exit(3) was called in cell 2, line 1, column 1", "out of memory", … */
  readonly reason: string;
}

type OnEvent = (event: ExecutorEvent) => void;

interface Pending {
  readonly run: number;
  readonly cell: CellInput;
  readonly startedAt: number;
  readonly settle: (outcome: CellOutcome) => void;
}

/** How long an interrupted executor may stay silent before it is killed, ms. A responsive one always answers in 2 s. */
const killAfterMs = 3500;
const closeAfterMs = 1000;
const stderrTailLength = 16_384;
/** Node says this when a process that has a watchdog with an inspector session exits. */
const inspectorNotice = "Waiting for the debugger to disconnect...\n";

/**
 * One executor process. Cells run one at a time; `execute` queues. `onEvent` of a cell also gets its late output (from
 * timers and promises) after its outcome has been returned. All output made before the end of a cell is delivered
 * before its outcome.
 */
export class ExecutorProcess {
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #interrupts: Writable;
  readonly #reader: FrameReader;
  readonly #listeners = new Map<number, { readonly cell: CellInput; readonly onEvent: OnEvent }>();
  readonly #exitListeners: ((exit: ExecutorExit) => void)[] = [];
  #nextRun = 1;
  #queue: Promise<unknown> = Promise.resolve();
  #pending: Pending | undefined;
  #lastRun = 0;
  #announced: string | undefined;
  #killed: string | undefined;
  #stderrTail = "";
  #exit: ExecutorExit | undefined;
  #onReady: () => void = () => undefined;

  /** Resolves once the child is ready to run a cell. */
  static async spawn(options: SpawnOptions): Promise<ExecutorProcess> {
    const executor = new ExecutorProcess(options);
    await new Promise<void>((resolve, reject) => {
      executor.#onReady = resolve;
      executor.#child.once("error", (cause) =>
        reject(new Error(`the executor did not start: ${cause.message}`, { cause })),
      );
      executor.onExit(({ reason }) =>
        reject(new Error(`the executor did not start: ${reason}\n${executor.#stderrTail}`.trimEnd())),
      );
    });
    return executor;
  }

  private constructor({ cwd, env = process.env, execArgv = [], nodePath = process.execPath }: SpawnOptions) {
    const marker = randomBytes(16);
    const main = fileURLToPath(entryPoint("../executor/main.ts", import.meta.url));
    this.#child = spawn(nodePath, [...execArgv, main, marker.toString("hex")], {
      cwd,
      env: { ...env },
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"],
    });
    this.#reader = new FrameReader(marker, (frame) => this.#receive(frame));
    this.#readPipe(3, (chunk) => this.#reader.push(chunk));
    this.#commands = this.#writePipe(4);
    this.#interrupts = this.#writePipe(5);
    this.#readText(1, "stdout");
    this.#readText(2, "stderr");
    this.#child.once("close", (code, signal) => this.#ended(code, signal));
  }

  get alive(): boolean {
    return this.#exit === undefined;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Runs a cell. Never rejects: a failure of any kind is an outcome. */
  execute(cell: CellInput, onEvent: OnEvent): Promise<CellOutcome> {
    const next = this.#queue.then(() => this.#run(cell, onEvent));
    this.#queue = next;
    return next;
  }

  #run(cell: CellInput, onEvent: OnEvent): Promise<CellOutcome> {
    const run = this.#nextRun++;
    this.#listeners.set(run, { cell, onEvent });
    this.#lastRun = run;
    const startedAt = performance.now();
    return new Promise((settle) => {
      this.#pending = { run, cell, startedAt, settle };
      if (this.#exit) return this.#lost(this.#exit.reason);
      const command: RunCommand = { type: "run", run, cell };
      this.#commands.write(`${JSON.stringify(command)}\n`);
    });
  }

  /** Stops the running cell; resolves when it has ended. Does nothing when no cell runs. */
  async interrupt(): Promise<void> {
    const pending = this.#pending;
    if (!pending || this.#exit) return;
    this.#reader.expectTear();
    this.#interrupts.write(`${pending.run}\n`);
    const ended = new Promise<void>((resolve) => {
      const { settle } = pending;
      this.#pending = { ...pending, settle: (outcome) => [settle(outcome), resolve()] };
    });
    const timer = setTimeout(() => this.#kill("did not answer an interrupt and was killed"), killAfterMs);
    await ended;
    clearTimeout(timer);
  }

  /** Ends the child and its process group. */
  async close(): Promise<void> {
    if (this.#exit) return;
    this.#killed ??= "closed";
    const ended = new Promise<void>((resolve) => this.onExit(() => resolve()));
    this.#commands.end();
    const timer = setTimeout(() => this.#kill("closed"), closeAfterMs);
    await ended;
    clearTimeout(timer);
  }

  /** Calls back once when the process has ended, for whatever reason; at once if it has ended already. */
  onExit(listener: (exit: ExecutorExit) => void): void {
    if (this.#exit) listener(this.#exit);
    else this.#exitListeners.push(listener);
  }

  #kill(reason: string): void {
    this.#killed ??= reason;
    killGroup(this.#child);
  }

  #receive(frame: Frame): void {
    if (frame.type === "ready") this.#onReady();
    else if (frame.type === "exit") this.#announced = frame.reason;
    else if (frame.type === "event") this.#listeners.get(frame.run)?.onEvent(revived(frame.event));
    else if (this.#pending?.run === frame.run) this.#afterRawOutput(frame.run, frame.outcome);
  }

  /** What child processes wrote before the cell ended lies in other pipes: they are read before the outcome is given. */
  #afterRawOutput(run: number, outcome: CellOutcome): void {
    setImmediate(() =>
      setImmediate(() => {
        const pending = this.#pending;
        if (pending?.run !== run) return;
        this.#pending = undefined;
        pending.settle(outcome);
      }),
    );
  }

  #ended(code: number | null, signal: string | null): void {
    const facts = { announced: this.#announced, stderrTail: this.#stderrTail, killed: this.#killed };
    this.#exit = { code, signal, reason: exitReason({ code, signal, ...facts }) };
    killGroup(this.#child);
    this.#lost(this.#exit.reason);
    for (const listener of this.#exitListeners) listener(this.#exit);
  }

  /** Ends the running cell with an error that says why the executor is gone. */
  #lost(reason: string): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    const evalue = `the executor ended: ${reason}; all variables are lost`;
    const error = { ename: "ExecutorExit", evalue, traceback: [`ExecutorExit: ${evalue}`] };
    const { index, id } = pending.cell;
    this.#listeners.get(pending.run)?.onEvent({ kind: "error", ...error, cell: index, id });
    pending.settle({ status: "error", error, ms: performance.now() - pending.startedAt, executorLost: true });
  }

  #readText(fd: 1 | 2, name: "stdout" | "stderr"): void {
    const decoder = new StringDecoder("utf8");
    this.#readPipe(fd, (chunk) => {
      const text = decoder.write(chunk).replace(inspectorNotice, "");
      if (fd === 2) this.#stderrTail = (this.#stderrTail + text).slice(-stderrTailLength);
      const listener = this.#listeners.get(this.#lastRun);
      // Once it is told to end, what comes here is native code that was cut off in the middle, such as an engine's run.
      if (text === "" || !listener || this.#killed === "closed") return;
      listener.onEvent({ kind: "stream", name, text, cell: listener.cell.index, id: listener.cell.id });
    });
  }

  #readPipe(fd: number, onChunk: (chunk: Buffer) => void): void {
    const pipe = this.#child.stdio[fd];
    if (!(pipe instanceof Readable)) refuse("ExecutorProcess", `no pipe ${fd}`, "check that Node.js can be started");
    pipe.on("data", onChunk);
    pipe.on("error", () => undefined);
  }

  #writePipe(fd: number): Writable {
    const pipe = this.#child.stdio[fd];
    if (!(pipe instanceof Writable)) refuse("ExecutorProcess", `no pipe ${fd}`, "check that Node.js can be started");
    pipe.on("error", () => undefined);
    return pipe;
  }
}

/** Ends a process with everything that it started. */
function killGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: nothing of the group is left.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
