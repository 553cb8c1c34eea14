import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatNotebook, readNotebook, writeNotebook } from "../../../kernel/notebook/format.ts";
import { parseNotebook } from "../../../kernel/notebook/parse.ts";

const example = {
  cells: [
    { cell_type: "markdown", id: "a", metadata: { custom: [1] }, source: ["# T\n", "text"] },
    {
      cell_type: "code",
      execution_count: 2,
      id: "b",
      metadata: { tags: ["parameters"] },
      outputs: [
        { name: "stdout", output_type: "stream", text: ["1\n", "2\n"] },
        {
          data: { "application/vnd.plotly.v1+json": { data: [] }, "image/png": "iVBOR=", "text/plain": ["a\n", "b"] },
          metadata: {},
          output_type: "display_data",
        },
        { data: { "text/plain": ["3"] }, execution_count: 2, metadata: {}, output_type: "execute_result" },
        { ename: "Error", evalue: "x", output_type: "error", traceback: ["Error: x"] },
      ],
      source: ["const x = 1;\n", "x"],
    },
    { cell_type: "raw", id: "c", metadata: {}, source: [] },
  ],
  metadata: { kernelspec: { name: "rlvr" }, strange: true },
  nbformat: 4,
  nbformat_minor: 5,
};
const text = `${JSON.stringify(example, null, 1)}\n`;

test("notebook: what is read is written back to the letter", () => {
  expect(formatNotebook(parseNotebook(text, "a.ipynb"))).toBe(text);
});

test("notebook: sources and outputs are joined, unknown metadata is kept", () => {
  const notebook = parseNotebook(text, "a.ipynb");
  expect(notebook.metadata).toEqual({ kernelspec: { name: "rlvr" }, strange: true });
  const cell = notebook.cells[1];
  expect(cell?.source).toBe("const x = 1;\nx");
  expect(cell?.cell_type === "code" && cell.outputs[0]).toEqual({
    output_type: "stream",
    name: "stdout",
    text: "1\n2\n",
  });
});

test("notebook: cells without ids get distinct ones", () => {
  const bare = { cell_type: "markdown", metadata: {}, source: "x" };
  const old = { nbformat: 4, nbformat_minor: 2, metadata: {}, cells: [{ ...bare, id: "cell-1" }, bare] };
  expect(parseNotebook(JSON.stringify(old), "old.ipynb").cells.map((cell) => cell.id)).toEqual(["cell-1", "cell-1-1"]);
});

test.each([
  ["", "x.ipynb is not JSON"],
  ["[]", "x.ipynb: a list where an object belongs"],
  ['{"nbformat":2}', "x.ipynb: nbformat is 2"],
  ['{"nbformat":3}', "x.ipynb, worksheets: nothing where a list belongs"],
  ['{"nbformat":4}', "x.ipynb, cells: nothing where a list belongs"],
  ['{"nbformat":4,"cells":[{"cell_type":"sql","source":""}]}', 'cells[0]: cell_type is "sql"'],
  ['{"nbformat":4,"cells":[{"cell_type":"raw","source":7}]}', "cells[0].source: number 7 where a string belongs"],
  ['{"nbformat":4,"cells":[{"cell_type":"raw","source":"","id":"a b"}]}', 'cells[0]: the id is "a b"'],
  ['{"nbformat":4,"cells":[{"cell_type":"code","source":""}]}', "cells[0].outputs: nothing where a list belongs"],
  [
    '{"nbformat":4,"cells":[{"cell_type":"code","source":"","outputs":[{"output_type":"x"}]}]}',
    'cells[0].outputs[0]: output_type is "x"',
  ],
  [
    '{"nbformat":4,"cells":[{"cell_type":"raw","source":"","id":"a"},{"cell_type":"raw","source":"","id":"a"}]}',
    'cells[1]: the id "a" is taken',
  ],
])("notebook: %s is refused with its place", (bad, message) => {
  expect(() => parseNotebook(bad, "x.ipynb")).toThrow(message);
});

test("notebook: settings in any order are written in one order, as Jupyter writes them", () => {
  const shuffled = { ...example, metadata: { strange: true, kernelspec: { name: "rlvr" } } };
  expect(formatNotebook(parseNotebook(JSON.stringify(shuffled), "a.ipynb"))).toBe(text);
});

test("notebook: JSON nested too deep to be written again is refused", () => {
  const deep = `{"nbformat":4,"cells":[],"metadata":{"a":${"[".repeat(600)}${"]".repeat(600)}}}`;
  expect(() => parseNotebook(deep, "deep.ipynb")).toThrow("deep.ipynb: JSON nested more than 500 deep");
  const quoted = `{"nbformat":4,"cells":[],"metadata":{"a":"${"[".repeat(600)}"}}`;
  expect(parseNotebook(quoted, "quoted.ipynb").cells).toEqual([]);
});

test("notebook: a file is written whole and read again; a missing one is named", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "rlvr-notebook-")), "n.ipynb");
  await writeNotebook(path, parseNotebook(text, "a.ipynb"));
  expect(await readFile(path, "utf8")).toBe(text);
  expect((await readNotebook(path)).cells).toHaveLength(3);
  await writeFile(path, "{");
  await expect(readNotebook(path)).rejects.toThrow(`${path} is not JSON`);
  await expect(readNotebook(`${path}.no`)).rejects.toThrow("cannot be read");
});
