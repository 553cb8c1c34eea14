/**
 * Ten thousand mutated inputs for each reader: a file is read to its end, or what is wrong with it is a bad row or a note. Nothing is
 * thrown, nothing hangs. Text formats take their mutated rows in one file; the others take a file each, a tenth of them unless
 * RLVR_FUZZ=full.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type ImportFormat, importRecords, type Rng, rng } from "../../../../src/index.ts";
import { collector } from "../../../../src/toolkit/runs/import/collect.ts";

const INPUTS = 10_000;
/** A file takes about a millisecond. */
const FILES = process.env.RLVR_FUZZ === "full" ? INPUTS : INPUTS / 10;
const folder = mkdtempSync(join(tmpdir(), "rlvr-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixtures = fileURLToPath(new URL("../../../fixtures/import", import.meta.url));

/** Kinds of what came out: every record has to be of a known kind, and the collector has to take it. */
async function readAll(path: string, format: ImportFormat): Promise<Set<string>> {
  const kinds = new Set<string>();
  const gathered = collector({ keepTokens: false });
  for await (const record of importRecords({ path, format })) {
    kinds.add(record.kind);
    gathered.add(record);
  }
  for (const { problems } of gathered.sets()) {
    for (const { n, correct, unparsed } of problems)
      if (!(correct + unparsed <= n)) throw new Error("counts do not add up");
  }
  return kinds;
}

const HOSTILE: readonly unknown[] = [
  ...[null, true, -1, 0, 0.5, 1e308, 2 ** 53, "", "x", "[INVALID]", "\u0000\ud800", [], [[]], [null], [1, "a"], {}],
  ...[
    { a: { b: { c: {} } } },
    [{ role: "assistant", content: null }],
    { score: "1" },
    { weight: 2 },
    Array(50).fill([1]),
  ],
];

/** The row with some field, at some depth, left out, renamed or made hostile. */
function mutatedRow(value: unknown, random: Rng, depth = 0): unknown {
  const pick = (): unknown => HOSTILE[random.integer(HOSTILE.length)];
  if (typeof value !== "object" || value === null || (depth > 0 && random.uniform() < 0.25)) return pick();
  const entries = Object.entries(value);
  const chosen = random.integer(Math.max(1, entries.length));
  if (Array.isArray(value))
    return value.map((one: unknown, i) => (i === chosen ? mutatedRow(one, random, depth + 1) : one));
  const changed = entries.flatMap(([name, one], i): [string, unknown][] => {
    if (i !== chosen) return [[name, one]];
    const way = random.uniform();
    return way < 0.2 ? [] : way < 0.3 ? [[`${name}x`, one]] : [[name, mutatedRow(one, random, depth + 1)]];
  });
  return Object.fromEntries(changed);
}

const MARKS = ["{", "}", "[", "]", '"', "\\", ",", ":", "NaN", "-Infinity", "\n", "\r", "\u0000", "1e999", "\\u12"];

function mutatedText(text: string, random: Rng): string {
  const at = random.integer(text.length);
  const mark = MARKS[random.integer(MARKS.length)] ?? "";
  const way = random.uniform();
  if (way < 0.3) return text.slice(0, at) + mark + text.slice(at);
  if (way < 0.6) return text.slice(0, at) + text.slice(at + 1 + random.integer(8));
  return way < 0.8 ? text.slice(0, at) : text.slice(0, at) + mark + text.slice(at + 1);
}

const tokens = {
  token_ids: [5, 6, 7],
  loss_mask: [false, false, true],
  inference_logprobs: [0, 0, -1],
  trainer_logprobs: [0, 0, null],
};
const message = { role: "assistant", content: "4" };

const ROWS: readonly { readonly format: ImportFormat; readonly name: string; readonly rows: readonly object[] }[] = [
  {
    format: "verl-dump",
    name: "1.jsonl",
    rows: [{ input: "q", output: "o", gts: "g", score: 1, step: 1, acc: true, pred: "[INVALID]" }],
  },
  { format: "verl-log", name: "log.jsonl", rows: [{ step: 1, data: { a: 1, b: { c: 2 } } }] },
  { format: "metrics-jsonl", name: "metrics.jsonl", rows: [{ step: 1, producer: "t", loss: 2, deep: { er: 1 } }] },
  {
    format: "prime-rl-traces",
    name: "traces.jsonl",
    rows: [
      {
        task: { type: "T", key: "k", data: { question: "q", answer: "a" } },
        nodes: [{ message: { role: "user", content: "q" } }, { message }],
        rewards: { right: { score: 1, weight: 1 } },
        run: { step: 3, work: { step: 2 } },
        errors: [],
      },
      { traces: [{ task: {}, nodes: [{ message }], rewards: { a: 1 } }] },
    ],
  },
  { format: "prime-rl-tokens", name: "rank_0.jsonl", rows: [{ schema_version: 1, step: 1, env_name: "e", ...tokens }] },
  {
    format: "nemo-rl-data",
    name: "train_data_step1.jsonl",
    rows: [
      {
        content: ["c"],
        rewards: [1],
        input_lengths: [3],
        token_ids: [[5, 6, 7]],
        token_loss_mask: [[0, 0, 1]],
        prev_logprobs: [[0, 0, -1]],
      },
      { content: [{ role: "user", content: "q" }, message], rewards: 1, idx: 0 },
    ],
  },
  {
    format: "lm-eval-samples",
    name: "samples_t.jsonl",
    rows: [
      {
        doc_id: 0,
        target: "t",
        arguments: [["q", {}]],
        resps: [["a", "b"]],
        filtered_resps: ["a", "b"],
        metrics: ["acc"],
        acc: [1, 0],
        filter: "f",
      },
    ],
  },
];

test.each(ROWS)("fuzz: $format, rows mutated in their structure and their text", async ({ format, name, rows }) => {
  const random = rng({ seed: 1, stream: `fuzz/${format}` });
  const mutated = Array.from({ length: INPUTS }, (_, i) => {
    const row = rows[i % rows.length] ?? {};
    if (i % 2 === 0) return JSON.stringify(mutatedRow(row, random)) ?? "null";
    return mutatedText(JSON.stringify(row), random);
  });
  const path = join(folder, name);
  writeFileSync(path, mutated.join("\n"));
  expect(await readAll(path, format)).toContain("bad row");
});

const JSON_FILES: readonly { readonly format: ImportFormat; readonly value: object }[] = [
  {
    format: "trl-state",
    value: {
      global_step: 2,
      log_history: [
        { step: 1, loss: 0.5 },
        { step: 2, loss: 0.25, deep: { er: 1 } },
      ],
    },
  },
  {
    format: "lm-eval-results",
    value: { config: { model: "m" }, results: { t: { "acc,none": 0.5, "acc_stderr,none": 0.1 } } },
  },
  {
    format: "lighteval-results",
    value: { config_general: { m: 1 }, results: { t: { maj: 0.5, maj_stderr: 0.1 }, all: {} } },
  },
];

test.each(JSON_FILES)("fuzz: $format, a mutated file each", async ({ format, value }) => {
  const random = rng({ seed: 1, stream: `fuzz/${format}` });
  await eachFile(format, (i) =>
    i % 2 === 0 ? (JSON.stringify(mutatedRow(value, random)) ?? "") : mutatedText(JSON.stringify(value), random),
  );
});

const BINARY: readonly { readonly format: ImportFormat; readonly file: string }[] = [
  { format: "trl-completions", file: "trl/completions/completions_00010.parquet" },
  { format: "trl-completions", file: "parquet-gzip.parquet" },
  {
    format: "lighteval-details",
    file: "lighteval/details/model/2025-06-01T00-00-00.000000/details_custom-toy-0_2025-06-01T00-00-00.000000.parquet",
  },
  { format: "tensorboard", file: "tensorboard/events.out.tfevents.1000000000.host.1.0.toy" },
  { format: "wandb", file: "wandb/offline-run-toy/run-toy.wandb" },
  { format: "trackio", file: "trackio/wal.db" },
];

test.each(BINARY)("fuzz: $format ($file), a mutated file each", async ({ format, file }) => {
  const random = rng({ seed: 1, stream: `fuzz/${file}` });
  const whole = readFileSync(join(fixtures, file));
  await eachFile(format, () => mutatedBytes(whole, random));
});

/** Some bytes flipped or set, a range cut out or written twice, the end cut off. */
function mutatedBytes(whole: Buffer, random: Rng): Buffer {
  let bytes = Buffer.from(whole);
  for (let changes = 1 + random.integer(3); changes > 0; changes--) {
    const [at, length] = [random.integer(Math.max(1, bytes.length)), random.integer(64)];
    const way = random.uniform();
    if (way < 0.6)
      bytes[at] =
        way < 0.3 ? (bytes[at] ?? 0) ^ (1 << random.integer(8)) : ([0, 0xff, 0x7f, 0x80][random.integer(4)] ?? 0);
    else if (way < 0.75) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else if (way < 0.9) bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    else bytes = bytes.subarray(0, at);
  }
  return bytes;
}

/** Files read at once. */
const AT_ONCE = 50;

async function eachFile(format: ImportFormat, content: (i: number) => string | Buffer): Promise<void> {
  for (let first = 0; first < FILES; first += AT_ONCE) {
    const paths = Array.from({ length: AT_ONCE }, (_, i) => {
      const path = join(folder, `${format}-${i}`);
      writeFileSync(path, content(first + i));
      return path;
    });
    await Promise.all(paths.map((path) => readAll(path, format)));
  }
}
