/**
 * SCRL's credit: rewards of the solved prefix alone, each subproblem normalised over the group, given to its own tokens.
 * 2026, "From Reasoning Chains to Verifiable Subproblems: Curriculum Reinforcement Learning Enables Credit Assignment for
 * LLM Reasoning", arXiv:2605.22074.
 *
 *     k_i     = number of subproblems solved in a row from the first;   R_i^(j) = r_i^(j) for j <= k_i, else 0
 *     A_i^(j) = (R_i^(j) - mean_i R^(j)) / (std_i R^(j) + eps), each j over the G rollouts; 0 where all are equal
 *     token t of block j gets A_i^(j); every other token, and every token of a response of bad format, 0
 *
 * Seams: reward, advantage. Deviation over n - 1 and eps are reconstruction. A response of bad format counts as zeros in
 * the columns' statistics.
 */
import { checkFlags } from "../toolkit/finite.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

/** One row per rollout, one column per subproblem. */
export type SubproblemScores = readonly (readonly number[])[];

export interface ScrlRewards {
  /** Subproblems solved in a row from the first, [G]. */
  readonly progress: readonly number[];
  /** [G][K]. */
  readonly rewards: SubproblemScores;
}

/**
 * Keeps the solved prefix of each row.
 *
 * @param raw whether each subproblem's answer is right, 1 or 0
 * @param formatValid whether a response has all its blocks, [G]; a response that has not counts as all wrong
 * @throws UsageError for fewer than 2 rows or columns, rows of unequal length, scores other than 0 and 1
 */
export function scrlRewards(raw: SubproblemScores, formatValid: readonly (number | boolean)[]): ScrlRewards {
  checkScores("scrlRewards", raw, formatValid.length);
  checkFlags("scrlRewards", "formatValid", formatValid);
  const kept = raw.map((row, i) => {
    const scores = Number(formatValid[i]) === 1 ? row : row.map(() => 0);
    const first = scores.findIndex((score) => score !== 1);
    const progress = first < 0 ? scores.length : first;
    return { progress, rewards: scores.map((score, j) => (j < progress ? score : 0)) };
  });
  return { progress: kept.map(({ progress }) => progress), rewards: kept.map(({ rewards }) => rewards) };
}

export interface ScrlAdvantageOptions {
  /** What is taken off n in the variance's divisor. Default 1 (reconstruction). */
  readonly ddof?: number;
  /** Added to the standard deviation. Default 1e-6 (reconstruction). */
  readonly epsilon?: number;
}

/** Advantage of each subproblem of each rollout, [G][K]. @throws UsageError as {@link scrlRewards} */
export function scrlAdvantages(
  { rewards, formatValid }: { readonly rewards: SubproblemScores; readonly formatValid: readonly (number | boolean)[] },
  options: ScrlAdvantageOptions = {},
): number[][] {
  checkOptions("scrlAdvantages", options, {
    ddof: { kind: "either", values: [0, 1] },
    epsilon: { kind: "number", min: 0 },
  });
  const { ddof = 1, epsilon = 1e-6 } = options;
  checkScores("scrlAdvantages", rewards, formatValid.length);
  const columns = (rewards[0] ?? []).map((_, j) => rewards.map((row) => row[j] ?? 0));
  const normalised = columns.map((column) => {
    if (column.every((value) => value === column[0])) return column.map(() => 0);
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const squares = column.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (column.length - ddof)) + epsilon;
    return column.map((value) => (value - mean) / deviation);
  });
  return rewards.map((_, i) => normalised.map((column) => (Number(formatValid[i]) === 1 ? (column[i] ?? 0) : 0)));
}

/**
 * Advantage of each token: that of its block.
 *
 * @param spanIndex block of each token from 1, 0 outside of all, [G][T]
 * @param mask 1 where a token is trained on, [G][T]. Default: all
 * @throws UsageError for a block that is none of the K, blocks out of order, a mask of another shape
 */
export function scrlTokenAdvantages({
  spanIndex,
  advantages,
  mask,
}: {
  readonly spanIndex: readonly (readonly number[])[];
  readonly advantages: readonly (readonly number[])[];
  readonly mask?: readonly (readonly number[])[];
}): number[][] {
  if (spanIndex.length !== advantages.length) {
    refuse("scrlTokenAdvantages", `${spanIndex.length} rows for ${advantages.length}`, "pass one of each per rollout");
  }
  if (mask !== undefined && mask.length !== spanIndex.length) {
    refuse(
      "scrlTokenAdvantages",
      `${spanIndex.length} rows, the mask has ${mask.length}`,
      "pass a mask row per rollout",
    );
  }
  for (const [i, row] of spanIndex.entries()) checkOrder(i, row, mask?.[i]);
  return spanIndex.map((row, i) =>
    row.map((block, t) => {
      const own = advantages[i] ?? [];
      if (!Number.isInteger(block) || block < 0 || block > own.length) {
        refuse("scrlTokenAdvantages", `token ${t} of row ${i} is in block ${block} of ${own.length}`, "pass 0 to K");
      }
      return block === 0 || mask?.[i]?.[t] === 0 ? 0 : (own[block - 1] ?? 0);
    }),
  );
}

function checkOrder(i: number, row: readonly number[], mask: readonly number[] | undefined): void {
  if (mask !== undefined && mask.length !== row.length) {
    refuse("scrlTokenAdvantages", `row ${i} has ${row.length} tokens, its mask ${mask.length}`, "pass one per token");
  }
  let last = 0;
  for (const [t, block] of row.entries()) {
    if (block === 0) continue;
    if (block < last) {
      refuse(
        "scrlTokenAdvantages",
        `token ${t} of row ${i} is in block ${block}, after ${last}`,
        "pass blocks in order",
      );
    }
    last = block;
  }
}

/** Rollouts of the curriculum prompt and of the plain one, of a budget of G. @throws UsageError for an odd G, or below 4 */
export function mixedGroup(budget: number): { readonly curriculum: number; readonly plain: number } {
  if (!Number.isInteger(budget) || budget < 4 || budget % 2 !== 0) {
    refuse("mixedGroup", `the budget is ${budget}`, "pass an even number of completions, 4 or more");
  }
  return { curriculum: budget / 2, plain: budget / 2 };
}

function checkScores(where: string, scores: SubproblemScores, valid: number): void {
  const count = scores[0]?.length ?? 0;
  if (scores.length < 2) refuse(where, `there are ${scores.length} rollouts`, "pass a group of 2 or more");
  if (scores.length !== valid) refuse(where, `${scores.length} rows, ${valid} formats`, "pass one of each per rollout");
  if (count < 2) refuse(where, `there are ${count} subproblems`, "pass 2 or more");
  for (const [i, row] of scores.entries()) {
    if (row.length !== count) refuse(where, `row ${i} has ${row.length} scores, row 0 ${count}`, "pass K in each");
    const bad = row.findIndex((score) => score !== 0 && score !== 1);
    if (bad >= 0) refuse(where, `row ${i} has score ${row[bad]} at subproblem ${bad + 1}`, "pass 1 or 0");
  }
}
