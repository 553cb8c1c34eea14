/**
 * Notebook files, read and validated: nbformat 4.5, and 3 and 4.0 to 4.4 brought up to it. What is wrong is named with
 * its place in the file.
 */
import { refuse } from "../../src/toolkit/refuse.ts";
import type { MimeBundle } from "../executor/events.ts";
import type { Cell, JsonObject, Notebook, Output } from "./format.ts";
import { isJsonMime } from "./mime.ts";
import { Place } from "./place.ts";
import { upgradeThree } from "./upgrade.ts";

/** JSON nested deeper than this is refused: no notebook is, and it could not be written again. */
const DEEPEST = 500;
const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT] = [0x22, 0x5c, 0x5b, 0x7b];

/**
 * Reads a notebook's text. Cells without an id (nbformat before 4.5) get one made from their place.
 *
 * @param where the file's name, for messages
 * @throws UsageError naming the place and the remedy
 */
export function parseNotebook(text: string, where: string): Notebook {
  const at = new Place(where, "");
  if (depth(text) > DEEPEST) at.wrong(`JSON nested more than ${DEEPEST} deep`, "pass a notebook file (.ipynb)");
  const root = fromThree(at, at.object(parseJson(text, where)));
  const cells = at.in("cells").array(root.cells);
  const seen = new Set<string>();
  return {
    metadata: at.in("metadata").object(root.metadata ?? {}),
    cells: cells.map((cell, index) => parseCell(at.in(`cells[${index}]`), cell, index, seen)),
  };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse("notebook", `${where} is not JSON (${reason})`, "pass a notebook file (.ipynb)", error);
  }
}

/** The most brackets that are open at one place, strings left out. A plain loop: texts may be large. */
function depth(text: string): number {
  let [open, most] = [0, 0];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) most = Math.max(most, ++open);
    else if (code === OPEN_LIST + 2 || code === OPEN_OBJECT + 2) open--;
  }
  return most;
}

/** The file's content in the form of nbformat 4. */
function fromThree(at: Place, root: JsonObject): JsonObject {
  const version = root.nbformat;
  if (version === 4) return root;
  if (version === 3) return upgradeThree(at, root);
  return at.wrong(`nbformat is ${JSON.stringify(version)}`, "save it in format 4 (any Jupyter since 2015 does)");
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

export function freshId(index: number, seen: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const id = n === 0 ? `cell-${index}` : `cell-${index}-${n}`;
    if (!seen.has(id)) return id;
  }
}
