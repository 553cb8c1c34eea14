/** The benchmark's two figures for each task, each category and overall. */
import { refuse } from "../../../refuse.ts";
import { type NpScore, npBenchScore } from "../np-engine/score.ts";

export interface ForgeRecord {
  readonly category: string;
  readonly task: string;
  /** Of all attempts at one problem; 0 where infeasible. */
  readonly ratios: readonly number[];
}

export interface ForgeScore {
  /** Percent of problems with a feasible attempt. */
  readonly SR: number;
  /** Percent: mean over all problems, unsolved ones too, of the best ratio. */
  readonly QR: number;
}

export interface ForgeScores {
  readonly tasks: Readonly<Record<string, ForgeScore>>;
  /** Plain means over their tasks. */
  readonly categories: Readonly<Record<string, ForgeScore>>;
  /** Plain mean over the categories. */
  readonly overall: ForgeScore;
  /** Attempts at a problem, fewest and most: both figures rise with them (3 in the paper). */
  readonly attempts: readonly [fewest: number, most: number];
}

/**
 * Scores of a run over the benchmark.
 *
 * @throws UsageError without a problem, for a problem without attempts, a ratio below 0 or a task in two categories
 */
export function scoreBenchmark(records: readonly ForgeRecord[]): ForgeScores {
  if (records.length === 0) refuse("scoreBenchmark", "there is no problem", "pass the ratios of at least one");
  const category = new Map<string, string>();
  const byTask = new Map<string, (readonly number[])[]>();
  for (const record of records) {
    const known = category.get(record.task);
    if (known !== undefined && known !== record.category) {
      refuse("scoreBenchmark", `"${record.task}" is in "${known}" and in "${record.category}"`, "name one category");
    }
    category.set(record.task, record.category);
    byTask.set(record.task, [...(byTask.get(record.task) ?? []), record.ratios]);
  }
  const scores = npBenchScore(Object.fromEntries(byTask), (task) => category.get(task) ?? "");
  const named = (all: Readonly<Record<string, NpScore>>): Record<string, ForgeScore> =>
    Object.fromEntries(Object.entries(all).map(([name, score]) => [name, toForge(score)]));
  const counts = records.map(({ ratios }) => ratios.length);
  return {
    tasks: named(scores.perTask),
    categories: named(scores.perCategory),
    overall: toForge(scores.overall),
    attempts: [Math.min(...counts), Math.max(...counts)],
  };
}

const toForge = ({ SR, AR }: NpScore): ForgeScore => ({ SR, QR: AR });
