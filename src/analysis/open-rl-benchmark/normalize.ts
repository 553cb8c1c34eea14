/** Scores of several tasks on one scale. */
import { refuse } from "../../toolkit/refuse.ts";
import { readCheckpoints, type ScoreCurves } from "../rliable/scores.ts";
import { mean } from "../statistics/estimate.ts";

/** By name of the experiment, [S, M, K] scores of S runs on M tasks at K checkpoints. */
export type ExperimentCurves = Readonly<Record<string, ScoreCurves>>;

export interface NormalizedCurves {
  /** [M] over all experiments, runs and checkpoints. */
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly scores: Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>;
}

/**
 * Each task's scores from 0 to 1, by its least and greatest score in all that is compared: one experiment more changes all
 * numbers. Experiments may differ in the number of runs.
 *
 * @throws UsageError for ragged or non-finite scores, unlike tasks, and a task whose scores are all equal
 */
export function normalizeMaxMin(experiments: ExperimentCurves): NormalizedCurves {
  const where = "normalizeMaxMin";
  const entries = Object.entries(experiments);
  const tasks = entries[0]?.[1][0]?.length ?? 0;
  if (entries.length === 0) refuse(where, "there is no experiment", "pass scores by the experiment's name");
  const min = new Array<number>(tasks).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(tasks).fill(Number.NEGATIVE_INFINITY);
  for (const [name, curves] of entries) {
    for (const checkpoint of readCheckpoints(where, curves)) {
      if (checkpoint.tasks !== tasks) {
        refuse(
          where,
          `"${name}" has ${checkpoint.tasks} tasks, not ${tasks}`,
          "score all experiments on the same tasks",
        );
      }
      for (const [c, value] of checkpoint.values.entries()) {
        min[c % tasks] = Math.min(min[c % tasks] ?? value, value);
        max[c % tasks] = Math.max(max[c % tasks] ?? value, value);
      }
    }
  }
  const flat = min.findIndex((least, m) => least === max[m]);
  if (flat >= 0)
    refuse(where, `all scores on task ${flat} are ${min[flat]}`, "leave the task out: it tells nothing apart");
  const scale = (value: number, m: number): number => (value - (min[m] ?? 0)) / ((max[m] ?? 1) - (min[m] ?? 0));
  const scores = entries.map(([name, curves]) => [
    name,
    curves.map((run) => run.map((curve, m) => Array.from(curve, (value) => scale(value, m)))),
  ]);
  return { min, max, scores: Object.fromEntries(scores) };
}

/** One game's score with the two scores that make the scale. */
export interface ReferencedScore {
  /** A number, or a table's cell such as "403.1 ± 12.0". */
  readonly score: number | string;
  /** Score of a random policy: 0 on the scale. */
  readonly random: number;
  /** Score of the reference, such as a human's: 1 on the scale. */
  readonly human: number;
}

/** Scores as (score − random) / (human − random), with their median and mean over games. */
export function normalizeReference(games: readonly ReferencedScore[]): {
  readonly scores: readonly number[];
  readonly median: number;
  readonly mean: number;
} {
  const where = "normalizeReference";
  if (games.length === 0) refuse(where, "there is no game", "pass at least one");
  const scores = games.map(({ score, random, human }, i) => {
    const value = typeof score === "number" ? score : Number(score.split("±")[0]?.trim() || Number.NaN);
    for (const [name, number] of Object.entries({ score: value, random, human })) {
      if (!Number.isFinite(number)) refuse(where, `${name} of game ${i} is ${number}`, "pass finite numbers");
    }
    if (human === random)
      refuse(where, `human and random of game ${i} are both ${human}`, "pass two scores that differ");
    return (value - random) / (human - random);
  });
  const sorted = [...scores].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const median = ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
  return { scores, median, mean: mean(scores) };
}
