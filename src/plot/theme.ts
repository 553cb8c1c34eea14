/**
 * One look for every figure: colours that hold under colour blindness (Okabe and Ito 2008, "Color universal design"),
 * one fixed colour, dash and marker for each role, so that lines stay apart in greyscale too; sizes for 700 px.
 */
import type { DarkColors } from "../toolkit/figure-page.ts";
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

/**
 * The colours of all figures, each with the one that stands for it in the dark. Hues are Okabe and Ito's; those that lines
 * are drawn in are darkened (in the dark: lightened) until they stand out from the page by 3 to 1, text by 4.5 to 1.
 */
export const palette = {
  paper: ["#FFFFFF", "#16191D"],
  ink: ["#222222", "#E6E9ED"],
  /** What was measured, before all colours. */
  black: ["#000000", "#FFFFFF"],
  quiet: ["#555555", "#AEB6BF"],
  axis: ["#888888", "#8A929B"],
  grid: ["#E6E6E6", "#2B3036"],
  blue: ["#0072B2", "#4BA3E3"],
  red: ["#D55E00", "#F2803A"],
  green: ["#009E73", "#2EC79A"],
  pink: ["#C0649A", "#E8A3CB"],
  amber: ["#B97F00", "#F4BE4A"],
  sky: ["#3A94CC", "#A9DBF8"],
  grey: ["#5A5A5A", "#A3ABB4"],
  /** Areas only, with an outline. */
  paleBlue: ["#56B4E9", "#8CCBEF"],
  paleAmber: ["#E69F00", "#D9A02B"],
  palePink: ["#CC79A7", "#C97FAB"],
  paleGrey: ["#BBBBBB", "#656D76"],
  faint: ["#DDDDDD", "#3C434B"],
  /** Cells, under the white or grey that plotly writes on them. */
  cellBlue: ["#00659F", "#1F6FA8"],
  cellPale: ["#7CC4EF", "#93CFF1"],
  cellRed: ["#C25500", "#B4571B"],
} as const;

type ColorName = keyof typeof palette;

/** A colour of the palette, as it is in the light; pages find the dark one by it. */
export function color(name: ColorName): string {
  return palette[name][0];
}

/** The same colour, thinned out. */
export function thin(name: ColorName, alpha: number): string {
  const parts = [1, 3, 5].map((at) => Number.parseInt(palette[name][0].slice(at, at + 2), 16));
  return `rgba(${parts.join(",")},${alpha})`;
}

function role(name: ColorName, alpha: number, look: Pick<RoleStyle, "dash" | "symbol" | "pattern">): RoleStyle {
  return { color: color(name), band: thin(name, alpha), ...look };
}

/** Colour, dash, marker and bar pattern of each role. */
export const roles: Readonly<Record<Role, RoleStyle>> = {
  base: role("blue", 0.18, { dash: "dash", symbol: "circle-open", pattern: "/" }),
  trained: role("red", 0.2, { dash: "solid", symbol: "square", pattern: "" }),
  predicted: role("green", 0.18, { dash: "dot", symbol: "diamond-open", pattern: "." }),
  measured: role("red", 0.2, { dash: "solid", symbol: "square", pattern: "" }),
  truncated: role("pink", 0.25, { dash: "dashdot", symbol: "triangle-up", pattern: "x" }),
  neutral: role("grey", 0.16, { dash: "dot", symbol: "x", pattern: "" }),
};

/** Colours of what happened to a problem, ordered by brightness so that they stay apart in greyscale. */
export const outcomeColors: Readonly<Record<"kept" | "gained" | "lost" | "never", string>> = {
  kept: color("blue"),
  gained: color("paleBlue"),
  lost: color("red"),
  never: color("faint"),
};

/** The same for cells that hold text. */
export const outcomeCells: typeof outcomeColors = {
  kept: color("cellBlue"),
  gained: color("cellPale"),
  lost: color("cellRed"),
  never: color("faint"),
};

/** From little to much: brightness falls all the way; in the dark it rises. */
const sequential = [
  [0, "#F7FBFF", "#1B2026"],
  [0.25, "#C6DBEF", "#1F4468"],
  [0.5, "#6BAED6", "#2A6CA3"],
  [0.75, "#2171B5", "#7FC0EA"],
  [1, "#08306B", "#D3EBFA"],
] as const;

/** From against to with, the page's colour at nought; the negative end stands out more, so that greyscale keeps the sign. */
const diverging = [
  [0, "#7F2704", "#C96A2A"],
  [0.25, "#D94801", "#8A4718"],
  [0.5, "#F7F7F7", "#1D2126"],
  [0.75, "#92C5DE", "#1D4660"],
  [1, "#4393C3", "#1F6A99"],
] as const;

export const sequentialScale: ColorScale = sequential.map(([at, light]) => [at, light] as const);
export const divergingScale: ColorScale = diverging.map(([at, light]) => [at, light] as const);

/** The dark colour of each light one. */
export const darkColors: DarkColors = Object.fromEntries([
  ...Object.values(palette),
  ...[...sequential, ...diverging].map(([, light, dark]) => [light, dark] as const),
]);

/** Metric-compatible names of one design: text has the same width wherever one of them is found. */
export const fontFamily = "Helvetica, Arial, Liberation Sans, sans-serif";
const axis: object = {
  automargin: true,
  showgrid: true,
  gridcolor: color("grid"),
  zeroline: false,
  showline: true,
  linecolor: color("axis"),
  ticks: "outside",
  tickcolor: color("axis"),
  ticklen: 4,
  title: { font: { size: 13 }, standoff: 8 },
  tickfont: { size: 12 },
};

/** plotly's template: whatever a figure's own layout leaves open. */
const template: { readonly layout: object } = {
  layout: {
    font: { family: fontFamily, size: 13, color: color("ink") },
    paper_bgcolor: color("paper"),
    plot_bgcolor: color("paper"),
    colorway: (["blue", "red", "green", "pink", "amber", "sky", "grey"] as const).map(color),
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
    annotationdefaults: {
      font: { size: 12, color: color("ink") },
      arrowhead: 2,
      arrowwidth: 1,
      arrowcolor: color("quiet"),
    },
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
    title: { text: `${title}<br><span style="font-size:12px;color:${color("quiet")}">${subtitle}</span>` },
    height,
    margin: { l: 60, r: 24, t: above, b: marginBelow },
    ...(legend === false
      ? { showlegend: false }
      : { showlegend: true, legend: { x: legend, y: 1 + (headings ? headingRow / plotHeight : 0) } }),
    template,
  };
}
