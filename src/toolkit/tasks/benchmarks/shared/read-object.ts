/** Published files that hold one JSON object. */
import { readFile } from "node:fs/promises";
import { refuse } from "../../../refuse.ts";
import { type Fields, isFields } from "../../../runs/import/fields.ts";
import { parsePythonJson } from "../../../runs/import/python-json.ts";

/**
 * The object that a JSON file holds.
 *
 * @param where the function that reads, for messages
 * @throws UsageError where the file cannot be read or holds something else
 */
export async function readObject(where: string, path: string): Promise<Fields> {
  let value: unknown;
  try {
    value = parsePythonJson(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) refuse(where, `${path} is not JSON`, "pass a JSON object", error);
    if (!(error instanceof Error && "code" in error)) throw error;
    refuse(where, `cannot read ${path} (${String(error.code)})`, "pass a file that is there", error);
  }
  return isFields(value) ? value : refuse(where, `${path} is no JSON object`, "pass the published file");
}
