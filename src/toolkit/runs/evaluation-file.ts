/**
 * An evaluation on disk, as JSONL: what it was in the first line, one problem a line behind it, so that 4,096 samples of many
 * problems need not fit into one text. `importRun` reads it.
 */

import { stat } from "node:fs/promises";
import type { Evaluation } from "../evaluate.ts";
import { openLines } from "../files.ts";
import { refuse } from "../refuse.ts";

/** In the first line; a number behind the slash tells old files from new ones. */
export const EVALUATION_FORMAT = "rlvr-evaluation/1";

/**
 * Saves an evaluation, with its completions where they were kept.
 *
 * @param path of the file, by custom with the ending .jsonl
 * @throws UsageError when the file is there already, or cannot be written
 */
export async function saveEvaluation(path: string, { problems, ...about }: Evaluation): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined) refuse("saveEvaluation", `${path} is there already`, "choose another name, or remove it");
  const lines = await openLines(path);
  try {
    await lines.append({ format: EVALUATION_FORMAT, ...about });
    for (const problem of problems) await lines.append(problem);
  } finally {
    await lines.close();
  }
}
