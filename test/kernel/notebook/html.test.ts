import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Notebook, Output } from "../../../kernel/notebook/format.ts";
import { notebookHtml } from "../../../kernel/notebook/html.ts";
import { noChromium, openPage } from "../../support/chromium.ts";

function notebook(outputs: Output[], text = "# A *title*\n\nwith **text**"): Notebook {
  return {
    metadata: { rlvr: { parameters: { seed: 3 } } },
    cells: [
      { cell_type: "markdown", id: "t", metadata: {}, source: text },
      { cell_type: "code", id: "c", metadata: {}, source: "if (a < b) x &= 1;", execution_count: 1, outputs },
    ],
  };
}

const plot = (name: string): Output => ({
  output_type: "display_data",
  metadata: {},
  data: {
    "application/vnd.plotly.v1+json": {
      data: [{ type: "scatter", x: [1, 2], y: [3, 4], name }],
      layout: { height: 300 },
    },
    "text/plain": "plot",
  },
});

test("html: a page without plots carries no plotly and is small", () => {
  const page = notebookHtml(notebook([{ output_type: "stream", name: "stdout", text: "1 < 2 & \x1b[31mred\x1b[0m" }]));
  expect(page).toContain("if (a &lt; b) x &amp;= 1;");
  expect(page).toContain("1 &lt; 2 &amp; red<");
  expect(page).toContain("<strong>text</strong>");
  expect(page).toContain("&quot;seed&quot;: 3");
  expect(page.length).toBeLessThan(10_000);
});

test("html: two plots share one copy of plotly, and data cannot end the script", () => {
  const page = notebookHtml(notebook([plot("</script><script>alert(1)</script>"), plot("b")]));
  expect(page.match(/plotly\.js \(cartesian/g)).toHaveLength(1); // its licence line
  expect(page).not.toContain("</script><script>alert");
  expect(page.match(/<div class="plot"/g)).toHaveLength(2);
});

test("html: the richest known representation is shown, an unknown one is named", () => {
  const bundle = (data: Record<string, string>): Output => ({ output_type: "display_data", metadata: {}, data });
  const page = notebookHtml(
    notebook([
      bundle({ "text/plain": "plain", "text/html": "<b>rich</b>" }),
      bundle({ "text/plain": "plain", "image/png": "iVBO\nR==" }),
      bundle({ "application/x-strange": "?" }),
      { output_type: "error", ename: "E", evalue: "bad", traceback: [] },
    ]),
  );
  expect(page).toContain("<b>rich</b>");
  expect(page).not.toContain("plain</pre>");
  expect(page).toContain("data:image/png;base64,iVBOR==");
  expect(page).toContain("[application/x-strange]");
  expect(page).toContain("E: bad");
});

test.skipIf(noChromium)("html: a browser draws each plot and its console stays silent", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "rlvr-html-")), "page.html");
  await writeFile(file, notebookHtml(notebook([plot("first"), plot("second")])));
  const page = await openPage(file);
  expect(page.console).toBe("");
  expect(page.dom.match(/class="main-svg"/g)?.length).toBeGreaterThanOrEqual(2);
  expect(page.dom.match(/class="js-line"/g)).toHaveLength(2);
});

test("html: headings make a table of contents with links, the title and deep ones left out", () => {
  const page = notebookHtml(notebook([], "# T\n## A & *b*\n### c\n## A & *b*\n#### deep"));
  const contents = /<nav class="contents">.*<\/nav>/s.exec(page)?.[0] ?? "";
  expect([...contents.matchAll(/<a href="#([^"]+)">(.*?)<\/a>/g)].map(([, id, text]) => [id, text])).toEqual([
    ["section-a-b", "A &amp; b"],
    ["section-c", "c"],
    ["section-a-b-2", "A &amp; b"],
  ]);
  for (const id of ["section-a-b", "section-c", "section-a-b-2"]) expect(page).toContain(`" id="${id}">`.slice(2));
  expect(notebookHtml(notebook([], "# T\n## A\n## B"))).not.toContain("<nav");
  expect(notebookHtml(notebook([], "## A\n## B\n## C"), { contents: false })).not.toContain("<nav");
});

test("html: code is shown, folded or left out; a cell without anything to show leaves nothing", () => {
  expect(notebookHtml(notebook([]))).toContain('<details class="source" open>');
  expect(notebookHtml(notebook([]), { code: "folded" })).toContain('<details class="source">');
  const fresh = notebook([]);
  for (const cell of fresh.cells) if (cell.cell_type === "code") cell.execution_count = null;
  const hidden = notebookHtml(fresh, { code: "hidden" });
  expect(hidden).not.toContain("if (a &lt; b)");
  expect(hidden).not.toContain('<section class="cell"');
});

test("html: a stale cell says why; pictures pasted into text are inside the page", () => {
  const file = notebook([]);
  const [text, code] = file.cells;
  if (text?.cell_type === "markdown") {
    text.source = "![](attachment:a%20b.png)";
    text.attachments = { "a b.png": { "image/png": "AQI=" } };
  }
  if (code) code.source = "gone + 1";
  const page = notebookHtml(file);
  expect(page).toContain('<p class="stale">cell 1 used gone, which no cell above it defines</p>');
  expect(page).toContain('src="data:image/png;base64,AQI="');
});
