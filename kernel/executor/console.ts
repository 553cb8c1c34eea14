/** The `console` of a cell, and the capture of the process's own console and streams. */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { formatWithOptions, type InspectOptions } from "node:util";

/** Output width and depth do not depend on a terminal: the same cell prints the same text everywhere. */
export const inspectOptions: InspectOptions = { colors: false, breakLength: 80, maxArrayLength: 100, depth: 4 };

export type Write = (name: "stdout" | "stderr", text: string) => void;

/** A console that writes through `write`; `clear` empties the cell's output. */
export function cellConsole(write: Write, clear: () => void): Console {
  const stream = (name: "stdout" | "stderr"): Writable => {
    const sink = new Writable({ decodeStrings: false });
    sink.write = (chunk: unknown): boolean => {
      write(name, String(chunk));
      return true;
    };
    return sink;
  };
  const base = new Console({
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    ignoreErrors: false,
    inspectOptions,
  });
  let indent = 0;
  const print =
    (name: "stdout" | "stderr") =>
    (first: unknown, ...rest: readonly unknown[]): void => {
      const text = typeof first === "string" && rest.length === 0 ? first : format(first, rest);
      write(name, indent === 0 ? `${text}\n` : `${text.replace(/^/gm, " ".repeat(indent))}\n`);
    };
  const [out, err] = [print("stdout"), print("stderr")];
  const none = (...args: readonly unknown[]): readonly [unknown, ...unknown[]] => [args[0], ...args.slice(1)];
  base.log = (...args: unknown[]) => (args.length === 0 ? out("") : out(...none(...args)));
  base.info = base.log;
  base.debug = base.log;
  base.warn = (...args: unknown[]) => (args.length === 0 ? err("") : err(...none(...args)));
  base.error = base.warn;
  const group = base.group.bind(base);
  const groupEnd = base.groupEnd.bind(base);
  base.group = (...label: unknown[]) => {
    if (label.length > 0) base.log(...label);
    group();
    indent += 2;
  };
  base.groupCollapsed = base.group;
  base.groupEnd = () => {
    groupEnd();
    indent = Math.max(0, indent - 2);
  };
  base.clear = clear;
  return base;
}

function format(first: unknown, rest: readonly unknown[]): string {
  return formatWithOptions(inspectOptions, first, ...rest);
}

/** Sends what is written to `process.stdout` and `process.stderr` (the global console included) through `write`. */
export function captureProcessStreams(write: Write): void {
  for (const name of ["stdout", "stderr"] as const) {
    const capture = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString();
      write(name, text);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") queueMicrotask(() => Reflect.apply(callback, undefined, []));
      return true;
    };
    Object.defineProperty(process[name], "write", { value: capture, writable: true, configurable: true });
  }
  globalThis.console = cellConsole(write, () => undefined);
}
