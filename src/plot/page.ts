/** One HTML file that holds figures and opens offline: one copy of plotly.js inlined, figures as JSON beside it. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { escapeHtml } from "../toolkit/table.ts";
import { type Figure, isFigure } from "./figure.ts";
import { samplesHtml } from "./samples-html.ts";
import { fontFamily } from "./theme.ts";
import type { PlotlyJson } from "./traces.ts";

/** A figure, a figure's JSON, or HTML, which goes into the page as it is. */
export type PagePart = Figure | PlotlyJson | string;

/**
 * A whole page as text, 1.4 MB of it plotly.js (cartesian), which is left out when no part is a figure.
 *
 * @param parts in the order of the page; strings are HTML and not escaped; a figure's samples come with it
 * @param options.title of the window, escaped here
 */
export async function standaloneHtml(
  parts: readonly PagePart[],
  { title }: { readonly title: string },
): Promise<string> {
  const plots = parts.some((part) => typeof part !== "string");
  const body = parts.map((part) => {
    if (typeof part === "string") return part;
    if (!isFigure(part)) return figureHtml(part);
    return part.samples === undefined
      ? figureHtml(part.toJSON())
      : `${figureHtml(part.toJSON())}\n${samplesHtml(part.samples)}`;
  });
  return [
    "<!DOCTYPE html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${style}</style>`,
    plots ? `<script>${safeScript(await plotlySource())}</script>` : "",
    "</head><body><main>",
    ...body,
    "</main>",
    plots ? `<script>${boot}</script>` : "",
    "</body></html>",
    "",
  ].join("\n");
}

const style = `body{margin:0;font:15px/1.5 ${fontFamily};color:#222;background:#fff}
main{max-width:960px;margin:0 auto;padding:16px}
.plot{margin:0 0 24px}
pre{overflow-x:auto}
table{border-collapse:collapse}td,th{padding:2px 10px;text-align:right}`;

/** Draws each figure from the JSON that follows its place. */
const boot = `for (const place of document.querySelectorAll(".plot")) {
  const figure = JSON.parse(place.nextElementSibling.textContent);
  Plotly.newPlot(place, figure.data, figure.layout, figure.config);
}`;

function figureHtml(json: PlotlyJson): string {
  const height = json.layout.height ?? 420;
  const text = safeJson(json);
  return `<div class="plot" style="min-height:${height}px"></div><script type="application/json">${text}</script>`;
}

let source: Promise<string> | undefined;

/** plotly.js, cartesian, minified: read once. */
function plotlySource(): Promise<string> {
  source ??= readFile(createRequire(import.meta.url).resolve("plotly.js/dist/plotly-cartesian.min.js"), "utf8");
  return source;
}

/** JSON that cannot end its script element: every "<" as an escape. */
function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Script text that cannot end its element, or begin a comment in it: both can only stand in strings and patterns. */
function safeScript(text: string): string {
  return text.replaceAll(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "\\x3C!--");
}
