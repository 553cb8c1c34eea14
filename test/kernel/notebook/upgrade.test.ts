import { expect, test } from "vitest";
import { formatNotebook } from "../../../kernel/notebook/format.ts";
import { parseNotebook } from "../../../kernel/notebook/parse.ts";

const old = {
  nbformat: 3,
  nbformat_minor: 0,
  metadata: { name: "Old", signature: "sha256:0", kernel: "x" },
  worksheets: [
    {
      cells: [
        { cell_type: "heading", level: 2, metadata: {}, source: ["A\n", "title"] },
        { cell_type: "markdown", metadata: {}, source: ["text"] },
        {
          cell_type: "code",
          collapsed: true,
          input: ["x = 1\n", "x"],
          language: "python",
          metadata: {},
          prompt_number: 4,
          outputs: [
            { output_type: "stream", stream: "stderr", text: ["oops"] },
            { output_type: "pyout", prompt_number: 4, metadata: {}, text: ["1"], html: "<b>1</b>" },
            { output_type: "display_data", metadata: {}, png: "iVBO", json: ['{"a":', "1}"] },
            { output_type: "pyerr", ename: "E", evalue: "bad", traceback: ["E: bad"] },
          ],
        },
      ],
    },
    { cells: [{ cell_type: "raw", metadata: {}, source: "end" }] },
  ],
};

test("upgrade: nbformat 3 becomes 4.5, worksheets joined, outputs by their MIME types", () => {
  const notebook = parseNotebook(JSON.stringify(old), "old.ipynb");
  expect(notebook.metadata).toEqual({ kernel: "x" });
  expect(notebook.cells.map(({ id, cell_type, source }) => [id, cell_type, source])).toEqual([
    ["cell-0", "markdown", "## A title"],
    ["cell-1", "markdown", "text"],
    ["cell-2", "code", "x = 1\nx"],
    ["cell-3", "raw", "end"],
  ]);
  const code = notebook.cells[2];
  expect(code).toMatchObject({ execution_count: 4, metadata: { collapsed: true } });
  expect(code?.cell_type === "code" && code.outputs).toEqual([
    { output_type: "stream", name: "stderr", text: "oops" },
    {
      output_type: "execute_result",
      execution_count: 4,
      metadata: {},
      data: { "text/plain": "1", "text/html": "<b>1</b>" },
    },
    { output_type: "display_data", metadata: {}, data: { "image/png": "iVBO", "application/json": { a: 1 } } },
    { output_type: "error", ename: "E", evalue: "bad", traceback: ["E: bad"] },
  ]);
  const written: unknown = JSON.parse(formatNotebook(notebook));
  expect(written).toMatchObject({ nbformat: 4, nbformat_minor: 5 });
});

test.each([
  [{ cell_type: "code", input: 7, metadata: {}, outputs: [] }, "cells[0].source: number 7 where a string belongs"],
  [{ cell_type: "sql", source: "", metadata: {} }, 'cells[0]: cell_type is "sql"'],
  ["text", "worksheets[0].cells[0]: string text where an object belongs"],
])("upgrade: %j is refused with its place", (cell, message) => {
  const file = { nbformat: 3, worksheets: [{ cells: [cell] }] };
  expect(() => parseNotebook(JSON.stringify(file), "old.ipynb")).toThrow(message);
});
