/** Lines of a file of any size, and rows of JSONL. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { progressReporter } from "../../progress.ts";
import { attempt, badRow, type Fields, isFields } from "./fields.ts";
import { parsePythonJson } from "./python-json.ts";
import type { ImportRecord, NoteRecord, Place } from "./record.ts";

/** Longest line that is read: a JavaScript string has an end, and no peer writes rows near it. */
const LONGEST_LINE = 256 * 2 ** 20;

export interface Line {
  readonly number: number;
  /** undefined where the line is longer than 256 MiB or not UTF-8. */
  readonly text: string | undefined;
  readonly problem?: string;
  /** A newline followed. */
  readonly ended: boolean;
}

/** Bytes from which reading a file tells how far it is. */
const LARGE = 32 * 2 ** 20;
const MEGABYTE = 2 ** 20;

/** The lines of a UTF-8 file, one at a time; `\r\n` counts as one end, a byte order mark is left out. */
export async function* fileLines(path: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [parts, size, number]: [Buffer[], number, number] = [[], 0, 0];
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= LONGEST_LINE) parts.push(chunk);
  };
  const finish = (ended: boolean): Line => {
    number += 1;
    const [bytes, length] = [Buffer.concat(parts), size];
    [parts, size] = [[], 0];
    if (length > LONGEST_LINE) return { number, text: undefined, problem: `has ${length} bytes`, ended };
    try {
      return { number, text: decoder.decode(bytes).replace(/\r$/, ""), ended };
    } catch {
      return { number, text: undefined, problem: "is not UTF-8", ended };
    }
  };
  const bytes = (await stat(path)).size;
  const report = progressReporter({ task: `read ${basename(path)}`, total: Math.round(bytes / MEGABYTE), unit: "MB" });
  let read = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 18 })) {
    if (!Buffer.isBuffer(chunk)) throw new Error("internal: a byte stream gave text");
    read += chunk.length;
    if (bytes > LARGE) report(Math.round(read / MEGABYTE));
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, end));
      yield finish(true);
      start = end + 1;
    }
    take(chunk.subarray(start));
  }
  if (size > 0) yield finish(false);
}

/**
 * What `read` makes of each row of a JSONL file. Empty lines are skipped; a last line without its newline that is no
 * JSON was cut off while it was written, and is noted.
 */
export async function* jsonlRecords(
  file: string,
  read: (row: Fields, place: Place) => readonly ImportRecord[],
): AsyncGenerator<ImportRecord> {
  for await (const { number, text, problem, ended } of fileLines(file)) {
    const place: Place = { file, line: number };
    if (text?.trim() === "") continue;
    const row = text === undefined ? undefined : parsed(text);
    if (isFields(row)) yield* attempt(place, () => read(row, place));
    else if (text !== undefined && row === undefined && !ended) yield cutOff(place);
    else yield badRow(place, problem ?? (row === undefined ? "is not JSON" : "is not a JSON object"));
  }
}

function cutOff({ file, line }: Place): NoteRecord {
  return { kind: "note", text: `${file}, line ${line} was cut off and is left out` };
}

/** The value, or undefined where the text is no JSON. */
function parsed(text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined; // RangeError: nested too deeply
    throw error;
  }
}
