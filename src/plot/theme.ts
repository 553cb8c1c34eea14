/**
 * One look for every figure: colours that hold under colour blindness (Okabe and Ito 2008, "Color universal design"),
 * one fixed colour, dash and marker for each role, so that lines stay apart in greyscale too; sizes for 700 px.
 */
import type { ColorScale, Dash, Layout } from "./traces.ts";

/** How one role is drawn, the same in every figure. */
export interface RoleStyle {
  readonly color: string;
  /** The same colour, thinned out for an interval's band. */
  readonly band: string;
  readonly dash: Dash;
  readonly symbol: string;
  /** Bar pattern of plotly; empty for plain bars. */
  readonly pattern: string;
}

export type Role = "base" | "trained" | "predicted" | "measured" | "truncated" | "neutral";

/** Colour, dash, marker and bar pattern of each role. */
export const roles: Readonly<Record<Role, RoleStyle>> = {
  base: { color: "#0072B2", band: "rgba(0,114,178,0.18)", dash: "dash", symbol: "circle-open", pattern: "/" },
  trained: { color: "#D55E00", band: "rgba(213,94,0,0.20)", dash: "solid", symbol: "square", pattern: "" },
  predicted: { color: "#009E73", band: "rgba(0,158,115,0.18)", dash: "dot", symbol: "diamond-open", pattern: "." },
  measured: { color: "#D55E00", band: "rgba(213,94,0,0.20)", dash: "solid", symbol: "square", pattern: "" },
  truncated: { color: "#CC79A7", band: "rgba(204,121,167,0.25)", dash: "dashdot", symbol: "triangle-up", pattern: "x" },
  neutral: { color: "#5A5A5A", band: "rgba(90,90,90,0.16)", dash: "dot", symbol: "x", pattern: "" },
};

/** Colours of what happened to a problem, ordered by brightness so that they stay apart in greyscale. */
export const outcomeColors: Readonly<Record<"kept" | "gained" | "lost" | "never", string>> = {
  kept: "#0072B2",
  gained: "#56B4E9",
  lost: "#D55E00",
  never: "#DDDDDD",
};

/** From little to much: brightness falls all the way. */
export const sequentialScale: ColorScale = [
  [0, "#F7FBFF"],
  [0.25, "#C6DBEF"],
  [0.5, "#6BAED6"],
  [0.75, "#2171B5"],
  [1, "#08306B"],
];

/** From against to with, white at nought; the negative end is the darker one, so that greyscale keeps the sign. */
export const divergingScale: ColorScale = [
  [0, "#7F2704"],
  [0.25, "#D94801"],
  [0.5, "#F7F7F7"],
  [0.75, "#92C5DE"],
  [1, "#4393C3"],
];

/** Metric-compatible names of one design: text has the same width wherever one of them is found. */
export const fontFamily = "Helvetica, Arial, Liberation Sans, sans-serif";
const ink = "#222222";
const axis: object = {
  automargin: true,
  showgrid: true,
  gridcolor: "#E6E6E6",
  zeroline: false,
  showline: true,
  linecolor: "#888888",
  ticks: "outside",
  tickcolor: "#888888",
  ticklen: 4,
  title: { font: { size: 13 }, standoff: 8 },
  tickfont: { size: 12 },
};

/** plotly's template: whatever a figure's own layout leaves open. */
const template: { readonly layout: object } = {
  layout: {
    font: { family: fontFamily, size: 13, color: ink },
    paper_bgcolor: "#FFFFFF",
    plot_bgcolor: "#FFFFFF",
    colorway: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5A5A5A"],
    title: {
      x: 0,
      xref: "paper",
      xanchor: "left",
      y: 1,
      yref: "container",
      yanchor: "top",
      pad: { t: 22 },
      font: { size: 16 },
    },
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", font: { size: 12 }, tracegroupgap: 0 },
    hoverlabel: { font: { family: fontFamily, size: 12 } },
    hovermode: "closest",
    xaxis: axis,
    yaxis: axis,
    annotationdefaults: { font: { size: 12, color: ink }, arrowhead: 2, arrowwidth: 1, arrowcolor: "#555555" },
  },
};

/** Pixels above the data: title and subtitle, a row of legend, a row of panel headings. */
const [titleRows, legendRow, headingRow] = [62, 26, 22];
const marginBelow = 52;

/**
 * Title, subtitle and margins: room above the data for the two lines, the legend and the panels' headings, so that none
 * covers another.
 *
 * @param options.legend whether a legend row stands between title and data, and where from the left; default 0, the edge
 * @param options.headings whether the panels at the top have headings; default false
 * @param options.height pixels; default 420
 */
export function frame(options: {
  readonly title: string;
  readonly subtitle: string;
  readonly legend?: false | number;
  readonly headings?: boolean;
  readonly height?: number;
}): Layout {
  const { title, subtitle, legend = 0, headings = false, height = 420 } = options;
  const above = titleRows + (legend === false ? 0 : legendRow) + (headings ? headingRow : 0);
  const plotHeight = height - above - marginBelow;
  return {
    title: { text: `${title}<br><span style="font-size:12px;color:#555555">${subtitle}</span>` },
    height,
    margin: { l: 60, r: 24, t: above, b: marginBelow },
    ...(legend === false
      ? { showlegend: false }
      : { showlegend: true, legend: { x: legend, y: 1 + (headings ? headingRow / plotHeight : 0) } }),
    template,
  };
}
