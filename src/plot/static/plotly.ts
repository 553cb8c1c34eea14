/**
 * plotly.js inside happy-dom: a figure's JSON becomes SVG text. Runs in its own thread, because both put their names on
 * the global object.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { PlotlyJson } from "../traces.ts";
import { pngAddress, type Raster, raster, rasterContext } from "./canvas.ts";
import { type Box, type DomNode, ownBox, pageBox, textLength } from "./geometry.ts";

interface DomElement extends DomNode {
  appendChild(child: DomElement): void;
  remove(): void;
}

/** What is used of happy-dom's window. */
interface DomWindow {
  readonly document: { readonly body: DomElement; createElement(name: string): DomElement };
  readonly Element: { readonly prototype: object };
  readonly SVGElement: { readonly prototype: object };
  readonly HTMLCanvasElement: { readonly prototype: object };
  readonly URL: object;
}

/** What is used of plotly.js. */
interface Plotly {
  newPlot(element: DomElement, figure: object): Promise<unknown>;
  purge(element: DomElement): void;
  setPlotConfig(config: object): void;
  readonly Snapshot: { toSVG(element: DomElement, format: "svg"): string };
}

interface Canvas {
  readonly width: number;
  readonly height: number;
}

const globals = ["document", "navigator", "XMLSerializer", "DOMParser", "MutationObserver", "HTMLElement", "Element"];
const globalFunctions = ["getComputedStyle", "requestAnimationFrame", "cancelAnimationFrame"];

/** A function from a figure to SVG text. Loading takes half a second, a figure 50 to 300 ms. */
export async function loadPlotly(): Promise<(figure: PlotlyJson, width: number) => Promise<string>> {
  const happyDom: string = "happy-dom"; // a variable, so that the types build where the optional package is absent
  const { Window } = await import(happyDom);
  const window: DomWindow = new Window({ width: 1024, height: 768 });
  addLayout(window);
  addCanvas(window);
  setGlobals(window);
  const plotly: Plotly = createRequire(import.meta.url)("plotly.js/dist/plotly-cartesian.min.js");
  plotly.setPlotConfig({ logging: 0, notifyOnLogging: 0 });
  return (figure, width) => draw(plotly, window, figure, width);
}

async function draw(plotly: Plotly, window: DomWindow, figure: PlotlyJson, width: number): Promise<string> {
  const element = window.document.createElement("div");
  window.document.body.appendChild(element);
  try {
    const data = figure.data.map((trace, i) => ({ ...trace, uid: `t${i}` }));
    const layout = { ...figure.layout, width: figure.layout.width ?? width, height: figure.layout.height ?? 420 };
    await plotly.newPlot(element, { data, layout, config: { staticPlot: true, _exportedPlot: true } });
    const svg = plotly.Snapshot.toSVG(element, "svg");
    return withStableIds(svg, createHash("sha256").update(JSON.stringify(figure)).digest("hex").slice(0, 6));
  } finally {
    plotly.purge(element);
    element.remove();
  }
}

/** plotly draws a random id per plot for its clip paths; a figure's own hash keeps one page's pictures apart. */
function withStableIds(svg: string, hash: string): string {
  const drawn = /id="defs-(\w{6})"/.exec(svg)?.[1];
  return drawn === undefined ? svg : svg.replaceAll(drawn, hash);
}

function addLayout(window: DomWindow): void {
  Object.assign(window.Element.prototype, {
    getBoundingClientRect(this: DomNode) {
      return rectangle(pageBox(this));
    },
  });
  Object.assign(window.SVGElement.prototype, {
    getBBox(this: DomNode) {
      return rectangle(ownBox(this));
    },
    getComputedTextLength(this: DomNode) {
      return textLength(this);
    },
  });
}

function rectangle(box: Box): Box & { x: number; y: number; width: number; height: number } {
  return { ...box, x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
}

function addCanvas(window: DomWindow): void {
  const rasters = new WeakMap<Canvas, Raster>();
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: Canvas) {
      const target = raster(this.width, this.height);
      rasters.set(this, target);
      return rasterContext(target);
    },
    toDataURL(this: Canvas) {
      return pngAddress(rasters.get(this) ?? raster(this.width, this.height));
    },
  });
}

function setGlobals(window: DomWindow): void {
  Object.assign(window.URL, { createObjectURL: () => "" });
  const source: Readonly<Record<string, unknown>> = { ...window };
  const set = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  set("window", window);
  set("self", window);
  const read = (name: string): unknown => source[name] ?? Reflect.get(window, name);
  for (const name of globals) set(name, read(name));
  for (const name of globalFunctions) {
    const value = read(name);
    if (typeof value === "function") set(name, value.bind(window));
  }
}
