/**
 * Checkpoints in the Hugging Face layout: one `model.safetensors`, or shards listed in `model.safetensors.index.json`. Opening
 * reads headers only, so that models larger than memory cost nothing until their tensors are asked for.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { refuse } from "../refuse.ts";
import { type FileTensor, tensorsOf } from "./tensor-file.ts";

/** A checkpoint on disk. */
export interface Checkpoint {
  readonly folder: string;
  /** By name, in the order of the files and of the bytes in them. */
  readonly tensors: ReadonlyMap<string, FileTensor>;
}

const indexName = "model.safetensors.index.json";

/**
 * Opens a folder, or one safetensors file.
 *
 * @throws UsageError when nothing is there to read, a shard is missing or truncated, or the index and the shards disagree
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const about = await stat(path).catch((error) =>
    refuse(path, "there is no such file or folder", "check the path", error),
  );
  if (!about.isDirectory()) return { folder: dirname(path), tensors: byName(path, await tensorsOf(path)) };
  const names = await readdir(path);
  if (names.includes(indexName)) return { folder: path, tensors: await readShards(path) };
  return { folder: path, tensors: byName(path, await tensorsOf(join(path, singleFile(path, names)))) };
}

function singleFile(folder: string, names: readonly string[]): string {
  if (names.includes("model.safetensors")) return "model.safetensors";
  if (names.includes("adapter_model.safetensors")) {
    refuse(folder, "it holds a LoRA adapter, not weights", "merge the adapter into its base and save that");
  }
  const files = names.filter((name) => name.endsWith(".safetensors"));
  const [file, ...more] = files;
  if (file !== undefined && more.length === 0) return file;
  if (file !== undefined) {
    refuse(folder, `it holds ${files.length} safetensors files and no ${indexName}`, "add the index, or name one file");
  }
  const torch = names.some((name) => name.endsWith(".bin") || name.endsWith(".pt"));
  return refuse(
    folder,
    "it holds no safetensors file",
    torch ? "save it as safetensors" : "name a checkpoint's folder",
  );
}

async function readShards(folder: string): Promise<Map<string, FileTensor>> {
  const where = join(folder, indexName);
  const map = weightMap(where, await readFile(where, "utf8"));
  const shards = [...new Set(Object.values(map))].sort();
  const found: FileTensor[] = [];
  for (const shard of shards) {
    if (basename(shard) !== shard) refuse(where, `a shard is "${shard}"`, "name files of the same folder");
    found.push(...(await tensorsOf(join(folder, shard))));
  }
  const tensors = byName(where, found);
  for (const [name, shard] of Object.entries(map)) {
    const held = tensors.get(name);
    if (held === undefined || basename(held.file) !== shard) {
      refuse(where, `"${name}" is not in ${shard}`, "the index and the shards disagree: save the checkpoint again");
    }
  }
  for (const { name, file } of found) {
    if (map[name] !== undefined) continue;
    refuse(where, `"${name}" of ${basename(file)} is not listed`, "the index and the shards disagree: save it again");
  }
  return tensors;
}

function weightMap(where: string, text: string): Readonly<Record<string, string>> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    return refuse(where, "it is not JSON", "copy or save it again", error);
  }
  const map: unknown = typeof index === "object" && index !== null ? Reflect.get(index, "weight_map") : undefined;
  if (!isMap(map)) return refuse(where, "weight_map does not give a file for each tensor", "copy or save it again");
  return map;
}

function isMap(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const files = Object.values(value);
  return files.length > 0 && files.every((file) => typeof file === "string");
}

function byName(where: string, tensors: readonly FileTensor[]): Map<string, FileTensor> {
  const map = new Map<string, FileTensor>();
  for (const tensor of tensors) {
    if (map.has(tensor.name)) refuse(where, `"${tensor.name}" is in two shards`, "save the checkpoint again");
    map.set(tensor.name, tensor);
  }
  if (map.size === 0) refuse(where, "there are no tensors", "name a checkpoint with weights");
  return map;
}
