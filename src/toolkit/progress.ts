/** Progress of long work, told to whoever shows it (a notebook runner, a terminal); silent where nobody does. */

/** How far a piece of work is. */
export interface ProgressEvent {
  /** What is running, such as `"train chain-addition"`; events of one task replace each other. */
  readonly task: string;
  /** Units done so far, of `total`. */
  readonly done: number;
  readonly total: number;
  /** What is counted, such as `"steps"`. */
  readonly unit?: string;
  /** Current values worth seeing, such as reward and tokens/s. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Estimated time to the end. */
  readonly secondsLeft?: number;
}

const HOST = Symbol.for("rlvr.progress");

/** Tells the host that shows progress, when there is one. */
export function reportProgress(event: ProgressEvent): void {
  const host: unknown = Reflect.get(globalThis, HOST);
  if (typeof host === "function") host(event);
}

/** Every later event of this process goes to `show`. @returns a function that ends it */
export function onProgress(show: (event: ProgressEvent) => void): () => void {
  Reflect.set(globalThis, HOST, show);
  return () => void Reflect.deleteProperty(globalThis, HOST);
}

/** A function that reports `done` of `total` and works out the time left from the pace so far. */
export function progressReporter(
  base: Pick<ProgressEvent, "task" | "total" | "unit">,
): (done: number, metrics?: Readonly<Record<string, number>>) => void {
  const start = performance.now();
  return (done, metrics = {}) => {
    const seconds = (performance.now() - start) / 1000;
    const left = done > 0 ? { secondsLeft: (seconds / done) * (base.total - done) } : {};
    reportProgress({ ...base, done, metrics, ...left });
  };
}
