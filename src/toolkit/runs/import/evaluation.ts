/** Evaluations of this project, as `saveEvaluation` writes them: samples where completions were kept, else counts. */

import type { VerdictStatus } from "../../verify/verifier.ts";
import { EVALUATION_FORMAT } from "../evaluation-file.ts";
import { anyText, asNumber, badField, type Fields, isFields, list, score, text } from "./fields.ts";
import { jsonlRecords } from "./lines.ts";
import type { CountsRecord, ImportRecord, Place, SampleRecord, SetKey } from "./record.ts";

export async function* readEvaluation(file: string): AsyncGenerator<ImportRecord> {
  let key: SetKey | undefined;
  yield* jsonlRecords(file, (row, place) => {
    if (key !== undefined) return problemRecords(row, key, place);
    if (row.format !== EVALUATION_FORMAT) {
      return badField("format", `is ${JSON.stringify(row.format)}, and this version reads ${EVALUATION_FORMAT}`);
    }
    const temperature = asNumber(row.temperature);
    key = { set: text(row, "task"), run: text(row, "policy"), ...(temperature === undefined ? {} : { temperature }) };
    const { format: _, ...config } = row;
    return [{ kind: "config", run: text(row, "policy"), config }];
  });
}

function problemRecords(row: Fields, key: SetKey, place: Place): (CountsRecord | SampleRecord)[] {
  const level = asNumber(row.level);
  const [prompt, answer] = [anyText(row.prompt), anyText(row.answer)];
  const about = {
    ...key,
    problem: text(row, "id"),
    ...(level === undefined ? {} : { level }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(answer === undefined ? {} : { answer }),
    place,
  };
  if (row.completions === undefined) return [{ kind: "counts", ...about, ...countsOf(row), texts: [], fields: {} }];
  return list(row, "completions").map((one): SampleRecord => {
    if (!isFields(one)) return badField("completions", "holds something that is no object");
    const { text: _, score: __, status: ___, ...fields } = one;
    return {
      kind: "sample",
      ...about,
      text: text(one, "text"),
      score: score(one, "score"),
      status: statusOf(one),
      fields,
    };
  });
}

function countsOf(row: Fields): Pick<CountsRecord, "n" | "correct" | "unparsed" | "failed"> {
  const count = (field: string): number => {
    const value = asNumber(row[field]);
    if (value !== undefined && Number.isSafeInteger(value) && value >= 0) return value;
    return badField(field, `is ${JSON.stringify(row[field])}, not a count`);
  };
  const counts = { n: count("n"), correct: count("correct"), unparsed: count("unparsed"), failed: count("failed") };
  if (counts.correct > counts.n) badField("correct", `is ${counts.correct} of ${counts.n}`);
  return counts;
}

const STATUSES: readonly VerdictStatus[] = ["correct", "wrong", "partial", "unparsed", "failed", "timeout"];

function statusOf(one: Fields): VerdictStatus {
  const found = STATUSES.find((status) => status === one.status);
  return found ?? badField("completions.status", `is ${JSON.stringify(one.status)}`);
}
