/** Which tensors a safetensors file holds and where, from its header alone: no tensor is read. */
import { type FileHandle, open } from "node:fs/promises";
import { headerLengthBytes, parseHeader, type StoredDType } from "../policy/safetensors-header.ts";
import { refuse } from "../refuse.ts";

/** One tensor in a file. */
export interface FileTensor {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly count: number;
  /** Path of the file, and the tensor's first byte in it. */
  readonly file: string;
  readonly offset: number;
}

/**
 * The tensors of a file, in the order of their bytes.
 *
 * @throws UsageError naming the file when it is missing, truncated, or its header is not true
 */
export async function tensorsOf(path: string): Promise<FileTensor[]> {
  const file = await open(path).catch((error) => refuse(path, "the file cannot be read", "check the path", error));
  try {
    const { size } = await file.stat();
    const first = await readStart(file, Math.min(size, headerLengthBytes));
    const claimed = first.byteLength < headerLengthBytes ? 0n : new DataView(first.buffer).getBigUint64(0, true);
    const end = BigInt(headerLengthBytes) + claimed;
    // What a header cannot be is refused by its parser, from the first bytes alone.
    const honest = end <= BigInt(Math.min(size, largestHeader));
    const header = honest ? await readStart(file, Number(end)) : first;
    const { tensors, dataStart } = parseHeader(path, header, size);
    return tensors
      .map(({ start, ...tensor }) => ({ ...tensor, file: path, offset: dataStart + start }))
      .sort((a, b) => a.offset - b.offset);
  } finally {
    await file.close();
  }
}

/** The format allows headers of 100 MB. */
const largestHeader = 100_000_000 + headerLengthBytes;

async function readStart(file: FileHandle, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, 0);
  return bytes.slice(0, bytesRead);
}
