import { expect, test } from "vitest";
import { withoutRun } from "../../../kernel/notebook/clean.ts";
import type { CodeCell, Notebook } from "../../../kernel/notebook/format.ts";
import { keepOutputs } from "../../../kernel/notebook/keep-outputs.ts";

const cell = (id: string, source: string, output?: string, tags?: string[]): CodeCell => ({
  cell_type: "code",
  id,
  metadata: tags === undefined ? { collapsed: true, mine: 1 } : { tags },
  source,
  outputs: output === undefined ? [] : [{ output_type: "stream", name: "stdout", text: output }],
  execution_count: output === undefined ? null : 1,
});

const executed: Notebook = {
  metadata: { kernelspec: { name: "rlvr" }, rlvr: { parameters: {} }, widgets: {} },
  cells: [cell("a", "1", "one"), cell("injected-parameters", "const n = 1;", "", ["injected-parameters"])],
};

test("clean: outputs, counts, the record and traces of tools go, what the author wrote stays", () => {
  expect(withoutRun(executed)).toEqual({
    metadata: { kernelspec: { name: "rlvr" } },
    cells: [{ ...cell("a", "1"), metadata: { mine: 1 } }],
  });
  expect(executed.cells).toHaveLength(2); // the notebook itself is not touched
});

test("keep outputs: cells that are the same keep theirs, changed and new ones have none", () => {
  const before: Notebook = { metadata: { rlvr: { x: 1 } }, cells: [cell("a", "1", "one"), cell("b", "2", "two")] };
  const after: Notebook = { metadata: { k: 1 }, cells: [cell("b", "2"), cell("a", "changed"), cell("c", "3")] };
  const merged = keepOutputs(after, before);
  expect(merged.cells.map((one) => one.cell_type === "code" && one.outputs.length)).toEqual([1, 0, 0]);
  expect(merged.metadata).toEqual({ k: 1, rlvr: { x: 1 } });
  expect(keepOutputs({ metadata: {}, cells: [cell("a", "new")] }, before).metadata).toEqual({});
});

test("keep outputs: a run with parameters from outside gives none", () => {
  const same: Notebook = { metadata: {}, cells: [cell("a", "1")] };
  expect(keepOutputs(same, executed)).toBe(same);
});
