/**
 * A notebook as one HTML file that works offline: plots stay interactive, with one copy of plotly.js for all of them,
 * inlined only when there is a plot. Nothing is fetched; a content policy in the page forbids it. Stale outputs say so.
 */
import { figurePlace, figureScripts } from "../../src/toolkit/figure-page.ts";
import type { MimeBundle } from "../executor/events.ts";
import { contentsHtml, firstHeading, TextRenderer } from "./contents.ts";
import type { CodeCell, Notebook, Output } from "./format.ts";
import { css } from "./html-style.ts";
import { staleCells } from "./stale.ts";

export interface HtmlOptions {
  /** The page's title. Default: the notebook's first heading. */
  readonly title?: string;
  /** Whether code is there to be read, folded until it is asked for, or left out. Default "shown". */
  readonly code?: "shown" | "folded" | "hidden";
  /** Whether a table of contents is made of the headings, where there are enough of them. Default true. */
  readonly contents?: boolean;
}

/** What the parts of one page share. */
interface Page {
  readonly text: TextRenderer;
  readonly code: NonNullable<HtmlOptions["code"]>;
  /** Why a cell's outputs are stale, by its id. */
  readonly stale: ReadonlyMap<string, readonly string[]>;
}

const PLOTLY = "application/vnd.plotly.v1+json";

/** The richest representation of each output comes first. */
const PREFERENCE = [
  PLOTLY,
  "text/html",
  "text/markdown",
  "image/svg+xml",
  "image/png",
  "image/jpeg",
  "application/json",
  "text/plain",
] as const;

/** Renders an executed notebook. Outputs that have no representation known here are shown as their MIME types. */
export function notebookHtml(notebook: Notebook, options: HtmlOptions = {}): string {
  const { code = "shown", contents = true } = options;
  const stale = new Map(staleCells(notebook).map(({ cell, reasons }) => [cell.id, reasons]));
  const page: Page = { text: new TextRenderer(), code, stale };
  const body = notebook.cells.map((cell) => {
    if (cell.cell_type === "code") return codeCell(cell, page);
    return cell.cell_type === "markdown" ? `<section class="text">${page.text.cell(cell)}</section>` : "";
  });
  const title = options.title ?? firstHeading(notebook) ?? "Notebook";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<title>${escapeHtml(title)}</title>
<style>${css}</style>
</head>
<body>
${contents ? contentsHtml(page.text.headings) : ""}
<main>
${body.join("\n")}
${provenanceBlock(notebook)}
</main>
${code === "hidden" ? "" : foldScript}
${notebook.cells.some(hasPlot) ? figureScripts() : ""}
</body>
</html>
`;
}

/** A button that folds all code, or unfolds it. */
const foldScript = `<script>
{
  const blocks = [...document.querySelectorAll("details.source")];
  const button = Object.assign(document.createElement("button"), { type: "button", className: "fold" });
  const open = () => blocks.some((block) => block.open);
  const label = () => { button.textContent = open() ? "Hide code" : "Show code"; };
  button.addEventListener("click", () => { const to = !open(); for (const block of blocks) block.open = to; label(); });
  for (const block of blocks) block.addEventListener("toggle", label);
  label();
  if (blocks.length > 0) document.body.append(button);
}
</script>`;

function hasPlot(cell: Notebook["cells"][number]): boolean {
  return (
    cell.cell_type === "code" && cell.outputs.some((output) => "data" in output && output.data[PLOTLY] !== undefined)
  );
}

function codeCell(cell: CodeCell, page: Page): string {
  const outputs = cell.outputs.map((output) => outputHtml(output, page)).join("\n");
  const code = cell.source.trim() === "" || page.code === "hidden" ? "" : codeHtml(cell, page.code === "shown");
  const stale = page.stale.get(cell.id)?.map((reason) => `<p class="stale">${escapeHtml(reason)}</p>`) ?? [];
  if (code + outputs + stale.join("") === "") return "";
  const below = outputs === "" ? "" : `<div class="outputs">${outputs}</div>`;
  return `<section class="cell" id="${escapeHtml(cell.id)}">${code}${stale.join("")}${below}</section>`;
}

function codeHtml(cell: CodeCell, open: boolean): string {
  const lines = cell.source.split("\n").length;
  const count = cell.execution_count === null ? "" : `[${cell.execution_count}] `;
  const summary = `${count}${lines} ${lines === 1 ? "line" : "lines"}`;
  return `<details class="source"${open ? " open" : ""}><summary>${summary}</summary><pre class="code"><code>${escapeHtml(cell.source)}</code></pre></details>`;
}

function outputHtml(output: Output, page: Page): string {
  switch (output.output_type) {
    case "stream":
      return `<pre class="${output.name}">${escapeHtml(stripAnsi(output.text))}</pre>`;
    case "error":
      return `<pre class="error">${escapeHtml(stripAnsi(output.traceback.join("\n") || `${output.ename}: ${output.evalue}`))}</pre>`;
    case "display_data":
    case "execute_result":
      return bundleHtml(output.data, page);
    default:
      return output satisfies never;
  }
}

function bundleHtml(bundle: MimeBundle, { text: renderer }: Page): string {
  const mime = PREFERENCE.find((candidate) => bundle[candidate] !== undefined);
  const data = mime === undefined ? undefined : bundle[mime];
  if (mime === undefined || data === undefined) {
    return `<pre class="stdout">${escapeHtml(`[${Object.keys(bundle).join(", ")}]`)}</pre>`;
  }
  const text = typeof data === "string" ? data : JSON.stringify(data, null, 2);
  switch (mime) {
    case PLOTLY:
      return figurePlace(data);
    case "text/html":
      return `<div class="html">${text}</div>`;
    case "text/markdown":
      return `<div class="text">${renderer.markdown(text)}</div>`;
    case "image/svg+xml":
      return `<img alt="" src="data:image/svg+xml;base64,${Buffer.from(text).toString("base64")}">`;
    case "image/png":
    case "image/jpeg":
      return `<img alt="" src="data:${mime};base64,${text.replaceAll(/\s/g, "")}">`;
    default:
      return `<pre class="stdout">${escapeHtml(stripAnsi(text))}</pre>`;
  }
}

function provenanceBlock(notebook: Notebook): string {
  const record = notebook.metadata.rlvr;
  if (record === undefined) return "";
  return `<details class="provenance"><summary>Where these numbers come from</summary><pre>${escapeHtml(JSON.stringify(record, null, 2))}</pre></details>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function stripAnsi(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
