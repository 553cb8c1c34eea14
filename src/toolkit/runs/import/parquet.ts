/**
 * Rows of parquet files, a row group or a part of one at a time (hyparquet: plain JavaScript, no native build, nothing downloaded).
 * Snappy, GZIP, Brotli and uncompressed pages everywhere; Zstandard where Node has it (22.15 and later).
 */
import { open } from "node:fs/promises";
import * as zlib from "node:zlib";
import {
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { attempt, badRow, type Fields } from "./fields.ts";
import type { ImportRecord, Place } from "./record.ts";

/** Decoded bytes of a part of a row group, about. */
const PORTION_BYTES = 2 ** 27;
/** Of a row group: one of 128 GiB is a broken header. */
const MOST_PARTS = 1024;
/** More bytes in one page than this are a broken header, not data. */
const LARGEST_PAGE = 2 ** 30;

const compressors: Compressors = {
  GZIP: (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.min(length, LARGEST_PAGE) || 1 }),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.min(length, LARGEST_PAGE) || 1 }),
  ZSTD: (input) => {
    const zstd: unknown = Reflect.get(zlib, "zstdDecompressSync");
    if (typeof zstd !== "function") throw new Error("it is compressed with Zstandard, which Node reads from 22.15 on");
    return zstd(input);
  },
};

/** Names of a parquet file's columns; undefined where it cannot be read as parquet. */
export async function parquetColumns(file: string): Promise<readonly string[] | undefined> {
  return await withBuffer(file, async (buffer) => {
    try {
      const metadata = await parquetMetadataAsync(buffer);
      return parquetSchema(metadata).children.map(({ element }) => element.name);
    } catch {
      return undefined; // whatever a broken footer makes of the decoder: it is no parquet
    }
  });
}

/** What `read` makes of each row; `line` is the number of the row. */
export async function* parquetRecords(
  file: string,
  read: (row: Fields, place: Place) => readonly ImportRecord[],
): AsyncGenerator<ImportRecord> {
  const handle = await open(file);
  try {
    const buffer = asyncBuffer(handle, (await handle.stat()).size);
    const metadata = await broken(() => parquetMetadataAsync(buffer));
    const problem = typeof metadata === "string" ? metadata : await broken(async () => wrongColumns(metadata));
    if (typeof metadata === "string" || problem !== undefined) {
      return yield badRow({ file }, `cannot be read as parquet: ${problem}`);
    }
    for (const portion of portions(metadata)) {
      const part = await broken(() => parquetReadObjects({ file: buffer, metadata, compressors, ...portion }));
      const rows = typeof part === "string" ? [] : part;
      for (const [i, row] of rows.entries()) {
        const place = { file, line: portion.rowStart + i + 1 };
        yield* attempt(place, () => read(row, place));
      }
      const next = portion.rowStart + rows.length;
      if (next === portion.rowEnd) continue;
      const problem = typeof part === "string" ? part : "they are not there";
      yield badRow(
        { file, line: next + 1 },
        `this row and those up to ${portion.rowEnd} cannot be decoded: ${problem}`,
      );
    }
  } finally {
    await handle.close();
  }
}

/**
 * What does not fit between schema and row groups. The decoder starts on all columns at once and waits for those that the
 * schema names: one that it does not name would fail with nobody listening, which ends the process.
 */
function wrongColumns(metadata: FileMetaData): string | undefined {
  const leaves: string[] = [];
  const collect = ({ children, path }: SchemaTree): void => {
    if (children.length === 0) leaves.push(JSON.stringify(path));
    for (const child of children) collect(child);
  };
  collect(parquetSchema(metadata));
  const expected = leaves.sort().join();
  for (const [g, { columns, num_rows: rows }] of metadata.row_groups.entries()) {
    // a row has a value in every column, if only a null; a wrong number of rows would be walked to its end
    if (columns.some(({ meta_data: of }) => of === undefined || of.num_values < rows)) {
      return `row group ${g} has fewer values than its ${rows} rows`;
    }
    const paths = columns.map(({ meta_data: of }) => JSON.stringify(of?.path_in_schema));
    if (paths.sort().join() !== expected) return `row group ${g} has other columns than the schema`;
  }
  return undefined;
}

/**
 * Rows to decode at once: row groups, the larger ones in parts of some 128 MiB. The decoder starts each part at the beginning of
 * its row group, so that small parts of large groups would take a time that grows with the square of their number.
 */
function* portions({ row_groups: groups }: FileMetaData): Generator<{ rowStart: number; rowEnd: number }> {
  let first = 0;
  for (const { num_rows: count, total_byte_size: bytes } of groups) {
    const [rows, parts] = [Number(count), Math.ceil(Number(bytes) / PORTION_BYTES)];
    const size = Math.ceil(rows / Math.min(MOST_PARTS, Math.max(1, parts)));
    for (let start = 0; start < rows; start += size) {
      yield { rowStart: first + start, rowEnd: first + Math.min(rows, start + size) };
    }
    first += rows;
  }
}

type Buffered = Parameters<typeof parquetMetadataAsync>[0];

async function withBuffer<T>(file: string, use: (buffer: Buffered) => Promise<T>): Promise<T> {
  const handle = await open(file);
  try {
    return await use(asyncBuffer(handle, (await handle.stat()).size));
  } finally {
    await handle.close();
  }
}

function asyncBuffer(handle: Awaited<ReturnType<typeof open>>, byteLength: number): Buffered {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const [from, to] = [Math.max(0, start), Math.min(end, byteLength)];
      if (!(to > from)) return new ArrayBuffer(0); // the decoder says what is missing
      const bytes = new ArrayBuffer(to - from);
      await handle.read(new Uint8Array(bytes), 0, to - from, from);
      return bytes;
    },
  };
}

/** The value, or what the decoder complained about: a broken file makes it throw errors of any kind. */
async function broken<T>(act: () => Promise<T>): Promise<T | string> {
  try {
    return await act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
