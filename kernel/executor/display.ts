/** `display` of cells, the display host of libraries, and tslab's display functions. */
import { asBundle, belowId, mimeValue, splitBelow, toBundle } from "./bundle.ts";
import type { ExecutorEventBody, MimeBundle } from "./events.ts";
import type { CellRun } from "./run.ts";

export interface DisplayOptions {
  /** A name for this display: another `display` of the same name in any cell replaces it in place. */
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** tslab's display functions: one MIME type each. */
export interface RawDisplay {
  javascript(text: string): void;
  html(text: string): void;
  markdown(text: string): void;
  latex(text: string): void;
  svg(text: string): void;
  png(bytes: Uint8Array): void;
  jpeg(bytes: Uint8Array): void;
  gif(bytes: Uint8Array): void;
  pdf(bytes: Uint8Array): void;
  text(text: string): void;
  json(value: unknown): void;
  raw(mime: string, content: unknown): void;
}

export interface CellDisplay extends RawDisplay {
  /** Shows a value. The promise, for values that are not ready, settles when it is shown; the cell waits for it. */
  (value: unknown, options?: DisplayOptions): Promise<void> | undefined;
  clear(wait?: boolean): void;
}

/** Sends displays to the cells they belong to. */
export class Displays {
  readonly #send: (run: CellRun, body: ExecutorEventBody) => void;
  /** The run that showed a display id last: updates are credited to it. */
  readonly #owners = new Map<string, CellRun>();
  #nextId = 1;

  constructor(send: (run: CellRun, body: ExecutorEventBody) => void) {
    this.#send = send;
  }

  /** Shows a bundle; one of an id that this run has shown already replaces that display. */
  bundle(run: CellRun, bundle: MimeBundle, { id, metadata = {} }: DisplayOptions = {}): undefined {
    if (Object.keys(bundle).length === 0) return; // the value has shown itself
    const { shown, below } = splitBelow(bundle);
    this.#one(run, shown, { ...(id !== undefined && { id }), metadata });
    if (below !== undefined) this.#one(run, below, id === undefined ? {} : { id: belowId(id) });
  }

  /** Replaces what is shown under an id, in the cell where it stands; shows it when it is not there yet. */
  update(run: CellRun, bundle: MimeBundle, { id, metadata = {} }: DisplayOptions & { readonly id: string }): undefined {
    const { shown, below } = splitBelow(bundle);
    this.#replace(run, shown, { id, metadata });
    if (below !== undefined) this.#replace(run, below, { id: belowId(id) });
  }

  #one(run: CellRun, data: MimeBundle, { id, metadata = {} }: DisplayOptions): undefined {
    const meta = asBundle(metadata);
    if (id === undefined) {
      this.#send(run, { kind: "display", data, metadata: meta });
      return;
    }
    if (this.#owners.get(id) === run) return this.#replace(run, data, { id, metadata });
    this.#owners.set(id, run);
    this.#send(run, { kind: "display", data, metadata: meta, displayId: id });
  }

  #replace(run: CellRun, data: MimeBundle, { id, metadata = {} }: DisplayOptions & { readonly id: string }): undefined {
    const owner = this.#owners.get(id);
    if (!owner) this.#one(run, data, { id, metadata });
    else this.#send(owner, { kind: "updateDisplay", data, metadata: asBundle(metadata), displayId: id });
  }

  show(run: CellRun, value: unknown, options?: DisplayOptions): Promise<void> | undefined {
    const bundle = toBundle(value);
    if (!(bundle instanceof Promise) && !run.displays) {
      this.bundle(run, bundle, options);
      return undefined;
    }
    const before = run.displays ?? Promise.resolve();
    const shown = before.then(async () => this.bundle(run, await bundle, options));
    run.displays = shown.catch((error: unknown) => {
      run.displayFailure ??= { error };
    });
    return shown;
  }

  clear(run: CellRun, wait: boolean): void {
    this.#send(run, { kind: "clear", wait });
  }

  /** The `display` function of cells; `owner` says to which run a call belongs. */
  forCells(owner: () => CellRun): CellDisplay {
    const display = (value: unknown, options?: DisplayOptions): Promise<void> | undefined =>
      this.show(owner(), value, options);
    const raw = rawDisplay((data) => this.bundle(owner(), data));
    return Object.assign(display, raw, { clear: (wait = false) => this.clear(owner(), wait) });
  }

  /** tslab's `newDisplay()`: one display that each call overwrites. */
  newDisplay(owner: () => CellRun): RawDisplay {
    const id = `display-${process.pid}-${this.#nextId++}`;
    return rawDisplay((data) => this.bundle(owner(), data, { id }));
  }
}

function rawDisplay(show: (data: MimeBundle) => void): RawDisplay {
  const raw = (mime: string, content: unknown): void => show({ [mime]: mimeValue(content) });
  return {
    raw,
    javascript: (text) => raw("text/javascript", text),
    html: (text) => raw("text/html", text),
    markdown: (text) => raw("text/markdown", text),
    latex: (text) => raw("text/latex", text),
    svg: (text) => raw("image/svg+xml", text),
    png: (bytes) => raw("image/png", bytes),
    jpeg: (bytes) => raw("image/jpeg", bytes),
    gif: (bytes) => raw("image/gif", bytes),
    pdf: (bytes) => raw("application/pdf", bytes),
    text: (text) => raw("text/plain", text),
    json: (value) => raw("application/json", value),
  };
}
