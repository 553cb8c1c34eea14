import { expect, test } from "vitest";
import { diffNotebooks, isSame } from "../../../kernel/notebook/diff.ts";
import type { Cell, JsonObject, Notebook } from "../../../kernel/notebook/format.ts";

const code = (id: string, source: string, text = ""): Cell => ({
  cell_type: "code",
  id,
  metadata: {},
  source,
  outputs: text === "" ? [] : [{ output_type: "stream", name: "stdout", text }],
  execution_count: 1,
});
const notebook = (cells: Cell[], rlvr: JsonObject = {}): Notebook => ({ metadata: { rlvr }, cells });

test("diff: parameters, commit and checked values, not times", () => {
  const record = (seed: number, gain: number, ms: number): JsonObject => ({
    parameters: { seed },
    code: { commit: "abc", dirty: false },
    checks: { gain: { value: gain, ok: true }, same: { value: 1 } },
    cells: { a: { ms } },
    peakBytes: ms,
  });
  const found = diffNotebooks(notebook([], record(1, 0.5, 10)), notebook([], record(2, 0.6, 20)), 1e-6);
  expect(found).toEqual({
    settings: [{ name: "parameters.seed", before: 1, after: 2 }],
    checks: [{ name: "gain", before: 0.5, after: 0.6 }],
    cells: [],
  });
  expect(isSame(found)).toBe(false);
  expect(diffNotebooks(notebook([], record(1, 0.5, 10)), notebook([], record(1, 0.6, 20)), 0.2).checks).toEqual([]);
});

test("diff: cells are paired whatever their ids and places; sources by line, outputs by what they show", () => {
  const before = notebook([
    code("a", "one"),
    code("b", "x = 1\ny = 2\nz = 3", "0.5"),
    code("cell-2", "same source"),
    code("d", "gone"),
  ]);
  const after = notebook([
    code("cell-9", "same source"),
    code("b", "x = 1\ny = 5\nz = 3", "0.7"),
    code("a", "one"),
    code("cell-2", "new"),
  ]);
  expect(diffNotebooks(before, after, 1e-6).cells).toEqual([
    { kind: "removed", id: "d", name: "cell 4 (d)", source: ["- gone"], outputs: [] },
    {
      kind: "changed",
      id: "b",
      name: "cell 2 (b)",
      source: ["  x = 1", "- y = 2", "+ y = 5", "  z = 3"],
      outputs: ['the printed text: "0.5" before, "0.7" now'],
    },
    { kind: "added", id: "cell-2", name: "cell 4 (cell-2)", source: ["+ new"], outputs: [] },
  ]);
  expect(isSame(diffNotebooks(before, before, 0))).toBe(true);
});
