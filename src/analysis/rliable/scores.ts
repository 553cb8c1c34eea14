/** Scores of runs on tasks, checked and laid out for resampling. */
import { refuse } from "../../toolkit/refuse.ts";

/** [N, M] scores of N runs (seeds) on M tasks, on one scale for all tasks, such as accuracy from 0 to 1. */
export type ScoreMatrix = readonly ArrayLike<number>[];

/** [N, M, K] scores at K checkpoints of each run. */
export type ScoreCurves = readonly (readonly ArrayLike<number>[])[];

/** A matrix as one array: the score of run n on task m is `values[n * tasks + m]`. */
export interface Scores {
  readonly runs: number;
  readonly tasks: number;
  readonly values: Float64Array;
}

/** @throws UsageError when there is no run or no task, rows differ in length, or a score is not a finite number */
export function readScores(where: string, matrix: ScoreMatrix, what = "scores"): Scores {
  const given: unknown = matrix;
  if (!Array.isArray(given))
    refuse(where, `${what} is not a list of runs`, "pass one row a run, one score a task in it");
  const [runs, tasks] = [matrix.length, matrix[0]?.length ?? 0];
  if (runs === 0) refuse(where, `${what} has no run`, "pass one row for each run");
  if (tasks === 0) refuse(where, `${what} has no task`, "pass one score of each task in every row");
  const values = new Float64Array(runs * tasks);
  for (const [n, row] of matrix.entries()) {
    if (row?.length !== tasks) {
      refuse(
        where,
        `row ${n} of ${what} has ${row?.length} scores, row 0 has ${tasks}`,
        "score every run on every task",
      );
    }
    for (let m = 0; m < tasks; m++) {
      const score: unknown = row[m];
      if (typeof score !== "number" || !Number.isFinite(score)) {
        refuse(where, `the score of run ${n} on task ${m} in ${what} is ${score}`, "pass finite numbers");
      }
      values[n * tasks + m] = score;
    }
  }
  return { runs, tasks, values };
}

/** Two samples on the same tasks; they may differ in the number of runs. */
export function readPair(where: string, x: ScoreMatrix, y: ScoreMatrix): { readonly x: Scores; readonly y: Scores } {
  const pair = { x: readScores(where, x, "x"), y: readScores(where, y, "y") };
  if (pair.x.tasks !== pair.y.tasks) {
    refuse(
      where,
      `x has ${pair.x.tasks} tasks and y has ${pair.y.tasks}`,
      "score both on the same tasks, in one order",
    );
  }
  return pair;
}

/** The matrices of the K checkpoints. */
export function readCheckpoints(where: string, curves: ScoreCurves): Scores[] {
  const given: unknown = curves;
  if (!Array.isArray(given)) refuse(where, "the curves are not a list of runs", "pass one row of curves for each run");
  const checkpoints = curves[0]?.[0]?.length ?? 0;
  if (checkpoints === 0)
    refuse(where, "there is no checkpoint", "pass [runs][tasks][checkpoints] with at least one of each");
  for (const [n, row] of curves.entries()) {
    const odd = row.findIndex((curve) => curve.length !== checkpoints);
    if (odd >= 0) {
      const found = row[odd]?.length;
      refuse(
        where,
        `run ${n} has ${found} checkpoints on task ${odd}, not ${checkpoints}`,
        "resample all curves alike",
      );
    }
  }
  return Array.from({ length: checkpoints }, (_, k) => {
    const matrix = curves.map((row) => row.map((curve) => curve[k] ?? Number.NaN));
    return readScores(where, matrix, `checkpoint ${k}`);
  });
}
