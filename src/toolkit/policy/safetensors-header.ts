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
export interface StoredTensor {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly start: number;
  /** Number of elements. */
  readonly count: number;
}

const again = "the file is corrupt or truncated: copy or save it again";

/**
 * Reads and checks a header.
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
  const dataStart = headerEnd(where, bytes, fileBytes);
  const header = parseJson(where, bytes.subarray(headerLengthBytes, dataStart));
  const size = fileBytes - dataStart;
  const tensors: StoredTensor[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") checkMetadata(where, entry);
    else tensors.push(storedTensor(where, name, entry, size));
  }
  checkCoverage(where, tensors, size);
  return { tensors, dataStart };
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

function checkMetadata(where: string, entry: unknown): void {
  if (isObject(entry) && Object.values(entry).every((value) => typeof value === "string")) return;
  refuse(where, "__metadata__ is not an object of strings", again);
}

function storedTensor(where: string, name: string, entry: unknown, size: number): StoredTensor {
  const fail = (problem: string, remedy = again): never => refuse(where, `tensor ${name}: ${problem}`, remedy);
  if (!isObject(entry)) return fail("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isStored(dtype)) {
    return fail(`its dtype is ${JSON.stringify(dtype) ?? "missing"}`, "save it as F32, F16 or BF16");
  }
  if (!isCounts(shape)) return fail(`its shape is ${JSON.stringify(shape) ?? "missing"}`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`its data_offsets are ${JSON.stringify(offsets) ?? "missing"}`);
  const [start = 0, end = 0] = offsets;
  if (end > size) return fail(`it ends at byte ${end} of ${size}`);
  const count = shape.reduce((a, b) => a * b, 1);
  if (end - start !== count * widths[dtype]) {
    return fail(`it has ${end - start} bytes, ${dtype} [${shape.join(", ")}] takes ${count * widths[dtype]}`);
  }
  return { name, dtype, shape, start, count };
}

/** Every byte belongs to exactly one tensor, so that two tensors never share bytes and nothing hides between them. */
function checkCoverage(where: string, tensors: readonly StoredTensor[], size: number): void {
  const inOrder = [...tensors].sort((a, b) => a.start - b.start || a.count - b.count);
  let end = 0;
  for (const { name, dtype, start, count } of inOrder) {
    if (start < end) refuse(where, `tensor ${name}: it overlaps the one before it at byte ${start}`, again);
    if (start > end) refuse(where, `tensor ${name}: bytes ${end} to ${start} before it belong to no tensor`, again);
    end = start + count * widths[dtype];
  }
  if (end !== size) refuse(where, `${size - end} bytes after the last tensor belong to none`, again);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStored(dtype: unknown): dtype is StoredDType {
  return typeof dtype === "string" && Object.hasOwn(widths, dtype);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
