/** Published tables in CSV (RFC 4180): quoted fields may hold commas, line breaks and doubled quotes. */
import { readFile } from "node:fs/promises";
import { refuse } from "../../../refuse.ts";

/**
 * Rows of a CSV file by the names in its first line.
 *
 * @param where the function that reads, for messages
 * @throws UsageError where the file cannot be read, a quote is never closed, or a row has more or fewer fields than the first
 */
export async function readCsv(where: string, path: string): Promise<Readonly<Record<string, string>>[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return refuse(where, `cannot read ${path} (${code})`, "pass a file that is there", error);
  });
  const [names, ...rows] =
    fieldsOf(text.replace(/^\uFEFF/, "")) ?? refuse(where, `${path} has an open quote`, "mend it");
  if (names === undefined) refuse(where, `${path} is empty`, "pass a table with names in its first line");
  return rows.map((fields, i) => {
    if (fields.length === names.length) return Object.fromEntries(names.map((name, j) => [name, fields[j] ?? ""]));
    return refuse(where, `row ${i} of ${path} has ${fields.length} fields, not ${names.length}`, "mend the file");
  });
}

/** Rows of fields; undefined where a quote is never closed. Empty lines are skipped. */
function fieldsOf(text: string): string[][] | undefined {
  const rows: string[][] = [];
  let [row, field, quoted]: [string[], string, boolean] = [[], "", false];
  const endField = (): void => {
    row.push(field);
    field = "";
  };
  const endRow = (): void => {
    endField();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted && character === '"' && text[i + 1] === '"') {
      field += '"';
      i++;
    } else if (character === '"') quoted = !quoted;
    else if (quoted) field += character;
    else if (character === ",") endField();
    else if (character === "\n") endRow();
    else if (character !== "\r") field += character;
  }
  if (quoted) return undefined;
  if (field !== "" || row.length > 0) endRow();
  return rows;
}
