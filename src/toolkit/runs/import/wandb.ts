/**
 * W&B offline runs: `run-<id>.wandb`, a LevelDB log (blocks of 32,768 bytes; a record has crc32, length, type, bytes) of
 * protocol buffers. History becomes metrics, config the config; what is no number in the history is counted and named.
 */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { crc32 } from "./checksums.ts";
import { badRow, isFields, numericFields } from "./fields.ts";
import { BrokenMessage, type ProtoField, protoFields, signed, utf8 } from "./protobuf.ts";
import { parsePythonJson } from "./python-json.ts";
import type { ImportRecord, MetricsRecord } from "./record.ts";

const BLOCK = 32_768;
/** ":W&B", magic 0xBEE1, version 0. */
const HEADER = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);

export function isWandb(start: Uint8Array): boolean {
  return HEADER.every((byte, i) => start[i] === byte);
}

export async function* readWandb(file: string): AsyncGenerator<ImportRecord> {
  const reader: HistoryReader = {
    run: basename(file).replace(/^run-|\.wandb$/g, ""),
    file,
    rows: 0,
    others: new Map(),
  };
  for await (const { number, bytes, problem } of logRecords(file)) {
    const place = { file, line: number };
    if (bytes === undefined) {
      if (problem === undefined) yield { kind: "note", text: `${file}, record ${number} was cut off and is left out` };
      else yield badRow(place, problem);
      continue;
    }
    try {
      yield* recordsOf(bytes, reader, number);
    } catch (error) {
      if (!(error instanceof BrokenMessage)) throw error;
      yield badRow(place, `is no W&B record: ${error.message}`);
    }
  }
  if (reader.others.size > 0) {
    const named = [...reader.others].map(([key, count]) => `${key} (${count})`).join(", ");
    yield { kind: "note", text: `${file}: logged values that are no numbers are left out: ${named}` };
  }
}

interface HistoryReader {
  run: string;
  readonly file: string;
  rows: number;
  readonly others: Map<string, number>;
}

/** Field numbers of `Record`. */
const [HISTORY, CONFIG, RUN] = [2, 5, 17];
/** Of `RunRecord`: its config and the name that a person gave it. */
const [RUN_CONFIG, DISPLAY_NAME] = [4, 8];

function* recordsOf(bytes: Uint8Array, reader: HistoryReader, line: number): Generator<ImportRecord> {
  for (const field of protoFields(bytes)) {
    if (field.wire !== "bytes") continue;
    if (field.number === HISTORY) yield historyRow(field.value, reader, line);
    if (field.number === CONFIG) yield { kind: "config", run: reader.run, config: itemsOf(field.value, 1) };
    if (field.number !== RUN) continue;
    const inner = [...protoFields(field.value)];
    const name = inner.find(({ number }) => number === DISPLAY_NAME);
    if (name?.wire === "bytes" && name.value.length > 0) reader.run = utf8(name.value);
    const config = inner.find(({ number }) => number === RUN_CONFIG);
    if (config?.wire === "bytes") yield { kind: "config", run: reader.run, config: itemsOf(config.value, 1) };
  }
}

function historyRow(bytes: Uint8Array, reader: HistoryReader, line: number): MetricsRecord {
  const items = itemsOf(bytes, 1);
  const stated = [...protoFields(bytes)].find(({ number }) => number === 2);
  const inside = stated?.wire === "bytes" ? [...protoFields(stated.value)][0] : undefined;
  const at =
    typeof items._step === "number" ? items._step : inside?.wire === "varint" ? signed(inside.value) : reader.rows;
  reader.rows += 1;
  const values = numericFields(items, ["_step", "_timestamp", "_runtime", "_wandb"]);
  for (const [key, value] of Object.entries(items)) {
    if (key.startsWith("_") || values[key] !== undefined || (isFields(value) && value._type === undefined)) continue;
    reader.others.set(key, (reader.others.get(key) ?? 0) + 1);
  }
  return { kind: "metrics", format: "wandb", run: reader.run, step: at, values, place: { file: reader.file, line } };
}

/** Items of a history or config record: 1 key, 2 nested key, 16 value as JSON. */
function itemsOf(bytes: Uint8Array, number: number): Record<string, unknown> {
  const items: Record<string, unknown> = {};
  for (const field of protoFields(bytes)) {
    if (field.number !== number || field.wire !== "bytes") continue;
    const inner = [...protoFields(field.value)];
    const texts = (of: number): string[] => inner.flatMap((one) => (one.number === of ? [fieldText(one)] : []));
    const key = texts(1)[0] || texts(2).join("."); // as W&B itself names what was nested
    items[key] = parsed(texts(16)[0] ?? "null");
  }
  return items;
}

function fieldText(field: ProtoField): string {
  if (field.wire !== "bytes") throw new BrokenMessage("a text is a number");
  return utf8(field.value);
}

function parsed(json: string): unknown {
  try {
    return parsePythonJson(json);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new BrokenMessage("a value is not JSON");
  }
}

interface LogRecord {
  readonly number: number;
  readonly bytes?: Uint8Array;
  readonly problem?: string;
}

const [FULL, FIRST, LAST] = [1, 2, 4];

/** Records put together from their pieces; a block with a broken piece is given up, the next one is read. */
async function* logRecords(file: string): AsyncGenerator<LogRecord> {
  const handle = await open(file);
  try {
    let [number, pieces]: [number, Buffer[]] = [0, []];
    for (let start = 0; ; start += BLOCK) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(BLOCK), 0, BLOCK, start);
      if (bytesRead === 0) break;
      const block = buffer.subarray(0, bytesRead);
      for (const piece of blockPieces(block, start === 0 ? HEADER.length : 0)) {
        if ("problem" in piece) {
          pieces = [];
          number += 1;
          yield piece.problem === undefined ? { number } : { number, problem: piece.problem };
          continue;
        }
        if (piece.type === FULL || piece.type === FIRST) pieces = [];
        pieces.push(piece.bytes);
        if (piece.type !== FULL && piece.type !== LAST) continue;
        number += 1;
        yield { number, bytes: Buffer.concat(pieces) };
        pieces = [];
      }
      if (bytesRead < BLOCK) break;
    }
    if (pieces.length > 0) yield { number: number + 1 };
  } finally {
    await handle.close();
  }
}

type Piece = { readonly type: number; readonly bytes: Buffer } | { readonly problem: string | undefined };

function* blockPieces(block: Buffer, from: number): Generator<Piece> {
  const whole = block.length === BLOCK;
  for (let at = from; at + 7 <= block.length; ) {
    const [length, type] = [block.readUInt16LE(at + 4), block[at + 6] ?? 0];
    const end = at + 7 + length;
    if (type === 0 && length === 0) return; // padding to the block's end
    if (end > block.length && !whole) return yield { problem: undefined };
    if (end > block.length || type > LAST || type === 0) {
      return yield { problem: "is broken: the rest of its block of 32,768 bytes is left out" };
    }
    if (block.readUInt32LE(at) !== crc32(block.subarray(at + 6, end))) {
      return yield { problem: "does not fit its checksum: the rest of its block is left out" };
    }
    yield { type, bytes: block.subarray(at + 7, end) };
    at = end;
  }
}
