/** The code cells of a notebook as its messages name them, and what ties them to each other. */
import { createHash } from "node:crypto";
import { type CellNames, cellNames } from "../compiler/names.ts";
import type { CodeCell, Notebook } from "./format.ts";

/** A code cell and its number among the code cells, from 1: "cell 3". */
export interface NumberedCell {
  readonly cell: CodeCell;
  readonly number: number;
  readonly names: CellNames | undefined;
}

export function codeCells(notebook: Notebook): CodeCell[] {
  return notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
}

export function numberedCells(notebook: Notebook): NumberedCell[] {
  return codeCells(notebook).map((cell, i) => ({ cell, number: i + 1, names: cellNames(cell.source) }));
}

/** Twelve hexadecimal digits that change with the source. */
export function sourceHash(source: string): string {
  return createHash("sha256").update(source).digest("hex").slice(0, 12);
}
