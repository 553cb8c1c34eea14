/** What happens in the process outside cells: failures in timers and promises, and its own end. */
import type { OwnerContext } from "./context.ts";
import type { OutputPipe } from "./output.ts";
import type { CellRun } from "./run.ts";
import { placeName, type Stacks } from "./stack.ts";
import { describeError } from "./tracebacks.ts";

interface Watched {
  readonly output: OutputPipe;
  readonly context: OwnerContext<CellRun>;
  readonly stacks: Stacks;
  readonly owner: () => CellRun;
}

/** Uncaught errors and unhandled rejections are shown on the stderr of their own cell; the process lives on. */
export function reportFailures({ output, context, stacks, owner }: Watched): void {
  const report = (title: string, error: unknown, known: CellRun | undefined): void => {
    const frame = typeof error === "object" && error !== null ? stacks.cellFrames(error)[0] : undefined;
    const run = known ?? frame?.run ?? owner();
    const { traceback } = describeError(error, stacks, run);
    output.stream(run, "stderr", `${title} ${traceback.join("\n")}\n`);
  };
  process.on("uncaughtException", (error) => report("Uncaught", error, context.current()));
  process.on("unhandledRejection", (reason, promise) =>
    report("Unhandled rejection:", reason, context.ownerOf(promise)),
  );
}

/** Says why the process ends when a cell ends it. */
export function reportExit({ output, stacks, owner }: Omit<Watched, "context">): void {
  const wrap = (name: "exit" | "abort"): void => {
    const original: (code?: number | string) => never = process[name].bind(process);
    const replaced = (code?: number | string): never => {
      const frame = stacks.cellFrames(new Error("exit"))[0];
      const call = `process.${name}(${code ?? ""})`;
      output.exiting(`${call} was called in ${frame ? placeName(frame) : `cell ${owner().cell.index}`}`);
      return original(code);
    };
    Object.defineProperty(process, name, { value: replaced, configurable: true, writable: true });
  };
  wrap("exit");
  wrap("abort");
  process.on("exit", () => output.flush());
}

/** Node warns of a loader option that the kernel uses: the user can do nothing about it. */
export function silenceOwnWarnings(): void {
  const original = process.emitWarning;
  const filtered = (...args: readonly unknown[]): void => {
    if (!String(args[0]).includes("USE_MAIN_CONTEXT_DEFAULT_LOADER")) Reflect.apply(original, process, args);
  };
  Object.defineProperty(process, "emitWarning", { value: filtered, configurable: true, writable: true });
}
