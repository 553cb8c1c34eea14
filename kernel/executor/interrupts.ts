/**
 * The main thread's half of an interrupt. Cell code awaits through {@link Interrupts.guard} and looks at the shared
 * flag at every turn of a loop, so an interrupt is an ordinary exception there: `finally` blocks run and variables are
 * copied back. Code of libraries that spins is terminated by the watchdog.
 */
import type { CellRun } from "./run.ts";
import { type SharedState, Slot } from "./shared-state.ts";

/** Thrown into a cell that is interrupted. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
  constructor() {
    super("the cell was interrupted");
  }
}

interface Waiting {
  readonly owner: CellRun;
  readonly reject: (reason: unknown) => void;
}

/** How long a cell may clean up after it was interrupted, ms; then its awaits are refused again, and it is given up. */
const graceMs = 1000;
const giveUpMs = 2000;
/** How long terminated code is given to show that it is still alive, ms. */
const terminatedMs = 20;

export class Interrupts {
  readonly #state: SharedState;
  readonly #waiting: Set<Waiting> = new Set();
  readonly #later: typeof setTimeout = setTimeout;

  constructor(state: SharedState) {
    this.#state = state;
  }

  /** What `await value` of a cell awaits. Its rejection by an interrupt goes to the run `owner()`. */
  guard(value: unknown, owner: () => CellRun, note: (reason: unknown) => void): unknown {
    if (typeof value !== "object" && typeof value !== "function") return value;
    if (value === null) return value;
    const run = owner();
    return new Promise((resolve, reject) => {
      const fail = (reason: unknown): void => {
        note(reason);
        this.#waiting.delete(entry);
        reject(reason);
      };
      const entry: Waiting = { owner: run, reject: fail };
      this.#waiting.add(entry);
      Promise.resolve(value).then((result) => {
        this.#waiting.delete(entry);
        resolve(result);
      }, fail);
      if (run.interrupted && Atomics.load(this.#state, Slot.flag) === 1) fail(new Interrupted());
    });
  }

  /** What `for await (… of value)` of a cell iterates over. */
  async *iterate(value: AsyncIterable<unknown> | Iterable<unknown>, wait: (value: unknown) => unknown): AsyncGenerator {
    const iterator = asyncIterator(value);
    let done = false;
    try {
      for (;;) {
        const step = (await wait(iterator.next())) as IteratorResult<unknown>;
        if (step.done) {
          done = true;
          return;
        }
        yield step.value;
      }
    } catch (error) {
      done = true;
      throw error;
    } finally {
      if (!done) await iterator.return?.();
    }
  }

  /** The watchdog says that the supervisor wants the run to stop; `finish` gives it up. */
  async stop(run: CellRun, finish: () => void): Promise<void> {
    run.interrupted = true;
    const terminated = Atomics.load(this.#state, Slot.terminated) > 0;
    run.controller.abort(new Interrupted());
    this.#rejectAll(run);
    Atomics.store(this.#state, Slot.flag, 0);
    if (terminated) await this.#sleep(terminatedMs);
    if (terminated && !run.finished) return finish();
    await this.#sleep(graceMs);
    if (run.finished) return;
    Atomics.store(this.#state, Slot.flag, 1);
    this.#rejectAll(run);
    await this.#sleep(giveUpMs - graceMs);
    if (!run.finished) finish();
  }

  #rejectAll(run: CellRun): void {
    for (const waiting of [...this.#waiting]) if (waiting.owner === run) waiting.reject(new Interrupted());
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(resolve, ms));
  }
}

function asyncIterator(value: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterator<unknown> {
  if (Symbol.asyncIterator in value) return value[Symbol.asyncIterator]();
  const inner = value[Symbol.iterator]();
  const settle = async (step: IteratorResult<unknown>): Promise<IteratorResult<unknown>> => ({
    done: step.done ?? false,
    value: await step.value,
  });
  return {
    next: async () => settle(inner.next()),
    return: async () => settle(inner.return?.() ?? { done: true, value: undefined }),
  };
}
