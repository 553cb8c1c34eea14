/**
 * Frames on the output pipe: a 12-byte head (magic, sequence number, length; little endian), then JSON.
 *
 * A write may be torn when an interrupt terminates the executor's JavaScript in the middle of it. The writer then sends
 * a marker (16 bytes agreed at start) and repeats the write: the reader drops what stood before the marker and frames
 * that it has already seen.
 */
import type { CellOutcome, ExecutorEvent } from "./events.ts";

export type Frame =
  | { readonly type: "ready" }
  | { readonly type: "event"; readonly run: number; readonly event: ExecutorEvent }
  | { readonly type: "done"; readonly run: number; readonly outcome: CellOutcome }
  | { readonly type: "exit"; readonly reason: string };

/** What the supervisor sends, one JSON line each. `run` numbers are never used twice. */
export interface RunCommand {
  readonly type: "run";
  readonly run: number;
  readonly cell: { readonly index: number; readonly id: string; readonly source: string; readonly name?: string };
}

const magic = 0x72_6c_76_72;
const headBytes = 12;

export function encodeFrame(sequence: number, frame: Frame): Buffer {
  const body = Buffer.from(JSON.stringify(frame));
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32LE(magic, 0);
  head.writeUInt32LE(sequence >>> 0, 4);
  head.writeUInt32LE(body.length, 8);
  return Buffer.concat([head, body]);
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #marker: Buffer;
  readonly #onFrame: (frame: Frame) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  #needed = headBytes;
  #lastSequence = 0;
  /** After an interrupt was asked for, torn writes are possible and the marker is looked for. */
  #mayTear = false;

  constructor(marker: Buffer, onFrame: (frame: Frame) => void) {
    this.#marker = marker;
    this.#onFrame = onFrame;
  }

  expectTear(): void {
    this.#mayTear = true;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed && !this.#mayTear) return;
    let buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const torn = this.#mayTear ? buffer.indexOf(this.#marker) : -1;
    if (torn >= 0) {
      this.#parse(buffer.subarray(0, torn));
      buffer = buffer.subarray(torn + this.#marker.length);
    }
    const rest = this.#parse(buffer);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    if (torn >= 0 && rest.indexOf(this.#marker) >= 0) this.push(Buffer.alloc(0));
  }

  #parse(buffer: Buffer): Buffer {
    let at = 0;
    this.#needed = headBytes;
    while (buffer.length - at >= headBytes) {
      if (buffer.readUInt32LE(at) !== magic) {
        if (this.#mayTear) break;
        throw new Error("internal: the executor's output pipe holds something that is not a frame");
      }
      const length = buffer.readUInt32LE(at + 8);
      if (buffer.length - at < headBytes + length) {
        this.#needed = headBytes + length;
        break;
      }
      if (!this.#deliver(buffer.readUInt32LE(at + 4), buffer.subarray(at + headBytes, at + headBytes + length))) break;
      at += headBytes + length;
    }
    return buffer.subarray(at);
  }

  /** False when the body is torn: it stays in the buffer until the marker comes. */
  #deliver(sequence: number, body: Buffer): boolean {
    let frame: Frame;
    try {
      frame = JSON.parse(body.toString());
    } catch (cause) {
      if (this.#mayTear) return false;
      throw new Error("internal: a frame of the executor is not JSON", { cause });
    }
    if (sequence <= this.#lastSequence) return true;
    this.#lastSequence = sequence;
    this.#onFrame(frame);
    return true;
  }
}
