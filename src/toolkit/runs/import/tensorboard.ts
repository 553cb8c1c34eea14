/**
 * TensorBoard event files: `{ uint64 length, masked crc32c(length), bytes, masked crc32c(bytes) }`, little-endian, each an
 * `Event` (1 wall time, 2 step, 5 summary; a summary value has 1 tag, 2 simple value, 8 tensor).
 *
 * Scalars are read, simple values and tensors of one number; other values (text, histograms, images) are counted and named.
 */
import { createReadStream, type ReadStream } from "node:fs";
import { dirname } from "node:path";
import { maskedCrc32c } from "./checksums.ts";
import { badRow } from "./fields.ts";
import { BrokenMessage, protoFields, signed, utf8 } from "./protobuf.ts";
import type { ImportRecord } from "./record.ts";

/** An event of scalars has some hundred bytes; images have megabytes. More is a broken length. */
const LARGEST_EVENT = 2 ** 28;

export async function* readTensorboard(file: string): AsyncGenerator<ImportRecord> {
  const run = dirname(file).split(/[\\/]/).at(-1) ?? "";
  const others = new Map<string, number>();
  for await (const { number, bytes, problem } of eventRecords(file)) {
    const place = { file, line: number };
    if (bytes === undefined) {
      if (problem === undefined) yield { kind: "note", text: `${file}, record ${number} was cut off and is left out` };
      else yield badRow(place, problem);
      continue;
    }
    const event = decoded(bytes, others);
    if (typeof event === "string") yield badRow(place, event);
    else if (Object.keys(event.values).length > 0) {
      yield { kind: "metrics", format: "tensorboard", run, step: event.step, values: event.values, place };
    }
  }
  if (others.size > 0) {
    const named = [...others].map(([tag, count]) => `${tag} (${count})`).join(", ");
    yield { kind: "note", text: `${file}: values that are no scalars are left out: ${named}` };
  }
}

interface EventRecord {
  readonly number: number;
  readonly bytes?: Uint8Array;
  /** Absent where the record is only cut off. */
  readonly problem?: string;
}

/** Records until the end; after a length that its checksum denies nothing can be found any more. */
async function* eventRecords(file: string): AsyncGenerator<EventRecord> {
  const bytes = new ByteStream(file);
  try {
    for (let number = 1; ; number++) {
      const head = await bytes.take(12);
      if (head.length === 0) return;
      if (head.length < 12) return yield { number };
      const length = Number(head.readBigUInt64LE(0));
      if (head.readUInt32LE(8) !== maskedCrc32c(head.subarray(0, 8))) {
        return yield { number, problem: "has a length that its checksum denies: nothing after it can be read" };
      }
      if (length > LARGEST_EVENT) return yield { number, problem: `claims ${length} bytes` };
      const body = await bytes.take(length + 4);
      if (body.length < length + 4) return yield { number };
      const event = body.subarray(0, length);
      if (body.readUInt32LE(length) !== maskedCrc32c(event)) yield { number, problem: "does not fit its checksum" };
      else yield { number, bytes: event };
    }
  } finally {
    bytes[Symbol.dispose]();
  }
}

/** A file from its start to its end, in portions of any size. */
class ByteStream implements Disposable {
  readonly #stream: ReadStream;
  readonly #chunks: AsyncIterator<unknown>;
  #left: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#stream = createReadStream(file, { highWaterMark: 2 ** 18 });
    this.#chunks = this.#stream[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; fewer at the end. */
  async take(length: number): Promise<Buffer> {
    const parts = [this.#left];
    for (let size = this.#left.length; size < length; ) {
      const { done, value } = await this.#chunks.next();
      if (done === true || !Buffer.isBuffer(value)) break;
      parts.push(value);
      size += value.length;
    }
    const all = parts.length === 1 ? this.#left : Buffer.concat(parts);
    this.#left = all.subarray(length);
    return all.subarray(0, length);
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}

/** Step and scalars of an event, or what is wrong with it. */
function decoded(
  bytes: Uint8Array,
  others: Map<string, number>,
): { step: number; values: Record<string, number> } | string {
  const values: Record<string, number> = {};
  let step = 0;
  try {
    for (const field of protoFields(bytes)) {
      if (field.number === 2 && field.wire === "varint") step = signed(field.value);
      if (field.number !== 5 || field.wire !== "bytes") continue;
      for (const inner of protoFields(field.value)) {
        if (inner.number !== 1 || inner.wire !== "bytes") continue;
        const { tag, value } = summaryValue(inner.value);
        if (value === undefined) others.set(tag, (others.get(tag) ?? 0) + 1);
        else values[tag] = value;
      }
    }
  } catch (error) {
    if (!(error instanceof BrokenMessage)) throw error;
    return `is no event: ${error.message}`;
  }
  return { step, values };
}

function summaryValue(bytes: Uint8Array): { tag: string; value: number | undefined } {
  let [tag, value]: [string, number | undefined] = ["", undefined];
  for (const field of protoFields(bytes)) {
    if (field.number === 1 && field.wire === "bytes") tag = utf8(field.value);
    if (field.number === 2 && field.wire === "fixed" && field.value.byteLength === 4)
      value = field.value.getFloat32(0, true);
    if (field.number === 8 && field.wire === "bytes") value ??= tensorScalar(field.value);
  }
  return { tag, value };
}

const [DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64] = [1, 2, 3, 9];

/** The number of a tensor of one: 1 type, 4 content, 5 floats, 6 doubles, 7 int32s, 10 int64s. */
function tensorScalar(bytes: Uint8Array): number | undefined {
  let [type, found]: [number, number | undefined] = [0, undefined];
  let count = 0;
  for (const { number, wire, value } of protoFields(bytes)) {
    if (number === 1 && wire === "varint") type = Number(value);
    if (![4, 5, 6, 7, 10].includes(number)) continue;
    count += 1;
    if (wire === "varint") found = signed(value);
    else if (wire === "fixed") found = value.byteLength === 8 ? value.getFloat64(0, true) : value.getFloat32(0, true);
    else if (number === 10 || number === 7) found = packedVarint(value);
    else found = rawNumber(value, number === 5 ? DT_FLOAT : number === 6 ? DT_DOUBLE : type);
  }
  return count === 1 ? found : undefined;
}

function packedVarint(bytes: Uint8Array): number | undefined {
  const prefixed = Uint8Array.from([8, ...bytes]); // as field 1 of a message
  const [first, ...more] = [...protoFields(prefixed)];
  return first?.wire === "varint" && more.length === 0 ? signed(first.value) : undefined;
}

function rawNumber(bytes: Uint8Array, type: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === DT_FLOAT && bytes.length === 4) return view.getFloat32(0, true);
  if (type === DT_DOUBLE && bytes.length === 8) return view.getFloat64(0, true);
  if (type === DT_INT32 && bytes.length === 4) return view.getInt32(0, true);
  return type === DT_INT64 && bytes.length === 8 ? Number(view.getBigInt64(0, true)) : undefined;
}
