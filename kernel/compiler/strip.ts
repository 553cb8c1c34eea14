/** TypeScript to JavaScript, with a source map. Unused imports survive: a later cell may use them. */
import { SourceMap } from "node:module";
import { transformSync } from "oxc-transform";
import { CellSyntaxError, type Position, positionOf } from "./syntax-error.ts";

export interface Stripped {
  readonly code: string;
  /** From a place in `code` to the place in the source. */
  locate(position: Position): Position;
}

/** @throws CellSyntaxError when the source cannot be transformed */
export function stripTypes(fileName: string, source: string): Stripped {
  const result = transformSync(fileName, source, {
    lang: "ts",
    sourceType: "module",
    sourcemap: true,
    target: "esnext",
    typescript: { onlyRemoveTypeImports: true },
  });
  const error = result.errors.find(({ severity }) => severity === "Error");
  if (error) throw new CellSyntaxError(error.message, positionOf(source, error.labels[0]?.start ?? 0));
  const { code, map } = result;
  let decoded: SourceMap | undefined;
  return {
    code,
    locate(position) {
      if (!map) return position;
      decoded ??= new SourceMap({ ...map, file: fileName, sourceRoot: "", version: 3, sourcesContent: [] });
      return locate(decoded, { code, source }, position);
    },
  };
}

/** The map has a mark per node, not per character: between marks the texts are the same, as far as they are. */
function locate(
  map: SourceMap,
  { code, source }: { readonly code: string; readonly source: string },
  { line, column }: Position,
): Position {
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalLine" in entry)) return { line: 1, column: 1 };
  const found = { line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  if (entry.generatedLine !== line - 1) return found;
  const emitted = code.split("\n")[line - 1]?.slice(entry.generatedColumn, column - 1) ?? "";
  const original = source.split("\n")[entry.originalLine]?.slice(entry.originalColumn) ?? "";
  return sameQuotes(original).startsWith(sameQuotes(emitted))
    ? { line: found.line, column: found.column + emitted.length }
    : found;
}

/** The printer writes all strings with double quotes. */
function sameQuotes(text: string): string {
  return text.replaceAll("'", '"');
}
