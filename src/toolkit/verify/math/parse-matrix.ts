/** Reads environments: matrices of every bracket, and rows of lines. */
import { call, type Node } from "./node.ts";
import { isSign, type Parser, peek, unreadable } from "./parser-state.ts";

const MATRICES = new Set([
  "matrix",
  "pmatrix",
  "bmatrix",
  "Bmatrix",
  "vmatrix",
  "Vmatrix",
  "smallmatrix",
  "array",
  "tabular",
  "psmallmatrix",
]);

/** The environment that begins here. */
export function readEnvironment(parser: Parser): Node {
  const begin = peek(parser);
  if (begin?.kind !== "begin") return unreadable("an environment does not begin");
  parser.at++;
  const { name } = begin;
  if (!MATRICES.has(name)) return readLines(parser, name);
  const rows = readRows(parser);
  finish(parser, name);
  const width = rows[0]?.length ?? 0;
  if (width === 0 || rows.some((row) => row.length !== width)) return unreadable("the matrix is not a rectangle");
  const matrix: Node = { kind: "matrix", rows };
  return name === "vmatrix" ? call("det", matrix) : name === "Vmatrix" ? call("norm", matrix) : matrix;
}

function readRows(parser: Parser): Node[][] {
  const rows: Node[][] = [[]];
  const outer = { bars: parser.bars, colon: parser.colon, cells: parser.cells };
  [parser.bars, parser.colon, parser.cells] = [0, true, true];
  for (let token = peek(parser); token !== undefined && token.kind !== "end"; token = peek(parser)) {
    rows.at(-1)?.push(parser.list(parser, (next) => next.kind === "end" || isSign(next, "&", "\\\\")));
    if (isSign(peek(parser), "&")) parser.at++;
    else if (isSign(peek(parser), "\\\\")) {
      parser.at++;
      rows.push([]);
    }
  }
  [parser.bars, parser.colon, parser.cells] = [outer.bars, outer.colon, outer.cells];
  if (rows.at(-1)?.length === 0) rows.pop(); // a line end behind the last row
  return rows;
}

/** aligned, cases, gather: lines that are items of a list. */
function readLines(parser: Parser, name: string): Node {
  const node = parser.list(parser, (token) => token.kind === "end");
  finish(parser, name);
  return node;
}

function finish(parser: Parser, name: string): void {
  const end = peek(parser);
  if (end?.kind !== "end" || end.name !== name) unreadable(`\\end{${name}} is missing`);
  parser.at++;
}
