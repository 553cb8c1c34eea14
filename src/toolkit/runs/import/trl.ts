/**
 * TRL's GRPO trainer: `completions/completions_{step}.parquet` (`log_completions`) and `checkpoint-N/trainer_state.json`.
 *
 * A row has `step`, `prompt`, `completion` (texts or conversations), a column for each reward function, `advantage`, and what
 * was added by `log_extra`. Which column says right or wrong is not written down: with more than one number column, the `score`
 * option has to name it. Prompts have no id and gold answers are not stored: a prompt is a problem.
 */
import {
  anyText,
  asNumber,
  badRow,
  contentId,
  type Fields,
  isFields,
  messageText,
  numericFields,
  others,
  score,
  step,
} from "./fields.ts";
import { jsonFile } from "./lm-eval.ts";
import { parquetRecords } from "./parquet.ts";
import type { ImportRecord, Place, ReadOptions } from "./record.ts";
import { pickScore } from "./scoring.ts";

const KNOWN = ["step", "prompt", "completion", "advantage", "mode", "image", "images", "__index_level_0__"];

export async function* readTrlCompletions(file: string, options: ReadOptions): AsyncGenerator<ImportRecord> {
  yield* parquetRecords(file, (row, place) => [completion(row, place, options)]);
}

function completion(row: Fields, place: Place, options: ReadOptions): ImportRecord {
  const rewards = Object.keys(row).filter((name) => !KNOWN.includes(name) && isReward(row[name]));
  const field = pickScore(rewards, options.score, true);
  const value = score(row, field);
  const prompt = anyText(row.prompt);
  return {
    kind: "sample",
    set: typeof row.mode === "string" ? row.mode : "completions",
    step: step(row, "step"),
    problem: contentId(prompt),
    ...(prompt === undefined ? {} : { prompt }),
    text: messageText(row.completion, Array.isArray(row.completion) ? "assistant" : undefined) ?? "",
    score: value,
    fields: others(row, "step", "prompt", "completion"),
    place,
  };
}

/** A reward function that gave None left null in its column. */
function isReward(value: unknown): boolean {
  return value === null || asNumber(value) !== undefined;
}

export async function* readTrlState(file: string): AsyncGenerator<ImportRecord> {
  const state = await jsonFile(file);
  if (!isFields(state) || !Array.isArray(state.log_history)) {
    return yield badRow({ file }, "is not a list", "log_history");
  }
  yield { kind: "config", config: others(state, "log_history") };
  for (const [i, entry] of state.log_history.entries()) {
    const place = { file, line: i + 1 };
    const at = isFields(entry) ? asNumber(entry.step) : undefined;
    if (!isFields(entry) || at === undefined || !Number.isSafeInteger(at)) {
      yield badRow(place, "has no whole step", `log_history[${i}].step`);
      continue;
    }
    yield { kind: "metrics", format: "trl-state", step: at, values: numericFields(entry, ["step"]), place };
  }
}
