/**
 * verl: dumps of completions (`trainer.rollout_data_dir`, `trainer.validation_data_dir`) as `{step}.jsonl`, and the file
 * logger's `{"step", "data"}` lines.
 *
 * A row of a dump has `input`, `output` (special tokens dropped), `gts`, `score`, `step` and the extra keys of the reward
 * function. Where there is an `acc`, that is what verl itself calls the accuracy and what counts as right; `score` then is the
 * training reward and stays among the fields. The dump has no id of a problem: input and gold answer together are one.
 */
import { basename, dirname } from "node:path";
import { anyText, contentId, type Fields, numericFields, others, score, step, text } from "./fields.ts";
import { jsonlRecords } from "./lines.ts";
import type { ImportRecord, Place, ReadOptions } from "./record.ts";
import { pickScore } from "./scoring.ts";

/** verl's mark for "no answer found" in the mathematical verifiers. */
const NO_ANSWER = "[INVALID]";

export async function* readVerlDump(file: string, options: ReadOptions): AsyncGenerator<ImportRecord> {
  const named = /^(\d+)\.jsonl$/.exec(basename(file))?.[1];
  const set = basename(dirname(file));
  yield* jsonlRecords(file, (row, place) => [verlSample(row, place, { set, named, options })]);
}

function verlSample(
  row: Fields,
  place: Place,
  { set, named, options }: { set: string; named: string | undefined; options: ReadOptions },
): ImportRecord {
  const candidates = ["acc", "score"].filter((field) => row[field] !== undefined);
  const field = pickScore(candidates, options.score, false);
  const value = score(row, field);
  const [prompt, answer] = [text(row, "input"), anyText(row.gts)];
  const unread = "pred" in row && (row.pred === null || row.pred === NO_ANSWER) && value === 0;
  const at = row.step === undefined && named !== undefined ? Number(named) : step(row, "step");
  return {
    kind: "sample",
    set: typeof row.data_source === "string" ? `${set}/${row.data_source}` : set,
    step: at,
    problem: contentId(prompt, answer),
    prompt,
    ...(answer === undefined ? {} : { answer }),
    text: text(row, "output"),
    score: value,
    ...(unread ? { status: "unparsed" as const } : {}),
    fields: others(row, "input", "output", "gts", "step", field),
    place,
  };
}

export async function* readVerlLog(file: string): AsyncGenerator<ImportRecord> {
  yield* jsonlRecords(file, (row, place) => {
    const values = numericFields({ data: row.data });
    const named = Object.entries(values).map(([name, value]) => [name.slice("data/".length), value] as const);
    return [{ kind: "metrics", format: "verl-log", step: step(row, "step"), values: Object.fromEntries(named), place }];
  });
}
