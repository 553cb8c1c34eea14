/** The thread that draws static pictures: a request in, SVG text or PNG bytes out. */
import { parentPort } from "node:worker_threads";
import type { PlotlyJson } from "../traces.ts";
import { loadPlotly } from "./plotly.ts";
import { loadRasterizer } from "./rasterizer.ts";

export type PictureRequest =
  | { readonly id: number; readonly kind: "svg"; readonly figure: PlotlyJson; readonly width: number }
  | { readonly id: number; readonly kind: "png"; readonly svg: string; readonly scale: number };

export type PictureReply =
  | { readonly id: number; readonly kind: "done"; readonly result: string | Uint8Array }
  /** `missing`: the optional package that is not installed. */
  | { readonly id: number; readonly kind: "failed"; readonly message: string; readonly missing?: string };

let plotly: ReturnType<typeof loadPlotly> | undefined;
let rasterizer: ReturnType<typeof loadRasterizer> | undefined;
let queue: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: PictureRequest) => {
  queue = queue.then(async () => parentPort?.postMessage(await answer(request)));
});

async function answer(request: PictureRequest): Promise<PictureReply> {
  try {
    return { id: request.id, kind: "done", result: await picture(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const missing = /Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1];
    return { id: request.id, kind: "failed", message, ...(missing === undefined ? {} : { missing }) };
  }
}

async function picture(request: PictureRequest): Promise<string | Uint8Array> {
  if (request.kind === "svg") {
    plotly ??= loadPlotly();
    return (await plotly)(request.figure, request.width);
  }
  rasterizer ??= loadRasterizer();
  return (await rasterizer)(request.svg, request.scale);
}
