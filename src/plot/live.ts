/**
 * A figure that follows a run. One output, updated in place as steps arrive.
 *
 * While the run goes on the output holds a static SVG (or text, where none can be made); at the end it becomes the
 * plotly figure. JupyterLab's plotly renderer ignores updates of a figure it has drawn, so plotly comes once, last.
 */
import { randomUUID } from "node:crypto";
import { type Figure, interactiveBundle, jupyterDisplay, type MimeBundle } from "./figure.ts";
import { renderSvg } from "./static.ts";
import { kernelSurface, type Surface } from "./surface.ts";
import { type TrainingRecord, trainingFigure } from "./training.ts";

/** What is read of a run. */
export interface LiveRun {
  readonly records: readonly TrainingRecord[];
  readonly finished: Promise<unknown>;
  onStep(listener: () => void): () => void;
}

export interface LiveFigure {
  /** The figure of the steps so far. */
  current(): Figure;
  /**
   * Shows the figure and keeps it up to date until the run ends.
   *
   * @returns the path of the page, where files are written, once the first state is shown
   */
  follow(surface: Surface, id?: string): Promise<string | undefined>;
  /** Resolves when the state at the end of the run is shown on every surface that follows. Never rejects. */
  readonly settled: Promise<void>;
  /** In our kernel, starts following and returns an empty bundle (all is shown already); elsewhere the current state. */
  [jupyterDisplay](): Promise<MimeBundle>;
}

/** No more than four pictures a second, and a 25th of the time spent on them, as far as a wait of 2 s allows. Our choice. */
const [shortestPauseMs, longestPauseMs] = [250, 2000];
const pausePerDrawing = 24;

/** Training curves of a run, live: `display(liveCurves(run))`. */
export function liveCurves(run: LiveRun): LiveFigure {
  let note: string | undefined;
  const current = (): Figure => trainingFigure(run.records, note === undefined ? {} : { note });
  const ended = run.finished.then(
    (result) => {
      if (endedEarly(result)) note = "stopped early";
    },
    (error: unknown) => {
      note = `ended by an error: ${error instanceof Error ? error.message : String(error)}`;
    },
  );
  const followers: Promise<void>[] = [];
  const follow = async (surface: Surface, id?: string): Promise<string | undefined> => {
    const name = id ?? (surface.name === "files" ? undefined : randomUUID());
    const shown = surface.show(surface.name === "files" ? interactiveBundle(current()) : wordsOf(current()), name);
    const follower = shown.then((path) => keepUp({ run, ended, current, surface, id: path ?? name ?? "" }));
    followers.push(follower.catch((error) => process.emitWarning(`live figure: ${error}`, "PlotWarning")));
    return await shown;
  };
  return {
    current,
    follow,
    settled: ended.then(async () => void (await Promise.all(followers))),
    [jupyterDisplay]: async () => {
      const surface = kernelSurface();
      if (surface === undefined) return await current().bundle();
      await follow(surface);
      return {};
    },
  };
}

/** Whether a value is a live figure. */
export function isLive(value: unknown): value is LiveFigure {
  return typeof value === "object" && value !== null && "follow" in value && "settled" in value;
}

interface Following {
  readonly run: LiveRun;
  readonly ended: Promise<void>;
  readonly current: () => Figure;
  readonly surface: Surface;
  readonly id: string;
}

/** Draws as steps arrive, one picture at a time, and the last state exactly. */
async function keepUp({ run, ended, current, surface, id }: Following): Promise<void> {
  let [waiting, over] = [true, false];
  let wake = (): void => undefined;
  const stop = run.onStep(() => {
    waiting = true;
    wake();
  });
  const end = ended.then(() => {
    over = true;
    wake();
  });
  while (surface.live && !over) {
    if (!waiting) await new Promise<void>((resolve) => (wake = resolve));
    if (over) break;
    waiting = false;
    const start = performance.now();
    const bundle = await pictureOf(current());
    if (over) break;
    await surface.update(bundle, id);
    const wanted = pausePerDrawing * (performance.now() - start);
    await Promise.race([end, pause(Math.min(longestPauseMs, Math.max(shortestPauseMs, wanted)))]);
  }
  await end;
  stop();
  const last = current();
  await surface.update(interactiveBundle(last), id); // at once: the kernel may be about to stop
  const bundle = await last.bundle();
  if (Object.keys(bundle).length > 2) await surface.update(bundle, id);
}

async function pictureOf(figure: Figure): Promise<MimeBundle> {
  const svg = await renderSvg(figure.toJSON(), { optional: true });
  return svg === undefined ? wordsOf(figure) : { "image/svg+xml": svg, ...wordsOf(figure) };
}

function wordsOf(figure: Figure): MimeBundle {
  return { "text/plain": figure.summary };
}

function endedEarly(result: unknown): boolean {
  return typeof result === "object" && result !== null && "stopped" in result && result.stopped !== "finished";
}

/** A wait that keeps no process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
