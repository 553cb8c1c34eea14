/** Figure of how the gradients of several algorithms agree on the same completions. */
import type { GradientComparison } from "../toolkit/train/compare-gradients.ts";
import { type Figure, figure } from "./figure.ts";
import { axesOf, fixed, heading, place } from "./marks.ts";
import { seriesStyle } from "./series.ts";
import { divergingScale, frame } from "./theme.ts";
import type { HeatmapTrace, ScatterTrace } from "./traces.ts";

/** Up to so many algorithms the cells hold their numbers. */
const cellsWithText = 8;

/** Cosine between every two algorithms' gradients, and, layer by layer, between the first one's and each other's. */
export function gradientFigure(comparison: GradientComparison): Figure {
  const { names, layers } = comparison;
  const closest = names.length === 2 ? ` ${fixed(comparison.cosines[1] ?? Number.NaN, 2)}` : "";
  const name = { type: "category", tickangle: -30, showgrid: false } as const;
  return figure({
    data: [cosineMap(comparison), ...layerLines(comparison)],
    layout: {
      ...frame({
        title: `Gradients of ${names.length} algorithms on the same completions: cosine${closest}`,
        subtitle: "1: the same direction, 0: unrelated, -1: opposite; before the optimizer",
        headings: true,
        height: 420,
      }),
      ...place([
        {
          x: { ...name, title: { text: "algorithm" } },
          y: { ...name, title: { text: "algorithm" }, autorange: "reversed" },
          left: 0.1,
          right: 0.46,
          bottom: 0.12,
          top: 1,
        },
        {
          x: { ...name, title: { text: "weights" } },
          y: { title: { text: `cosine to ${names[0]}` }, range: [-1.05, 1.05] },
          left: 0.64,
          right: 1,
          bottom: 0.12,
          top: 1,
        },
      ]),
      annotations: [heading("All weights", 1), heading("By layer", 2)],
    },
    summary: words(comparison, layers.length),
  });
}

function cosineMap({ names, cosines }: GradientComparison): HeatmapTrace {
  const n = names.length;
  const rows = names.map((_, i) =>
    [...cosines.subarray(i * n, (i + 1) * n)].map((value) => (Number.isNaN(value) ? null : value)),
  );
  return {
    type: "heatmap",
    x: [...names],
    y: [...names],
    z: rows,
    ...(n <= cellsWithText && { texttemplate: "%{z:.2f}" }),
    hovertemplate: "%{y} and %{x}: %{z:.3f}<extra></extra>",
    xgap: 1,
    ygap: 1,
    colorscale: divergingScale,
    zmin: -1,
    zmax: 1,
    showscale: false,
    ...axesOf(1),
  };
}

function layerLines({ names, layers }: GradientComparison): readonly ScatterTrace[] {
  return names.slice(1).map((name, i) => {
    const { color, dash, symbol } = seriesStyle(i);
    return {
      type: "scatter",
      mode: "lines+markers",
      name,
      x: layers.map((layer) => layer.name),
      y: layers.map(({ cosines }) => cosines[i + 1] ?? Number.NaN),
      hovertemplate: `${name}, %{x}: %{y:.3f}<extra></extra>`,
      line: { color, dash, width: 2.2 },
      marker: { color, symbol, size: 7 },
      ...axesOf(2),
    };
  });
}

function words({ names, cosines }: GradientComparison, layers: number): string {
  const others = names.slice(1).map((name, i) => `${name} ${fixed(cosines[i + 1] ?? Number.NaN, 3)}`);
  return `Cosine of each gradient to that of ${names[0]} over all weights: ${others.join(", ")}; also for ${layers} layers.`;
}
