import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  writeSafetensors,
} from "../../../src/toolkit/policy/safetensors.ts";
import { UsageError } from "../../../src/toolkit/refuse.ts";
import { rng } from "../../../src/toolkit/rng.ts";

const tensors = {
  "b.weight": { data: Float32Array.of(1, -2.5, Number.NaN, Infinity, -0, 2 ** -149), shape: [2, 3] },
  "a.weight": { data: Float32Array.of(7), shape: [] },
  empty: { data: new Float32Array(), shape: [0, 4] },
};

/** A file of a given header and data. */
function file(header: unknown, data: Uint8Array | number): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

function bits(data: Float32Array | undefined): number[] {
  return data === undefined ? [] : [...new Uint32Array(data.buffer, data.byteOffset, data.length)];
}

test("safetensors: a round trip keeps every bit, shape and name", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "safetensors-")), "x.safetensors");
  await writeSafetensors(path, tensors);
  const read = await readSafetensors(path);
  expect(Object.keys(read)).toEqual(Object.keys(tensors));
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    expect(read[name]?.shape).toEqual(shape);
    expect(bits(read[name]?.data)).toEqual(bits(data));
  }
});

test("safetensors: the header says pt and ends on a multiple of 8", () => {
  const bytes = encodeSafetensors(tensors);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header.__metadata__).toEqual({ format: "pt" });
  expect(header["a.weight"]).toEqual({ dtype: "F32", shape: [], data_offsets: [24, 28] });
});

test("safetensors: half precision is widened exactly", () => {
  const header = {
    h: { dtype: "F16", shape: [6], data_offsets: [0, 12] },
    b: { dtype: "BF16", shape: [2], data_offsets: [12, 16] },
  };
  // F16: 1, −2, 2^−24 (the smallest), 65504 (the largest), infinity, 1/3 rounded; BF16: 1, −0.1640625
  const words = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x3555, 0x3f80, 0xbe28);
  const read = decodeSafetensors("f", file(header, new Uint8Array(words.buffer)));
  expect([...(read.h?.data ?? [])]).toEqual([1, -2, 2 ** -24, 65504, Infinity, 0.333251953125]);
  expect([...(read.b?.data ?? [])]).toEqual([1, -0.1640625]);
});

const two = (a: readonly number[], b: readonly number[]) => ({
  a: { dtype: "F32", shape: [2], data_offsets: a },
  b: { dtype: "F32", shape: [2], data_offsets: b },
});
const one = (change: object) => ({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...change } });

test.each([
  { name: "an empty file", bytes: new Uint8Array(), message: "f: the file has 0 bytes, no header" },
  {
    name: "a huge header",
    bytes: new Uint8Array(9).fill(255),
    message: "the header claims 18446744073709551615 bytes",
  },
  {
    name: "a header beyond the file",
    bytes: Uint8Array.of(50, 0, 0, 0, 0, 0, 0, 0, 123),
    message: "the header claims 50 bytes, the file has 9",
  },
  { name: "bad JSON", bytes: file("{]", 0), message: "the header is not JSON" },
  { name: "a list", bytes: file([], 0), message: "the header is not a JSON object" },
  {
    name: "bad metadata",
    bytes: file({ __metadata__: { a: 1 } }, 0),
    message: "__metadata__ is not an object of strings",
  },
  { name: "a number as entry", bytes: file({ a: 1 }, 0), message: "tensor a: its entry is not an object" },
  {
    name: "an unknown type",
    bytes: file(one({ dtype: "I64" }), 8),
    message: 'tensor a: its dtype is "I64"; save it as F32',
  },
  { name: "a type of the prototype", bytes: file(one({ dtype: "toString" }), 8), message: 'its dtype is "toString"' },
  { name: "a negative size", bytes: file(one({ shape: [-2] }), 8), message: "tensor a: its shape is [-2]" },
  {
    name: "a huge size",
    bytes: file(one({ shape: [2 ** 52, 2 ** 52] }), 8),
    message: "tensor a: it has 8 bytes, F32 [",
  },
  { name: "a truncated file", bytes: file(one({}), 7), message: "tensor a: it ends at byte 8 of 7" },
  { name: "a wrong size", bytes: file(one({ shape: [3] }), 8), message: "tensor a: it has 8 bytes, F32 [3] takes 12" },
  { name: "reversed offsets", bytes: file(one({ data_offsets: [8, 0] }), 8), message: "tensor a: it has -8 bytes" },
  {
    name: "three offsets",
    bytes: file(one({ data_offsets: [0, 8, 9] }), 8),
    message: "tensor a: its data_offsets are [0,8,9]",
  },
  {
    name: "overlap",
    bytes: file(two([0, 8], [4, 12]), 12),
    message: "tensor b: it overlaps the one before it at byte 4",
  },
  {
    name: "a gap",
    bytes: file(two([0, 8], [12, 20]), 20),
    message: "tensor b: bytes 8 to 12 before it belong to no tensor",
  },
  { name: "bytes at the end", bytes: file(one({}), 9), message: "1 bytes after the last tensor belong to none" },
])("safetensors: $name is refused, naming file and tensor", ({ bytes, message }) => {
  expect(() => decodeSafetensors("f", bytes)).toThrow(message);
  expect(() => decodeSafetensors("f", bytes)).toThrow(UsageError);
});

test("safetensors: a name like __proto__ is a name", () => {
  const header = '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const read = decodeSafetensors("f", file(header, 4));
  expect(Object.keys(read)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});

test("safetensors: mutated and cut files are read or refused, never anything else", () => {
  const good = encodeSafetensors(tensors);
  const random = rng({ seed: 11, stream: "fuzz" });
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const cut = random.uniform() < 0.3 ? random.integer(good.length) : good.length;
    const bytes = good.slice(0, cut);
    for (let change = random.integer(4); change > 0 && cut > 0; change--)
      bytes[random.integer(cut)] = random.integer(256);
    try {
      const read = decodeSafetensors("f", bytes);
      for (const { data, shape } of Object.values(read)) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      expect(error.message).toMatch(/^f: .+; .+\.$/s);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1500);
});

test("safetensors: a missing file names itself", async () => {
  await expect(readSafetensors("/nowhere/x.safetensors")).rejects.toThrow(
    "/nowhere/x.safetensors: the file cannot be read",
  );
});

test("safetensors: what cannot be written is refused before anything is", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "safetensors-")), "x.safetensors");
  await writeFile(path, "old");
  const bad = { x: { data: Float32Array.of(1, 2), shape: [3] } };
  await expect(writeSafetensors(path, bad)).rejects.toThrow("x has 2 values for shape [3]");
  expect(await readFile(path, "utf8")).toBe("old");
});
