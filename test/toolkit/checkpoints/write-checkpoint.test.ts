import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkpointTrajectory, truncateDelta, writeExtrapolatedCheckpoint } from "../../../src/analysis/index.ts";
import {
  openCheckpoint,
  rng,
  UsageError,
  writeCombinedCheckpoint,
  writeLora,
  writeTruncatedCheckpoint,
} from "../../../src/index.ts";
import { readSafetensors } from "../../../src/toolkit/policy/safetensors.ts";
import { bf16, checkpointFolder, f32, shardedFolder } from "../../support/checkpoint-folder.ts";

const random = rng({ seed: 3, stream: "test" });
const draw = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const [rows, columns] = [9, 6];
const weights = { q: draw(rows * columns), embed: draw(rows * columns), norm: draw(4) };
const later = { q: draw(rows * columns), embed: draw(rows * columns), norm: draw(4) };
const names = {
  q: "model.layers.0.self_attn.q_proj.weight",
  embed: "model.embed_tokens.weight",
  norm: "model.norm.weight",
};
const inMemory = (at: typeof weights) => ({
  [names.q]: { data: at.q, shape: [rows, columns] },
  [names.embed]: { data: at.embed, shape: [rows, columns] },
  [names.norm]: { data: at.norm, shape: [4] },
});

async function opened(at: typeof weights) {
  const shards = [
    { [names.q]: f32(at.q, [rows, columns]) },
    { [names.embed]: f32(at.embed, [rows, columns]), [names.norm]: f32(at.norm, [4]) },
  ];
  const folder = await shardedFolder(shards);
  await writeFile(join(folder, "config.json"), '{"hidden_size": 6}');
  return await openCheckpoint(folder);
}

/** All tensors of a folder as float32. */
async function numbers(folder: string): Promise<Record<string, Float32Array>> {
  const { tensors } = await openCheckpoint(folder);
  const files = new Set([...tensors.values()].map(({ file }) => file));
  const read = await Promise.all([...files].map(async (file) => Object.entries(await readSafetensors(file))));
  return Object.fromEntries(read.flat().map(([name, { data }]) => [name, data]));
}

const fresh = async (): Promise<string> => join(await checkpointFolder({ w: f32([1], [1]) }), "out");

test("writeTruncatedCheckpoint: W + Δ_r in the files, shards and configuration of the base", async () => {
  const [before, after] = [await opened(weights), await opened(later)];
  for (const rank of [0, 2, 6]) {
    const folder = await fresh();
    await writeTruncatedCheckpoint(before, after, rank, folder);
    const expected = await truncateDelta(inMemory(weights), inMemory(later), rank);
    const written = await numbers(folder);
    expect(Object.keys(written).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { data }] of Object.entries(expected)) {
      expect(Array.from(written[name] ?? [])).toEqual(Array.from(data, (x) => expect.closeTo(x, 6)));
    }
    expect(await readFile(join(folder, "config.json"), "utf8")).toBe('{"hidden_size": 6}');
    expect((await openCheckpoint(folder)).tensors.get(names.q)?.file).toMatch(/model-00001-of-00002/);
  }
});

test("writeLora: base + B A of every matrix is the truncated change, embeddings transposed as PEFT has them", async () => {
  const [before, after, folder] = [await opened(weights), await opened(later), await fresh()];
  const { modules, leftOut } = await writeLora(before, after, 2, folder);
  expect(modules).toEqual(["model.layers.0.self_attn.q_proj", "model.embed_tokens"]);
  expect(leftOut).toEqual([names.norm]);
  const config: unknown = JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8"));
  expect(config).toMatchObject({ peft_type: "LORA", r: 2, lora_alpha: 2, target_modules: modules });
  const adapter = await readSafetensors(join(folder, "adapter_model.safetensors"));
  const expected = await truncateDelta(inMemory(weights), inMemory(later), 2);
  const product = (b: Float32Array, a: Float32Array, m: number, n: number, i: number, j: number): number => {
    expect([b.length, a.length]).toEqual([2 * m, 2 * n]);
    return (b[2 * i] ?? 0) * (a[j] ?? 0) + (b[2 * i + 1] ?? 0) * (a[n + j] ?? 0);
  };
  const parts = (key: string) => adapter[`base_model.model.${key}`]?.data ?? new Float32Array();
  const [qB, qA] = [parts(`${modules[0]}.lora_B.weight`), parts(`${modules[0]}.lora_A.weight`)];
  const [eB, eA] = [parts(`${modules[1]}.lora_embedding_B`), parts(`${modules[1]}.lora_embedding_A`)];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = i * columns + j;
      const q = (weights.q[at] ?? 0) + product(qB, qA, rows, columns, i, j);
      expect(q).toBeCloseTo(expected[names.q]?.data[at] ?? 0, 5);
      const e = (weights.embed[at] ?? 0) + product(eB, eA, columns, rows, j, i); // (B A)ᵀ
      expect(e).toBeCloseTo(expected[names.embed]?.data[at] ?? 0, 5);
    }
  }
});

test("checkpointTrajectory: a straight path is rank 1 and linear, and is written where it would be later", async () => {
  const direction = draw(12);
  const start = draw(12);
  const at = async (step: number) =>
    await openCheckpoint(
      await checkpointFolder({
        w: f32(
          start.map((x, i) => x + 0.01 * step * (direction[i] ?? 0)),
          [3, 4],
        ),
      }),
    );
  const base = await at(0);
  const path = [
    { step: 10, checkpoint: await at(10) },
    { step: 20, checkpoint: await at(20) },
    { step: 40, checkpoint: await at(40) },
  ];
  const { tensors, overall } = await checkpointTrajectory(base, path);
  expect(tensors[0]?.fit.explained[0]).toBeGreaterThan(1 - 1e-10);
  expect(tensors[0]?.fit.directions[0]?.r2).toBeGreaterThan(1 - 1e-10);
  expect(overall.explained[0]).toBeCloseTo(tensors[0]?.fit.explained[0] ?? 0, 12);
  const length = Math.sqrt(direction.reduce((sum, x) => sum + x * x, 0));
  expect(tensors[0]?.norms[2]).toBeCloseTo(0.4 * length, 5);
  const folder = await fresh();
  await writeExtrapolatedCheckpoint(base, path, 100, folder);
  const expected = start.map((x, i) => x + (direction[i] ?? 0));
  expect(Array.from((await numbers(folder)).w ?? [])).toEqual(Array.from(expected, (x) => expect.closeTo(x, 4)));
  await expect(writeExtrapolatedCheckpoint(base, path, 40, await fresh())).rejects.toThrow(/last observed 40/);
  await expect(checkpointTrajectory(base, path.slice(0, 1))).rejects.toThrow(/at least two/);
});

test("writeCombinedCheckpoint: bfloat16 is rounded to nearest, ties to even", async () => {
  const unit = 2 ** -7; // spacing of bfloat16 in [1, 2)
  const [a, b] = [bf16([1, 1, -1], [3]), bf16([1 + unit, 1 + 3 * unit, -1 - unit], [3])];
  const [first, second] = [await checkpointFolder({ w: a }), await checkpointFolder({ w: b })];
  const folder = await fresh();
  const sources = [await openCheckpoint(first), await openCheckpoint(second)];
  await writeCombinedCheckpoint(sources, () => [0.5, 0.5], folder); // 1 + unit / 2, 1 + 3 unit / 2, -1 - unit / 2
  expect(Array.from((await numbers(folder)).w ?? [])).toEqual([1, 1 + 2 * unit, -1]);
  await expect(writeCombinedCheckpoint(sources, () => [1], await fresh())).rejects.toThrow(/weights of "w" are \[1\]/);
});

test("write: a folder with content, or a source, is never written over", async () => {
  const [before, after] = [await opened(weights), await opened(later)];
  const taken = await checkpointFolder({ w: f32([1], [1]) });
  await expect(writeTruncatedCheckpoint(before, after, 1, taken)).rejects.toThrow(/holds 1 files already/);
  await expect(writeTruncatedCheckpoint(before, after, 1, after.folder)).rejects.toThrow(UsageError);
  await expect(writeLora(before, before, 1, await fresh())).rejects.toThrow(/no matrix changed/);
  const bare = async (x: number) =>
    await openCheckpoint(await checkpointFolder({ m: f32([x, 2, 3, 4], [2, 2]), "v.weight": f32([x], [1]) }));
  const [named, moved] = [await bare(0), await bare(1)];
  await expect(writeLora(named, moved, 1, await fresh())).rejects.toThrow(
    'writeLora: no tensor is a matrix whose name ends in ".weight", which is what PEFT adapts: there are "m" [2, 2], "v.weight" [1];',
  );
  await expect(writeLora(before, after, 0, await fresh())).rejects.toThrow(/rank is 0/);
});
