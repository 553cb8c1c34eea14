/** Marks that the figures of weight deltas share: a thin line for every matrix, and a map of layers against modules. */
import type { WeightDelta } from "../analysis/index.ts";
import { axesOf } from "./marks.ts";
import { roles, sequentialScale } from "./theme.ts";
import type { HeatmapTrace, ScatterTrace } from "./traces.ts";

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
