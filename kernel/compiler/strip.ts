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
  const map = result.map;
  let decoded: SourceMap | undefined;
  return {
    code: result.code,
    locate(position) {
      if (!map) return position;
      decoded ??= new SourceMap({ ...map, file: fileName, sourceRoot: "", version: 3, sourcesContent: [] });
      const entry = decoded.findEntry(position.line - 1, position.column - 1);
      if (!("originalLine" in entry)) return { line: 1, column: 1 };
      return { line: entry.originalLine + 1, column: entry.originalColumn + 1 };
    },
  };
}
