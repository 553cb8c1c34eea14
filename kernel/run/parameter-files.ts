/** Parameters in a file: one YAML mapping or JSON object, name to value. */
import { readFile } from "node:fs/promises";
import { refuse } from "../../src/toolkit/refuse.ts";
import type { JsonObject } from "../notebook/format.ts";
import { isObject } from "../notebook/place.ts";

/** @throws UsageError naming the file when it cannot be read or holds anything else */
export async function readParameterFile(path: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return refuse("parameters", `${path} cannot be read (${reason(error)})`, "check the path", error);
  }
  return await parseParameters(text, path);
}

/**
 * Reads the text of such a file.
 *
 * @param where its name; ".json" is read as JSON, anything else as YAML 1.2
 */
export async function parseParameters(text: string, where: string): Promise<JsonObject> {
  const value = where.endsWith(".json") ? readJson(text, where) : await readYaml(text, where);
  if (value === null || value === undefined) return {};
  if (!isObject(value)) refuse("parameters", `${where} holds no names`, "write name: value, one a line");
  return value;
}

function readJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse("parameters", `${where} is not JSON (${reason(error)})`, "correct it", error);
  }
}

/** As JSON: what YAML has beyond it (cycles, dates) is refused or becomes what JSON makes of it. */
async function readYaml(text: string, where: string): Promise<unknown> {
  const { parse } = await import("yaml"); // when it is needed: a tenth of a second
  try {
    const value: unknown = parse(text, { logLevel: "error" });
    return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  } catch (error) {
    return refuse("parameters", `${where} is not YAML (${reason(error)})`, "correct it", error);
  }
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]?.replace(/:$/, "") ?? "";
}
