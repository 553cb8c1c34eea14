import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { encodeSafetensors } from "../../../src/toolkit/policy/safetensors.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { UsageError } from "../../../src/toolkit/refuse.ts";
import { logSoftmax, randomWeights, referenceLogits, tinyConfig } from "./reference.ts";

const tokenizer = charTokenizer("0123456789"); // 13 tokens
const config = tinyConfig();
let policy: Policy;

beforeAll(async () => {
  policy = await Policy.create({ config, tokenizer, seed: 1 });
  await policy.parameters.write(randomWeights(config, 4));
});

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "policy-"));

test("policy: a saved policy loads with the same fingerprint, config, vocabulary and bits", async () => {
  const path = await folder();
  await policy.save(path);
  const again = await Policy.load(path);
  expect(await again.fingerprint()).toBe(await policy.fingerprint());
  expect(again.config).toEqual(policy.config);
  expect(again.tokenizer.alphabet).toBe("0123456789");
  expect(await again.parameters.read()).toEqual(await policy.parameters.read());
});

test("policy: a clone has the same weights and its own life", async () => {
  const clone = await policy.clone();
  expect(await clone.fingerprint()).toBe(await policy.fingerprint());
  await clone.parameters.write({ "model.norm.weight": { data: new Float32Array(20), shape: [20] } });
  expect(await clone.fingerprint()).not.toBe(await policy.fingerprint());
  await clone.dispose();
  await expect(clone.fingerprint()).rejects.toThrow("the store was disposed of");
});

test("policy.score: column t is about token t + 1, in every part of a long batch", async () => {
  const width = 60;
  const rows = 300; // 300 · 59 positions are scored in three parts
  const ids = Int32Array.from({ length: rows * width }, (_, i) => (i * 7 + Math.floor(i / width)) % 13);
  const { logProbs, entropies } = await policy.score(ids, [rows, width]);
  const weights = randomWeights(config, 4);
  for (const row of [0, 137, 138, 299]) {
    const sequence = [...ids.subarray(row * width, (row + 1) * width)];
    const all = referenceLogits(config, weights, sequence).map(logSoftmax);
    for (const t of [0, 31, 58]) {
      const distribution = all[t] ?? [];
      expect(logProbs[row * 59 + t]).toBeCloseTo(distribution[sequence[t + 1] ?? 0] ?? 0, 4);
      const entropy = -distribution.reduce((sum, l) => sum + Math.exp(l) * l, 0);
      expect(entropies[row * 59 + t]).toBeCloseTo(entropy, 4);
    }
  }
});

test("policy.score: ids outside the vocabulary and wrong shapes are refused", async () => {
  await expect(policy.score(Int32Array.of(1, 13), [1, 2])).rejects.toThrow("id 13 at 1; pass ids below 13");
  await expect(policy.score(Int32Array.of(1, 2, 3), [2, 2])).rejects.toThrow("3 ids for shape [2, 2]");
});

test("Policy.create: a tokenizer of another size than the config's vocabulary is refused", async () => {
  const create = Policy.create({ config, tokenizer: charTokenizer("01"), seed: 1 });
  await expect(create).rejects.toThrow(
    "Policy.create: the tokenizer has vocab_size 5, the config 13; use the two made",
  );
});

async function saved(): Promise<string> {
  const path = await folder();
  await policy.save(path);
  return path;
}

test.each([
  { file: "config.json", content: "{", message: "config.json: the file is not JSON" },
  { file: "config.json", content: '{"model_type":"qwen2"}', message: 'config.json: model_type is "qwen2"' },
  { file: "tokenizer.json", content: "[]", message: "tokenizer.json: the model is missing" },
  { file: "model.safetensors", content: "abc", message: "model.safetensors: the file has 3 bytes, no header" },
])("Policy.load: a corrupt $file ($content) is refused by name", async ({ file, content, message }) => {
  const path = await saved();
  await writeFile(join(path, file), content);
  await expect(Policy.load(path)).rejects.toThrow(message);
  await expect(Policy.load(path)).rejects.toThrow(UsageError);
});

test("Policy.load: a truncated checkpoint is refused with file, tensor and remedy", async () => {
  const path = await saved();
  const file = join(path, "model.safetensors");
  await writeFile(file, (await readFile(file)).subarray(0, -100));
  await expect(Policy.load(path)).rejects.toThrow(
    /model\.safetensors: tensor lm_head\.weight: it ends at byte \d+ of \d+; the file is corrupt or truncated: copy or/,
  );
});

test("Policy.load: weights of another config and a missing folder are refused", async () => {
  const path = await saved();
  const weights = randomWeights(tinyConfig({ intermediate_size: 30 }), 1);
  await writeFile(join(path, "model.safetensors"), encodeSafetensors(weights));
  await expect(Policy.load(path)).rejects.toThrow(
    "mlp.gate_proj.weight is [30, 20], the config says [28, 20]; use the",
  );
  await expect(Policy.load(join(path, "none"))).rejects.toThrow("config.json: the file cannot be read; pass a folder");
});

test("Policy.load: weights that are no numbers are refused by name", async () => {
  const path = await folder();
  await policy.save(path);
  const weights = await policy.parameters.read();
  const norm = weights["model.norm.weight"]?.data;
  if (norm) norm[3] = Number.NaN;
  await writeFile(join(path, "model.safetensors"), encodeSafetensors(weights));
  await expect(Policy.load(path)).rejects.toThrow(`entry 3 of model.norm.weight in ${path} is NaN`);
});
