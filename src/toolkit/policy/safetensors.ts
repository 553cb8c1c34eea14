/**
 * Safetensors files: named float tensors behind a JSON header (https://github.com/huggingface/safetensors, format).
 *
 * Layout: the header's length (8 bytes, little-endian), the header, the tensors' bytes without gaps. Written as F32,
 * read from F32, F16 and BF16. A file is data from outside: every statement of its header is checked before it is used.
 */
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../files.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import { refuse } from "../refuse.ts";
import { encodeHeader, parseHeader, type StoredDType, type StoredTensor } from "./safetensors-header.ts";

/** Tensors of a checkpoint by name. */
export interface FloatTensor extends HostTensor {
  readonly data: Float32Array;
}

/**
 * The bytes of a file, written in the order of `tensors`.
 *
 * @param metadata default `{ format: "pt" }`, which transformers asks for
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array {
  const header: [string, unknown][] = [["__metadata__", metadata]];
  let size = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (name === "__metadata__") refuse("safetensors", "a tensor is named __metadata__", "choose another name");
    if (!(data instanceof Float32Array)) refuse("safetensors", `${name} is not float32`, "pass a Float32Array");
    if (data.length !== shape.reduce((a, b) => a * b, 1)) {
      refuse(
        "safetensors",
        `${name} has ${data.length} values for shape [${shape.join(", ")}]`,
        "pass one per element",
      );
    }
    header.push([name, { dtype: "F32", shape, data_offsets: [size, size + data.byteLength] }]);
    size += data.byteLength;
  }
  const start = encodeHeader(header);
  const bytes = new Uint8Array(start.length + size);
  bytes.set(start);
  let offset = start.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * The tensors of a file's bytes, as float32.
 *
 * @param where the file's path, for refusals
 * @throws UsageError naming the file, the tensor and the remedy when any statement of the header is not true
 */
export function decodeSafetensors(where: string, bytes: Uint8Array): Record<string, FloatTensor> {
  const { tensors, dataStart } = parseHeader(where, bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, bytes.byteLength - dataStart);
  return Object.fromEntries(
    tensors.map((tensor) => [tensor.name, { data: decode(view, tensor), shape: tensor.shape }]),
  );
}

/** Writes a file in one step: readers see the old content or the new. */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, HostTensor>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Reads a file. @throws UsageError when it is missing or corrupt */
export async function readSafetensors(path: string): Promise<Record<string, FloatTensor>> {
  const bytes = await readFile(path).catch((error) => refuse(path, "the file cannot be read", "check the path", error));
  return decodeSafetensors(path, bytes);
}

function decode(view: DataView, { dtype, start, count }: StoredTensor): Float32Array {
  const read = readers[dtype];
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = read(view, start, i);
  return data;
}

const word = new DataView(new ArrayBuffer(4));

const readers: Readonly<Record<StoredDType, (view: DataView, start: number, i: number) => number>> = {
  F32: (view, start, i) => view.getFloat32(start + 4 * i, true),
  F16: (view, start, i) => float16(view.getUint16(start + 2 * i, true)),
  /** The upper half of a float32. */
  BF16: (view, start, i) => {
    word.setUint32(0, view.getUint16(start + 2 * i, true) << 16);
    return word.getFloat32(0);
  },
};

/** IEEE 754 half precision: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
