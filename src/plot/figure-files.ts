/** Figures as files: a page that opens offline and, where a static picture can be made, an SVG beside it. */
import { writeFileAtomic } from "../toolkit/files.ts";
import { escapeHtml } from "../toolkit/table.ts";
import { belowOf, type MimeBundle, plotlyMime } from "./figure.ts";
import { type PagePart, standaloneHtml } from "./page.ts";
import type { PlotlyJson } from "./traces.ts";

const folder = "out";
const taken = new Set<string>();

/**
 * Writes a bundle to `out/<name>.html`, and its SVG, if it has one, to `out/<name>.svg`.
 *
 * @param name file name without ending, or the path of an earlier page, to be replaced; default: the first words of the
 * bundle's text, numbered where already taken
 * @returns the page's path, relative to the working directory
 */
export async function writeFigure(bundle: MimeBundle, name?: string): Promise<string> {
  const text = String(bundle["text/plain"] ?? "");
  const stem = stemOf(name ?? freeName(text));
  const title = text.split("\n")[0] ?? "";
  await writeFileAtomic(`${stem}.html`, await standaloneHtml(partsOf(bundle, text), { title }));
  const svg = bundle["image/svg+xml"];
  if (typeof svg === "string") await writeFileAtomic(`${stem}.svg`, svg);
  return `${stem}.html`;
}

function stemOf(name: string): string {
  return name.startsWith(`${folder}/`) && name.endsWith(".html") ? name.slice(0, -5) : `${folder}/${slug(name)}`;
}

function partsOf(bundle: MimeBundle, text: string): PagePart[] {
  const plot = bundle[plotlyMime];
  const html = bundle["text/html"];
  const words = `<pre>${escapeHtml(text)}</pre>`;
  const below = belowOf(bundle)?.["text/html"];
  if (isPlotly(plot)) return typeof below === "string" ? [plot, below, words] : [plot, words];
  return typeof html === "string" ? [html] : [words];
}

/** Whether a value is a plotly figure. */
export function isPlotly(value: unknown): value is PlotlyJson {
  return typeof value === "object" && value !== null && "data" in value && "layout" in value;
}

function freeName(text: string): string {
  const stem = slug(text.split(/[:,\n]/)[0] ?? "");
  let name = stem;
  for (let i = 2; taken.has(name); i++) name = `${stem}-${i}`;
  taken.add(name);
  return name;
}

function slug(text: string): string {
  const words = text.toLowerCase().match(/[a-z0-9@]+/g) ?? [];
  return words.join("-").slice(0, 60) || "figure";
}
