/**
 * DGPO (of MathForge): every question weighs the same in the update whatever its difficulty, then harder ones more.
 * 2026, "Harder Is Better: Boosting Mathematical Reasoning via Difficulty-Aware GRPO and Multi-Aspect Question
 * Reformulation", arXiv:2601.20614; sums and constants as in the authors' code.
 *
 *     A_i    = G (r_i - mean r) / (sum_i |r_i - mean r| + 1e-4)           difficulty-balanced: sum |A_i| = G
 *     D_s    = -mean accuracy of question s;  valid: its rewards are not all equal (V of them)
 *     lambda = V exp(D_s / T) / sum over valid s' of exp(D_s' / T);  1 for a question that is not valid
 *     z      = tokens of all completions / tokens of those of valid questions     valid-token averaging
 *     A_i    <- lambda A_i z, into a clipped loss averaged over all tokens, without KL
 *
 * Seams: advantage; curriculum (`mqr`, in mathforge-mqr.ts). A group of equal rewards gets 0 exactly; without a valid
 * question lambda and z are 1. A valid question whose accuracy is 0 (its variance comes from other rewards) counts as
 * accuracy 1, the lowest weight, as in the code. Unscored rows are left out of their group and get 0. z assumes a loss
 * that is a mean over all tokens: use `grpo({ aggregation: "token-mean" })` beneath.
 */
import { type AdvantageInput, type Advantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { allFinite } from "../toolkit/finite.ts";
import { groupRows, someCompany } from "../toolkit/group-rows.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface DgpoOptions {
  /** T of the questions' weights; the largest is at most e^(1/T) times the smallest. Default 2: paper's best, and code. */
  readonly temperature?: number;
  /** Weigh questions by difficulty. Default true. */
  readonly useDqw?: boolean;
  /** Average the loss over tokens of valid questions. Default true. */
  readonly validTokenAveraging?: boolean;
  /** Added to the sum of differences. Default 1e-4: code. */
  readonly epsilon?: number;
}

const SOURCES: ChoiceSources<keyof DgpoOptions> = {
  temperature: ["advantage", "arXiv:2601.20614, ablation of T"],
  useDqw: ["advantage", "arXiv:2601.20614"],
  validTokenAveraging: ["advantage", "arXiv:2601.20614"],
  epsilon: ["advantage", "authors' code"],
};

/** Rows of a step, B of them. */
export interface DgpoRows {
  readonly rewards: ArrayLike<number>; // [B]
  /** Accuracy alone where rewards hold more. Default: the rewards. */
  readonly accuracy?: ArrayLike<number>; // [B]
  /** Index of each row's question. */
  readonly groups: ArrayLike<number>; // [B]
  /** Trained tokens of each row. */
  readonly lengths: ArrayLike<number>; // [B]
}

export interface DgpoAdvantages {
  /** Difficulty-balanced, before the two factors. */
  readonly base: Float64Array; // [B]
  /** Of each question, in the order in which they first come. */
  readonly lambda: Float64Array;
  /** z: tokens of all rows to those of valid questions; 1 where there is none. Found also where `final` is without it. */
  readonly zeroMaskRatio: number;
  readonly final: Float64Array; // [B]
}

/**
 * The method, in place of an algorithm's advantage: `compose(grpo({ aggregation: "token-mean" }), mathforgeDgpo())`.
 * The accuracy is the reward component named "accuracy" where there is one, else the reward.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function mathforgeDgpo(options: DgpoOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "mathforge-dgpo",
    replaces: { advantage: (input) => advantages(input, settings) },
    ...(settings.validTokenAveraging && { expects: { aggregation: "token-mean" } }), // what the ratio of tokens corrects
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: DgpoOptions): Required<DgpoOptions> {
  checkOptions("mathforgeDgpo", options, {
    temperature: { kind: "number", above: 0 },
    useDqw: { kind: "boolean" },
    validTokenAveraging: { kind: "boolean" },
    epsilon: { kind: "number", min: 0 },
  });
  const { temperature = 2, useDqw = true, validTokenAveraging = true, epsilon = 1e-4 } = options;
  return { temperature, useDqw, validTokenAveraging, epsilon };
}

function advantages({ rollouts, rewards }: AdvantageInput, settings: Required<DgpoOptions>): Advantages {
  someCompany("mathforgeDgpo", rollouts.group);
  const scored = [...rewards.values.keys()].filter((b) => !Number.isNaN(rewards.values[b]));
  const of = (values: ArrayLike<number>): number[] => scored.map((b) => values[b] ?? Number.NaN);
  const sizes = groupRows(of(rollouts.group)).map((rows) => rows.length);
  const perRow = new Float32Array(rollouts.rows);
  const tokens = rollouts.width - 1;
  if (scored.length === 0) return { perToken: spreadOverTokens(perRow, tokens) };
  const accuracy = rewards.components?.accuracy;
  const { final, lambda, zeroMaskRatio } = balanced(
    {
      rewards: of(rewards.values),
      groups: of(rollouts.group),
      lengths: of(rollouts.completionLengths),
      ...(accuracy && { accuracy: of(accuracy) }),
    },
    settings,
  );
  for (const [i, b] of scored.entries()) perRow[b] = final[i] ?? 0;
  return {
    perToken: spreadOverTokens(perRow, tokens),
    metrics: {
      "dgpo/zero_mask_ratio": zeroMaskRatio,
      "dgpo/lambda_max": Math.max(...lambda),
      "dgpo/advantage_max": final.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      "dgpo/smallest_group": Math.min(...sizes),
    },
  };
}

/** G (r - mean) / (sum |r - mean| + epsilon) within each group; 0 where all rewards are equal. @returns [B] */
export function dgaeAdvantage(
  { rewards, groups }: Pick<DgpoRows, "rewards" | "groups">,
  { epsilon = 1e-4 }: Pick<DgpoOptions, "epsilon"> = {},
): Float64Array {
  checkRows({ rewards, groups });
  const result = new Float64Array(rewards.length);
  for (const rows of groupRows(groups)) {
    if (!varies(rewards, rows)) continue;
    const mean = meanOf(rewards, rows);
    const sum = rows.reduce((total, b) => total + Math.abs((rewards[b] ?? 0) - mean), 0);
    for (const b of rows) result[b] = (rows.length * ((rewards[b] ?? 0) - mean)) / (sum + epsilon);
  }
  return result;
}

/**
 * Weights of questions: V softmax(-accuracy / T) over the valid ones, 1 for the others. @returns one per question
 *
 * @param accuracy mean accuracy of each question
 * @param valid whether its rewards differ
 */
export function dqwWeights(
  accuracy: readonly number[],
  valid: readonly boolean[],
  { temperature = 2 }: Pick<DgpoOptions, "temperature"> = {},
): Float64Array {
  if (!(temperature > 0)) refuse("dqwWeights", `temperature is ${temperature}`, "pass a number above 0");
  if (accuracy.length !== valid.length) {
    refuse("dqwWeights", `${accuracy.length} accuracies for ${valid.length} questions`, "pass one of each");
  }
  allFinite("dqwWeights", "accuracy", accuracy);
  const hardness = accuracy.map((mean, s) =>
    valid[s] === true ? Math.exp(-(mean === 0 ? 1 : mean) / temperature) : 0,
  );
  const sum = hardness.reduce((total, weight) => total + weight, 0);
  const count = valid.filter(Boolean).length;
  return Float64Array.from(hardness, (weight, s) => (valid[s] === true ? (count * weight) / sum : 1));
}

/**
 * The advantages with their parts.
 *
 * @throws UsageError for columns of unequal length, a reward that is no number, a group of one, a row without tokens
 *   when averaging over valid tokens, and what the options refuse
 */
export function dgpoAdvantage(rows: DgpoRows, options: DgpoOptions = {}): DgpoAdvantages {
  for (const members of groupRows(rows.groups)) {
    if (members.length < 2) refuse("dgpoAdvantage", "a group has 1 row", "sample at least 2 completions a question");
  }
  return balanced(rows, settle(options));
}

function balanced(rows: DgpoRows, settings: Required<DgpoOptions>): DgpoAdvantages {
  const { rewards, groups, lengths, accuracy = rewards } = rows;
  checkRows({ rewards, groups, accuracy, lengths });
  const questions = groupRows(groups);
  const valid = questions.map((members) => varies(rewards, members));
  const means = questions.map((members) => meanOf(accuracy, members));
  const base = dgaeAdvantage(rows, settings);
  const lambda = settings.useDqw ? dqwWeights(means, valid, settings) : new Float64Array(questions.length).fill(1);
  if (settings.validTokenAveraging) checkLengths(lengths);
  const zeroMaskRatio = tokenRatioOf(lengths, questions, valid);
  const factor = settings.validTokenAveraging ? zeroMaskRatio : 1;
  const final = base.slice();
  for (const [s, members] of questions.entries()) {
    for (const b of members) final[b] = (base[b] ?? 0) * (lambda[s] ?? 1) * factor;
  }
  return { base, lambda, zeroMaskRatio, final };
}

function checkLengths(lengths: ArrayLike<number>): void {
  for (let b = 0; b < lengths.length; b++) {
    if (!((lengths[b] ?? 0) > 0)) refuse("dgpoAdvantage", `row ${b} has ${lengths[b]} tokens`, "pass at least 1");
  }
}

function tokenRatioOf(
  lengths: ArrayLike<number>,
  questions: readonly (readonly number[])[],
  valid: readonly boolean[],
): number {
  const tokens = (some: readonly (readonly number[])[]): number =>
    some.flat().reduce((sum, b) => sum + (lengths[b] ?? 0), 0);
  const kept = tokens(questions.filter((_, s) => valid[s] === true));
  return kept === 0 ? 1 : tokens(questions) / kept;
}

/** A group's rewards differ: told by value, since a rounded deviation is not 0. */
function varies(values: ArrayLike<number>, rows: readonly number[]): boolean {
  return rows.some((b) => values[b] !== values[rows[0] ?? 0]);
}

function meanOf(values: ArrayLike<number>, rows: readonly number[]): number {
  return rows.reduce((sum, b) => sum + (values[b] ?? 0), 0) / rows.length;
}

function checkRows(columns: Readonly<Record<string, ArrayLike<number>>>): void {
  const rows = columns.rewards?.length ?? 0;
  if (rows === 0) refuse("dgpoAdvantage", "there are no rows", "pass at least one group");
  for (const [name, column] of Object.entries(columns)) {
    if (column.length !== rows)
      refuse("dgpoAdvantage", `${name} has ${column.length} numbers for ${rows} rows`, "pass one per row");
    allFinite("dgpoAdvantage", name, column);
  }
}
