/** Styles of named series, such as methods that are compared: told apart by dash and marker too, for greyscale. */
import { color, type RoleStyle, thin } from "./theme.ts";
import type { Dash } from "./traces.ts";

const colors = ["blue", "red", "green", "pink", "amber", "sky", "grey"] as const;
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
  const name = colors[i % colors.length] ?? "grey";
  return {
    color: color(name),
    band: thin(name, 0.18),
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
