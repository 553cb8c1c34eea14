/**
 * Static pictures of figures without a browser: plotly.js draws into happy-dom in a thread of its own, resvg turns SVG
 * into PNG. Both packages are optional.
 */
import { Worker } from "node:worker_threads";
import { entryPoint } from "../toolkit/entry-point.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { PictureReply, PictureRequest } from "./static/worker.ts";
import type { PlotlyJson } from "./traces.ts";

/** Pixels, where a figure does not say. What a notebook's column holds on a small screen. */
const defaultWidth = 700;
/** PNG pixels per SVG pixel: sharp on dense screens. */
const defaultScale = 2;

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
interface Pending {
  readonly resolve: (result: string | Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** A package that is not installed: what it is and how to get it. */
class MissingPackage extends Error {
  override readonly name = "MissingPackage";
}

/**
 * A figure as SVG text.
 *
 * @param options.width pixels, where the figure's layout has none; default 700
 * @param options.optional `undefined`, with one warning, where happy-dom is not installed; default false
 * @throws UsageError when happy-dom is not installed, or plotly cannot draw the figure
 */
export function renderSvg(figure: PlotlyJson, options?: { readonly width?: number }): Promise<string>;
export function renderSvg(
  figure: PlotlyJson,
  options: { readonly width?: number; readonly optional: true },
): Promise<string | undefined>;
export async function renderSvg(
  figure: PlotlyJson,
  { width = defaultWidth, optional = false }: { readonly width?: number; readonly optional?: boolean } = {},
): Promise<string | undefined> {
  const result = await orMissing("renderSvg", optional, () => ask({ kind: "svg", figure, width }));
  return result === undefined ? undefined : String(result);
}

/**
 * A figure as PNG bytes.
 *
 * @param options.scale PNG pixels per SVG pixel; default 2
 * @param options.optional `undefined`, with one warning, where a package is not installed; default false
 * @throws UsageError when a package or every font is missing, or plotly cannot draw the figure
 */
export function renderPng(
  figure: PlotlyJson,
  options?: { readonly width?: number; readonly scale?: number },
): Promise<Uint8Array>;
export function renderPng(
  figure: PlotlyJson,
  options: { readonly width?: number; readonly scale?: number; readonly optional: true },
): Promise<Uint8Array | undefined>;
export async function renderPng(
  figure: PlotlyJson,
  options: { readonly width?: number; readonly scale?: number; readonly optional?: boolean } = {},
): Promise<Uint8Array | undefined> {
  const { width = defaultWidth, scale = defaultScale, optional = false } = options;
  return orMissing("renderPng", optional, async () => {
    const svg = await ask({ kind: "svg", figure, width });
    const png = await ask({ kind: "png", svg: String(svg), scale });
    return typeof png === "string" ? Buffer.from(png) : png;
  });
}

const warned = new Set<string>();

async function orMissing<T>(where: string, optional: boolean, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!(error instanceof MissingPackage)) refuse(where, error.message, "see the cause", error);
    if (!optional) refuse(where, error.message, "install it, or go without the static picture", error);
    if (!warned.has(error.message)) process.emitWarning(`no static pictures: ${error.message}`, "PlotWarning");
    warned.add(error.message);
    return undefined;
  }
}

let worker: Worker | undefined;
let lastId = 0;
const pending = new Map<number, Pending>();

/** Sends one request to the drawing thread, which keeps the process alive only while it has work. */
function ask(request: WithoutId<PictureRequest>): Promise<string | Uint8Array> {
  worker ??= start();
  const id = ++lastId;
  worker.ref();
  worker.postMessage({ ...request, id });
  return new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
}

function start(): Worker {
  const started = new Worker(entryPoint("./static/worker.ts", import.meta.url), { name: "plot-static" });
  started.on("message", (reply: PictureReply) => {
    const asked = pending.get(reply.id);
    pending.delete(reply.id);
    if (pending.size === 0) started.unref();
    if (reply.kind === "done") asked?.resolve(reply.result);
    else asked?.reject(failure(reply.message, reply.missing));
  });
  const stop = (error: Error) => {
    worker = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  started.on("error", stop);
  started.on("exit", (code) => stop(new Error(`the drawing thread ended with code ${code}`)));
  return started;
}

function failure(message: string, missing: string | undefined): Error {
  if (missing === undefined) return new Error(message);
  return new MissingPackage(`the optional package ${missing} is not installed (npm install ${missing})`);
}
