/** Run folders of this project: the records as metrics, the completions of every step as samples and as tokens. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { UsageError } from "../../refuse.ts";
import { readRun } from "../read-run.ts";
import { type RolloutRow, stepName } from "../run-folder.ts";
import { badRow } from "./fields.ts";
import type { ImportRecord, Place, SampleRecord, TokensRecord } from "./record.ts";

export async function* readOwnRun(folder: string): AsyncGenerator<ImportRecord> {
  try {
    const run = await readRun(folder);
    const metrics = join(folder, "metrics.jsonl");
    yield { kind: "config", config: run.config };
    for (const text of run.notes) yield { kind: "note", text };
    for (const [i, { step, metrics: values }] of run.records.entries()) {
      yield {
        kind: "metrics",
        format: "rlvr-run",
        run: basename(folder),
        step,
        values,
        place: { file: metrics, line: i + 1 },
      };
    }
    for (const step of await storedSteps(folder)) {
      const file = join(folder, "rollouts", `${stepName(step)}.jsonl`);
      for (const [i, row] of (await run.rollouts(step)).entries()) {
        yield* rowRecords(row, step, { file, line: i + 1 });
      }
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error; // which names file and line already
    yield badRow({ file: folder }, error.message);
  }
}

async function storedSteps(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, "rollouts")).catch(() => []);
  return names
    .flatMap((name) => /^step-(\d{6,})\.jsonl$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function rowRecords(row: RolloutRow, step: number, place: Place): [SampleRecord, TokensRecord] {
  const { ids, promptLength, logProbs, sampleLogProbs, advantages, problem, reward } = row;
  const known = (values: readonly (number | null)[]): Float32Array =>
    Float32Array.from(ids, (_, t) => (t < promptLength ? Number.NaN : (values[t - promptLength] ?? Number.NaN)));
  const { level, prompt, answer, completion: text, status, reason, finish, group } = row;
  const key = { set: "train", step };
  return [
    {
      kind: "sample",
      ...key,
      problem,
      level,
      prompt,
      answer,
      text,
      score: reward,
      status,
      fields: { reason, finish, group },
      place,
    },
    {
      kind: "tokens",
      ...key,
      problem,
      ids: Int32Array.from(ids),
      promptLength,
      mask: Float32Array.from(ids, (_, t) => (t < promptLength ? 0 : 1)),
      columns: { logProbs: known(logProbs), sampleLogProbs: known(sampleLogProbs), advantages: known(advantages) },
      ...(reward === null ? {} : { reward }),
      fields: { group, finish },
      place,
    },
  ];
}
