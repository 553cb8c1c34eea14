/**
 * Pages of an SQLite database, with those that are still in its write-ahead log. Read only, no native build: a tracker's
 * database is a handful of plain tables (file format: sqlite.org/fileformat2.html).
 */
import { type FileHandle, open } from "node:fs/promises";

/** The file is not what the format asks for. Caught where the database is read. */
export class BrokenDatabase extends Error {
  override readonly name = "BrokenDatabase";
}

const MAGIC = "SQLite format 3\0";

export function isSqlite(start: Uint8Array): boolean {
  return Buffer.from(start.subarray(0, 16)).toString("latin1") === MAGIC;
}

export interface Pages extends AsyncDisposable {
  /** Bytes of a page that hold content. */
  readonly usable: number;
  /** @throws BrokenDatabase for a page that is not there */
  page(number: number): Promise<Buffer>;
}

/** Pages kept in memory: enough for the inner pages of any table. */
const KEPT = 256;

/** @throws BrokenDatabase */
export async function openPages(path: string): Promise<Pages> {
  const file = await open(path);
  const wal = await open(`${path}-wal`).catch(() => undefined);
  const close = async (): Promise<void> => {
    await wal?.close();
    await file.close();
  };
  try {
    const { size, usable } = geometry(await bytesAt(file, 0, 100));
    const logged = wal === undefined ? new Map<number, number>() : await loggedPages(wal, size);
    const read = async (number: number): Promise<Buffer> => {
      const offset = logged.get(number);
      const [from, at] = wal !== undefined && offset !== undefined ? [wal, offset] : [file, (number - 1) * size];
      const page = number >= 1 ? await bytesAt(from, at, size) : Buffer.alloc(0);
      return page.length === size ? page : broken(`page ${number} is not there`);
    };
    return { usable, page: remembering(read), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function broken(problem: string): never {
  throw new BrokenDatabase(problem);
}

/** Bytes of a page, and those of them that hold content. */
function geometry(head: Buffer): { size: number; usable: number } {
  if (head.length < 100 || !isSqlite(head)) broken("it has no SQLite header");
  const stated = head.readUInt16BE(16);
  const size = stated === 1 ? 65_536 : stated;
  if (size < 512 || (size & (size - 1)) !== 0) broken(`its page size is ${size}`);
  if (head.readUInt32BE(56) > 1) broken("its texts are UTF-16; UTF-8 is read");
  const usable = size - (head[20] ?? 0);
  return usable < 480 ? broken(`${usable} bytes of a page are usable`) : { size, usable };
}

function remembering(read: (number: number) => Promise<Buffer>): (number: number) => Promise<Buffer> {
  const kept = new Map<number, Buffer>();
  return async (number) => {
    const page = kept.get(number) ?? (await read(number));
    if (kept.size >= KEPT) kept.clear();
    kept.set(number, page);
    return page;
  };
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Offset in the log of the newest committed copy of each page; frames after the last commit do not count. */
async function loggedPages(wal: FileHandle, size: number): Promise<Map<number, number>> {
  const committed = new Map<number, number>();
  const head = await bytesAt(wal, 0, 32);
  if (head.length < 32 || (head.readUInt32BE(0) & ~1) !== 0x377f0682 || head.readUInt32BE(8) !== size) return committed;
  const bigEndian = (head.readUInt32BE(0) & 1) === 1;
  const salt = head.subarray(16, 24);
  let sum: readonly [number, number] = checksum(head.subarray(0, 24), [0, 0], bigEndian);
  if (sum[0] !== head.readUInt32BE(24) || sum[1] !== head.readUInt32BE(28)) return committed;
  const pending = new Map<number, number>();
  for (let at = 32; ; at += 24 + size) {
    const frame = await bytesAt(wal, at, 24 + size);
    if (frame.length < 24 + size || !frame.subarray(8, 16).equals(salt)) return committed;
    sum = checksum(frame.subarray(24), checksum(frame.subarray(0, 8), sum, bigEndian), bigEndian);
    if (sum[0] !== frame.readUInt32BE(16) || sum[1] !== frame.readUInt32BE(20)) return committed;
    pending.set(frame.readUInt32BE(0), at + 24);
    if (frame.readUInt32BE(4) === 0) continue;
    for (const [page, offset] of pending) committed.set(page, offset);
    pending.clear();
  }
}

function checksum(bytes: Buffer, [first, second]: readonly [number, number], bigEndian: boolean): [number, number] {
  const word = (at: number): number => (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  let [a, b] = [first, second];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + word(at) + b) >>> 0;
    b = (b + word(at + 4) + a) >>> 0;
  }
  return [a, b];
}
