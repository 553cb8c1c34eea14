/** What the checks of one row share. */
import { makeBatch } from "./batch.ts";
import type { Columns } from "./columns.ts";
import { type Evaluator, evaluator } from "./evaluate.ts";
import type { Row } from "./row.ts";

/** What the checks of one row share. */
export interface Subject {
  readonly row: Row;
  readonly at: Evaluator;
  readonly columns: Columns;
}

/** Prepares a row; graphs are compiled once for all its checks. */
export function subjectOf(row: Row): Subject {
  const columns = makeBatch(row.objective.needs, row.batch);
  return { row, at: evaluator(row.objective), columns: row.change?.(columns) ?? columns };
}

export type Check = (subject: Subject) => Promise<string[]>;
