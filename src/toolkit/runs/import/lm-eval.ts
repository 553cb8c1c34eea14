/**
 * lm-evaluation-harness: `samples_{task}_{date}.jsonl` (`--log_samples`) and `results_{date}.json`.
 *
 * A row is a document under one filter, so each filter is a set of its own; a document twice in one is an error. The score is
 * the first name of the row's `metrics`, unless the `score` option names another. A list of scores is one per repeat.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { anyText, asNumber, badField, badRow, type Fields, isFields, list, others, score } from "./fields.ts";
import { jsonlRecords } from "./lines.ts";
import { parsePythonJson } from "./python-json.ts";
import type { ImportRecord, Place, ReadOptions, ResultRecord, SetKey } from "./record.ts";
import { pickScore } from "./scoring.ts";

/** What the regular expression filters give where nothing matched. */
const NO_ANSWER = "[invalid]";
const DATE = /_(\d{4}-\d{2}-\d{2}T[\d-]+(?:\.\d+)?)\.jsonl?$/;

export async function* readLmEvalSamples(file: string, options: ReadOptions): AsyncGenerator<ImportRecord> {
  const name = basename(file);
  const task = name
    .replace(DATE, "")
    .replace(/\.jsonl$/, "")
    .replace(/^samples_/, "");
  const run = DATE.exec(name)?.[1];
  const seen = new Set<string>();
  yield* jsonlRecords(file, (row, place) => {
    const filter = typeof row.filter === "string" ? row.filter : "none";
    const id = anyText(row.doc_id) ?? badField("doc_id", "is missing");
    const twice = JSON.stringify([filter, id]);
    if (seen.has(twice)) badField("doc_id", `is ${id}, which was there before under the filter ${filter}`);
    const key: SetKey = { set: filter === "none" ? task : `${task}/${filter}`, ...(run === undefined ? {} : { run }) };
    const found = samplesOf(row, id, key, { place, options });
    seen.add(twice);
    return found;
  });
}

function samplesOf(
  row: Fields,
  problem: string,
  key: SetKey,
  { place, options }: { place: Place; options: ReadOptions },
): ImportRecord[] {
  const metrics = Array.isArray(row.metrics) ? row.metrics.filter((name) => typeof name === "string") : [];
  const known = ["exact_match", "acc", "pass@1"].filter((name) => row[name] !== undefined);
  const field = pickScore(metrics.length > 0 ? metrics : known, options.score, false);
  const scores = Array.isArray(row[field]) ? list(row, field) : [row[field]];
  const filtered = Array.isArray(row.filtered_resps) ? row.filtered_resps : [row.filtered_resps];
  const responses = Array.isArray(row.resps) ? row.resps.flat() : [];
  const answer = anyText(row.target);
  const prompt = promptOf(row.arguments);
  return scores.map((value, i) => {
    const single = scores.length === 1 ? 0 : i;
    const found = score({ [field]: value }, field);
    return {
      kind: "sample",
      ...key,
      problem,
      ...(prompt === undefined ? {} : { prompt }),
      ...(answer === undefined ? {} : { answer }),
      text: anyText(responses[single]) ?? anyText(filtered[single]) ?? "",
      score: found,
      ...(found === 0 && filtered[single] === NO_ANSWER ? { status: "unparsed" as const } : {}),
      fields: others(row, "resps", "arguments", field),
      place,
    };
  });
}

/** The prompt among the arguments of a request: `[[prompt, settings]]`, or `{gen_args_0: {arg_0: prompt}}`. */
function promptOf(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : isFields(value) ? value.gen_args_0 : undefined;
  return anyText(Array.isArray(first) ? first[0] : isFields(first) ? first.arg_0 : undefined);
}

/** `results[task]["metric,filter"]` and `"metric_stderr,filter"`. */
export async function* readLmEvalResults(file: string): AsyncGenerator<ImportRecord> {
  const run = DATE.exec(basename(file))?.[1];
  const parsed = await jsonFile(file);
  if (!isFields(parsed) || !isFields(parsed.results))
    return yield badRow({ file }, "is not a table of results", "results");
  if (isFields(parsed.config)) yield { kind: "config", ...(run === undefined ? {} : { run }), config: parsed.config };
  for (const [task, of] of Object.entries(parsed.results)) {
    if (!isFields(of)) continue;
    for (const [name, value] of Object.entries(of)) {
      const [metric = "", filter = "none"] = name.split(",");
      const found = asNumber(value);
      if (found === undefined || metric.endsWith("_stderr")) continue;
      const set = filter === "none" ? task : `${task}/${filter}`;
      const error = asNumber(of[`${metric}_stderr,${filter}`]);
      yield {
        ...result({ set, ...(run === undefined ? {} : { run }) }, metric, found, error),
        format: "lm-eval-results",
        place: { file },
      };
    }
  }
}

/** A result with its standard error where the peer gives one. */
export function result(
  key: SetKey,
  metric: string,
  value: number,
  standardError: number | undefined,
): Omit<ResultRecord, "format" | "place"> {
  const known = standardError !== undefined && Number.isFinite(standardError);
  return { kind: "result", ...key, metric, value, ...(known ? { standardError } : {}) };
}

/** The value of a JSON file; undefined where it is none. */
export async function jsonFile(file: string): Promise<unknown> {
  const content = await readFile(file, "utf8");
  try {
    return parsePythonJson(content);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
