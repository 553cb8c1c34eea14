/** Marks that the figures of weight deltas share: a thin line for every matrix, and a map of layers against modules. */
import type { RankEnergy, WeightDelta, WeightDeltas } from "../analysis/index.ts";
import { axesOf, heading, type PanelAxes, place, powersOfTwo } from "./marks.ts";
import { frame, roles, sequentialScale } from "./theme.ts";
import type { Axis, HeatmapTrace, Layout, ScatterTrace } from "./traces.ts";

/** A panel with what stands above it. */
export interface WeightPanel extends Pick<PanelAxes, "x" | "y"> {
  readonly heading: string;
}

/** Two panels side by side above a map of layers against modules. */
export function weightLayout(
  titles: { readonly title: string; readonly subtitle: string; readonly map: string },
  [left, right]: readonly [WeightPanel, WeightPanel],
): Layout {
  const module = { title: { text: "module" }, type: "category", showgrid: false } as const;
  const layer = { title: { text: "layer" }, type: "category", showgrid: false, autorange: "reversed" } as const;
  return {
    ...frame({ title: titles.title, subtitle: titles.subtitle, headings: true, height: 640 }),
    ...place([
      { x: left.x, y: left.y, left: 0, right: 0.43, bottom: 0.6, top: 1 },
      { x: right.x, y: right.y, left: 0.57, right: 1, bottom: 0.6, top: 1 },
      { x: module, y: layer, left: 0, right: 1, bottom: 0, top: 0.38 },
    ]),
    annotations: [heading(left.heading, 1), heading(right.heading, 2), heading(titles.map, 3)],
  };
}

/** A logarithmic axis from 1 to `last`, marked at powers of two. */
export function rankAxis(title: string, last: number): Axis {
  const ticks = powersOfTwo(Math.max(1, last));
  return { type: "log", tickvals: ticks, ticktext: ticks.map(String), title: { text: title } };
}

/** A number of each rank kept: of every matrix, and of all together. */
export function rankLines(
  { tensors, overall }: WeightDeltas,
  numberOf: (at: RankEnergy) => number,
): readonly [ScatterTrace, ScatterTrace] {
  const lines = tensors.flatMap(({ name, spectrum }) =>
    spectrum === undefined
      ? []
      : [{ name, x: spectrum.energy.map(({ rank }) => rank), y: spectrum.energy.map(numberOf) }],
  );
  const hovertemplate = "%{text}<br>r = %{x}: %{y:.3f}<extra></extra>";
  return [
    { ...thinLines(lines), hovertemplate },
    togetherLine(
      overall.energy.map(({ rank }) => rank),
      overall.energy.map(numberOf),
      { name: "all matrices together", hovertemplate: "r = %{x}: %{y:.3f}<extra>all matrices</extra>" },
    ),
  ];
}

/** The line of everything together, over the thin ones. */
export function togetherLine(
  x: readonly number[],
  y: readonly number[],
  words: { readonly name: string; readonly hovertemplate: string },
): ScatterTrace {
  const { color, symbol } = roles.trained;
  return {
    type: "scatter",
    mode: "lines+markers",
    name: words.name,
    x,
    y,
    hovertemplate: words.hovertemplate,
    line: { color, width: 2.4 },
    marker: { color, symbol, size: 7 },
  };
}

/** A point for each matrix, in the second panel. */
export function matrixPoints(
  points: readonly { readonly name: string; readonly x: number; readonly y: number }[],
  words: { readonly name: string; readonly hovertemplate: string },
): ScatterTrace {
  const { color, symbol } = roles.measured;
  return {
    type: "scatter",
    mode: "markers",
    name: words.name,
    showlegend: false,
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y),
    text: points.map(({ name }) => name),
    hovertemplate: words.hovertemplate,
    marker: { color, symbol, size: 6, opacity: 0.6 },
    ...axesOf(2),
  };
}

/** All matrices as one trace of thin lines with gaps between them, so that the legend stays short. */
export function thinLines(
  lines: readonly { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }[],
): ScatterTrace {
  return {
    type: "scatter",
    mode: "lines",
    name: "one matrix",
    legendgroup: "one matrix",
    x: lines.flatMap(({ x }) => [...x, null]),
    y: lines.flatMap(({ y }) => [...y, null]),
    text: lines.flatMap(({ name, x }) => [...x.map(() => name), ""]),
    line: { color: roles.neutral.color, width: 0.9 },
    opacity: 0.45,
    connectgaps: false,
  };
}

/** Layer and module of a parameter's Hugging Face name: `model.layers.3.mlp.up_proj.weight` is 3 and `up_proj`. */
function placeOf(name: string): { readonly layer: string; readonly module: string } {
  const module = name
    .split(".")
    .filter((part) => part !== "weight")
    .at(-1);
  return { layer: /(?:^|\.)layers\.(\d+)\./.exec(name)?.[1] ?? outside, module: module ?? name };
}

/** Row of what belongs to no layer: embeddings, the last norm, the head. */
const outside = "outside";

/** Names that fit under a column; the hover text has the whole. */
const shortNames: Readonly<Record<string, string>> = {
  embed_tokens: "embed",
  input_layernorm: "norm 1",
  post_attention_layernorm: "norm 2",
};

/**
 * One number of every tensor, layers against modules; white where there is none.
 *
 * @param format d3 number format of the hover text
 * @param panel axes it is drawn on
 */
export function layerMap(
  tensors: readonly WeightDelta[],
  numberOf: (tensor: WeightDelta) => number | undefined,
  format: string,
  panel = 3,
): HeatmapTrace {
  const places = tensors.map((tensor) => ({ ...placeOf(tensor.name), value: numberOf(tensor) }));
  const modules = [...new Set(places.map(({ module }) => module))];
  const layers = [...new Set(places.map(({ layer }) => layer))].sort(
    (a, b) => Number(a === outside) - Number(b === outside) || Number(a) - Number(b),
  );
  const z = layers.map((layer) =>
    modules.map((module) => places.find((at) => at.layer === layer && at.module === module)?.value ?? null),
  );
  return {
    type: "heatmap",
    x: modules.map((module) => shortNames[module] ?? module.replace(/_proj$/, "")),
    y: layers,
    z,
    text: layers.map((layer) => modules.map((module) => `${layer === outside ? "" : `layer ${layer}, `}${module}`)),
    zmin: 0,
    zmax: Math.max(
      1e-12,
      ...places.flatMap(({ value }) => (value !== undefined && Number.isFinite(value) ? [value] : [])),
    ),
    colorscale: sequentialScale,
    colorbar: { thickness: 12, outlinewidth: 0, len: 0.4, y: 0.19 },
    ...(layers.length * modules.length <= 120 ? { texttemplate: "%{z:.2g}", textfont: { size: 10.5 } } : {}),
    hovertemplate: `%{text}: %{z:${format}}<extra></extra>`,
    xgap: 1,
    ygap: 1,
    ...axesOf(panel),
  };
}
