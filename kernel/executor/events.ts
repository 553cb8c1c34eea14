/**
 * What an executor says while it runs cells. Every event names the cell it is credited to: the cell whose code (or
 * whose timer, promise or callback) made it, which is not always the cell that runs now.
 */

/** JSON values, as they stand in a notebook file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One value in several representations, keyed by MIME type. Binary ones (image/png) are base64 strings. */
export type MimeBundle = { readonly [mime: string]: Json };

/** An error as notebooks store it. */
export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  /** Plain text lines without colour codes; positions are cell lines, the kernel's own frames are cut. */
  readonly traceback: readonly string[];
}

export type ExecutorEventBody =
  | { readonly kind: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "display"; readonly data: MimeBundle; readonly metadata: MimeBundle; readonly displayId?: string }
  | {
      readonly kind: "updateDisplay";
      readonly data: MimeBundle;
      readonly metadata: MimeBundle;
      readonly displayId: string;
    }
  | { readonly kind: "clear"; readonly wait: boolean }
  | { readonly kind: "result"; readonly data: MimeBundle; readonly metadata: MimeBundle }
  | ({ readonly kind: "error" } & CellError)
  | {
      readonly kind: "progress";
      readonly task: string;
      readonly done: number;
      readonly total: number;
      readonly unit?: string;
      readonly metrics?: Readonly<Record<string, number>>;
      readonly secondsLeft?: number;
    }
  | {
      readonly kind: "check";
      readonly name: string;
      readonly value: number;
      readonly band: readonly [number, number];
      readonly ok: boolean;
    };

/** An event with the cell it is credited to: `cell` and `id` are those passed to `execute`. */
export type ExecutorEvent = ExecutorEventBody & { readonly cell: number; readonly id: string };

/** A cell to run. */
export interface CellInput {
  /** The number shown in tracebacks ("cell 3") and carried by every event. */
  readonly index: number;
  /** The notebook's cell id, carried by every event. */
  readonly id: string;
  readonly source: string;
  /** The notebook's file name, for `__filename`. Default: `notebook.ipynb` in the executor's folder. */
  readonly name?: string;
}

/** How a cell ended. The events of an `error` outcome hold the same error as their last event of that kind. */
export interface CellOutcome {
  readonly status: "ok" | "error";
  readonly error?: CellError;
  /** Wall time from the start of compilation to the end of the cell, ms. */
  readonly ms: number;
  /** The most memory that the executor has held so far, bytes; unknown where it died. */
  readonly peakBytes?: number;
  /** True when the cell was stopped by `interrupt()`. Variables are kept unless `executorLost` is true too. */
  readonly interrupted?: boolean;
  /** True when the executor process died: all variables are lost; spawn a new one to go on. */
  readonly executorLost?: boolean;
}

/** An event as it came through JSON, which has no NaN and no infinity: a check's open band and missing value are put back. */
export function revived(event: ExecutorEvent): ExecutorEvent {
  if (event.kind !== "check") return event;
  const [low, high]: readonly (number | null)[] = event.band;
  const value: number | null = event.value;
  return {
    ...event,
    value: value ?? Number.NaN,
    band: [low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY],
  };
}
