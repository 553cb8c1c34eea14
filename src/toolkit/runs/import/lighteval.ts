/**
 * lighteval: `details_{task}_{date}.parquet`, a document a row, and `results_{date}.json`.
 *
 * A row has `doc`, `model_response`, `metric` (before 2025: `example`, `predictions`, `metrics`). Metrics are per document, not
 * per sample: where a metric is a mean over n samples of right and wrong (`avg@n`, `pass@k` with k = 1), the count of right
 * ones is that mean times n.
 */
import { basename } from "node:path";
import { anyText, asNumber, badField, badRow, contentId, type Fields, isFields, others, score } from "./fields.ts";
import { jsonFile, result } from "./lm-eval.ts";
import { parquetRecords } from "./parquet.ts";
import { parsePythonJson } from "./python-json.ts";
import type { ImportRecord, Place, ReadOptions, SetKey } from "./record.ts";
import { pickScore } from "./scoring.ts";

const DATE = /_(\d{4}-\d{2}-\d{2}T[\d-]+(?:\.\d+)?)\.(?:parquet|json)$/;

export async function* readLightevalDetails(file: string, options: ReadOptions): AsyncGenerator<ImportRecord> {
  const name = basename(file);
  const run = DATE.exec(name)?.[1];
  const set = name
    .replace(DATE, "")
    .replace(/\.parquet$/, "")
    .replace(/^details_/, "");
  const key: SetKey = { set, ...(run === undefined ? {} : { run }) };
  yield* parquetRecords(file, (row, place) => [detail(row, key, { place, options })]);
}

/** A struct, or the JSON of one: either is written. */
function struct(value: unknown): Fields {
  if (isFields(value)) return value;
  if (typeof value !== "string") return {};
  try {
    const parsed = parsePythonJson(value);
    return isFields(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function detail(row: Fields, key: SetKey, { place, options }: { place: Place; options: ReadOptions }): ImportRecord {
  const [doc, response] = [struct(row.doc), struct(row.model_response)];
  const metrics = struct(row.metric ?? row.metrics);
  const names = Object.keys(metrics).filter((name) => metrics[name] !== null && metrics[name] !== undefined);
  const field = pickScore(names, options.score, true);
  const value = score(metrics, field);
  const prompt = anyText(doc.query ?? row.example ?? row.full_prompt);
  const answer = anyText(doc.specific ?? row.gold ?? goldOf(doc));
  const id = typeof doc.id === "string" && doc.id !== "" ? doc.id : contentId(prompt, answer);
  const texts = textsOf(response.text ?? row.predictions);
  const shared = {
    ...key,
    problem: id,
    ...(prompt === undefined ? {} : { prompt }),
    ...(answer === undefined ? {} : { answer }),
    fields: { ...others(row, "doc", "model_response", "metric", "metrics"), metrics },
    place,
  };
  const n = samplesBehind(field, texts.length);
  if (n === 1 || value === null) return { kind: "sample", ...shared, text: texts[0] ?? "", score: value };
  const correct = Math.round(value * n);
  if (Math.abs(correct / n - value) > 1e-6) badField(field, `is ${value}, no share of ${n} samples`);
  return { kind: "counts", ...shared, n, correct, texts };
}

/** Samples whose mean a metric is: from its name, such as `avg@n:n=8`, `pass@k:k=1&n=8`, `avg@8`. */
function samplesBehind(metric: string, texts: number): number {
  const k = /pass@(?:k:.*?k=)?(\d+)/.exec(metric)?.[1];
  if (k !== undefined && k !== "1") return badField(metric, "is pass@k for k above 1, from which no count follows");
  const stated = /[:&]n=(\d+)/.exec(metric)?.[1] ?? /avg@(\d+)/.exec(metric)?.[1];
  if (stated !== undefined) return Number(stated);
  return /avg@|pass@/.test(metric) ? Math.max(1, texts) : 1;
}

function goldOf(doc: Fields): unknown {
  const index = Array.isArray(doc.gold_index) ? doc.gold_index[0] : doc.gold_index;
  const at = asNumber(index);
  return Array.isArray(doc.choices) && at !== undefined ? doc.choices[at] : undefined;
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value.flat() : [value]).flatMap((one) => anyText(one) ?? []);
}

/** `results[task][metric]` and `[metric_stderr]`; the task "all" is their mean and no set. */
export async function* readLightevalResults(file: string): AsyncGenerator<ImportRecord> {
  const run = DATE.exec(basename(file))?.[1];
  const parsed = await jsonFile(file);
  if (!isFields(parsed) || !isFields(parsed.results))
    return yield badRow({ file }, "is not a table of results", "results");
  if (isFields(parsed.config_general)) {
    yield { kind: "config", ...(run === undefined ? {} : { run }), config: parsed.config_general };
  }
  for (const [task, of] of Object.entries(parsed.results)) {
    if (!isFields(of) || task === "all") continue;
    for (const [metric, value] of Object.entries(of)) {
      const found = asNumber(value);
      if (found === undefined || metric.endsWith("_stderr")) continue;
      const key = { set: task, ...(run === undefined ? {} : { run }) };
      yield {
        ...result(key, metric, found, asNumber(of[`${metric}_stderr`])),
        format: "lighteval-results",
        place: { file },
      };
    }
  }
}
