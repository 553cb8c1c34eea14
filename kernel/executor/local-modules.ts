/**
 * Local TypeScript modules: found without an extension too, transformed as they are loaded, and loaded again when they,
 * or local modules that they import, have changed. A version (a hash) in the URL's query tells the copies apart.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseSync } from "oxc-parser";
import { stripTypes } from "../compiler/strip.ts";
import { CellSyntaxError, checkSyntax, excerpt } from "../compiler/syntax-error.ts";

const versionKey = "rlvr";

export function isTypeScript(url: string): boolean {
  return url.startsWith("file:") && /\.m?ts$/.test(new URL(url).pathname) && !url.includes("/node_modules/");
}

/** The URL of a local TypeScript module that a relative or absolute specifier means, with its version. */
export function resolveLocal(specifier: string, parent: string): string | undefined {
  if (!/^(\.{1,2}\/|\/|file:)/.test(specifier) || !parent.startsWith("file:")) return undefined;
  const url = new URL(specifier, parent);
  const path = fileURLToPath(new URL(url.pathname, "file:"));
  if (path.includes("/node_modules/")) return undefined;
  const found = candidates(path).find(isFile);
  if (!found || !/\.m?ts$/.test(found)) return undefined;
  const resolved = pathToFileURL(found);
  resolved.searchParams.set(versionKey, version(found, new Map()));
  return resolved.href;
}

/** What a path may mean: itself, with an extension, the source of a `.js`, a folder's index. */
function candidates(path: string): readonly string[] {
  const source = path.replace(/\.(m?)js$/, ".$1ts");
  return [path, `${path}.ts`, `${path}.mts`, `${path}.js`, source, `${path}/index.ts`];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Hash of a module and of the local modules that it imports. */
function version(path: string, seen: Map<string, string>): string {
  const known = seen.get(path);
  if (known !== undefined) return known;
  seen.set(path, "");
  const source = readFileSync(path, "utf8");
  const hash = createHash("sha256").update(source);
  const { module } = parseSync(path, source, { lang: "ts", sourceType: "module" });
  const imported = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest?.value ?? "")),
  ];
  for (const specifier of imported.filter((one) => /^\.{1,2}\//.test(one))) {
    const target = candidates(fileURLToPath(new URL(specifier, pathToFileURL(path)))).find(isFile);
    if (target && /\.m?ts$/.test(target)) hash.update(version(target, seen));
  }
  const result = hash.digest("hex").slice(0, 12);
  seen.set(path, result);
  return result;
}

/** The JavaScript of a local TypeScript module. */
export function loadLocal(url: string): string {
  const path = fileURLToPath(url.replace(/\?.*$/, ""));
  const source = readFileSync(path, "utf8");
  try {
    checkSyntax(source);
    return stripTypes(path, source).code;
  } catch (error) {
    if (!(error instanceof CellSyntaxError)) throw error;
    const { line, column } = error.position;
    const where = [`${error.message}`, `${path}:${line}:${column}`, ...excerpt(source, error.position)];
    throw new SyntaxError(where.join("\n"));
  }
}

/** Where a place in a transformed local module lies in its source, if it has not changed since. */
export function locateInLocal(
  url: string,
  line: number,
  column: number,
): { readonly line: number; readonly column: number } | undefined {
  if (!isTypeScript(url)) return undefined;
  const path = fileURLToPath(url.replace(/\?.*$/, ""));
  try {
    return stripTypes(path, readFileSync(path, "utf8")).locate({ line, column });
  } catch {
    // The file has gone or no longer parses: the transformed position is all there is.
    return undefined;
  }
}
