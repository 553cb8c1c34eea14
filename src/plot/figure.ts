/**
 * A plotly figure as a value: data and layout as plain JSON, plus a sentence that says what it shows, so that a figure
 * can be read where none can be drawn.
 */
import { recolour } from "../toolkit/figure-page.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { FigureSamples } from "./samples.ts";
import { samplesHtml, samplesText } from "./samples-html.ts";
import { renderPng, renderSvg } from "./static.ts";
import { darkColors } from "./theme.ts";
import type { Layout, PlotlyJson, Trace } from "./traces.ts";

/** Mime type to content, as Jupyter's `display_data` takes it: strings, base64 for binary, objects for JSON types. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** Deno's protocol: a value with this method says how it is displayed. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");
const inspect: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** The static picture that stands beside the interactive one: `auto` is SVG, or PNG when the SVG passes 60 kB. */
export type Fallback = "auto" | "svg" | "png" | "none";

export interface Figure {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  /** What the figure says, in words: the title, then the key numbers. */
  readonly summary: string;
  /** The samples behind its points, where it was made with some. */
  readonly samples?: FigureSamples;
  /** The figure as plotly takes it: numbers at 7 significant digits, NaN and infinities as gaps. */
  toJSON(): PlotlyJson;
  /** One bundle: plotly's mime type (an object), a static picture where one can be made, text, and the samples below it. */
  bundle(options?: { readonly fallback?: Fallback }): Promise<MimeBundle>;
  /** The same, under the protocol's name. Our kernel and Deno await it; tslab does not know it (see `display`). */
  [jupyterDisplay](): Promise<MimeBundle>;
}

export const plotlyMime = "application/vnd.plotly.v1+json";
/** The type under which a bundle brings another one, to be shown beneath it as a display of its own. */
const belowMime = "application/vnd.rlvr.below+json";
/** Above this an SVG weighs more in a notebook than a PNG of the same figure. Our choice. */
const svgLimitBytes = 60_000;
/** The tools that are left fit beside a title on a screen that always shows them. */
const unused = ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"];
const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: unused };

/**
 * Makes a figure of traces, a layout and the sentence that says what they show.
 *
 * @param parts.samples what stands behind its points (`sampleBook`): each trace's `meta.samples` says which of them
 * @throws UsageError when a trace names a point that the samples have not
 */
export function figure(parts: {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  readonly summary: string;
  readonly samples?: FigureSamples | undefined;
}): Figure {
  const { data, summary, samples } = parts;
  if (samples !== undefined) checkPoints(data, samples);
  const meta = { ...parts.layout.meta, ...(samples && { samples: samples.id }) };
  const layout = { ...parts.layout, meta: { dark: darkColors, ...meta } };
  const toJSON = (): PlotlyJson => ({ data: rounded(data), layout: rounded(layout), config });
  const bundle = async ({ fallback = "auto" }: { readonly fallback?: Fallback } = {}): Promise<MimeBundle> => {
    const json = toJSON();
    return { [plotlyMime]: json, ...(await picture(json, fallback)), "text/plain": summary, ...under(samples) };
  };
  const shown = { [jupyterDisplay]: () => bundle(), ...printable(summary) };
  return { data, layout, summary, ...(samples && { samples }), toJSON, bundle, ...shown };
}

/** The same figure in its dark colours: for a dark notebook, and for static pictures. */
export function darkFigure({ data, layout, summary, samples }: Figure): Figure {
  const dark = recolour({ data, layout: { ...layout, meta: { dark: undefined } } }, darkColors);
  return figure({ ...dark, summary, samples });
}

function checkPoints(data: readonly Trace[], { points }: FigureSamples): void {
  for (const [t, { meta }] of data.entries()) {
    const beyond = (meta?.samples.flat() ?? []).find((point) => point !== null && points[point] === undefined);
    if (beyond === undefined) continue;
    refuse(
      "figure",
      `trace ${t} names point ${beyond} of ${points.length}`,
      "take the numbers from the same sampleBook",
    );
  }
}

/** The samples as a bundle's part. */
function under(samples: FigureSamples | undefined): MimeBundle {
  if (samples === undefined) return {};
  return { [belowMime]: { "text/html": samplesHtml(samples), "text/plain": samplesText(samples) } };
}

/** The bundle that another brings along, to be shown beneath it. */
export function belowOf(bundle: MimeBundle): MimeBundle | undefined {
  const below = bundle[belowMime];
  return typeof below === "object" && below !== null ? { ...below } : undefined;
}

/** A bundle without what is to be shown beneath it. */
export function withoutBelow({ [belowMime]: _, ...bundle }: MimeBundle): MimeBundle {
  return bundle;
}

/** Whether a value is a figure made here (or by another copy of this module). */
export function isFigure(value: unknown): value is Figure {
  return typeof value === "object" && value !== null && "toJSON" in value && "bundle" in value && "summary" in value;
}

/** The part of a figure's bundle that needs no drawing: plotly's mime type and text. */
export function interactiveBundle(value: Figure): MimeBundle {
  return { [plotlyMime]: value.toJSON(), "text/plain": value.summary };
}

/** `console.log(figure)` prints the sentence, not the arrays. */
function printable(summary: string): object {
  return { [inspect]: () => summary };
}

async function picture(json: PlotlyJson, fallback: Fallback): Promise<MimeBundle> {
  if (fallback === "none") return {};
  const svg = await renderSvg(json, { optional: true });
  if (svg === undefined) return {};
  if (fallback === "svg" || (fallback === "auto" && svg.length <= svgLimitBytes)) return { "image/svg+xml": svg };
  const png = await renderPng(json, { optional: true });
  return png === undefined ? { "image/svg+xml": svg } : { "image/png": Buffer.from(png).toString("base64") };
}

/** A copy with every number at 7 significant digits (whole numbers exact), and `null` for what JSON cannot hold. */
function rounded<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_key, item: unknown) => (typeof item === "number" ? short(item) : item)));
}

function short(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(7));
}
