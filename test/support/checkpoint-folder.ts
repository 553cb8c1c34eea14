/** Small checkpoints on disk, written by hand: any element type, one file or shards. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBfloat16 } from "../../src/toolkit/checkpoints/bfloat16.ts";

export interface Content {
  readonly dtype: "F32" | "F16" | "BF16";
  readonly shape: readonly number[];
  /** Bits of each number. */
  readonly bits: Uint32Array | Uint16Array;
}

export function f32(values: ArrayLike<number>, shape: readonly number[]): Content {
  return { dtype: "F32", shape, bits: new Uint32Array(Float32Array.from(values).buffer) };
}

/** Rounded to nearest. */
export function bf16(values: ArrayLike<number>, shape: readonly number[]): Content {
  return { dtype: "BF16", shape, bits: toBfloat16(Float32Array.from(values)) };
}

function fileBytes(tensors: Readonly<Record<string, Content>>): Uint8Array {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { dtype, shape, bits }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + bits.byteLength] };
    end += bits.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...Object.values(tensors).map(({ bits }) => Buffer.from(bits.buffer))]);
}

/** A folder with one file. */
export async function checkpointFolder(tensors: Readonly<Record<string, Content>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
  await writeFile(join(folder, "model.safetensors"), fileBytes(tensors));
  return folder;
}

/** A folder with a shard for each record, and the index; `listed` changes what the index says. */
export async function shardedFolder(
  shards: readonly Readonly<Record<string, Content>>[],
  listed: (map: Record<string, string>) => Record<string, string> = (map) => map,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
  const map: Record<string, string> = {};
  for (const [i, tensors] of shards.entries()) {
    const file = `model-0000${i + 1}-of-0000${shards.length}.safetensors`;
    for (const name of Object.keys(tensors)) map[name] = file;
    await writeFile(join(folder, file), fileBytes(tensors));
  }
  await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: listed(map) }));
  return folder;
}
