/** What the commands that run notebooks share: several side by side, and interrupts from outside. */
import { basename, join } from "node:path";
import { refuse } from "../toolkit/refuse.ts";

/** Runs `act` on each item, at most `jobs` at a time; results come in the items' order. The first error ends it. */
export async function sideBySide<T, R>(
  items: readonly T[],
  jobs: number,
  act: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await act(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker));
  return results;
}

/** The first interrupt from outside aborts the signal, the second ends the process. */
export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping; what is there will be saved (once more to stop at once)\n");
    stop.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await act(stop.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** A number of seconds, as ms; nothing where the option is not given. */
export function secondsOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (!(seconds > 0)) refuse(name, `it is ${JSON.stringify(text)}`, "pass a number of seconds above 0");
  return seconds * 1000;
}

/** A whole number of at least 1. */
export function countOption(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    refuse(name, `it is ${JSON.stringify(text)}`, "pass a whole number from 1");
  return count;
}

/** Where the executed notebooks go: into a folder, each under its own name. @throws UsageError where two would be one */
export function outputsIn(folder: string, paths: readonly string[]): string[] {
  const outputs = paths.map((path) => join(folder, basename(path).replace(/(\.ipynb|\.[mc]?ts)?$/, ".ipynb")));
  const twice = outputs.findIndex((output, i) => outputs.indexOf(output) !== i);
  if (twice >= 0) refuse("output", `two notebooks would become ${outputs[twice]}`, "run them one after the other");
  return outputs;
}
