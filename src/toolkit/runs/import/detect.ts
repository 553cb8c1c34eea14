/** What a file is, from its name, its first bytes and the keys of its first row. */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { refuse } from "../../refuse.ts";
import { isFields } from "./fields.ts";
import { fileLines } from "./lines.ts";
import { jsonFile } from "./lm-eval.ts";
import { parquetColumns } from "./parquet.ts";
import { parsePythonJson } from "./python-json.ts";
import type { ImportFormat } from "./record.ts";
import { isSqlite } from "./sqlite/pages.ts";
import { isWandb } from "./wandb.ts";

/** A file, or a run folder of this project, and what it is. */
export interface DetectedFile {
  readonly path: string;
  readonly format: ImportFormat;
}

export interface Detected {
  readonly files: readonly DetectedFile[];
  /** Files of no known format, and those that another file holds as well. */
  readonly ignored: readonly string[];
}

/** Folders in folders that are looked into: a verl or prime-rl run has at most 6. */
const DEEPEST = 12;

/**
 * What is in a folder, or what a file is.
 *
 * @throws UsageError where nothing is there that can be read, naming what could be
 */
export async function detectFiles(path: string): Promise<Detected> {
  const found = await stat(path).catch((error: unknown) =>
    refuse("importRun", `cannot read ${path}`, "pass a file or folder that is there", error),
  );
  const [files, ignored]: [DetectedFile[], string[]] = [[], []];
  for await (const file of found.isDirectory() ? walk(path, 0) : [path]) {
    const format = file.endsWith("/") ? "rlvr-run" : await formatOf(file);
    const plain = file.replace(/\/$/, "");
    if (format === undefined) ignored.push(plain);
    else files.push({ path: plain, format });
  }
  if (files.length === 0) {
    const seen = ignored.slice(0, 3).map((file) => basename(file));
    refuse(
      "importRun",
      `${path} holds nothing that is known${seen.length > 0 ? ` (${seen.join(", ")}${ignored.length > 3 ? ", …" : ""})` : ""}`,
      `readable are ${READABLE}`,
    );
  }
  return lastState(files, ignored);
}

const READABLE =
  "run folders and evaluations of rlvr-lab, TRL completions and trainer_state.json, verl dumps and file logs, prime-rl metrics, traces and " +
  "token exports, NeMo-RL data, lm-eval samples and results, lighteval details and results, TensorBoard event files, " +
  "W&B offline runs and Trackio databases";

/** Of several trainer states only the last: each holds the whole history. */
function lastState(files: readonly DetectedFile[], ignored: readonly string[]): Detected {
  const states = files.filter(({ format }) => format === "trl-state");
  const stepOf = ({ path }: DetectedFile): number =>
    Number(/checkpoint-(\d+)/.exec(path)?.[1] ?? Number.POSITIVE_INFINITY);
  const last = states.reduce<DetectedFile | undefined>(
    (best, state) => (best === undefined || stepOf(state) > stepOf(best) ? state : best),
    undefined,
  );
  const earlier = states.filter((state) => state !== last);
  return {
    files: files.filter((file) => !earlier.includes(file)),
    ignored: [...ignored, ...earlier.map(({ path }) => path)],
  };
}

/** Files in the order of their names; a run folder of this project comes as its path with "/" behind. */
async function* walk(folder: string, depth: number): AsyncGenerator<string> {
  if (depth > DEEPEST) return;
  if (await isOwnRun(folder)) return yield `${folder}/`;
  const entries = await readdir(folder, { withFileTypes: true });
  const natural = new Intl.Collator("en", { numeric: true });
  for (const entry of entries.sort((a, b) => natural.compare(a.name, b.name))) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path, depth + 1);
    else if (entry.isFile()) yield path;
  }
}

async function isOwnRun(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, "config.json"), "utf8").catch(() => "");
  return /"format"\s*:\s*"rlvr-run\//.test(text);
}

/** The format of a file; undefined where it is none that is known. */
async function formatOf(file: string): Promise<ImportFormat | undefined> {
  const name = basename(file);
  if (/\.tfevents\./.test(name)) return "tensorboard";
  if (name.endsWith(".parquet")) return parquetFormat((await parquetColumns(file)) ?? []);
  if (name.endsWith(".jsonl")) return await jsonlFormat(file);
  if (name === "trainer_state.json") return "trl-state";
  if (/^results_.*\.json$/.test(name)) return resultsFormat(await jsonFile(file));
  if (/\.(db|sqlite)$/.test(name)) return isSqlite(await firstBytes(file)) ? "trackio" : undefined;
  if (name.endsWith(".wandb")) return isWandb(await firstBytes(file)) ? "wandb" : undefined;
  return undefined;
}

async function firstBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function parquetFormat(columns: readonly string[]): ImportFormat | undefined {
  const has = (...names: readonly string[]): boolean => names.every((name) => columns.includes(name));
  if (has("step", "prompt", "completion")) return "trl-completions";
  if (has("metric") || has("metrics", "predictions")) return "lighteval-details";
  return has("run_name", "step") && !has("messages") ? "trackio-parquet" : undefined;
}

function resultsFormat(value: unknown): ImportFormat | undefined {
  if (!isFields(value) || !isFields(value.results)) return undefined;
  return "config_general" in value ? "lighteval-results" : "lm-eval-results";
}

/** By the keys of the first row that is an object. */
async function jsonlFormat(file: string): Promise<ImportFormat | undefined> {
  let looked = 0;
  for await (const { text } of fileLines(file)) {
    if (text?.trim() === "") continue;
    const row = text === undefined ? undefined : tryParse(text);
    if (isFields(row)) return rowFormat(Object.keys(row), row, basename(file));
    looked += 1;
    if (looked === ROWS_LOOKED_AT) break;
  }
  return undefined;
}

/** A file whose first row is broken is still known by its second. */
const ROWS_LOOKED_AT = 3;

function rowFormat(keys: readonly string[], row: object, name: string): ImportFormat | undefined {
  const has = (...names: readonly string[]): boolean => names.every((one) => keys.includes(one));
  if (String(Reflect.get(row, "format")).startsWith("rlvr-evaluation/")) return "rlvr-evaluation";
  if (has("doc_id") && (has("resps") || has("filtered_resps"))) return "lm-eval-samples";
  if (has("input", "output", "score") || has("input", "output", "acc")) return "verl-dump";
  if (has("token_ids", "loss_mask")) return "prime-rl-tokens";
  if (/_data_step\d+\.jsonl$/.test(name) || has("content", "rewards")) return "nemo-rl-data";
  if (has("traces") || has("nodes", "rewards")) return "prime-rl-traces";
  if (has("step", "data") && isFields(Reflect.get(row, "data"))) return "verl-log";
  const numbers = Object.values(row).filter((value) => typeof value === "number");
  return (has("step") || has("_step")) && numbers.length > 1 ? "metrics-jsonl" : undefined;
}

function tryParse(text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch {
    return undefined;
  }
}
