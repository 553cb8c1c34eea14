/** The released problems, with the column pairs that say which base model solves them. */
import { refuse } from "../../../refuse.ts";
import { readRecords } from "../shared/records.ts";

export interface BeyondProblem {
  readonly problem: string;
  readonly answer: number;
  /** Whether a base model solves it within 1024 samples, by model. */
  readonly solvedBy: Readonly<Record<string, boolean>>;
  readonly topic: string | undefined;
  readonly difficulty: string | undefined;
}

const SOLVED = /^(.+)_pass@1024$/;
const UNSOLVED = /^(.+)_unsolved$/;

/**
 * Problems {problem, answer, "<model>_pass@1024", "<model>_unsolved", ...} from a local JSON, JSONL or parquet file.
 *
 * @throws UsageError with the row for a missing text, an answer that is not whole, or two columns that contradict each other
 */
export async function readMathBeyond(path: string): Promise<BeyondProblem[]> {
  const rows = await readRecords("readMathBeyond", path);
  return rows.map((row, i) => {
    const where = `readMathBeyond, row ${i}`;
    const answer = Number(row.answer);
    if (typeof row.problem !== "string" || !Number.isSafeInteger(answer) || `${row.answer}`.trim() === "") {
      refuse(where, `the answer is ${JSON.stringify(row.answer)}`, "pass a text and a whole answer");
    }
    const solvedBy: Record<string, boolean> = {};
    for (const [name, value] of Object.entries(row)) {
      const [passed, failed] = [SOLVED.exec(name)?.[1], UNSOLVED.exec(name)?.[1]];
      const model = passed ?? failed;
      if (model === undefined || value === null) continue;
      const solved = passed === undefined ? !isTrue(value) : isTrue(value);
      if ((solvedBy[model] ?? solved) !== solved) refuse(where, `the columns of ${model} disagree`, "mend the file");
      solvedBy[model] = solved;
    }
    const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    return { problem: row.problem, answer, solvedBy, topic: text(row.topic), difficulty: text(row.difficulty) };
  });
}

/** true, 1, and rates above 0. */
const isTrue = (value: unknown): boolean => value === true || Number(value) > 0;
