/** Rows of published data sets from local files: JSON, JSON Lines and parquet. */
import { readFile } from "node:fs/promises";
import { refuse } from "../../../refuse.ts";
import { type Fields, isFields } from "../../../runs/import/fields.ts";
import { jsonlRecords } from "../../../runs/import/lines.ts";
import { parquetRecords } from "../../../runs/import/parquet.ts";
import { parsePythonJson } from "../../../runs/import/python-json.ts";

/**
 * All rows of a file. A `.json` file holds a list of objects, `.parquet` is parquet, all else is read as JSON Lines.
 *
 * @param where the function that reads, for messages
 * @throws UsageError where the file cannot be read or a row is no object
 */
export async function readRecords(where: string, path: string): Promise<Fields[]> {
  const rows: Fields[] = [];
  const keep = (row: Fields): [] => {
    rows.push(row);
    return [];
  };
  try {
    if (path.endsWith(".json")) return listOf(where, path, await readFile(path, "utf8"));
    const complaints = path.endsWith(".parquet") ? parquetRecords(path, keep) : jsonlRecords(path, keep);
    for await (const complaint of complaints) {
      const { line, problem } = { line: undefined, problem: "cannot be read", ...complaint };
      refuse(where, `${path}, row ${line ?? "?"}: ${problem}`, "mend the file");
    }
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      refuse(where, `cannot read ${path} (${String(error.code)})`, "pass a file that is there", error);
    }
    throw error;
  }
  return rows;
}

function listOf(where: string, path: string, text: string): Fields[] {
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (error) {
    refuse(where, `${path} is not JSON`, "pass a JSON list of objects", error);
  }
  if (!Array.isArray(value) || !value.every(isFields)) {
    refuse(where, `${path} is no list of objects`, "pass a JSON list of objects, or JSON Lines as .jsonl");
  }
  return value;
}
