import { expect, test } from "vitest";
import type { Json } from "../../../kernel/executor/events.ts";
import type { Notebook, Output } from "../../../kernel/notebook/format.ts";
import { notebookMarkdown } from "../../../kernel/notebook/markdown.ts";

const show = (data: Record<string, Json>): Output => ({ output_type: "display_data", metadata: {}, data });
const figure = { data: [] };

function notebook(outputs: Output[]): Notebook {
  return {
    metadata: { rlvr: { parameters: { seed: 3 } } },
    cells: [
      {
        cell_type: "markdown",
        id: "t",
        metadata: {},
        source: "# Title\n![](attachment:a.png) ![](attachment:none.png)",
        attachments: { "a.png": { "image/png": "AQI=" } },
      },
      { cell_type: "code", id: "c", metadata: {}, source: "const s = '```';", execution_count: 1, outputs },
    ],
  };
}

test("markdown: code and text in fences, pictures as files, figures drawn where they bring none", async () => {
  const outputs: Output[] = [
    { output_type: "stream", name: "stdout", text: "\x1b[31mred\x1b[0m\n" },
    show({ "image/png": "AQID", "text/plain": "a [plot]\nmore" }),
    show({ "application/vnd.plotly.v1+json": figure, "text/plain": "drawn" }),
    show({ "text/html": "<b>only HTML</b>" }),
    show({ "text/html": "<b>1</b>", "text/plain": "1" }),
    { output_type: "error", ename: "E", evalue: "bad", traceback: [] },
  ];
  const { text, files } = await notebookMarkdown(notebook(outputs), { files: "n files", draw: async () => "<svg/>" });
  expect(text).toBe(`# Title
![](n%20files/t-1.png) ![](attachment:none.png)

\`\`\`\`ts
const s = '\`\`\`';
\`\`\`\`

\`\`\`text
red
\`\`\`

![a \\[plot\\]](n%20files/c-1.png)

![drawn](n%20files/c-2.svg)

\`\`\`text
1
\`\`\`

\`\`\`text
E: bad
\`\`\`

<details>
<summary>Where these numbers come from</summary>

\`\`\`json
{
  "parameters": {
    "seed": 3
  }
}
\`\`\`
</details>
`);
  expect([...files].map(([name, content]) => [name, Buffer.from(content).toString("latin1")])).toEqual([
    ["t-1.png", "\x01\x02"],
    ["c-1.png", "\x01\x02\x03"],
    ["c-2.svg", "<svg/>"],
  ]);
});

test("markdown: without code, and with a figure that nobody can draw, there are the words", async () => {
  const outputs = [show({ "application/vnd.plotly.v1+json": figure, "text/plain": "pass@1 0.5" })];
  const { text, files } = await notebookMarkdown(notebook(outputs), { files: "f", code: false });
  expect(text).not.toContain("const s");
  expect(text).toContain("```text\npass@1 0.5\n```");
  expect(files.size).toBe(1); // the attachment
});
