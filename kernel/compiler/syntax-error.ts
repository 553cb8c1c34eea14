/** Syntax errors of a cell, with the exact place and the lines around it. */
import { parseSync } from "oxc-parser";

/** A place in a cell's source: both count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A cell that cannot be compiled. `name` is `SyntaxError`, as users expect to read it. */
export class CellSyntaxError extends SyntaxError {
  override readonly name: string = "SyntaxError";
  readonly position: Position;

  constructor(message: string, position: Position) {
    super(message);
    this.position = position;
  }
}

export function positionOf(source: string, offset: number): Position {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let i = before.indexOf("\n"); i >= 0; i = before.indexOf("\n", i + 1)) line++;
  return { line, column: offset - lineStart + 1 };
}

/**
 * The lines around a place, the line itself marked and a caret under the column:
 *
 *       1 | const a = 1;
 *     > 2 | a.b.c;
 *         |     ^
 */
export function excerpt(source: string, { line, column }: Position, context = 2): readonly string[] {
  const lines = source.split("\n");
  const last = Math.min(lines.length, line + context);
  const width = String(last).length;
  const out: string[] = [];
  for (let n = Math.max(1, line - context); n <= last; n++) {
    const content = (lines[n - 1] ?? "").replace(/\r$/, "");
    out.push(`${n === line ? ">" : " "} ${String(n).padStart(width)} | ${content}`.trimEnd());
    if (n === line) out.push(`  ${" ".repeat(width)} | ${blank(content.slice(0, column - 1))}^`);
  }
  return out;
}

function blank(prefix: string): string {
  return prefix.replace(/[^\t]/g, " ");
}

/** @throws CellSyntaxError when the source is not a valid TypeScript module (early errors included) */
export function checkSyntax(source: string): void {
  const { errors, program } = parseSync("cell.ts", source, {
    lang: "ts",
    sourceType: "module",
    showSemanticErrors: true,
  });
  for (const node of program.body) {
    if (node.type !== "VariableDeclaration" || !node.kind.endsWith("using")) continue;
    const message = `"${node.kind}" is not possible at the top level of a cell, whose names live on (put it in a block)`;
    throw new CellSyntaxError(message, positionOf(source, node.start));
  }
  const error = errors.find(({ severity }) => severity === "Error");
  if (!error) return;
  const label = error.labels.reduce<{ start: number } | undefined>((last, next) => later(last, next), undefined);
  const message = error.helpMessage ? `${error.message} (${firstSentence(error.helpMessage)})` : error.message;
  throw new CellSyntaxError(message, positionOf(source, label?.start ?? 0));
}

/** Of several labels the first is the error itself, except for a redeclaration, where the second place is the wrong one. */
function later<T extends { start: number; message?: string | null }>(best: T | undefined, next: T): T {
  return !best || next.message?.includes("redeclared") ? next : best;
}

function firstSentence(help: string): string {
  return help.replace(/\.$/, "");
}
