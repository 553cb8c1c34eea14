/** The header of a safetensors file, believed only where it agrees with itself and with the file's size. */
import { refuse } from "../refuse.ts";

/** Bytes that hold the header's length. */
export const headerLengthBytes = 8;

/** The format's own limit, which keeps a hostile length from costing memory. */
const largestHeader = 100_000_000;

/** Element types that are read, with their bytes. */
export const widths = { F32: 4, F16: 2, BF16: 2 } as const;

export type StoredDType = keyof typeof widths;

/** One tensor as it lies in the file. */
export interface StoredTensor<D extends string = StoredDType> {
  readonly name: string;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly start: number;
  /** Number of elements. */
  readonly count: number;
}

const again = "the file is corrupt or truncated: copy or save it again";

/** A file's beginning: its header's length, and its header, padded by spaces so that data starts on a multiple of 8. */
export function encodeHeader(entries: readonly (readonly [string, unknown])[]): Uint8Array {
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(headerLengthBytes + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, headerLengthBytes);
  return bytes;
}

/**
 * Reads and checks a header of floats.
 *
 * @param bytes the file, or at least its header
 * @param fileBytes size of the file. Default: `bytes` is all of it.
 * @throws UsageError naming the file, and the tensor where it is about one
 */
export function parseHeader(
  where: string,
  bytes: Uint8Array,
  fileBytes: number = bytes.byteLength,
): { tensors: StoredTensor[]; dataStart: number } {
  return parseHeaderOf(widths, where, bytes, fileBytes);
}

/** The same for other element types. @param allowed those that are read, with their bytes */
export function parseHeaderOf<D extends string>(
  allowed: Readonly<Record<D, number>>,
  where: string,
  bytes: Uint8Array,
  fileBytes: number,
): {
  readonly tensors: StoredTensor<D>[];
  readonly dataStart: number;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const dataStart = headerEnd(where, bytes, fileBytes);
  const header = parseJson(where, bytes.subarray(headerLengthBytes, dataStart));
  const size = fileBytes - dataStart;
  const { __metadata__: given = {}, ...entries } = header;
  const metadata = metadataOf(where, given);
  const tensors = Object.entries(entries).map(([name, entry]) => storedTensor(allowed, where, name, entry, size));
  checkCoverage(allowed, where, tensors, size);
  return { tensors, dataStart, metadata };
}

function headerEnd(where: string, bytes: Uint8Array, fileBytes: number): number {
  if (bytes.byteLength < headerLengthBytes) refuse(where, `the file has ${bytes.byteLength} bytes, no header`, again);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(largestHeader)) {
    refuse(where, `the header claims ${length} bytes, the format allows ${largestHeader}`, again);
  }
  const end = headerLengthBytes + Number(length);
  if (end > fileBytes) {
    refuse(where, `the header claims ${length} bytes, the file has ${fileBytes}`, again);
  }
  return end;
}

function parseJson(where: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return refuse(where, "the header is not JSON", again, error);
  }
  return isObject(header) ? header : refuse(where, "the header is not a JSON object", again);
}

function metadataOf(where: string, entry: unknown): Readonly<Record<string, string>> {
  return isStrings(entry) ? entry : refuse(where, "__metadata__ is not an object of strings", again);
}

function storedTensor<D extends string>(
  allowed: Readonly<Record<D, number>>,
  where: string,
  name: string,
  entry: unknown,
  size: number,
): StoredTensor<D> {
  const fail = (problem: string, remedy = again): never => refuse(where, `tensor ${name}: ${problem}`, remedy);
  if (!isObject(entry)) return fail("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isOneOf(allowed, dtype)) {
    const names = Object.keys(allowed);
    const wanted = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
    return fail(`its dtype is ${JSON.stringify(dtype) ?? "missing"}`, `save it as ${wanted}`);
  }
  if (!isCounts(shape)) return fail(`its shape is ${JSON.stringify(shape) ?? "missing"}`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`its data_offsets are ${JSON.stringify(offsets) ?? "missing"}`);
  const [start = 0, end = 0] = offsets;
  if (end > size) return fail(`it ends at byte ${end} of ${size}`);
  const count = shape.reduce((a, b) => a * b, 1);
  if (end - start !== count * allowed[dtype]) {
    return fail(`it has ${end - start} bytes, ${dtype} [${shape.join(", ")}] takes ${count * allowed[dtype]}`);
  }
  return { name, dtype, shape, start, count };
}

/** Every byte belongs to exactly one tensor, so that two tensors never share bytes and nothing hides between them. */
function checkCoverage<D extends string>(
  allowed: Readonly<Record<D, number>>,
  where: string,
  tensors: readonly StoredTensor<D>[],
  size: number,
): void {
  const inOrder = [...tensors].sort((a, b) => a.start - b.start || a.count - b.count);
  let end = 0;
  for (const { name, dtype, start, count } of inOrder) {
    if (start < end) refuse(where, `tensor ${name}: it overlaps the one before it at byte ${start}`, again);
    if (start > end) refuse(where, `tensor ${name}: bytes ${end} to ${start} before it belong to no tensor`, again);
    end = start + count * allowed[dtype];
  }
  if (end !== size) refuse(where, `${size - end} bytes after the last tensor belong to none`, again);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((one) => typeof one === "string");
}

function isOneOf<D extends string>(allowed: Readonly<Record<D, number>>, dtype: unknown): dtype is D {
  return typeof dtype === "string" && Object.hasOwn(allowed, dtype);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
