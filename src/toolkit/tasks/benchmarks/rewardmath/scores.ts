/** Ranks of right solutions among wrong ones. */
import { refuse } from "../../../refuse.ts";

/** Scores of the right and of the wrong solutions of one problem. */
export interface OneToMany {
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

export interface OneToManyScores {
  /** 1 where every right solution is above every wrong one. */
  readonly acc: 0 | 1;
  /** The same, a tie counting as above. */
  readonly accTie: 0 | 1;
  /** 1 / rank. */
  readonly mrr: number;
  /** Place of the first right solution by descending score, wrong ones first among equals. */
  readonly rank: number;
}

/** @throws UsageError without a right or a wrong solution, or for a score of NaN */
export function oneToManyScores({ chosen, rejected }: OneToMany): OneToManyScores {
  if (chosen.length === 0 || rejected.length === 0) {
    const counts = `there are ${chosen.length} chosen and ${rejected.length} rejected solutions`;
    refuse("oneToManyScores", counts, "pass at least one of each");
  }
  const wrong = [...chosen, ...rejected].findIndex(Number.isNaN);
  if (wrong >= 0) refuse("oneToManyScores", `score ${wrong} is NaN`, "score every solution");
  const [best, worst, rival] = [max(chosen), min(chosen), max(rejected)];
  const rank = 1 + rejected.filter((score) => score >= best).length;
  return { acc: worst > rival ? 1 : 0, accTie: worst >= rival ? 1 : 0, mrr: 1 / rank, rank };
}

const max = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
const min = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));

/**
 * Scores from a judge who compared the right solution with each wrong one: the rank is the number of losses, plus one.
 *
 * @param wins for each wrong solution, whether the judge preferred the right one; 1 and 0 are true and false
 * @throws UsageError without a comparison, or for another value
 */
export function pairwiseToScores(wins: readonly (boolean | number)[]): {
  readonly chosen: number[];
  readonly rejected: number[];
} {
  if (wins.length === 0) refuse("pairwiseToScores", "there is no comparison", "pass at least one");
  const wrong = wins.findIndex((won) => won !== Boolean(won) && won !== 0 && won !== 1);
  if (wrong >= 0) refuse("pairwiseToScores", `comparison ${wrong} is ${wins[wrong]}`, "pass true or false, 1 or 0");
  const lost = wins.length + 2;
  return { chosen: [wins.filter(Boolean).length + 1], rejected: wins.map((won) => (won ? 1 : lost)) };
}

/** One problem of the benchmark: scores of its solutions, or of their steps. */
export interface RewardRecord {
  readonly chosen: readonly (number | readonly number[])[];
  readonly rejected: readonly (number | readonly number[])[];
}
