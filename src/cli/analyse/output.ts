/** What every analysis does with its result: tables on the terminal, and JSON, CSV, HTML and pictures as files. */
import { join } from "node:path";
import { progressText } from "../../../kernel/run/terminal.ts";
import { type Figure, renderPng, renderSvg } from "../../plot/index.ts";
import { standaloneHtml } from "../../plot/page.ts";
import { checkWritable, writeFileAtomic } from "../../toolkit/files.ts";
import { type PartialResults, partialResults } from "../../toolkit/partial-results.ts";
import { onProgress, type ProgressEvent } from "../../toolkit/progress.ts";
import { escapeHtml, type Table, tableHtml, tableText } from "../../toolkit/table.ts";
import { defaultCacheFolder } from "../../toolkit/train/cache.ts";

/** A finished analysis. */
export interface AnalysisOutput {
  readonly title: string;
  readonly tables: readonly Table[];
  /** The default figure first: it is the one that `--svg` and `--png` draw. */
  readonly figures: readonly Figure[];
  /** HTML that stands under the figures. Default: nothing. */
  readonly views?: readonly string[];
  /** Sentences that stand above the tables: the result in words, and what was left out. */
  readonly notes: readonly string[];
  /** What `--json` writes. Typed arrays become lists, what JSON cannot hold becomes null. */
  readonly data: unknown;
}

/** Options of `parseArgs` that every analysis takes. */
export const outputOptions = {
  json: { type: "string" },
  csv: { type: "string" },
  html: { type: "string" },
  svg: { type: "string" },
  png: { type: "string" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Their lines in a help text. */
export const outputHelp = `      --json file          everything, as JSON
      --csv file           the table (further tables beside it, by their titles)
      --html file          one page with figures and tables that opens offline
      --svg file           the figure as a picture
      --png file           the same as PNG
      --quiet              no progress and no table, files only
`;

/** Options of analyses that keep finished parts, and go on when they were cut off. */
export const partOptions = {
  partials: { type: "string" },
  fresh: { type: "boolean", default: false },
} as const;

/** Their lines in a help text. */
export const partHelp = `      --partials folder    where finished parts are kept until the end; one that was cut off goes on (default: the cache)
      --fresh              start anew
`;

/** Files asked for. */
export interface OutputFiles {
  readonly json?: string | undefined;
  readonly csv?: string | undefined;
  readonly html?: string | undefined;
  readonly svg?: string | undefined;
  readonly png?: string | undefined;
}

/** Refuses paths that cannot be written, before the work. */
export async function checkOutputs({ json, csv, html, svg, png }: OutputFiles): Promise<void> {
  for (const path of [json, csv, html, svg, png]) if (path !== undefined) await checkWritable(path);
}

/**
 * Finished parts of a long analysis: cleared by the caller once its results are written. With `--fresh` nothing is found, and
 * parts are kept all the same.
 */
export function keptParts({
  partials,
  fresh,
}: {
  readonly partials?: string | undefined;
  readonly fresh: boolean;
}): PartialResults {
  const parts = partialResults(partials ?? join(defaultCacheFolder(), "partials"));
  return fresh ? { ...parts, find: async () => undefined } : parts;
}

/** Rows of a table on the terminal. */
const terminalRows = 400;

/** Prints the tables, unless `quiet`, and writes the files; each file's path is printed. */
export async function writeOutput(
  output: AnalysisOutput,
  { quiet, ...files }: OutputFiles & { readonly quiet: boolean },
): Promise<void> {
  const { json, csv, html, svg, png } = files;
  if (!quiet) {
    const tables = output.tables.map((table) => tableText(table, terminalRows));
    process.stdout.write(`${[output.notes.join("\n"), ...tables].join("\n\n")}\n`);
  }
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await writeFileAtomic(path, content);
    process.stdout.write(`${path}\n`);
  };
  if (json !== undefined) await write(json, `${JSON.stringify(output.data, jsonValue)}\n`);
  if (csv !== undefined) {
    for (const [i, table] of output.tables.entries()) await write(csvPath(csv, table, i), tableCsv(table));
  }
  if (html !== undefined) await write(html, await page(output));
  const [first] = output.figures;
  if (svg !== undefined && first !== undefined) await write(svg, await renderSvg(first.toJSON()));
  if (png !== undefined && first !== undefined) await write(png, await renderPng(first.toJSON()));
}

function page({ title, notes, figures, views = [], tables }: AnalysisOutput): Promise<string> {
  const words = notes.map((note) => `<p>${escapeHtml(note).replaceAll("\n", "<br>")}</p>`).join("\n");
  const wide = (html: string): string => `<div style="overflow-x:auto">${html}</div>`;
  return standaloneHtml(
    [
      `<h1>${escapeHtml(title)}</h1>`,
      words,
      ...figures,
      ...views,
      ...tables.map((table) => wide(tableHtml(table, Number.POSITIVE_INFINITY))),
    ],
    { title },
  );
}

function csvPath(path: string, { title }: Table, at: number): string {
  if (at === 0) return path;
  const words = title.toLowerCase().match(/[a-z0-9]+/g) ?? [String(at)];
  return path.replace(/(\.csv)?$/, `-${words.join("-")}.csv`);
}

/** A table by RFC 4180: numbers in full, quotes where a cell needs them. */
export function tableCsv({ columns }: Table): string {
  const names = Object.keys(columns);
  const rows = Math.max(0, ...Object.values(columns).map(({ length }) => length));
  const lines = Array.from({ length: rows }, (_, r) => names.map((name) => quoted(columns[name]?.[r])).join(","));
  return `${[names.map(quoted).join(","), ...lines].join("\r\n")}\r\n`;
}

function quoted(cell: string | number | boolean | undefined): string {
  const text = cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Float64Array || value instanceof Float32Array || value instanceof Int32Array) return [...value];
  return value;
}

const terminalInterval = 100;
const logInterval = 10_000;

/** Shows progress on standard error while `work` runs: a line that moves on a terminal, else one every ten seconds. */
export async function withProgress<T>(quiet: boolean, work: () => Promise<T>): Promise<T> {
  const live = process.stderr.isTTY === true;
  let shown = performance.now() - (live ? terminalInterval : 0);
  const show = (event: ProgressEvent): void => {
    if (performance.now() - shown < (live ? terminalInterval : logInterval)) return;
    shown = performance.now();
    const text = progressText(event);
    process.stderr.write(live ? `\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${text}\n`);
  };
  const end = quiet ? () => undefined : onProgress(show);
  try {
    return await work();
  } finally {
    end();
    if (live && !quiet) process.stderr.write("\r\x1b[2K");
  }
}
