/** The published files: instances of one task, or the benchmark with its prompts and references. */
import { refuse } from "../../../refuse.ts";
import { type Fields, isFields } from "../../../runs/import/fields.ts";
import { readObject } from "../shared/read-object.ts";
import type { NpDifficulty } from "./np-task.ts";
import { npTask } from "./tasks.ts";

export interface NpProblem {
  readonly id: string;
  readonly task: string;
  readonly difficulty: NpDifficulty | undefined;
  /** Checked: of the task's own form. */
  readonly instance: unknown;
  readonly prompt: string;
  /** Value of the published reference; undefined where the file has none. */
  readonly groundTruth: number | undefined;
}

/**
 * Problems from a local file: `{key: {prompt, question, task_type, ground_truth}}`, or, with the task's name, `{questions: {key:
 * instance}}`. Keys hold the difficulty.
 *
 * @throws UsageError with the key of what is no instance
 */
export async function readNpBench(path: string, { task }: { readonly task?: string } = {}): Promise<NpProblem[]> {
  const file = await readObject("readNpBench", path);
  const questions = isFields(file.questions) ? file.questions : file;
  return Object.entries(questions).map(([id, entry]) => {
    if (!isFields(entry)) refuse("readNpBench", `${id} is no object`, "pass a published file");
    return problemOf(id, entry, task);
  });
}

function problemOf(id: string, entry: Fields, task: string | undefined): NpProblem {
  const { ground_truth: truth, ...bare } = entry;
  const [question, name] = isFields(entry.question) ? [entry.question, task ?? entry.task_type] : [bare, task];
  if (typeof name !== "string") refuse("readNpBench", `${id} does not say its task`, 'pass { task: "knapsack" } or so');
  const found = npTask(name);
  const instance = checked(id, () => found.check(question));
  const difficulty = (["easy", "medium", "hard", "bench"] as const).find((level) => id.includes(level));
  return {
    id,
    task: name,
    difficulty,
    instance,
    prompt: typeof entry.prompt === "string" ? entry.prompt : found.prompt(instance),
    groundTruth: typeof truth === "number" ? truth : undefined,
  };
}

function checked(id: string, check: () => unknown): unknown {
  try {
    return check();
  } catch (error) {
    return refuse("readNpBench", `${id}: ${error instanceof Error ? error.message : error}`, "mend the file", error);
  }
}
