/** Tables of an SQLite database, row by row. */
import { BrokenDatabase, type Pages } from "./pages.ts";

export type SqliteValue = number | string | Uint8Array | null;
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

export interface SqliteTable {
  readonly name: string;
  readonly root: number;
  readonly columns: readonly string[];
  /** The column that stands for the row's number, if any. */
  readonly rowid: string | undefined;
}

/** The tables, from the schema on page 1. @throws BrokenDatabase */
export async function sqliteTables(pages: Pages): Promise<SqliteTable[]> {
  const tables: SqliteTable[] = [];
  for await (const { values } of cells(pages, 1)) {
    const [type, name, , root, sql] = values;
    if (type !== "table" || typeof name !== "string" || typeof root !== "number" || typeof sql !== "string") continue;
    if (/WITHOUT\s+ROWID/i.test(sql)) continue; // kept as an index: no tracker's table is
    tables.push({ name, root, ...columnsOf(sql) });
  }
  return tables;
}

/** The rows of a table; columns added after a row was written are null. @throws BrokenDatabase */
export async function* sqliteRows(pages: Pages, table: SqliteTable): AsyncGenerator<SqliteRow> {
  for await (const { rowid, values } of cells(pages, table.root)) {
    const row: Record<string, SqliteValue> = {};
    for (const [i, name] of table.columns.entries()) row[name] = name === table.rowid ? rowid : (values[i] ?? null);
    yield row;
  }
}

/** Column names of a CREATE TABLE statement. */
function columnsOf(sql: string): Pick<SqliteTable, "columns" | "rowid"> {
  const parts = topLevel(sql.slice(sql.indexOf("(") + 1, sql.lastIndexOf(")")));
  const columns: string[] = [];
  let rowid: string | undefined;
  for (const part of parts) {
    const [, quoted, plain] = /^\s*(?:["'`[]([^"'`\]]*)["'`\]]|(\w+))/.exec(part) ?? [];
    const name = quoted ?? plain;
    if (name === undefined || (plain !== undefined && /^(primary|unique|check|foreign|constraint)$/i.test(plain)))
      continue;
    columns.push(name);
    if (/\binteger\s+primary\s+key\b/i.test(part)) rowid = name;
  }
  return { columns, rowid };
}

/** Split at commas that are in no parentheses. */
function topLevel(list: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let i = 0; i < list.length; i++) {
    if (list[i] === "(") depth += 1;
    else if (list[i] === ")") depth -= 1;
    else if (list[i] === "," && depth === 0) {
      parts.push(list.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, list.slice(start)];
}

interface Cell {
  readonly rowid: number;
  readonly values: readonly SqliteValue[];
}

const [INTERIOR, LEAF] = [0x05, 0x0d];
/** Deeper than any tree can be whose pages hold two children each. */
const DEEPEST = 40;

/** Cells of a table's tree in their order. A page is seen once: a broken pointer makes no endless walk. */
async function* cells(pages: Pages, root: number, depth = 0, seen: Set<number> = new Set()): AsyncGenerator<Cell> {
  if (depth > DEEPEST || seen.has(root)) throw new BrokenDatabase(`page ${root} is reached twice`);
  seen.add(root);
  const page = await pages.page(root);
  const head = root === 1 ? 100 : 0;
  const [type, count] = [page[head], page.readUInt16BE(head + 3)];
  if (type !== INTERIOR && type !== LEAF) throw new BrokenDatabase(`page ${root} is no page of a table`);
  const pointers = head + (type === INTERIOR ? 12 : 8);
  if (pointers + 2 * count > page.length) throw new BrokenDatabase(`page ${root} claims ${count} cells`);
  for (let i = 0; i < count; i++) {
    const at = page.readUInt16BE(pointers + 2 * i);
    if (at + 4 > page.length) throw new BrokenDatabase(`a cell of page ${root} lies outside of it`);
    if (type === INTERIOR) yield* cells(pages, page.readUInt32BE(at), depth + 1, seen);
    else yield await leafCell(pages, page, at);
  }
  if (type === INTERIOR) yield* cells(pages, page.readUInt32BE(head + 8), depth + 1, seen);
}

/** A longer value is a broken length: SQLite's own limit is 1e9 bytes. */
const LONGEST = 2 ** 28;

async function leafCell(pages: Pages, page: Buffer, start: number): Promise<Cell> {
  const [size, afterSize] = varint(page, start);
  const [rowid, at] = varint(page, afterSize);
  if (!(size >= 0 && size <= LONGEST)) throw new BrokenDatabase(`a row has ${size} bytes`);
  const most = pages.usable - 35;
  const least = Math.floor(((pages.usable - 12) * 32) / 255) - 23;
  const part = least + ((size - least) % (pages.usable - 4));
  const local = size <= most ? size : part <= most ? part : least;
  if (at + local > page.length) throw new BrokenDatabase("a row is longer than its page");
  const pieces = [page.subarray(at, at + local)];
  let missing = size - local;
  let next = missing > 0 && at + local + 4 <= page.length ? page.readUInt32BE(at + local) : 0;
  while (missing > 0) {
    const overflow = await pages.page(next); // ends: each page takes some of what is missing
    const taken = Math.min(missing, pages.usable - 4);
    pieces.push(overflow.subarray(4, 4 + taken));
    missing -= taken;
    next = overflow.readUInt32BE(0);
  }
  return { rowid, values: recordValues(Buffer.concat(pieces)) };
}

/** Up to 9 bytes, big-endian, 7 bits each but the last; above 2^53 rounded. */
function varint(bytes: Buffer, start: number): [value: number, next: number] {
  let value = 0n;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw new BrokenDatabase("a number is cut off");
    if (i === 8) return [Number(BigInt.asIntN(64, (value << 8n) | BigInt(byte))), start + 9];
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return [Number(value), start + i + 1];
  }
  throw new Error("internal: a varint of ten bytes");
}

/** Bytes of whole numbers by serial type 1 to 6. */
const WHOLE = [0, 1, 2, 3, 4, 6, 8];

function recordValues(record: Buffer): SqliteValue[] {
  const [headSize, first] = varint(record, 0);
  if (!(headSize <= record.length)) throw new BrokenDatabase("a row's header is longer than the row");
  const values: SqliteValue[] = [];
  let [head, body] = [first, headSize];
  while (head < headSize) {
    const [type, next] = varint(record, head);
    head = next;
    const length = type >= 12 ? Math.floor((type - 12) / 2) : type === 7 ? 8 : (WHOLE[type] ?? 0);
    if (!(length >= 0 && body + length <= record.length)) throw new BrokenDatabase("a value is longer than its row");
    values.push(valueAt(record.subarray(body, body + length), type));
    body += length;
  }
  return values;
}

function valueAt(bytes: Buffer, type: number): SqliteValue {
  if (type >= 12) return type % 2 === 0 ? Uint8Array.from(bytes) : bytes.toString("utf8");
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(0);
  if (type === 8 || type === 9) return type - 8;
  if (bytes.length === 8) return Number(bytes.readBigInt64BE(0));
  if (bytes.length > 0) return bytes.readIntBE(0, bytes.length);
  throw new BrokenDatabase(`a value has the type ${type}`);
}
