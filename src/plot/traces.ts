/**
 * The part of plotly's figure schema that the figures here use, as types. Names and meanings are plotly.js's own
 * (https://plotly.com/javascript/reference); a figure is JSON data only.
 */
import type { DarkColors } from "../toolkit/figure-page.ts";
import type { PointIndices } from "./samples.ts";

/** Coordinates or values: numbers, categories, gaps (`null`, which is how NaN is written too). */
export type Values = readonly (number | string | null)[];
export type Dash = "solid" | "dash" | "dot" | "dashdot" | "longdash";
export type ColorScale = readonly (readonly [number, string])[];

interface Font {
  readonly family?: string;
  readonly size?: number;
  readonly color?: string;
}

interface Title {
  readonly text: string;
  readonly font?: Font;
  readonly standoff?: number;
  readonly side?: "right" | "top";
}

interface Line {
  readonly color?: string;
  readonly width?: number;
  readonly dash?: Dash;
  readonly shape?: "linear" | "hv";
}

export interface ErrorBar {
  readonly type: "data";
  readonly symmetric: boolean;
  readonly array: Values;
  readonly arrayminus?: Values;
  readonly color?: string;
  readonly thickness?: number;
  readonly width?: number;
}

/** What every trace may hold. */
interface TraceBase {
  readonly name?: string;
  readonly legendgroup?: string;
  readonly showlegend?: boolean;
  /** Which of the layout's legends it stands in. Default "legend". */
  readonly legend?: string;
  readonly xaxis?: string;
  readonly yaxis?: string;
  readonly hovertemplate?: string;
  readonly hoverinfo?: "skip";
  readonly customdata?: readonly unknown[];
  readonly text?: readonly string[] | readonly (readonly string[])[];
  /** Which of the figure's samples stand behind each point. */
  readonly meta?: { readonly samples: PointIndices };
}

export interface ScatterTrace extends TraceBase {
  readonly type: "scatter";
  readonly x: Values;
  readonly y: Values;
  readonly mode: "lines" | "markers" | "lines+markers" | "text" | "markers+text";
  readonly line?: Line;
  readonly marker?: {
    readonly symbol?: string | readonly string[];
    readonly size?: number | readonly number[];
    readonly color?: string;
    readonly line?: Line;
    readonly opacity?: number;
  };
  readonly fill?: "tonexty" | "toself" | "none";
  readonly fillcolor?: string;
  readonly opacity?: number;
  readonly error_y?: ErrorBar;
  readonly textposition?: string;
  readonly connectgaps?: boolean;
}

export interface BarTrace extends TraceBase {
  readonly type: "bar";
  readonly x: Values;
  readonly y: Values;
  readonly orientation?: "v" | "h";
  readonly width?: number;
  readonly marker?: {
    readonly color?: string | readonly string[];
    readonly line?: Line;
    readonly pattern?: {
      readonly shape: string;
      readonly bgcolor?: string;
      readonly fgcolor?: string;
      readonly size?: number;
    };
  };
  readonly error_y?: ErrorBar;
  readonly textposition?: "auto" | "outside" | "inside" | "none";
  readonly cliponaxis?: boolean;
}

export interface HeatmapTrace extends TraceBase {
  readonly type: "heatmap";
  readonly x: Values;
  readonly y: Values;
  readonly z: readonly Values[];
  readonly zmin?: number;
  readonly zmax?: number;
  readonly zmid?: number;
  readonly colorscale: ColorScale;
  readonly showscale?: boolean;
  readonly colorbar?: {
    readonly title?: Title;
    readonly thickness?: number;
    readonly outlinewidth?: number;
    readonly tickvals?: Values;
    readonly ticktext?: readonly string[];
    readonly len?: number;
    readonly x?: number;
    readonly y?: number;
  };
  readonly texttemplate?: string;
  readonly textfont?: Font;
  readonly xgap?: number;
  readonly ygap?: number;
}

export interface BoxTrace extends TraceBase {
  readonly type: "box";
  readonly x?: Values;
  readonly y: Values;
  readonly boxpoints?: "all" | "outliers" | false;
  readonly jitter?: number;
  readonly pointpos?: number;
  readonly marker?: { readonly color?: string; readonly size?: number };
  readonly line?: Line;
  readonly fillcolor?: string;
}

export type Trace = ScatterTrace | BarTrace | HeatmapTrace | BoxTrace;

export interface Axis {
  readonly title?: Title;
  readonly type?: "linear" | "log" | "category";
  readonly range?: readonly [number, number];
  readonly autorange?: boolean | "reversed";
  readonly rangemode?: "normal" | "tozero" | "nonnegative";
  readonly domain?: readonly [number, number];
  readonly anchor?: string;
  readonly matches?: string;
  readonly tickmode?: "auto" | "linear" | "array";
  readonly tickvals?: Values;
  readonly ticktext?: readonly string[];
  readonly tickformat?: string;
  readonly exponentformat?: "e" | "power" | "SI";
  readonly tickangle?: number;
  readonly nticks?: number;
  readonly dtick?: number;
  readonly tickfont?: Font;
  readonly showticklabels?: boolean;
  readonly showgrid?: boolean;
  readonly zeroline?: boolean;
  readonly showline?: boolean;
  readonly automargin?: boolean;
  readonly scaleanchor?: string;
  readonly constrain?: "domain";
  readonly gridcolor?: string;
  readonly linecolor?: string;
  readonly zerolinecolor?: string;
  readonly ticks?: "outside" | "";
  readonly tickcolor?: string;
}

export interface Annotation {
  readonly text: string;
  readonly x: number | string;
  readonly y: number | string;
  readonly xref?: string;
  readonly yref?: string;
  readonly xanchor?: "left" | "center" | "right";
  readonly yanchor?: "top" | "middle" | "bottom";
  readonly xshift?: number;
  readonly yshift?: number;
  readonly showarrow?: boolean;
  readonly ax?: number;
  readonly ay?: number;
  readonly arrowhead?: number;
  readonly arrowcolor?: string;
  readonly align?: "left" | "center" | "right";
  readonly font?: Font;
  readonly bgcolor?: string;
}

export interface Shape {
  readonly type: "line" | "rect";
  readonly x0: number | string;
  readonly x1: number | string;
  readonly y0: number | string;
  readonly y1: number | string;
  readonly xref?: string;
  readonly yref?: string;
  readonly line?: Line;
  readonly fillcolor?: string;
  readonly layer?: "above" | "below";
}

/** Axes are named as in plotly: `xaxis`, `xaxis2` ... */
type Axes = { readonly [name in `${"x" | "y"}axis${"" | number}`]?: Axis };

export interface Layout extends Axes {
  readonly title?: Title;
  /** Pixels. The width is left to the page; static pictures are 700 wide. */
  readonly height?: number;
  readonly width?: number;
  readonly margin?: { readonly l?: number; readonly r?: number; readonly t?: number; readonly b?: number };
  readonly template?: { readonly layout: object };
  readonly showlegend?: boolean;
  readonly legend?: object;
  readonly legend2?: object;
  readonly legend3?: object;
  readonly barmode?: "group" | "stack" | "relative" | "overlay";
  readonly bargap?: number;
  readonly hovermode?: "x unified" | "closest" | "x" | false;
  readonly annotations?: readonly Annotation[];
  readonly shapes?: readonly Shape[];
  /** Id of the samples that belong to the figure; the dark colours of its light ones, where it has some. */
  readonly meta?: { readonly samples?: string; readonly dark?: DarkColors | undefined };
}

/** A figure as plotly.js, JupyterLab's renderer and a file take it. */
export interface PlotlyJson {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  readonly config: Readonly<Record<string, unknown>>;
}
