/** Module hooks by which Node 20, which cannot run TypeScript, loads it: types are stripped, nothing else is changed. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { stripTypes } from "../../../kernel/compiler/strip.ts";

interface Loaded {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: true;
}

/** Node's `load` hook. */
export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<unknown>,
): Promise<unknown> {
  if (!url.startsWith("file:") || !/\.[mc]?ts$/.test(new URL(url).pathname)) return await next(url, context);
  const path = fileURLToPath(url);
  const { code } = stripTypes(path, await readFile(path, "utf8"));
  return { format: "module", source: code, shortCircuit: true } satisfies Loaded;
}
