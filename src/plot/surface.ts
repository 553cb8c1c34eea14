/**
 * Where figures are shown: a notebook kernel that is there, or files. A host is found by the object it puts in place,
 * never by guessing from the environment.
 */

import type { MimeBundle } from "./figure.ts";
import { writeFigure } from "./figure-files.ts";

/** A place that takes bundles and can replace one by its id. */
export interface Surface {
  readonly name: "kernel" | "tslab" | "deno" | "files";
  /** Whether somebody may watch updates come; where not, only the first and the last state are worth drawing. */
  readonly live: boolean;
  /** Whether a cell's output is credited by the moment it is sent, so that the first bundle must not wait for a picture. */
  readonly immediate: boolean;
  /** Returns the path of the page, where files are written; it is then the id for updates. */
  show(bundle: MimeBundle, id: string | undefined): Promise<string | undefined>;
  update(bundle: MimeBundle, id: string): Promise<void>;
}

/** What our kernel installs. `live` is false where it runs a notebook headless. */
interface DisplayHost {
  readonly live?: boolean;
  display(bundle: MimeBundle, options?: { readonly id?: string }): void;
  update(bundle: MimeBundle, options: { readonly id: string }): void;
}

/** The host around this code: our kernel, tslab's, Deno's, or none of them, where figures become files. */
export function findSurface(): Surface {
  return kernelSurface() ?? tslabSurface() ?? denoSurface() ?? filesSurface();
}

/** Our kernel's surface, if this is our kernel. */
export function kernelSurface(): Surface | undefined {
  const host = globalProperty<DisplayHost>(Symbol.for("rlvr.display"));
  if (host === undefined) return undefined;
  return {
    name: "kernel",
    live: host.live ?? true,
    immediate: false,
    show: async (bundle, id) => void host.display(bundle, id === undefined ? {} : { id }),
    update: async (bundle, id) => host.update(bundle, { id }),
  };
}

interface Tslab {
  readonly display: { raw(mime: string, data: unknown): void };
}

type WriteDisplayData = (content: object, update: boolean) => void;

/** What tslab's executor puts on the global object for its cells: their `require`, which knows tslab's own modules. */
interface TslabGlobal {
  readonly require: ((name: string) => Tslab) & {
    readonly cache?: Readonly<Record<string, { readonly filename?: string; readonly exports?: unknown } | undefined>>;
  };
}

function tslabSurface(): Surface | undefined {
  const tslab = globalProperty<TslabGlobal>("__tslab__");
  if (tslab === undefined) return undefined;
  const send = async (data: MimeBundle, id: string | undefined, update: boolean): Promise<undefined> => {
    const write = tslabWriter(tslab);
    if (write !== undefined) write({ data, metadata: {}, transient: { display_id: id } }, update);
    else if (!update) for (const [mime, part] of Object.entries(data)) tslab.require("tslab").display.raw(mime, part);
  };
  return {
    name: "tslab",
    live: true,
    immediate: true,
    show: (bundle, id) => send(bundle, id, false),
    update: (bundle, id) => send(bundle, id, true),
  };
}

/** tslab's public `display.raw` sends one mime type a message; its writer takes a bundle and an id. */
function tslabWriter(tslab: TslabGlobal): WriteDisplayData | undefined {
  tslab.require("tslab"); // loads the modules that are looked through next
  const loaded = Object.values(tslab.require.cache ?? {});
  const module = loaded.find((candidate) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(candidate?.filename ?? ""));
  const exports = module?.exports;
  if (typeof exports !== "object" || exports === null || !("lastWriteDisplayData" in exports)) return undefined;
  const write = exports.lastWriteDisplayData;
  return typeof write === "function" ? (content, update) => write(content, update) : undefined;
}

interface DenoGlobal {
  readonly jupyter: { broadcast(type: string, content: object): Promise<void> };
}

function denoSurface(): Surface | undefined {
  const deno = globalProperty<DenoGlobal>("Deno");
  if (deno === undefined || !hasJupyter(deno)) return undefined;
  const send = (type: string, data: MimeBundle, id: string | undefined) =>
    deno.jupyter.broadcast(type, { data, metadata: {}, transient: id === undefined ? {} : { display_id: id } });
  return {
    name: "deno",
    live: true,
    immediate: true,
    show: async (bundle, id) => void (await send("display_data", bundle, id)),
    update: (bundle, id) => send("update_display_data", bundle, id),
  };
}

/** Outside `deno jupyter`, reading the property throws. */
function hasJupyter(deno: DenoGlobal): boolean {
  try {
    return typeof deno.jupyter.broadcast === "function";
  } catch {
    return false;
  }
}

function filesSurface(): Surface {
  return {
    name: "files",
    live: false,
    immediate: false,
    show: (bundle, id) => writeFigure(bundle, id),
    update: async (bundle, id) => void (await writeFigure(bundle, id)),
  };
}

function globalProperty<T>(name: string | symbol): T | undefined {
  return Reflect.get(globalThis, name);
}
