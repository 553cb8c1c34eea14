/**
 * Columns of numbers in one file, in the safetensors layout so that other tools open it: float32, int32 and bytes, each
 * column one-dimensional, the four-byte ones first so that they can be used where they lie.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { encodeHeader, headerLengthBytes, parseHeaderOf, type StoredTensor } from "../policy/safetensors-header.ts";
import { refuse } from "../refuse.ts";

export type Column = Float32Array | Int32Array | Uint8Array;

/** Element types, with their bytes. */
const WIDTHS = { F32: 4, I32: 4, U8: 1 } as const;
type ColumnType = keyof typeof WIDTHS;

/** A file's columns by name, and what it says about them. */
export interface Columns {
  readonly columns: Readonly<Record<string, Column>>;
  readonly about: Readonly<Record<string, string>>;
}

/** The bytes of a file. */
export function encodeColumns({ columns, about }: Columns): Uint8Array {
  const all = Object.entries(columns).sort(([, a], [, b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
  const entries: [string, unknown][] = [["__metadata__", about]];
  let size = 0;
  for (const [name, data] of all) {
    const offsets = [size, size + data.byteLength];
    entries.push([name, { dtype: typeOf(data), shape: [data.length], data_offsets: offsets }]);
    size += data.byteLength;
  }
  const start = encodeHeader(entries);
  const bytes = new Uint8Array(start.length + size);
  bytes.set(start);
  let at = start.length;
  for (const [, data] of all) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * The columns of a file's bytes.
 *
 * @param where the file's path, for refusals
 * @throws UsageError naming the file and the column where the header is not true
 */
export function decodeColumns(where: string, bytes: Uint8Array): Columns {
  const { tensors, dataStart, metadata } = parseHeaderOf(WIDTHS, where, bytes, bytes.byteLength);
  const columns = tensors.map((tensor) => {
    const from = dataStart + tensor.start;
    const part = new Uint8Array(bytes.subarray(from, from + tensor.count * WIDTHS[tensor.dtype])); // a copy, aligned
    return [tensor.name, columnOf(tensor, part)] as const;
  });
  return { columns: Object.fromEntries(columns), about: metadata };
}

/** Reads a file. @throws UsageError when it is missing or corrupt */
export async function readColumns(path: string): Promise<Columns> {
  const bytes = await readFile(path).catch((error) => refuse(path, "the file cannot be read", "check the path", error));
  return decodeColumns(path, bytes);
}

/** A file whose columns are read when they are asked for, whole or in part. */
export interface ColumnFile {
  readonly about: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /**
   * Numbers `from` up to `to` of a column. Default: all.
   *
   * @throws UsageError when there is no such column, or it is shorter
   */
  read(name: string, from?: number, to?: number): Promise<Column>;
  close(): Promise<void>;
}

/** Opens a file: its header alone is read. @throws UsageError when it is missing or its header is not true */
export async function openColumns(path: string): Promise<ColumnFile> {
  const file = await open(path).catch((error) => refuse(path, "the file cannot be read", "check the path", error));
  try {
    const { size } = await file.stat();
    const start = await bytesOf(file, 0, Math.min(size, FIRST_READ));
    const claimed = size < headerLengthBytes ? 0n : new DataView(start.buffer).getBigUint64(0, true);
    const end = BigInt(headerLengthBytes) + claimed;
    const honest = end <= BigInt(size); // what a header cannot be is refused by its parser, from the first bytes alone
    const header = honest && end > BigInt(start.length) ? await bytesOf(file, 0, Number(end)) : start;
    const { tensors, dataStart, metadata } = parseHeaderOf(WIDTHS, path, header, size);
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    return {
      about: metadata,
      has: (name) => byName.has(name),
      async read(name, from = 0, to) {
        const tensor = byName.get(name) ?? refuse(path, `there is no column ${name}`, "write the step again");
        const until = to ?? tensor.count;
        if (!(from >= 0 && until <= tensor.count && from <= until)) {
          refuse(path, `column ${name} has ${tensor.count} numbers, not ${from} to ${until}`, "write the step again");
        }
        const width = WIDTHS[tensor.dtype];
        const bytes = await bytesOf(file, dataStart + tensor.start + from * width, (until - from) * width);
        if (bytes.length < (until - from) * width) refuse(path, "the file became shorter", "open it again");
        return columnOf(tensor, bytes);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Holds the header of a step of some hundred problems. */
const FIRST_READ = 16_384;

async function bytesOf(file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) return bytes.slice(0, at); // shorter than it was: the header's parser says so
    at += bytesRead;
  }
  return bytes;
}

function typeOf(data: Column): ColumnType {
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}

/** @param bytes of its own buffer, from the buffer's beginning */
function columnOf({ dtype }: Pick<StoredTensor<ColumnType>, "dtype">, bytes: Uint8Array): Column {
  if (dtype === "F32") return new Float32Array(bytes.buffer);
  return dtype === "I32" ? new Int32Array(bytes.buffer) : bytes;
}
