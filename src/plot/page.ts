/** One HTML file that holds figures and opens offline, light and dark: one copy of plotly.js inlined. */
import { figurePlace, figureScripts, themeCss } from "../toolkit/figure-page.ts";
import { escapeHtml } from "../toolkit/table.ts";
import { type Figure, isFigure } from "./figure.ts";
import { samplesHtml } from "./samples-html.ts";
import { fontFamily } from "./theme.ts";
import type { PlotlyJson } from "./traces.ts";

/** A figure, a figure's JSON, or HTML, which goes into the page as it is. */
export type PagePart = Figure | PlotlyJson | string;

/**
 * A whole page as text, 1.4 MB of it plotly.js (cartesian), which is left out when no part is a figure. It follows the
 * system's light or dark colours, and has a button to choose.
 *
 * @param parts in the order of the page; strings are HTML and not escaped; a figure's samples come with it
 * @param options.title of the window, escaped here
 */
export async function standaloneHtml(
  parts: readonly PagePart[],
  { title }: { readonly title: string },
): Promise<string> {
  return [
    "<!DOCTYPE html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${themeCss}\n${style}</style>`,
    "</head><body><main>",
    ...parts.map(partHtml),
    "</main>",
    parts.some((part) => typeof part !== "string") ? figureScripts() : "",
    "</body></html>",
    "",
  ].join("\n");
}

const style = `body{margin:0;font:15px/1.5 ${fontFamily};color:light-dark(#222,#e6e9ed);background:light-dark(#fff,#16191d)}
main{max-width:960px;margin:0 auto;padding:36px 16px 16px}
.plot{margin:0 0 24px}
pre{overflow-x:auto}
table{border-collapse:collapse}td,th{padding:2px 10px;text-align:right}`;

function partHtml(part: PagePart): string {
  if (typeof part === "string") return part;
  if (!isFigure(part)) return figurePlace(part);
  const place = figurePlace(part.toJSON());
  return part.samples === undefined ? place : `${place}\n${samplesHtml(part.samples)}`;
}
