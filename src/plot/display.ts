/**
 * Shows a value wherever the code runs: our kernel, tslab's, Deno's, or a plain script, where figures become files.
 *
 * A figure's bundle takes a moment (its static picture is drawn in another thread). Kernels that credit output to the
 * cell that runs when it is sent get the interactive figure at once and the picture as an update of the same output.
 */
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { belowOf, interactiveBundle, isFigure, jupyterDisplay, type MimeBundle, withoutBelow } from "./figure.ts";
import { isLive } from "./live.ts";
import { findSurface, type Surface } from "./surface.ts";

export interface DisplayOptions {
  /** Display id in a notebook, file name in a script. Default: none, a name made of the title. */
  readonly id?: string;
  /** Replaces what was shown under `id`. Default false. */
  readonly update?: boolean;
}

/**
 * Shows a figure, a live figure, a value that says how it is displayed (`Symbol.for("Jupyter.display")`), or text.
 *
 * @returns in a plain script the path of the page (`out/<name>.html`), which is also printed; in a notebook nothing.
 * Await it where what follows needs the output complete; live figures resolve when their first state is shown.
 */
export function display(value: unknown, options: DisplayOptions = {}): Promise<string | undefined> {
  const shown = show(findSurface(), value, options).then((path) => {
    if (path !== undefined) process.stdout.write(`figure ${path}\n`);
    return path;
  });
  return Object.assign(shown, { [inspect.custom]: () => "shown" }); // tslab prints what a cell ends with
}

async function show(surface: Surface, value: unknown, options: DisplayOptions): Promise<string | undefined> {
  const { id, update = false } = options;
  if (isLive(value)) return await value.follow(surface, id);
  if (surface.immediate && isFigure(value)) {
    const name = id ?? randomUUID();
    await send(surface, interactiveBundle(value), name, update);
    const bundle = await value.bundle();
    await send(surface, withoutBelow(bundle), name, true);
    const below = belowOf(bundle);
    return below === undefined ? undefined : await send(surface, below, `${name}/below`, update);
  }
  return await send(surface, await bundleOf(value), id, update);
}

async function send(
  surface: Surface,
  bundle: MimeBundle,
  id: string | undefined,
  update: boolean,
): Promise<string | undefined> {
  if (!update || id === undefined) return await surface.show(bundle, id);
  await surface.update(bundle, id);
  return undefined;
}

async function bundleOf(value: unknown): Promise<MimeBundle> {
  if (isFigure(value)) return await value.bundle();
  if (isDisplayable(value)) return await value[jupyterDisplay]();
  return { "text/plain": typeof value === "string" ? value : inspect(value) };
}

interface Displayable {
  [jupyterDisplay](): MimeBundle | Promise<MimeBundle>;
}

function isDisplayable(value: unknown): value is Displayable {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, jupyterDisplay) === "function";
}
