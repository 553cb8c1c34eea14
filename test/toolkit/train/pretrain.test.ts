import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { ProgressEvent } from "../../../src/toolkit/progress.ts";
import { contentKey } from "../../../src/toolkit/train/cache.ts";
import { type PretrainOptions, pretrain } from "../../../src/toolkit/train/pretrain.ts";
import { echoTask } from "../../support/tiny-task.ts";

const PROGRESS = Symbol.for("rlvr.progress");
afterEach(() => {
  Reflect.deleteProperty(globalThis, PROGRESS);
  vi.restoreAllMocks();
});

const options = (cacheFolder: string): PretrainOptions => ({
  task: echoTask,
  size: "nano",
  problems: 8,
  flawedShare: 0,
  steps: 6,
  batch: 8,
  warmup: 0,
  learningRate: 3e-3,
  cacheFolder,
});
const fresh = (): string => mkdtempSync(join(tmpdir(), "cache-"));

/** Fingerprint of what `pretrain` returns, and the losses it reported: none when it came from the cache. */
async function pretrained(of: PretrainOptions): Promise<{ fingerprint: string; losses: number[] }> {
  const losses: number[] = [];
  Reflect.set(globalThis, PROGRESS, ({ metrics }: ProgressEvent) => {
    if (metrics?.loss !== undefined) losses.push(metrics.loss);
  });
  const policy = await pretrain(of);
  const fingerprint = await policy.fingerprint();
  await policy.dispose();
  return { fingerprint, losses };
}

test("pretrain: the loss falls; a second call takes the same weights from the cache", async () => {
  const of = options(fresh());
  const made = await pretrained(of);
  expect(made.losses).toHaveLength(6);
  expect(made.losses[5]).toBeLessThan((made.losses[0] ?? 0) - 0.1);
  expect(await pretrained(of)).toEqual({ fingerprint: made.fingerprint, losses: [] });
});

test("pretrain: without the cache the same seed gives the same weights; another setting others", async () => {
  const of: PretrainOptions = { ...options(fresh()), cache: false, steps: 2 };
  const first = await pretrained(of);
  expect(await pretrained(of)).toEqual(first);
  expect(first.losses).toHaveLength(2);
  expect((await pretrained({ ...of, seed: 1 })).fingerprint).not.toBe(first.fingerprint);
  expect((await pretrained({ ...of, flawedShare: 1 })).fingerprint).not.toBe(first.fingerprint);
});

test("pretrain: what decays is part of the cache's key, though a function says it", async () => {
  const cacheFolder = fresh();
  const of = (...decaying: string[]): PretrainOptions => ({
    ...options(cacheFolder),
    steps: 2,
    optimizer: { weightDecay: 0.1, decays: (name) => decaying.includes(name) }, // the same source text every time
  });
  const first = await pretrained(of("model.norm.weight"));
  expect((await pretrained(of())).losses).toHaveLength(2);
  expect(await pretrained(of("model.norm.weight"))).toEqual({ fingerprint: first.fingerprint, losses: [] });
});

test("pretrain: the cache's key holds the runtime's version; a function in it is refused", async () => {
  const cacheFolder = fresh();
  await pretrained({ ...options(cacheFolder), steps: 1 });
  const [key = ""] = readdirSync(join(cacheFolder, "pretrained"));
  const { content } = JSON.parse(readFileSync(join(cacheFolder, "pretrained", key, "pretrained.json"), "utf8"));
  expect(content.onnxruntime).toBe(createRequire(import.meta.url)("onnxruntime-node/package.json").version);
  expect(contentKey(content)).toBe(key);
  expect(contentKey({ ...content, onnxruntime: "0.0.0" })).not.toBe(key);
  expect(() => contentKey({ ...content, rule: () => true })).toThrow("pretrain: rule is a function; pass plain values");
});

test.each(["model.safetensors", "pretrained.json"])(
  "pretrain: a corrupt %s is told of and made again",
  async (file) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const cacheFolder = fresh();
    const of: PretrainOptions = { ...options(cacheFolder), steps: 2 };
    const { fingerprint } = await pretrained(of);
    const [key = ""] = readdirSync(join(cacheFolder, "pretrained"));
    const path = join(cacheFolder, "pretrained", key, file);
    truncateSync(path, 40);
    const again = await pretrained(of);
    expect(again).toMatchObject({ fingerprint, losses: expect.objectContaining({ length: 2 }) });
    expect(warn.mock.calls[0]?.[0]).toMatch(/the cached policy .* is corrupt \(.*\); it is trained again and replaced/);
    expect((await pretrained(of)).losses).toEqual([]); // and the new entry is good
  },
);

test("pretrain: a cache folder that cannot be is named", async () => {
  const file = join(fresh(), "file");
  writeFileSync(file, "");
  await expect(pretrain({ ...options(join(file, "cache")), steps: 1 })).rejects.toThrow(
    /cannot write .*a part of the path is a file/,
  );
});

test.each([
  [{ size: "huge" }, 'pretrain: size is "huge"; pass one of "nano", "micro".'],
  [{ flawedShare: 2 }, "pretrain: flawedShare is 2; pass a number from 0 to 1."],
  [{ flawed: 0.5 }, 'pretrain: there is no option "flawed"'],
  [{ levels: [] }, "pretrain: levels is empty; pass some of 1."],
])("pretrain: %o is refused", async (more, message) => {
  await expect(pretrain({ ...options(fresh()), ...more } as PretrainOptions)).rejects.toThrow(message);
});
