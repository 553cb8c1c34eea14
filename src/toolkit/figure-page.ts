/**
 * Plotly figures in a page that opens offline: one copy of plotly.js, each figure as JSON beside its place, light and dark.
 *
 * A figure may say in `layout.meta.dark` which colour stands for which in the dark; without that it stays as it is, on a
 * white card. The page follows the system, and a button chooses.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Light colour to dark colour, both as #RRGGBB in capitals. */
export type DarkColors = Readonly<Record<string, string>>;

/**
 * A copy of plotly JSON with other colours: strings that are a colour (#RRGGBB, rgb(...), rgba(...)), and those in a text's
 * `color:`. Names, coordinates and what users wrote stay. Also runs in pages, as its own text: it must use nothing from
 * outside.
 */
export function recolour<T>(value: T, colors: DarkColors): T {
  const other = (color: string): string => colors[color.toUpperCase()] ?? color;
  const inBase16 = (part: string): string => Number(part).toString(16).padStart(2, "0");
  const ofRgb = (whole: string, red: string, green: string, blue: string, alpha: string | undefined): string => {
    const found = colors[`#${inBase16(red)}${inBase16(green)}${inBase16(blue)}`.toUpperCase()];
    if (found === undefined) return whole;
    const parts = [1, 3, 5].map((at) => Number.parseInt(found.slice(at, at + 2), 16));
    return alpha === undefined ? `rgb(${parts.join(",")})` : `rgba(${parts.join(",")},${alpha})`;
  };
  const ofText = (text: string): string =>
    text
      .replace(/^#[0-9a-f]{6}$/i, other)
      .replace(/^rgba?\((\d+), ?(\d+), ?(\d+)(?:, ?([\d.]+))?\)$/, ofRgb)
      .replace(/color:(#[0-9a-f]{6})/gi, (_, color: string) => `color:${other(color)}`);
  const content = ["x", "y", "z", "name", "legendgroup", "customdata", "hovertemplate", "meta"];
  const of = (item: unknown, key: string): unknown => {
    if (typeof item === "string") return ofText(item);
    if (typeof item !== "object" || item === null) return item;
    if (Array.isArray(item)) return key === "text" ? item : item.map((one) => of(one, ""));
    const entries = Object.entries(item).map(([name, one]) => [name, content.includes(name) ? one : of(one, name)]);
    return Object.fromEntries(entries);
  };
  return of(value, "") as T;
}

/** A figure's place and its JSON. */
export function figurePlace(figure: unknown): string {
  const height = heightOf(figure);
  return `<div class="plot" style="min-height:${height}px"></div><script type="application/json">${safeJson(figure)}</script>`;
}

/** Pixels, where a figure does not say; plotly's own default is 450. */
const defaultHeight = 420;

function heightOf(figure: unknown): number {
  const layout: unknown = typeof figure === "object" && figure !== null ? Reflect.get(figure, "layout") : undefined;
  const height: unknown = typeof layout === "object" && layout !== null ? Reflect.get(layout, "height") : undefined;
  return typeof height === "number" ? height : defaultHeight;
}

let library: string | undefined;

/** plotly.js (cartesian, 1.4 MB) and the lines that draw the page's figures: to stand after the last one. */
export function figureScripts(): string {
  library ??= readFileSync(createRequire(import.meta.url).resolve("plotly.js/dist/plotly-cartesian.min.js"), "utf8");
  return `<script>${safeScript(library)}</script>\n<script>(${draw})(${recolour})</script>`;
}

/** Light and dark by the system, or by the button: put first into the page's style. Colours are then `light-dark(a, b)`. */
export const themeCss = `:root{color-scheme:light dark}
:root[data-theme=light]{color-scheme:light}
:root[data-theme=dark]{color-scheme:dark}
@media print{:root,:root[data-theme=dark]{color-scheme:light}.theme{display:none}}
.theme{position:absolute;top:6px;right:12px;font:12px system-ui,sans-serif;color:inherit;background:transparent;border:1px solid color-mix(in srgb,currentColor 40%,transparent);border-radius:4px;padding:3px 8px;cursor:pointer}
.plot{width:100%;border-radius:6px}
.plot.card{background:#fff}`;

/** Draws the figures as wide as the page, again when the colours change; zoom and what the legend hides stay. Runs in the page. */
const draw = `function (recolour) {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const isDark = () => !printing && (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const figures = [...document.querySelectorAll(".plot + script")].map((script) => [script.previousElementSibling, script.textContent]);
  const draw = () => {
    for (const [place, text] of figures) {
      const figure = JSON.parse(text);
      const colors = figure.layout && figure.layout.meta && figure.layout.meta.dark;
      place.classList.toggle("card", !colors);
      const { data, layout: { width, ...layout } = {} } = colors && isDark() ? recolour(figure, colors) : figure;
      const config = { responsive: true, displaylogo: false, ...figure.config };
      Plotly.react(place, data, { ...layout, autosize: true, uirevision: "kept" }, config);
    }
  };
  const button = document.createElement("button");
  const names = ["system", "light", "dark"];
  const name = () => names.includes(root.dataset.theme) ? root.dataset.theme : "system";
  const label = () => { button.textContent = "Colours: " + name(); };
  button.type = "button";
  button.className = "theme";
  button.addEventListener("click", () => {
    const next = names[(names.indexOf(name()) + 1) % names.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    label();
    draw();
  });
  label();
  document.body.append(button);
  system.addEventListener("change", draw);
  for (const [event, value] of [["beforeprint", true], ["afterprint", false]])
    addEventListener(event, () => { printing = value; draw(); });
  draw();
}`;

/** JSON that cannot end its script element: every "<" as an escape. */
function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Script text that cannot end its element, or begin a comment in it: both can only stand in strings and patterns. */
function safeScript(text: string): string {
  return text.replaceAll(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "\\x3C!--");
}
