/**
 * NumPy's `.npz` archives of numeric arrays, read and written. An archive is a zip of `.npy` files, stored or deflated; a `.npy`
 * file is a header in Python's notation and the numbers row by row.
 */
import { readFile } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";
import { writeFileAtomic } from "../../../files.ts";
import { refuse } from "../../../refuse.ts";

/** Numbers in row-major order. Whole numbers and booleans come as doubles. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/**
 * Arrays of an archive by their names.
 *
 * @param wanted which are read, so that others may hold what is no number. Default: all
 * @throws UsageError where the file cannot be read or is no archive of numbers
 */
export async function readNpz(
  where: string,
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<Readonly<Record<string, NpyArray>>> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return refuse(where, `cannot read ${path} (${code})`, "pass a file that is there", error);
  });
  const broken = (problem: string): never => refuse(where, `${path} ${problem}`, "pass an .npz as NumPy writes it");
  try {
    return Object.fromEntries(
      zipEntries(bytes, broken, wanted).map(({ name, content }) => [
        name,
        parseNpy(content, (problem) => broken(`holds ${name}, which ${problem}`)),
      ]),
    );
  } catch (error) {
    if (error instanceof RangeError || (error instanceof Error && "code" in error)) broken("is damaged");
    throw error;
  }
}

type Broken = (problem: string) => never;

interface Entry {
  readonly name: string;
  readonly content: Buffer;
}

/** Ends of zip archives lie in the last 64 KiB and 22 bytes, behind a comment of any length. */
function zipEntries(bytes: Buffer, broken: Broken, wanted: (name: string) => boolean): Entry[] {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) return broken("is no zip archive");
  const count = bytes.readUInt16LE(end + 10);
  const entries: Entry[] = [];
  for (let i = 0, at = bytes.readUInt32LE(end + 16); i < count; i++) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) return broken("has a broken directory");
    const [method, packed, size] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 24),
    ];
    const [nameLength, extra] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30)];
    const header = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength).replace(/\.npy$/, "");
    at += 46 + nameLength + extra + bytes.readUInt16LE(at + 32);
    if (!wanted(name)) continue;
    const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    const raw = bytes.subarray(start, start + packed);
    if (method !== 0 && method !== 8) return broken(`holds ${name}, packed by method ${method}`);
    const content = method === 0 ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(size, 1) });
    if (content.length !== size) return broken(`ends within ${name}`);
    entries.push({ name, content });
  }
  return entries;
}

const READERS: Readonly<Record<string, readonly [bytes: number, read: (view: DataView, at: number) => number]>> = {
  "<f4": [4, (view, at) => view.getFloat32(at, true)],
  "<f8": [8, (view, at) => view.getFloat64(at, true)],
  "<i2": [2, (view, at) => view.getInt16(at, true)],
  "<i4": [4, (view, at) => view.getInt32(at, true)],
  "<i8": [8, (view, at) => Number(view.getBigInt64(at, true))],
  "<u2": [2, (view, at) => view.getUint16(at, true)],
  "<u4": [4, (view, at) => view.getUint32(at, true)],
  "<u8": [8, (view, at) => Number(view.getBigUint64(at, true))],
  "|b1": [1, (view, at) => view.getUint8(at)],
  "|i1": [1, (view, at) => view.getInt8(at)],
  "|u1": [1, (view, at) => view.getUint8(at)],
};

function parseNpy(bytes: Buffer, broken: Broken): NpyArray {
  if (bytes.toString("latin1", 0, 6) !== "\x93NUMPY") return broken("is no array");
  const wide = (bytes[6] ?? 1) > 1;
  const start = (wide ? 12 : 10) + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString("latin1", wide ? 12 : 10, start);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").flatMap((part) => {
    return part.trim() === "" ? [] : [Number(part)];
  });
  const [width, read] = READERS[descr] ?? broken(`has the type ${descr === "" ? "of a record" : descr}`);
  const length = shape.reduce((product, n) => product * n, 1);
  if (bytes.length - start !== length * width)
    return broken(`has ${bytes.length - start} bytes, not ${length * width}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length * width);
  const data = descr === "<f4" ? new Float32Array(length) : new Float64Array(length);
  const columns = /'fortran_order':\s*True/.test(header) && shape.length > 1;
  if (columns && shape.length > 2) return broken("is stored by columns and has more than two axes");
  const [rows = 1, wideness = 1] = shape;
  for (let i = 0; i < length; i++) {
    data[columns ? (i % rows) * wideness + Math.floor(i / rows) : i] = read(view, i * width);
  }
  return { shape, data };
}

/** Writes arrays as an archive without compression, the file at once or not at all. */
export async function writeNpz(path: string, arrays: Readonly<Record<string, NpyArray>>): Promise<void> {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const content = npyOf(array);
    const title = Buffer.from(`${name}.npy`);
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(crc32(content), 0);
    sizes.writeUInt32LE(content.length, 4);
    sizes.writeUInt32LE(content.length, 8);
    const lengths = Buffer.from([title.length & 0xff, title.length >> 8, 0, 0]);
    const [version, date] = [Buffer.from([20, 0, 0, 0, 0, 0]), Buffer.from([0, 0, 0x21, 0])]; // 1 January 1980
    const place = Buffer.alloc(4);
    place.writeUInt32LE(offset);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), version, date, sizes, lengths, title, content]);
    directory.push(
      Buffer.from("PK\x01\x02"),
      Buffer.from([20, 0]),
      version,
      date,
      sizes,
      lengths,
      Buffer.alloc(10),
      place,
      title,
    );
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  for (const at of [8, 10]) end.writeUInt16LE(parts.length, at);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  await writeFileAtomic(path, Buffer.concat([...parts, listing, end]));
}

function npyOf({ shape, data }: NpyArray): Buffer {
  const descr = data instanceof Float32Array ? "<f4" : "<f8";
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(" ")}), }`;
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11);
  const head = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    (padded.length + 1) & 0xff,
    (padded.length + 1) >> 8,
  ]);
  return Buffer.concat([head, Buffer.from(`${padded}\n`), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

/** The checksum of zip (IEEE 802.3), bit by bit through a table. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});
