/** Time limits of a run: for each cell, for the whole run, and for silence. What runs over is interrupted. */
import { refuse } from "../../src/toolkit/refuse.ts";

/** All in ms; what is left out has no limit. */
export interface Limits {
  readonly cellMs?: number;
  readonly totalMs?: number;
  /** The longest time without any output, display, check or progress while a cell runs. */
  readonly silentMs?: number;
}

/** Watches one run. `interrupt` is called once for each cell that runs over. */
export class LimitWatch {
  readonly #limits: Limits;
  readonly #interrupt: () => void;
  readonly #endsAt: number;
  #timers: NodeJS.Timeout[] = [];
  #silence: NodeJS.Timeout | undefined;
  #exceeded: string | undefined;

  constructor(limits: Limits, interrupt: () => void) {
    for (const [name, ms] of Object.entries(limits)) {
      if (!(ms > 0)) refuse("run", `the limit ${name} is ${ms}`, "pass a time above 0");
    }
    this.#limits = limits;
    this.#interrupt = interrupt;
    this.#endsAt = performance.now() + (limits.totalMs ?? Number.POSITIVE_INFINITY);
  }

  /** Which limit the last cell exceeded, in words. */
  get exceeded(): string | undefined {
    return this.#exceeded;
  }

  /** Whether the time of the whole run is over. */
  get over(): boolean {
    return performance.now() >= this.#endsAt;
  }

  start(): void {
    const { cellMs, totalMs } = this.#limits;
    this.#exceeded = undefined;
    if (cellMs !== undefined) this.#after(cellMs, `the cell ran longer than ${seconds(cellMs)}`);
    if (totalMs !== undefined) {
      this.#after(this.#endsAt - performance.now(), `the notebook ran longer than ${seconds(totalMs)}`);
    }
    this.heard();
  }

  /** The cell has given a sign of life. */
  heard(): void {
    const { silentMs } = this.#limits;
    if (silentMs === undefined) return;
    if (this.#silence) this.#silence.refresh();
    else this.#silence = this.#timer(silentMs, `the cell was silent for ${seconds(silentMs)}`);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#silence) clearTimeout(this.#silence);
    this.#timers = [];
    this.#silence = undefined;
  }

  #after(ms: number, words: string): void {
    this.#timers.push(this.#timer(Math.max(0, ms), words));
  }

  #timer(ms: number, words: string): NodeJS.Timeout {
    return setTimeout(
      () => {
        if (this.#exceeded !== undefined) return;
        this.#exceeded = words;
        this.#interrupt();
      },
      Math.min(ms, 2 ** 31 - 1),
    ); // a longer timer would fire at once
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
