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
