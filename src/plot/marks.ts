/** Pieces that several figures draw: lines with bands, reference lines, panels of a grid, numbers as text. */
import type { Estimate } from "../analysis/index.ts";
import { behind, type PointIndices } from "./samples.ts";
import { color, type RoleStyle, roles } from "./theme.ts";
import type { Annotation, Axis, ErrorBar, ScatterTrace, Shape, Values } from "./traces.ts";

/** Which axes a mark belongs to: 1 is the first panel. */
export interface Panel {
  readonly panel?: number;
}

/** Axis names of a panel, as traces take them. */
export function axesOf(panel = 1): { readonly xaxis: string; readonly yaxis: string } {
  const number = panel === 1 ? "" : String(panel);
  return { xaxis: `x${number}`, yaxis: `y${number}` };
}

/** An interval as two lines with the room between them filled; no entry in the legend of its own. */
function band(
  x: Values,
  interval: { readonly low: Values; readonly high: Values },
  style: RoleStyle,
  options: Panel & { readonly group: string },
): readonly ScatterTrace[] {
  const edge = (name: string, y: Values, fill: "none" | "tonexty"): ScatterTrace => ({
    type: "scatter",
    mode: "lines",
    name: `${options.group}, ${name} end`,
    legendgroup: options.group,
    showlegend: false,
    hoverinfo: "skip",
    x,
    y,
    line: { color: style.color, width: 0.5 },
    ...(fill === "none" ? {} : { fill, fillcolor: style.band }),
    ...axesOf(options.panel),
  });
  return [edge("low", interval.low, "none"), edge("high", interval.high, "tonexty")];
}

/** Estimates over x: the band of their intervals, then the line with hover text that holds both. */
export function curve(
  x: Values,
  estimates: readonly Estimate[],
  style: RoleStyle,
  options: Panel & {
    readonly name: string;
    readonly legend?: boolean;
    /** Marker size in pixels, one or one a point; 0 hides it. Default 7. */
    readonly markers?: number | readonly number[];
    /** d3 number format of y in the hover text. Default ".3f". */
    readonly format?: string;
    /** What stands behind each point, by the figure's sample book. */
    readonly points?: PointIndices;
  },
): readonly ScatterTrace[] {
  const { name, legend = true, markers = 7, format = ".3f", panel, points } = options;
  const interval = { low: estimates.map(({ low }) => low), high: estimates.map(({ high }) => high) };
  const look = { line: { color: style.color, dash: style.dash, width: 2.2 }, ...axesOf(panel) } as const;
  const marker = { symbol: style.symbol, color: style.color, opacity: 1, line: { width: 0 } };
  const common = { type: "scatter", mode: "lines+markers", name, legendgroup: name, ...look } as const;
  const line: ScatterTrace = {
    ...common,
    showlegend: legend && markers === 7,
    x,
    y: estimates.map(({ value }) => value),
    customdata: estimates.map(({ low, high }) => [low, high]),
    hovertemplate: `%{y:${format}} (%{customdata[0]:${format}} to %{customdata[1]:${format}})`,
    marker: { ...marker, size: markers },
    ...(points === undefined ? {} : behind(points)),
  };
  // Where markers differ in size, the legend's own entry shows the full one.
  const entry: ScatterTrace = { ...common, x: [null], y: [null], hoverinfo: "skip", marker: { ...marker, size: 7 } };
  const bounds = band(x, interval, style, { group: name, ...(panel === undefined ? {} : { panel }) });
  return legend && markers !== 7 ? [...bounds, line, entry] : [...bounds, line];
}

/** Intervals of estimates as plotly draws them on points and bars. */
export function errorBars(estimates: readonly Estimate[]): ErrorBar {
  return {
    type: "data",
    symmetric: false,
    array: estimates.map(({ value, high }) => high - value),
    arrayminus: estimates.map(({ value, low }) => value - low),
    color: color("ink"),
    thickness: 1.2,
    width: 4,
  };
}

/** A dotted line across a panel at a height, or from top to bottom at a position. */
export function rule(at: { readonly x: number | string } | { readonly y: number }, panel = 1): Shape {
  const { xaxis, yaxis } = axesOf(panel);
  const line = { color: roles.neutral.color, dash: "dot", width: 1.2 } as const;
  return "x" in at
    ? { type: "line", x0: at.x, x1: at.x, y0: 0, y1: 1, xref: xaxis, yref: `${yaxis} domain`, line, layer: "below" }
    : { type: "line", x0: 0, x1: 1, y0: at.y, y1: at.y, xref: `${xaxis} domain`, yref: yaxis, line, layer: "below" };
}

/** A panel's heading, above its left end. */
export function heading(text: string, panel = 1): Annotation {
  const { xaxis, yaxis } = axesOf(panel);
  return {
    text: `<b>${text}</b>`,
    x: 0,
    y: 1,
    xref: `${xaxis} domain`,
    yref: `${yaxis} domain`,
    xanchor: "left",
    yanchor: "bottom",
    yshift: 4,
    showarrow: false,
    font: { size: 12.5 },
  };
}

/** The two axes of a panel and the part of the figure it fills, from 0 to 1 from the left and from the bottom. */
export interface PanelAxes {
  readonly x: Axis;
  readonly y: Axis;
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** Axes of panels, numbered from 1 in the order given. */
export function place(panels: readonly PanelAxes[]): Readonly<Record<string, Axis>> {
  const axes: Record<string, Axis> = {};
  for (const [i, { x, y, left, right, bottom, top }] of panels.entries()) {
    const { xaxis, yaxis } = axesOf(i + 1);
    axes[`xaxis${xaxis.slice(1)}`] = { ...x, anchor: yaxis, domain: [Math.max(0, left), Math.min(1, right)] };
    axes[`yaxis${yaxis.slice(1)}`] = { ...y, anchor: xaxis, domain: [Math.max(0, bottom), Math.min(1, top)] };
  }
  return axes;
}

/** Axes of a grid of panels, numbered row by row from the top left, each with its own scales. */
export function grid(
  panels: readonly Pick<PanelAxes, "x" | "y">[],
  { columns, gapX = 0.14, gapY = 0.2 }: { readonly columns: number; readonly gapX?: number; readonly gapY?: number },
): Readonly<Record<string, Axis>> {
  const rows = Math.ceil(panels.length / columns);
  const width = (1 - gapX * (columns - 1)) / columns;
  const height = (1 - gapY * (rows - 1)) / rows;
  return place(
    panels.map((panel, i) => {
      const [left, top] = [(i % columns) * (width + gapX), 1 - Math.floor(i / columns) * (height + gapY)];
      return { ...panel, left, right: left + width, bottom: top - height, top };
    }),
  );
}

/** A number as text: so many digits after the point, and a true minus sign. */
export function fixed(value: number, digits = 2): string {
  return Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "not known";
}

/** "0.31 (0.27 to 0.36)". */
export function interval({ value, low, high }: Estimate, digits = 2): string {
  return `${fixed(value, digits)} (${fixed(low, digits)} to ${fixed(high, digits)})`;
}

/** "95 %" of 0.95. */
export function percent(share: number, digits = 0): string {
  return `${fixed(100 * share, digits)} %`;
}

/** Powers of two from 1 to the largest that is at most `last`, and `last` itself. */
export function powersOfTwo(last: number): readonly number[] {
  const powers: number[] = [];
  for (let power = 1; power <= last; power *= 2) powers.push(power);
  const tail = powers.at(-1) ?? 1;
  return last > tail * 1.3 ? [...powers, last] : powers;
}

/** Names as text: the first few, and how many more there are. */
export function some(names: readonly string[], shown = 5): string {
  const rest = names.length - shown;
  return rest > 0 ? `${names.slice(0, shown).join(", ")} and ${rest} more` : names.join(", ");
}
