/**
 * Parts of stored tensors, read by byte range. For worker threads: reads block. Numbers are little-endian, as are all hosts that
 * ONNX Runtime is built for.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { type StoredDType, widths } from "../policy/safetensors-header.ts";
import { refuse } from "../refuse.ts";
import type { FileTensor } from "./tensor-file.ts";

/** A part of a tensor taken as a matrix [rows, columns] (its first axis against all others). */
export interface Part {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Sizes of a stored tensor as a matrix; vectors and scalars are one row. */
export function matrixOf({ shape, count }: FileTensor): { readonly rows: number; readonly columns: number } {
  const [rows = 1, ...others] = shape;
  return others.length === 0 ? { rows: 1, columns: count } : { rows, columns: count / Math.max(1, rows) };
}

/** Open files of one worker. */
export class Blocks implements Disposable {
  readonly #open = new Map<string, number>();
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /**
   * A part as float32 in row-major order.
   *
   * @throws UsageError naming tensor and entry when a number is not finite, or the file when it has become shorter
   */
  read(tensor: FileTensor, part: Part): Float32Array<ArrayBuffer> {
    const total = matrixOf(tensor).columns;
    const width = widths[tensor.dtype];
    const values = new Float32Array(part.rows * part.columns);
    const whole = part.columns === total;
    const [runs, length] = whole ? [1, part.rows * total] : [part.rows, part.columns];
    const bytes = this.#buffer(runs * length * width);
    for (let run = 0; run < runs; run++) {
      const first = (part.row + run) * total + part.column;
      this.#fill(
        tensor,
        tensor.offset + first * width,
        bytes.subarray(run * length * width, (run + 1) * length * width),
      );
    }
    decode(tensor.dtype, bytes, values);
    checkFinite(tensor, part, values);
    return values;
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #buffer(length: number): Uint8Array<ArrayBuffer> {
    if (this.#bytes.byteLength < length) this.#bytes = new Uint8Array(length);
    return this.#bytes.subarray(0, length);
  }

  #fill({ name, file }: FileTensor, position: number, into: Uint8Array): void {
    let descriptor = this.#open.get(file);
    if (descriptor === undefined) {
      descriptor = openSync(file, "r");
      this.#open.set(file, descriptor);
    }
    for (let done = 0; done < into.byteLength; ) {
      const count = readSync(descriptor, into, done, into.byteLength - done, position + done);
      if (count === 0) refuse(file, `it ends within "${name}"`, "the file is truncated: copy or save it again");
      done += count;
    }
  }
}

function checkFinite({ name, file, shape }: FileTensor, part: Part, values: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * 0;
  if (sum === 0) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  const entry = [part.row + Math.floor(at / part.columns), part.column + (at % part.columns)];
  const place = shape.length < 2 ? entry.slice(1) : entry;
  refuse(file, `entry [${place.join(", ")}] of "${name}" is ${values[at]}`, "compare checkpoints of finite weights");
}

function decode(dtype: StoredDType, bytes: Uint8Array<ArrayBuffer>, into: Float32Array<ArrayBuffer>): void {
  switch (dtype) {
    case "F32":
      new Uint8Array(into.buffer).set(bytes);
      return;
    case "BF16": {
      const [halves, words] = [new Uint16Array(bytes.buffer, 0, into.length), new Uint32Array(into.buffer)];
      for (let i = 0; i < words.length; i++) words[i] = (halves[i] ?? 0) << 16;
      return;
    }
    case "F16": {
      const halves = new Uint16Array(bytes.buffer, 0, into.length);
      const table = halfTable();
      for (let i = 0; i < into.length; i++) into[i] = table[halves[i] ?? 0] ?? 0;
      return;
    }
    default:
      dtype satisfies never;
  }
}

let halves: Float32Array | undefined;

/** Every IEEE 754 half: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  return halves;
}
