/** Styles of named series, such as methods that are compared: told apart by dash and marker too, for greyscale. */
import type { RoleStyle } from "./theme.ts";
import type { Dash } from "./traces.ts";

// Okabe and Ito 2008, darkest contrast first; yellow is left out, since it is too pale for a line on white.
const colors: readonly (readonly [hex: string, rgb: string])[] = [
  ["#0072B2", "0,114,178"],
  ["#D55E00", "213,94,0"],
  ["#009E73", "0,158,115"],
  ["#CC79A7", "204,121,167"],
  ["#E69F00", "230,159,0"],
  ["#56B4E9", "86,180,233"],
  ["#5A5A5A", "90,90,90"],
];
const dashes: readonly Dash[] = ["solid", "dash", "dot", "dashdot", "longdash"];
const symbols = [
  "circle",
  "square",
  "diamond",
  "triangle-up",
  "x",
  "circle-open",
  "square-open",
  "diamond-open",
] as const;

/** Style of the i-th series. Colours repeat after 7, the pair of colour and dash after 35. */
export function seriesStyle(i: number): RoleStyle {
  const [color, rgb] = colors[i % colors.length] ?? ["#5A5A5A", "90,90,90"];
  return {
    color,
    band: `rgba(${rgb},0.18)`,
    dash: dashes[i % dashes.length] ?? "solid",
    symbol: symbols[i % symbols.length] ?? "circle",
    pattern: "",
  };
}

/** Marker sizes of a long line: about so many of its points are marked, the rest are bare; series are offset. */
export function sparseMarkers(points: number, series: number, marked = 8): number[] {
  const every = Math.max(1, Math.round(points / marked));
  const first = Math.round((every * (series % 4)) / 4);
  return Array.from({ length: points }, (_, i) => (i % every === first ? 7 : 0));
}
