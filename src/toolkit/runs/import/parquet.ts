/**
 * Rows of parquet files, a few hundred at a time (hyparquet: plain JavaScript, no native build, nothing downloaded).
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

/** Rows decoded at once: completions of a few thousand tokens stay in the megabytes. */
const ROWS_AT_ONCE = 512;
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
    const rows = Number(metadata.num_rows);
    for (let start = 0; start < rows; ) {
      const end = Math.min(rows, start + ROWS_AT_ONCE, groupEnd(metadata, start));
      const part = await broken(() =>
        parquetReadObjects({ file: buffer, metadata, compressors, rowStart: start, rowEnd: end }),
      );
      if (typeof part === "string") {
        yield badRow({ file, line: start + 1 }, `this row and those up to ${end} cannot be decoded: ${part}`);
      } else {
        for (const [i, row] of part.entries()) {
          const place = { file, line: start + i + 1 };
          yield* attempt(place, () => read(row, place));
        }
      }
      start = end;
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
  for (const [g, { columns }] of metadata.row_groups.entries()) {
    const paths = columns.map(({ meta_data: of }) => JSON.stringify(of?.path_in_schema));
    if (paths.sort().join() !== expected) return `row group ${g} has other columns than the schema`;
  }
  return undefined;
}

/** First row after the row group that holds `row`: a part never needs two of them. */
function groupEnd({ row_groups: groups }: FileMetaData, row: number): number {
  let end = 0;
  for (const { num_rows: rows } of groups) {
    end += Number(rows);
    if (end > row) return end;
  }
  return Number.POSITIVE_INFINITY;
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
