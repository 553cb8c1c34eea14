/** Files that the peers' own writers made: scripts/reference/import-fixtures.py says how. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { importedSet, importRun } from "../../../../src/index.ts";

const fixtures = fileURLToPath(new URL("../../../fixtures/import", import.meta.url));

test("TRL completions: parquet rows over several row groups, None is unscored", async () => {
  const run = await importRun(join(fixtures, "trl"));
  expect(run.formats).toEqual(["trl-completions"]);
  const { problems, step } = importedSet(run, { name: "completions" });
  expect(step).toBe(10);
  expect(problems.map(({ prompt, n, correct, failed }) => [prompt, n, correct, failed])).toEqual([
    ["1+1=", 4, 3, 0],
    ["2+2=", 3, 1, 1],
  ]);
  expect(problems[1]?.completions?.map(({ text }) => text)).toEqual(["4", "5", "6", "?"]);
  expect(problems[0]?.completions?.[1]).toMatchObject({ score: 0, fields: { advantage: -1.5 }, line: 2 });
});

test.each(["gzip", "brotli", "none"])("parquet: pages compressed by %s are read", async (codec) => {
  const run = await importRun(join(fixtures, `parquet-${codec}.parquet`));
  expect(importedSet(run).problems.map(({ n, correct }) => [n, correct])).toEqual([
    [4, 3],
    [3, 1],
  ]);
});

test("parquet: Zstandard is read where Node has it, else the row says what is missing", async () => {
  const run = await importRun(join(fixtures, "parquet-zstd.parquet"), { badRows: "exclude" });
  if ("zstdDecompressSync" in zlib) expect(importedSet(run).problems).toHaveLength(2);
  else expect(run.badRows[0]).toMatchObject({ line: 1, problem: expect.stringContaining("Node reads from 22.15 on") });
});

test("lighteval details: the mean over n samples gives back how many were right", async () => {
  const run = await importRun(join(fixtures, "lighteval"));
  const { problems, name } = importedSet(run);
  expect(name).toBe("custom-toy-0");
  expect(problems.map(({ id, n, correct, answer }) => [id, n, correct, answer])).toEqual([
    ["0", 4, 0, "0"],
    ["1", 4, 1, "1"],
    ["2", 4, 2, "2"],
    ["3", 4, 4, "3"],
  ]);
});

test("TensorBoard: simple values and scalar tensors; texts are counted and named", async () => {
  const run = await importRun(join(fixtures, "tensorboard"));
  expect(run.curves.map(({ name, steps, values }) => [name, steps, values])).toEqual([
    ["train/reward", [0, 1, 2, 3, 4], [0, 0.25, 0.5, 0.75, 1]],
    ["loss", [0, 1, 2, 3, 4], [0, 2, 4, 6, 8]],
  ]);
  expect(run.notes).toEqual([expect.stringContaining("no scalars are left out: text (5)")]);
});

test("W&B offline run: history by step, nested names, config", async () => {
  const run = await importRun(join(fixtures, "wandb"));
  expect(run.curves.map(({ run: of, name, steps, values }) => [of, name, steps, values])).toEqual([
    ["toy run", "reward", [0, 1, 2, 3, 4], [0, 0.25, 0.5, 0.75, 1]],
    ["toy run", "train.loss", [0, 1, 2, 3, 4], [0, 2, 4, 6, 8]],
    ["toy run", "bad", [0, 1, 2, 3, 4], [1, 1, Number.NaN, 1, 1]],
  ]);
  expect(run.configs[0]?.config).toMatchObject({ seed: 3, optimizer: { lr: 1e-5 } });
  expect(run.notes).toEqual([expect.stringContaining("no numbers are left out: note (5)")]);
});

test("Trackio: a database as its writer left it, JSON in bytes", async () => {
  const run = await importRun(join(fixtures, "trackio/toy.db"));
  expect(run.curves.map(({ run: of, name, values }) => [of, name, values])).toEqual([
    ["a", "reward", [0, 0.25, 0.5, 0.75, 1]],
    ["a", "train/loss", [0, 2, 4, 6, 8]],
    ["b", "reward", [0.5, 0.5, 0.5, 0.5, 0.5]],
    ["b", "train/loss", [0, 2, 4, 6, 8]],
  ]);
  expect(run.configs.map(({ run: of, config }) => [of, config.seed])).toEqual([
    ["a", 3],
    ["b", 3],
  ]);
});

test("Trackio: inner pages, rows longer than a page, and rows that are only in the write-ahead log", async () => {
  const run = await importRun(join(fixtures, "trackio/wal.db"));
  const steps = Array.from({ length: 44 }, (_, step) => step);
  expect(run.curves).toEqual([
    { name: "reward", run: "w", format: "trackio", steps, values: steps.map((step) => step / 8) },
  ]);
});

test("a folder of everything: each file is read as what it is", async () => {
  const run = await importRun(fixtures, { badRows: "exclude" });
  expect(run.formats).toEqual(["lighteval-details", "tensorboard", "trackio", "trl-completions", "wandb"]);
  expect(run.ignored.map((path) => path.slice(fixtures.length + 1))).toEqual(["trackio/wal.db-wal"]);
});
