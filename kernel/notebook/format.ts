/**
 * Notebook files: nbformat 4.5, read, validated and written so that git shows small differences (one-space indent,
 * sorted the way Jupyter writes, source as a list of lines, trailing newline). Metadata that is not known is kept.
 */
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../../src/toolkit/files.ts";
import { refuse } from "../../src/toolkit/refuse.ts";
import type { Json, MimeBundle } from "../executor/events.ts";

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

/** Reads and validates a notebook. @throws UsageError naming the file, the place in it and the remedy */
export async function readNotebook(path: string): Promise<Notebook> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    refuse("notebook", `${path} cannot be read (${reason(error)})`, "check the path", error);
  }
  return parseNotebook(text, path);
}

/** Writes a notebook in one step: a reader sees the old file or the new one. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}

/**
 * Reads a notebook's text. Cells without an id (nbformat before 4.5) get one made from their place.
 *
 * @param where the file's name, for messages
 */
export function parseNotebook(text: string, where: string): Notebook {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse("notebook", `${where} is not JSON (${reason(error)})`, "pass a notebook file (.ipynb)", error);
  }
  const at = new Place(where, "");
  const root = at.object(value);
  const version = root.nbformat;
  if (version !== 4) {
    at.wrong(`nbformat is ${JSON.stringify(version)}`, "save it in format 4 (any Jupyter since 2015 does)");
  }
  const cells = at.in("cells").array(root.cells);
  const seen = new Set<string>();
  return {
    metadata: at.in("metadata").object(root.metadata ?? {}),
    cells: cells.map((cell, index) => parseCell(at.in(`cells[${index}]`), cell, index, seen)),
  };
}

/** The notebook as text: what is parsed from it again is the same notebook. */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => {
    const { id, metadata, source } = cell;
    if (cell.cell_type !== "code") {
      const attachments = cell.attachments === undefined ? {} : { attachments: cell.attachments };
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
  return `${JSON.stringify({ cells, metadata: notebook.metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

/** One cell's place in a file, for messages such as `a.ipynb, cells[3].outputs[0]: ...`. */
class Place {
  readonly #file: string;
  readonly #path: string;

  constructor(file: string, path: string) {
    this.#file = file;
    this.#path = path;
  }

  in(part: string): Place {
    return new Place(this.#file, this.#path === "" ? part : `${this.#path}.${part}`);
  }

  wrong(problem: string, remedy: string): never {
    refuse("notebook", `${this.#file}${this.#path === "" ? "" : `, ${this.#path}`}: ${problem}`, remedy);
  }

  object(value: unknown): JsonObject {
    if (!isObject(value)) this.wrong(`${kindOf(value)} where an object belongs`, "repair or re-save the notebook");
    return value;
  }

  array(value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) this.wrong(`${kindOf(value)} where a list belongs`, "repair or re-save the notebook");
    return value;
  }

  string(value: unknown): string {
    if (typeof value !== "string") this.wrong(`${kindOf(value)} where a string belongs`, "repair the notebook");
    return value;
  }

  /** A string, or a list of strings to be joined. */
  text(value: unknown): string {
    if (Array.isArray(value)) return value.map((line) => this.string(line)).join("");
    return this.string(value);
  }

  count(value: unknown): number | null {
    if (value === null || value === undefined) return null;
    if (!Number.isInteger(value)) this.wrong(`execution_count is ${JSON.stringify(value)}`, "pass a whole number");
    return Number(value);
  }
}

function parseCell(at: Place, value: unknown, index: number, seen: Set<string>): Cell {
  const cell = at.object(value);
  const id = cell.id === undefined ? freshId(index, seen) : at.in("id").string(cell.id);
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(id)) {
    at.wrong(`the id is ${JSON.stringify(id)}`, "use 1 to 64 letters, digits, _ and -");
  }
  if (seen.has(id)) at.wrong(`the id ${JSON.stringify(id)} is taken by an earlier cell`, "give each cell its own");
  seen.add(id);
  const shared = {
    id,
    metadata: at.in("metadata").object(cell.metadata ?? {}),
    source: at.in("source").text(cell.source),
  };
  switch (cell.cell_type) {
    case "code": {
      const outputs = at.in("outputs").array(cell.outputs);
      return {
        cell_type: "code",
        ...shared,
        outputs: outputs.map((output, i) => parseOutput(at.in(`outputs[${i}]`), output)),
        execution_count: at.count(cell.execution_count),
      };
    }
    case "markdown":
    case "raw": {
      const attachments =
        cell.attachments === undefined ? {} : { attachments: at.in("attachments").object(cell.attachments) };
      return { cell_type: cell.cell_type, ...shared, ...attachments };
    }
    default:
      return at.wrong(`cell_type is ${JSON.stringify(cell.cell_type)}`, "use code, markdown or raw");
  }
}

function parseOutput(at: Place, value: unknown): Output {
  const output = at.object(value);
  const kind = output.output_type;
  switch (kind) {
    case "stream": {
      const name = output.name;
      if (name !== "stdout" && name !== "stderr") {
        at.wrong(`the stream's name is ${JSON.stringify(name)}`, "use stdout or stderr");
      }
      return { output_type: kind, name, text: at.in("text").text(output.text) };
    }
    case "display_data":
      return { output_type: kind, data: parseBundle(at.in("data"), output.data), metadata: metadataOf(at, output) };
    case "execute_result":
      return {
        output_type: kind,
        data: parseBundle(at.in("data"), output.data),
        metadata: metadataOf(at, output),
        execution_count: at.count(output.execution_count),
      };
    case "error":
      return {
        output_type: kind,
        ename: at.in("ename").string(output.ename),
        evalue: at.in("evalue").string(output.evalue),
        traceback: at
          .in("traceback")
          .array(output.traceback)
          .map((line) => at.in("traceback").string(line)),
      };
    default:
      return at.wrong(`output_type is ${JSON.stringify(kind)}`, "clear the outputs of this cell and re-run it");
  }
}

function metadataOf(at: Place, output: JsonObject): JsonObject {
  return at.in("metadata").object(output.metadata ?? {});
}

/** Text representations may stand as lists of lines; JSON ones are kept as they are. */
function parseBundle(at: Place, value: unknown): MimeBundle {
  const bundle: JsonObject = {};
  for (const [mime, data] of Object.entries(at.object(value))) {
    bundle[mime] = isJsonMime(mime) ? data : at.in(mime).text(data);
  }
  return bundle;
}

function formatOutput(output: Output): JsonObject {
  switch (output.output_type) {
    case "stream":
      return { name: output.name, output_type: "stream", text: toLines(output.text) };
    case "display_data":
      return { data: formatBundle(output.data), metadata: output.metadata, output_type: "display_data" };
    case "execute_result":
      return {
        data: formatBundle(output.data),
        execution_count: output.execution_count,
        metadata: output.metadata,
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
    formatted[mime] = lines ? toLines(data) : data;
  }
  return formatted;
}

function isJsonMime(mime: string): boolean {
  return mime === "application/json" || mime.endsWith("+json");
}

function isBinaryMime(mime: string): boolean {
  return /^(image|audio|video)\//.test(mime) && mime !== "image/svg+xml";
}

function toLines(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function freshId(index: number, seen: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const id = n === 0 ? `cell-${index}` : `cell-${index}-${n}`;
    if (!seen.has(id)) return id;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
