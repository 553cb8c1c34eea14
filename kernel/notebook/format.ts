/** Notebooks, and their files: nbformat 4.5 or percent scripts. Metadata that is not known is kept. */
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../../src/toolkit/files.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import type { Json, MimeBundle } from "../executor/events.ts";
import { isBinaryMime, isJsonMime } from "./mime.ts";
import { parseNotebook } from "./parse.ts";

export type JsonObject = { [key: string]: Json };

export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: JsonObject }
  | { output_type: "execute_result"; data: MimeBundle; metadata: JsonObject; execution_count: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: readonly string[] };

export interface CodeCell {
  cell_type: "code";
  id: string;
  metadata: JsonObject;
  source: string;
  outputs: Output[];
  execution_count: number | null;
}

export interface TextCell {
  cell_type: "markdown" | "raw";
  id: string;
  metadata: JsonObject;
  source: string;
  attachments?: JsonObject;
}

export type Cell = CodeCell | TextCell;

export interface Notebook {
  metadata: JsonObject;
  cells: Cell[];
}

/**
 * Reads and validates a notebook, or a percent script (`.ts`).
 *
 * @throws UsageError naming the file, the place in it and the remedy
 */
export async function readNotebook(path: string): Promise<Notebook> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse("notebook", `${path} cannot be read (${reason})`, "check the path", error);
  }
  if (!/\.[mc]?ts$/.test(path)) return parseNotebook(text, path);
  const { parsePercent } = await import("./percent.ts"); // with its YAML parser, which notebooks do not need
  return parsePercent(text, path);
}

/** Writes a notebook in one step: a reader sees the old file or the new one. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}

/**
 * The notebook as text, nbformat 4.5 as Jupyter writes it, so that git shows small differences whoever saved last: keys
 * sorted, one-space indent, texts as lists of lines. What is parsed from it again is the same notebook.
 */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => {
    const { id, source } = cell;
    const metadata = sorted(cell.metadata);
    if (cell.cell_type !== "code") {
      const attachments = cell.attachments === undefined ? {} : { attachments: sorted(cell.attachments) };
      return { ...attachments, cell_type: cell.cell_type, id, metadata, source: toLines(source) };
    }
    const { execution_count, outputs } = cell;
    return {
      cell_type: "code",
      execution_count,
      id,
      metadata,
      outputs: outputs.map(formatOutput),
      source: toLines(source),
    };
  });
  const root = { cells, metadata: sorted(notebook.metadata), nbformat: 4, nbformat_minor: 5 };
  return `${JSON.stringify(root, null, 1)}\n`;
}

/** The same value with the keys of all its objects in order. */
function sorted(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.some((item) => typeof item === "object") ? value.map(sorted) : value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function formatOutput(output: Output): JsonObject {
  switch (output.output_type) {
    case "stream":
      return { name: output.name, output_type: "stream", text: toLines(output.text) };
    case "display_data":
      return { data: formatBundle(output.data), metadata: sorted(output.metadata), output_type: "display_data" };
    case "execute_result":
      return {
        data: formatBundle(output.data),
        execution_count: output.execution_count,
        metadata: sorted(output.metadata),
        output_type: "execute_result",
      };
    case "error":
      return {
        ename: output.ename,
        evalue: output.evalue,
        output_type: "error",
        traceback: output.traceback,
      };
    default:
      return output satisfies never;
  }
}

function formatBundle(bundle: MimeBundle): JsonObject {
  const formatted: JsonObject = {};
  for (const mime of Object.keys(bundle).sort()) {
    const data = bundle[mime];
    if (data === undefined) continue;
    const lines = typeof data === "string" && !isJsonMime(mime) && !isBinaryMime(mime);
    formatted[mime] = lines ? toLines(data) : sorted(data);
  }
  return formatted;
}

function toLines(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}
