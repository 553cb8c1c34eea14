/**
 * Programs: code that the engine runs inside its worker, next to the sessions and the weights.
 *
 * A program is a built module that exports `const program: Program`. `engine.call(url, method, payload)` loads it on
 * first use and runs one of its methods. Calls run one after the other, in the order they were made.
 */
import type { Transferable } from "node:worker_threads";
import type { Runtime } from "./runtime.ts";

/** What a method may use beside its payload. */
export interface CallContext {
  /** True once the caller's signal has fired. It is true at once, also in the middle of a synchronous loop. */
  readonly aborted: boolean;
  /** Stops the call if the caller's signal has fired: to be called between steps that leave everything consistent. */
  checkpoint(): void;
  /** Sends a value to the caller's `onProgress`, at once. Values are copied: keep them small. */
  progress(value: unknown): void;
}

/** What a method returns: a structured-clonable result, and the buffers in it that are moved instead of copied. */
export interface CallResult {
  readonly result?: unknown;
  readonly transfer?: readonly Transferable[];
}

/** One method of a program. What it throws reaches the caller with its kind (`UsageError` stays one) and its stack. */
export type ProgramMethod = (
  runtime: Runtime,
  payload: never,
  context: CallContext,
) => CallResult | Promise<CallResult>;

/** The methods of a program by name. */
export type Program = Readonly<Record<string, ProgramMethod>>;

/** Thrown by {@link CallContext.checkpoint}; the caller's promise rejects with its signal's own reason. */
export class CallAborted extends Error {
  override readonly name = "CallAborted";
}
