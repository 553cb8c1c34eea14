import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { importedSet, importRun, importScores, importTable } from "../../../../src/index.ts";
import { dump } from "../../../support/dump.ts";

const fixtures = fileURLToPath(new URL("../../../fixtures/import", import.meta.url));
const row = (input: unknown, score: unknown): object => ({ input, output: "o", gts: "g", score, step: 1 });

test("import: a bad row is refused with file, line and field", async () => {
  const folder = dump({ "v/1.jsonl": [row("a", 1), row("b", "high")] });
  await expect(importRun(folder)).rejects.toThrow(
    new RegExp(
      `^importRun: ${join(folder, "v/1.jsonl")}, line 2, field score is "high", not a number; mend it, or pass badRows`,
    ),
  );
});

test("import: bad rows are excluded and listed when asked for", async () => {
  const lines = [row("a", 1), row(3, 1), { input: "c", output: "o", score: 0 }].map((one) => JSON.stringify(one));
  const folder = dump({ "v/x.jsonl": `${[...lines, "{oops", "[1]", ""].join("\n")}\n` });
  const run = await importRun(folder, { badRows: "exclude" });
  expect(run.badRows.map(({ line, field, problem }) => [line, field, problem])).toEqual([
    [2, "input", "is 3, not a text"],
    [3, "step", "is missing"],
    [4, undefined, "is not JSON"],
    [5, undefined, "is not a JSON object"],
  ]);
  expect(importedSet(run).problems).toHaveLength(1);
});

test("import: a last line that was cut off is a note, in the middle of a file it is an error", async () => {
  const folder = dump({ "v/1.jsonl": [row("a", 1)] });
  appendFileSync(join(folder, "v/1.jsonl"), '{"input": "b", "outp');
  const run = await importRun(folder);
  expect(run.notes).toEqual([expect.stringContaining("1.jsonl, line 2 was cut off and is left out")]);
  expect(importedSet(run).problems).toHaveLength(1);
});

test("import: NaN and null scores are unscored, not wrong", async () => {
  const run = await importRun(
    dump({
      "v/1.jsonl": `${JSON.stringify(row("a", null))}\n${JSON.stringify(row("a", 1))}\n${JSON.stringify(row("a", "#")).replace('"#"', "NaN")}\n`,
    }),
  );
  expect(importedSet(run).problems[0]).toMatchObject({ n: 1, correct: 1, failed: 2 });
});

test("import: scores between 0 and 1 count as samples, not as right", async () => {
  const run = await importRun(dump({ "v/1.jsonl": [row("a", 0.5), row("a", 1)] }));
  expect(importedSet(run).problems[0]).toMatchObject({
    n: 2,
    correct: 1,
    completions: [{ status: "partial" }, { status: "correct" }],
  });
});

test("import: bytes that are no UTF-8 are a bad row, a byte order mark and CRLF are not", async () => {
  const line = JSON.stringify(row("é", 1));
  const folder = dump({
    "v/1.jsonl": Buffer.concat([Buffer.from(`\ufeff${line}\r\n${line}\r\n`), Buffer.from([0x7b, 0xff, 0x0a])]),
  });
  const run = await importRun(folder, { badRows: "exclude" });
  expect(run.badRows).toMatchObject([{ line: 3, problem: "is not UTF-8" }]);
  expect(importedSet(run).problems[0]).toMatchObject({ prompt: "é", n: 2 });
});

test("import: what is unknown or not there is refused with what can be read", async () => {
  await expect(importRun("/nowhere/at/all")).rejects.toThrow("importRun: cannot read /nowhere/at/all");
  await expect(importRun(dump({ "a.pt": "x", "b.txt": "y" }))).rejects.toThrow(
    /holds nothing that is known \(a\.pt, b\.txt\); readable are/,
  );
  await expect(importRun(fixtures, { keepSample: false } as object)).rejects.toThrow('did you mean "keepSamples"?');
});

test("import: with several reward columns the one that counts has to be named", async () => {
  const file = join(fixtures, "two-rewards.parquet");
  await expect(importRun(file)).rejects.toThrow(
    "line 1 has the scores accuracy_reward, format_reward: say which one counts (score)",
  );
  const correct = async (score: string): Promise<(number | undefined)[]> =>
    importedSet(await importRun(file, { score })).problems.map((problem) => problem.correct);
  expect(await correct("accuracy_reward")).toEqual([3, 1]);
  expect(await correct("format_reward")).toEqual([4, 4]);
  await expect(importRun(file, { score: "none" })).rejects.toThrow("line 1, field none is missing");
});

test("import: samples are not kept when only counts are wanted", async () => {
  const run = await importRun(dump({ "v/1.jsonl": [row("a", 1)] }), { keepSamples: false });
  expect(importedSet(run).problems[0]).toEqual({
    id: expect.any(String),
    prompt: "a",
    answer: "g",
    n: 1,
    correct: 1,
    unparsed: 0,
    failed: 0,
  });
});

test("import: a choice between sets that is not clear is refused with their names", async () => {
  const run = await importRun(dump({ "v/1.jsonl": [row("a", 1)], "v/2.jsonl": [{ ...row("a", 1), step: 2 }] }));
  expect(() => importedSet(run, { name: "v" })).toThrow("choose name, step or run of one: v at step 1; v at step 2");
  expect(importedSet(run, { step: 2 }).step).toBe(2);
});

test.each([
  {
    name: "TensorBoard",
    file: "tensorboard/events.out.tfevents.1000000000.host.1.0.toy",
    at: 300,
    problem: "does not fit its checksum",
  },
  { name: "W&B", file: "wandb/offline-run-toy/run-toy.wandb", at: 900, problem: "does not fit its checksum" },
])("import: one flipped byte in a $name log is found by its checksum", async ({ file, at, problem }) => {
  const bytes = readFileSync(join(fixtures, file));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const folder = dump({ [file]: bytes });
  const run = await importRun(folder, { badRows: "exclude" });
  expect(run.badRows).toMatchObject([{ problem: expect.stringContaining(problem) }]);
});

test("import: a log cut off in the middle keeps what came before", async () => {
  const file = "events.out.tfevents.1";
  const whole = readFileSync(join(fixtures, "tensorboard/events.out.tfevents.1000000000.host.1.0.toy"));
  const folder = dump({ [file]: whole });
  writeFileSync(join(folder, file), whole.subarray(0, whole.length - 10));
  const run = await importRun(folder);
  expect(run.curves[0]?.steps).toEqual([0, 1, 2, 3]);
  expect(run.notes[0]).toContain("was cut off and is left out");
});

test("import: frames, columns and rows of one table give the same", async () => {
  const { DataFrame } = await import("danfojs-node");
  const columns = { problem: ["a", "a", "b"], score: [1, 0, 1], extra: ["x", "y", "z"] };
  const rows = [0, 1, 2].map((i) => ({
    problem: columns.problem[i],
    score: columns.score[i],
    extra: columns.extra[i],
  }));
  const frame = new DataFrame(columns);
  const all = [importTable(columns), importTable(rows), importTable(frame)];
  for (const run of all) {
    expect(importedSet(run).problems.map(({ id, n, correct }) => [id, n, correct])).toEqual([
      ["a", 2, 1],
      ["b", 1, 1],
    ]);
    expect(importedSet(run).problems[1]?.completions?.[0]?.fields).toEqual({ extra: "z" });
  }
});

test("import: tables and matrices with what does not fit are refused", () => {
  expect(() => importTable({ problem: ["a"], score: [1, 0] })).toThrow("the columns have 1, 2 rows");
  expect(() => importTable({ id: ["a"], score: [1] })).toThrow('there is no column "problem"; the table has id, score');
  expect(() => importTable({ problem: ["a"], score: ["1"] })).toThrow(
    'memory, line 1, field score is "1", not a number',
  );
  expect(() => importScores([[1, 0]], { ids: ["a", "b"] })).toThrow("there are 2 ids for 1 problems");
  const run = importScores([Float32Array.of(1, 0, Number.NaN), [true, false]], { ids: ["a", "b"] });
  expect(importedSet(run).problems.map(({ id, n, correct, failed }) => [id, n, correct, failed])).toEqual([
    ["a", 2, 1, 1],
    ["b", 2, 1, 0],
  ]);
});
