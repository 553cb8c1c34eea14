/** Stack traces in terms of cells: positions are cell lines, frames of the kernel and of Node's internals are cut. */
import { fileURLToPath } from "node:url";
import type { CellRun } from "./run.ts";
import { runOfFileName } from "./run.ts";

/** A place in a cell. */
export interface CellFrame {
  readonly run: CellRun;
  readonly line: number;
  readonly column: number;
}

export interface Stacks {
  /** Places in cells on the stack of an error, innermost first, then the `await`s that its promise passed through. */
  cellFrames(error: object): readonly CellFrame[];
  /** Notes that an awaited (or imported) thing failed with this error at an offset of a run's stripped code. */
  note(error: unknown, run: CellRun, offset: number): void;
}

const kernelFolder: string = new URL("../", import.meta.url).href;
const kernelPath: string = fileURLToPath(kernelFolder);

/** Frames that V8 records: those of Node's internals are cut after, and must not crowd out the cell. */
const recordedFrames = 40;
/** Frames that are shown. */
const shownFrames = 12;

/** Where a place in a module that the loader has transformed lies in its source. */
export type LocateInModule = (
  url: string,
  line: number,
  column: number,
) => { line: number; column: number } | undefined;

/** Installs `Error.prepareStackTrace`, so that `error.stack` reads the same wherever it is printed. */
export function installStacks(runs: ReadonlyMap<number, CellRun>, locateInModule: LocateInModule): Stacks {
  const frames = new WeakMap<object, CellFrame[]>();
  const sites = new WeakMap<object, CellFrame[]>();
  Error.stackTraceLimit = recordedFrames;
  Error.prepareStackTrace = (error: Error, callSites: NodeJS.CallSite[]): string => {
    const own: CellFrame[] = [];
    const lines: string[] = [];
    for (const site of callSites) {
      const line = describe(site, runs, own, locateInModule);
      if (line !== undefined) lines.push(`\n    at ${line}`);
    }
    frames.set(error, own);
    return header(error) + lines.slice(0, shownFrames).join("");
  };
  return {
    cellFrames(error) {
      if (error instanceof Error) void error.stack;
      const own = frames.get(error) ?? [];
      const more = (sites.get(error) ?? []).filter((site) => !own.some((frame) => samePlace(frame, site)));
      return [...own, ...more];
    },
    note(error, run, offset) {
      if (typeof error !== "object" || error === null || !run.compiled) return;
      const known = sites.get(error) ?? [];
      const frame = { run, ...run.compiled.site(offset) };
      if (!known.some((site) => samePlace(site, frame))) sites.set(error, [...known, frame]);
    },
  };
}

function samePlace(a: CellFrame, b: CellFrame): boolean {
  return a.run === b.run && a.line === b.line;
}

function header(error: Error): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

function describe(
  site: NodeJS.CallSite,
  runs: ReadonlyMap<number, CellRun>,
  own: CellFrame[],
  locateInModule: LocateInModule,
): string | undefined {
  const file = site.getFileName() ?? "";
  const run = runs.get(runOfFileName(file) ?? -1);
  const [line, column] = [site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1];
  if (run?.compiled) {
    const place = run.compiled.locate({ line, column });
    if (!place) return undefined;
    own.push({ run, ...place });
    return named(site, placeName({ run, ...place }));
  }
  if (file.startsWith("node:internal") || file.startsWith(kernelFolder) || file.startsWith(kernelPath))
    return undefined;
  const place = file.includes("?") ? locateInModule(file, line, column) : undefined;
  if (place) return named(site, `${file.replace(/\?.*$/, "")}:${place.line}:${place.column}`);
  return String(site).replace(/eval at (?:\w+ )?\$?\w* ?\(cell:\d+:\d+:\d+\)/, "eval");
}

/** A stack line of the kernel or of Node's internals, also in stacks that another thread has written. */
export function isInternalLine(line: string): boolean {
  return line.includes("node:internal") || line.includes(kernelFolder) || line.includes(kernelPath);
}

/** "cell 3, line 2, column 5" */
export function placeName({ run, line, column }: CellFrame): string {
  return `cell ${run.cell.index}, line ${line}, column ${column}`;
}

function named(site: NodeJS.CallSite, place: string): string {
  const text = String(site);
  const name = /^(.*) \(.*\)$/.exec(text)?.[1] ?? "";
  const shown = name.replace(/\$cell\b/, "").trim();
  if (shown === "" || shown === "async") return place;
  return `${shown} (${place})`;
}
