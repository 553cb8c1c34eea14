import { expect, test } from "vitest";
import { sourceHash } from "../../../kernel/notebook/cells.ts";
import type { CodeCell, Notebook } from "../../../kernel/notebook/format.ts";
import { staleCells } from "../../../kernel/notebook/stale.ts";

/** Cells by source, with the counts of their last runs; `ran` has the sources that ran, where they differ. */
function notebook(cells: readonly [string, number | null][], ran: Record<number, string> = {}): Notebook {
  const list = cells.map(
    ([source, execution_count], i): CodeCell => ({
      cell_type: "code",
      id: `c${i + 1}`,
      metadata: {},
      source,
      outputs: [],
      execution_count,
    }),
  );
  const record = Object.entries(ran).map(([number, source]) => [`c${number}`, { source: sourceHash(source) }]);
  return { metadata: { rlvr: { cells: Object.fromEntries(record) } }, cells: list };
}

const reasons = (file: Notebook): string[] => staleCells(file).flatMap((cell) => cell.reasons);

test("stale: a notebook that ran from top to bottom is fresh, and so is one that never ran", () => {
  const sources = [
    "import { f } from 'm';",
    "let n = f(1);",
    "n += 1; const g = () => n",
    "console.log(n, g(), Math.PI)",
  ];
  expect(reasons(notebook(sources.map((source, i) => [source, i + 1])))).toEqual([]);
  expect(reasons(notebook(sources.map((source) => [source, null])))).toEqual([]);
});

test("stale: a cell that ran again after its user is named with it, and what builds on it too", () => {
  const file = notebook([
    ["const a = 1;", 1],
    ["const x = a;", 9],
    ["const y = x;", 3],
    ["y + 1", 4],
    ["a", 5],
  ]);
  expect(reasons(file)).toEqual([
    "cell 3 used x of an older cell 2 (cell 2 ran again after it)",
    "cell 4 used y of cell 3, which is stale",
  ]);
});

test("stale: an edited cell is named by the recorded source", () => {
  const cells: [string, number][] = [
    ["const x = 2;", 1],
    ["x + 1", 2],
  ];
  expect(reasons(notebook(cells, { 1: "const x = 1;", 2: "x + 1" }))).toEqual([
    "cell 1 was edited after it ran",
    "cell 2 used x of an older cell 1 (cell 1 was edited since)",
  ]);
  expect(reasons(notebook(cells, { 1: "const x = 2;", 2: "x + 1" }))).toEqual([]);
});

test.each<[string, [string, number | null][], string[]]>([
  [
    "a name of a cell below",
    [
      ["x + 1", 2],
      ["const x = 1;", 1],
    ],
    ["cell 1 used x of cell 2, which stands below it"],
  ],
  ["a name of a cell that is gone", [["gone + 1", 2]], ["cell 1 used gone, which no cell above it defines"]],
  [
    "a cell that was not run",
    [
      ["const x = 1;", null],
      ["x", 2],
    ],
    ["cell 1 has not been run", "cell 2 used x of an older cell 1 (cell 1 has not been run)"],
  ],
  [
    "a later definition that ran in between",
    [
      ["let x = 1;", 1],
      ["x", 3],
      ["x = 2", 2],
    ],
    ["cell 2 used x of cell 3, not of cell 1 above it"],
  ],
])("stale: %s is named", (_, cells, expected) => {
  expect(reasons(notebook(cells))).toEqual(expected);
});
