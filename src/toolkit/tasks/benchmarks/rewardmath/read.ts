/** The released result files: ten scores a problem, each with the source of its solution. */
import { refuse } from "../../../refuse.ts";
import { type Fields, isFields } from "../../../runs/import/fields.ts";
import { readRecords } from "../shared/records.ts";
import { pairwiseToScores, type RewardRecord } from "./scores.ts";

/** Source tag of the right solution. */
const CHOSEN = "human_to_GPT-4";

export interface ReadRewardMathOptions {
  /** Source of solutions that are left out, as the released script allows. Default none. */
  readonly exceptModel?: string;
}

/**
 * Records {problem, answer, solution_reference, score} from a local file: scores of solutions, scores of steps, or, where
 * `chosen_position` is there, a pairwise judge's choices.
 *
 * @throws UsageError with the row for lists of unlike length, a score that is none, no right or no wrong solution
 */
export async function readRewardMath(
  path: string,
  { exceptModel }: ReadRewardMathOptions = {},
): Promise<(RewardRecord & { readonly problem: string })[]> {
  const rows = await readRecords("readRewardMath", path);
  return rows.map((row, i) => ({ problem: String(row.problem ?? ""), ...recordOf(row, i, exceptModel) }));
}

function recordOf(row: Fields, i: number, exceptModel: string | undefined): RewardRecord {
  const { solution_reference: sources, score: scores, chosen_position: positions } = row;
  const where = `readRewardMath, row ${i}`;
  if (!Array.isArray(scores) || scores.length === 0) refuse(where, "score is no list", "pass the released file");
  if (Array.isArray(positions)) {
    if (positions.length !== scores.length) {
      refuse(where, `there are ${scores.length} choices and ${positions.length} positions`, "pass one of each");
    }
    return pairwiseToScores(scores.map((choice, j) => choice === positions[j]));
  }
  if (!Array.isArray(sources) || sources.length !== scores.length) {
    refuse(where, `solution_reference has not ${scores.length} sources`, "pass one source a score");
  }
  const scored = scores.map((score: unknown, j) => ({ source: String(sources[j]), score: checkedScore(where, score) }));
  const chosen = scored.filter(({ source }) => source === CHOSEN).map(({ score }) => score);
  const rejected = scored.filter(({ source }) => source !== CHOSEN && source !== exceptModel).map(({ score }) => score);
  if (chosen.length > 0 && rejected.length > 0) return { chosen, rejected };
  return refuse(
    where,
    `there are ${chosen.length} right and ${rejected.length} wrong solutions`,
    `tag one "${CHOSEN}"`,
  );
}

function checkedScore(where: string, score: unknown): number | readonly number[] {
  const given = isFields(score) ? undefined : score;
  if (typeof given === "number") return given;
  if (Array.isArray(given) && given.every((step) => typeof step === "number")) return given;
  return refuse(where, `a score is ${JSON.stringify(score)}`, "pass a number, or a list of one a step");
}
