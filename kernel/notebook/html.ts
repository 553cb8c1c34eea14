/**
 * A notebook as one HTML file that works offline: plots stay interactive, with one copy of plotly.js for all of them,
 * inlined only when there is a plot. Nothing is fetched; a content policy in the page forbids it.
 */
import { marked } from "marked";
import { figurePlace, figureScripts } from "../../src/toolkit/figure-page.ts";
import type { MimeBundle } from "../executor/events.ts";
import type { CodeCell, Notebook, Output } from "./format.ts";
import { css } from "./html-style.ts";

export interface HtmlOptions {
  /** The page's title. Default: the notebook's first heading. */
  readonly title?: string;
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
  const body = notebook.cells.map((cell) =>
    cell.cell_type === "code"
      ? codeCell(cell)
      : cell.cell_type === "markdown"
        ? `<section class="text">${marked.parse(cell.source, { async: false })}</section>`
        : "",
  );
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
<main>
${body.join("\n")}
${provenanceBlock(notebook)}
</main>
${notebook.cells.some(hasPlot) ? figureScripts() : ""}
</body>
</html>
`;
}

function hasPlot(cell: Notebook["cells"][number]): boolean {
  return (
    cell.cell_type === "code" && cell.outputs.some((output) => "data" in output && output.data[PLOTLY] !== undefined)
  );
}

function codeCell(cell: CodeCell): string {
  const outputs = cell.outputs.map(outputHtml).join("\n");
  const code = cell.source.trim() === "" ? "" : codeHtml(cell);
  return `<section class="cell" id="${escapeHtml(cell.id)}">${code}${outputs === "" ? "" : `<div class="outputs">${outputs}</div>`}</section>`;
}

function codeHtml(cell: CodeCell): string {
  const lines = cell.source.split("\n").length;
  const count = cell.execution_count === null ? "" : `[${cell.execution_count}] `;
  return `<details open><summary>${count}${lines} ${lines === 1 ? "line" : "lines"}</summary><pre class="code"><code>${escapeHtml(cell.source)}</code></pre></details>`;
}

function outputHtml(output: Output): string {
  switch (output.output_type) {
    case "stream":
      return `<pre class="${output.name}">${escapeHtml(stripAnsi(output.text))}</pre>`;
    case "error":
      return `<pre class="error">${escapeHtml(stripAnsi(output.traceback.join("\n") || `${output.ename}: ${output.evalue}`))}</pre>`;
    case "display_data":
    case "execute_result":
      return bundleHtml(output.data);
    default:
      return output satisfies never;
  }
}

function bundleHtml(bundle: MimeBundle): string {
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
      return `<div class="text">${marked.parse(text, { async: false })}</div>`;
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

function firstHeading(notebook: Notebook): string | undefined {
  for (const cell of notebook.cells) {
    const heading = cell.cell_type === "markdown" ? /^#\s+(.+)$/m.exec(cell.source)?.[1] : undefined;
    if (heading !== undefined) return heading.trim();
  }
  return undefined;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function stripAnsi(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
