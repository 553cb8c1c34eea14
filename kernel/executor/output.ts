/**
 * The executor's output pipe. Writes are synchronous, so output is never lost in a buffer when a cell spins, exits or
 * crashes, and the end of a cell, sent on the same pipe, cannot overtake its output.
 */
import { writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { CellOutcome, ExecutorEventBody } from "./events.ts";
import { encodeFrame, type Frame } from "./frames.ts";
import { type SharedState, Slot } from "./shared-state.ts";

/** Whom output is credited to. */
export interface Credit {
  readonly run: number;
  readonly cell: { readonly index: number; readonly id: string };
}

const flushBytes = 64 * 1024;
const flushMs = 10;
/** Writes passed on at once in each 10 ms; what exceeds them is gathered. A cell that prints and then spins shows its line. */
const promptWrites = 8;

export class OutputPipe {
  readonly #fd: number;
  readonly #marker: Buffer;
  readonly #state: SharedState;
  /** Node's own timer, before user code can replace it. */
  readonly #later: typeof setTimeout = setTimeout;
  #sequence = 0;
  #unfinished: Buffer | undefined;
  #pending: { credit: Credit; name: "stdout" | "stderr"; text: string } | undefined;
  #windowStart = 0;
  #windowWrites = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: number, marker: Buffer, state: SharedState) {
    this.#fd = fd;
    this.#marker = marker;
    this.#state = state;
  }

  stream(credit: Credit, name: "stdout" | "stderr", text: string): void {
    if (text === "") return;
    const pending = this.#pending;
    if (pending && pending.credit.run === credit.run && pending.name === name) pending.text += text;
    else {
      this.flush();
      this.#pending = { credit, name, text };
    }
    const now = performance.now();
    if (now - this.#windowStart >= flushMs) {
      this.#windowStart = now;
      this.#windowWrites = 0;
    }
    const gathered = this.#pending?.text.length ?? 0;
    if (this.#windowWrites++ < promptWrites || gathered >= flushBytes) this.flush();
    else this.#flushSoon();
  }

  #flushSoon(): void {
    this.#timer ??= this.#later(() => this.flush(), flushMs).unref();
  }

  event(credit: Credit, body: ExecutorEventBody): void {
    this.flush();
    const { index, id } = credit.cell;
    this.#send({ type: "event", run: credit.run, event: { ...body, cell: index, id } });
  }

  done(run: number, outcome: CellOutcome): void {
    this.flush();
    this.#send({ type: "done", run, outcome });
  }

  ready(): void {
    this.#send({ type: "ready" });
  }

  exiting(reason: string): void {
    this.flush();
    this.#send({ type: "exit", reason });
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    const { credit, name, text } = pending;
    const { index, id } = credit.cell;
    this.#send({ type: "event", run: credit.run, event: { kind: "stream", name, text, cell: index, id } });
  }

  #send(frame: Frame): void {
    const torn = this.#unfinished;
    this.#sequence++;
    const bytes = encodeFrame(this.#sequence, frame);
    if (torn) {
      this.#write(Buffer.concat([this.#marker, torn]));
    }
    this.#unfinished = bytes;
    this.#write(bytes);
    this.#unfinished = undefined;
  }

  #write(bytes: Buffer): void {
    Atomics.store(this.#state, Slot.critical, 1);
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
        Atomics.wait(this.#state, Slot.never, 0, 1);
      }
    }
    Atomics.store(this.#state, Slot.critical, 0);
  }
}
