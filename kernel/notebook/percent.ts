/**
 * Notebooks as percent scripts: one `.ts` file in which `// %%` starts a cell, so that an editor checks it and git shows
 * lines. It holds everything of a notebook but what a run leaves (outputs, counts, the record of the run).
 *
 *     // ---
 *     // jupyter:
 *     //   kernelspec: { name: rlvr }
 *     // ---
 *
 *     // %% [markdown] id="title"
 *     // # A title
 *
 *     // %% id="setup" tags=["parameters"]
 *     const seed = 1;
 *
 * Behind the marker stand the kind of a cell that is not code, then its id and metadata as `name=JSON`. The lines of text
 * cells are comments. A line of a cell that would look like a marker gets a backslash: `// \%%`.
 */
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import { refuse } from "../../src/toolkit/refuse.ts";
import type { Json } from "../executor/events.ts";
import { withoutRun } from "./clean.ts";
import type { Cell, JsonObject, Notebook } from "./format.ts";
import { freshId } from "./parse.ts";
import { isObject } from "./place.ts";

const MARKER = /^\/\/ ?%%(?!\S)(.*)$/;
const FENCE = "// ---";

/** A cell as it stands in a script. */
interface Block {
  readonly line: number;
  readonly kind: Cell["cell_type"];
  readonly id: string | undefined;
  readonly metadata: JsonObject;
  readonly attachments: JsonObject | undefined;
  readonly lines: string[];
}

/** A notebook as a percent script. */
export function formatPercent(notebook: Notebook): string {
  const { metadata, cells } = withoutRun(notebook);
  return [...header(metadata), ...cells.map(formatCell)].join("\n");
}

/** Whether a text looks like a percent script. */
export function isPercent(text: string): boolean {
  return text.split("\n").some((line) => MARKER.test(line.trimEnd()));
}

/**
 * Reads a percent script. Cells without an id get one made from their place.
 *
 * @param where the file's name, for messages
 * @throws UsageError naming the line and the remedy
 */
export function parsePercent(text: string, where: string): Notebook {
  const lines = (/^\/\/ .*\r\n/.test(text) ? text.replaceAll("\r\n", "\n") : text).split("\n");
  if (lines.at(-1) === "") lines.pop();
  const { metadata, from } = readHeader(lines, where);
  const blocks = readBlocks(lines, from, where);
  const seen = new Set<string>();
  for (const { id, line } of blocks) {
    if (id === undefined) continue;
    if (seen.has(id)) wrong(where, line, `the id ${JSON.stringify(id)} is taken by an earlier cell`, "name it anew");
    seen.add(id);
  }
  const cells = blocks.map((block, index): Cell => {
    const id = block.id ?? freshId(index, seen);
    seen.add(id);
    const source = sourceOf(block, index === blocks.length - 1, where);
    const { kind: cell_type, metadata, attachments } = block;
    if (cell_type === "code") return { cell_type, id, metadata, source, outputs: [], execution_count: null };
    return { cell_type, id, metadata, source, ...(attachments && { attachments }) };
  });
  return { metadata, cells };
}

function header(metadata: JsonObject): string[] {
  if (Object.keys(metadata).length === 0) return [];
  const lines = yamlOf({ jupyter: metadata }).split("\n");
  return [`${FENCE}\n${lines.map(comment).join("\n")}\n${FENCE}\n`];
}

/** YAML where it says the same as the value, JSON (which is YAML too) for what its parser would read otherwise. */
function yamlOf(value: Json): string {
  const text = stringifyYaml(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
  try {
    if (JSON.stringify(parseYaml(text)) === JSON.stringify(value) && !text.includes(`\n---`)) return text;
  } catch {
    // what YAML cannot hold, JSON can
  }
  return JSON.stringify(value);
}

function formatCell(cell: Cell): string {
  const kind = cell.cell_type === "code" ? "" : ` [${cell.cell_type}]`;
  const lines = cell.source.split("\n");
  const body = (cell.cell_type === "code" ? lines : lines.map(comment)).map(escapeMarker);
  const attachments = cell.cell_type !== "code" && cell.attachments !== undefined ? cell.attachments : undefined;
  const fields: [string, Json][] = [["id", cell.id], ...Object.entries(cell.metadata)];
  const { id: _, attachments: __, metadata: ___, ...plain } = cell.metadata;
  const odd = fields.length !== Object.keys(plain).length + 1 || fields.some(([name]) => !/^[\w.-]+$/.test(name));
  const written = odd ? [`id=${json(cell.id)}`, `metadata=${json(cell.metadata)}`] : fields.map(field);
  if (attachments) written.push(`attachments=${json(attachments)}`);
  return `${[`// %%${kind}`, ...written].join(" ")}\n${body.join("\n")}\n`;
}

function field([name, value]: [string, Json]): string {
  return `${name}=${json(value)}`;
}

/** JSON on one line, also for editors to which a line ends at U+2028. */
function json(value: Json): string {
  return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function comment(line: string): string {
  return line === "" ? "//" : `// ${line}`;
}

function escapeMarker(line: string): string {
  return line.replace(/^(\/\/ ?)(\\*%%)/, "$1\\$2");
}

function readHeader(lines: readonly string[], where: string): { metadata: JsonObject; from: number } {
  if (lines[0]?.trimEnd() !== FENCE) return { metadata: {}, from: 0 };
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === FENCE);
  if (end < 0) wrong(where, 1, "the header has no end", `close it with a line "${FENCE}"`);
  let value: unknown;
  try {
    value = parseYaml(lines.slice(1, end).map(uncomment).join("\n"), { logLevel: "error" });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    wrong(where, 1, `the header is not YAML (${reason})`, "correct it", error);
  }
  const metadata = isObject(value) ? (value.jupyter ?? {}) : value;
  if (!isObject(metadata)) wrong(where, 1, "the header holds no settings", 'write them under "jupyter:"');
  const from = lines[end + 1] === "" ? end + 2 : end + 1;
  return { metadata: plainJson(metadata, where), from };
}

/** What YAML can hold and JSON cannot (a cycle, a NaN, a date) is refused or becomes what JSON makes of it. */
function plainJson(value: JsonObject, where: string): JsonObject {
  try {
    const plain: unknown = JSON.parse(JSON.stringify(value));
    if (isObject(plain)) return plain;
  } catch {
    // a cycle by anchors
  }
  return wrong(where, 1, "the header holds values that are not JSON", "use texts, numbers, lists and objects");
}

function readBlocks(lines: readonly string[], from: number, where: string): Block[] {
  const blocks: Block[] = [];
  for (const [i, line] of lines.entries()) {
    if (i < from) continue;
    const marker = MARKER.exec(line)?.[1];
    if (marker !== undefined) blocks.push(readMarker(marker.trim(), i + 1, where));
    else if (blocks.length > 0) blocks.at(-1)?.lines.push(line);
    else if (line.trim() !== "") blocks.push({ ...readMarker("", i + 1, where), lines: [line] }); // code without a marker
  }
  return blocks;
}

/** `[markdown] id="x" tags=["a"]`; a title in words, as other tools write it, is passed over. */
function readMarker(marker: string, line: number, where: string): Block {
  const start = marker.search(/(^|\s)[\w.-]+=/);
  const head = (start < 0 ? marker : marker.slice(0, start)).trim();
  const kind = /(?:^|\s)\[(\w+)\]$/.exec(head)?.[1] ?? "code";
  const fields = readFields(start < 0 ? "" : marker.slice(start).trim(), line, where);
  const { id, attachments, metadata, ...named } = fields;
  if (id !== undefined && !(typeof id === "string" && /^[a-zA-Z0-9_-]{1,64}$/.test(id))) {
    wrong(where, line, `the id is ${JSON.stringify(id)}`, "use 1 to 64 letters, digits, _ and -");
  }
  const cell_type = kind === "md" ? "markdown" : kind;
  if (cell_type !== "code" && cell_type !== "markdown" && cell_type !== "raw") {
    wrong(where, line, `the cell is of kind ${JSON.stringify(kind)}`, "use [markdown] or [raw], or none for code");
  }
  if (attachments !== undefined && !(isObject(attachments) && cell_type !== "code")) {
    wrong(where, line, "attachments are no object of a text cell", "remove them");
  }
  if (metadata !== undefined && !(isObject(metadata) && Object.keys(named).length === 0)) {
    wrong(where, line, "metadata is not the one object that holds all settings", "write name=value instead");
  }
  const settings = isObject(metadata) ? metadata : named;
  return { line, kind: cell_type, id, metadata: settings, attachments, lines: [] };
}

/** `name=JSON` settings, separated by blanks. A value ends where it is JSON and a blank or the line's end follows. */
function readFields(text: string, line: number, where: string): JsonObject {
  const fields: JsonObject = {};
  let rest = text;
  while (rest !== "") {
    const name = /^([\w.-]+)=/.exec(rest)?.[1];
    if (name === undefined) wrong(where, line, `"${rest}" is no name=value`, "write values as JSON");
    const [value, length] = readValue(rest.slice(name.length + 1), line, where);
    Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
    rest = rest.slice(name.length + 1 + length).trimStart();
  }
  return fields;
}

function readValue(text: string, line: number, where: string): [Json, number] {
  const end = jsonEnd(text);
  try {
    return [JSON.parse(text.slice(0, end)), end];
  } catch (error) {
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
    return wrong(where, line, `${shown} does not start with a JSON value`, "write it as JSON", error);
  }
}

/** Where a JSON value at the start of a text ends: at a blank outside strings and brackets, or at the text's end. */
function jsonEnd(text: string): number {
  let [open, quoted] = [0, false];
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] ?? "";
    if (quoted) {
      if (letter === "\\") i++;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "[" || letter === "{") open++;
    else if (letter === "]" || letter === "}") open--;
    else if (open === 0 && /\s/.test(letter)) return i;
  }
  return text.length;
}

function sourceOf({ kind, lines, line }: Block, last: boolean, where: string): string {
  const body = (!last && lines.at(-1) === "" ? lines.slice(0, -1) : lines).map(unescapeMarker); // without the line between
  if (kind === "code") return body.join("\n");
  const end = body.findLastIndex((text) => text.trim() !== "") + 1; // text is commented: blank lines are layout
  const bare = body.slice(0, end).findIndex((text) => !text.startsWith("//"));
  if (bare >= 0) wrong(where, line + bare + 1, `${JSON.stringify(body[bare])} is in a text cell`, "start it with //");
  return body.slice(0, end).map(uncomment).join("\n");
}

function unescapeMarker(line: string): string {
  return line.replace(/^(\/\/ ?)\\(\\*%%)/, "$1$2");
}

function uncomment(line: string): string {
  return line.replace(/^\/\/ ?/, "");
}

function wrong(where: string, line: number, problem: string, remedy: string, cause?: unknown): never {
  return refuse("notebook", `${where}, line ${line}: ${problem}`, remedy, cause);
}
