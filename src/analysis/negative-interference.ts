/**
 * Negative interference: which problems did training on others make worse? The log-likelihood of each problem's right answers over
 * training, the problems that were lost, and the inner products of gradients that say which problem's update hurts which.
 *
 * To first order an ascent step θ' = θ + η ∇L_i changes the log-likelihood of problem j by
 *
 *     L_j(θ') − L_j(θ) ≈ +η g_i · g_j          (the loss −L_j by −η g_i · g_j)
 *
 * so a negative inner product is interference (Yu et al. 2020, "Gradient Surgery for Multi-Task Learning", arXiv:2001.06782; as
 * influence over training: Pruthi et al. 2020, arXiv:2002.08484). A plain gradient step is assumed: Adam's scaling is not in it.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { pairProblems, type SolveCounts } from "./boundary/pairs.ts";
import { alignGradients, type GradientAlignment, type GradientGram } from "./interference/alignment.ts";
import {
  checkTrainedAt,
  type ForgettingPoint,
  forgettingCurve,
  type RetentionPoint,
  retentionCurve,
} from "./interference/forgetting.ts";
import { interferenceTables } from "./interference/tables.ts";
import { type BootstrapOptions, bootstrapRules, clusteredBootstrap } from "./statistics/bootstrap.ts";
import type { Estimate } from "./statistics/estimate.ts";
import { fisherExact } from "./statistics/exact-tests.ts";
import { benjaminiHochberg } from "./statistics/multiple.ts";
import type { Counts } from "./statistics/pass-at-k.ts";

export type { GradientAlignment, GradientGram, HarmfulPair } from "./interference/alignment.ts";

/** What was measured. */
export interface InterferenceInput {
  /** [P] problems. */
  readonly ids: readonly string[];
  /** [S] training step of each snapshot, rising, at least two. */
  readonly steps: readonly number[];
  /** S rows of P: log-likelihood of each problem's right answers, in nats. */
  readonly logLikelihoods: readonly ArrayLike<number>[];
  /** S rows of P: the same of wrong answers; NaN for a problem that has none. */
  readonly wrongLogLikelihoods?: readonly ArrayLike<number>[];
  /** P lists: at which steps (0: the first) each problem was trained on; empty for one that never was. */
  readonly trainedAt?: readonly (readonly number[])[];
  /** Success counts before and after (greedy: n = 1), both or none; every problem of `ids` must be among them. */
  readonly before?: SolveCounts;
  readonly after?: SolveCounts;
  /** Gradients of a sample of the problems. */
  readonly gradients?: GradientGram;
}

export interface InterferenceOptions extends BootstrapOptions {
  /** η of the first-order effects: the learning rate for plain gradient ascent. Default 1: effects per unit of step. */
  readonly stepSize?: number;
}

/** One problem over training. */
export interface ProblemCourse {
  readonly id: string;
  /** [S] log-likelihood of its right answers at each snapshot, in nats. */
  readonly logLikelihood: readonly number[];
  /** Last − first. */
  readonly change: number;
  /** Largest fall from an earlier peak to a later snapshot, 0 or above. */
  readonly worstFall: number;
  /** Counts before and after, where given, with Fisher's exact p and its Benjamini-Hochberg adjustment over problems. */
  readonly solved?: { readonly before: Counts; readonly after: Counts; readonly p: number; readonly adjustedP: number };
}

/** All problems at one snapshot. */
export interface InterferencePoint {
  readonly step: number;
  /** Mean over problems. */
  readonly logLikelihood: Estimate;
  /** Share of problems whose right answers are less likely than at the first snapshot. */
  readonly hurtShare: number;
  /** Mean log-likelihood of wrong answers, where given. */
  readonly wrong?: Estimate;
}

export type { ForgettingPoint, RetentionPoint } from "./interference/forgetting.ts";

export interface NegativeInterference {
  readonly confidence: number;
  /** [S] training step of each snapshot. */
  readonly steps: readonly number[];
  readonly problems: readonly ProblemCourse[];
  readonly course: readonly InterferencePoint[];
  /** At each snapshot, how far problems have fallen from their best until then. */
  readonly forgetting: readonly ForgettingPoint[];
  /** What is left of the gain of training on a problem, by the steps since; there with `trainedAt`. */
  readonly retention?: readonly RetentionPoint[];
  /** Mean change over problems, interval over resampled problems. */
  readonly change: Estimate;
  /** Share of problems that ended less likely than they began. */
  readonly hurtShare: number;
  /** Ids whose right answers became less likely, worst first. */
  readonly hurt: readonly string[];
  /**
   * Ids whose success rate fell, worst first; `beyondChance`: those whose adjusted p is at most 1 − confidence. With one greedy
   * sample on each side no single loss can be told from chance.
   */
  readonly lost?: { readonly ids: readonly string[]; readonly beyondChance: readonly string[] };
  readonly alignment?: GradientAlignment;
}

/**
 * @throws UsageError on unlike lengths, duplicate ids, fewer than two snapshots, steps that do not rise, numbers that are not finite,
 * counts for other problems, a Gram matrix that is none
 */
export function negativeInterference(
  input: InterferenceInput,
  options: InterferenceOptions = {},
): NegativeInterference & Tabular {
  checkOptions("negativeInterference", options, { ...bootstrapRules, stepSize: { kind: "number", above: 0 } });
  const { confidence = 0.95, resamples = 2000, seed = 0, stepSize = 1 } = options;
  checkInput(input);
  const solved = solvedCounts(input);
  const problems = input.ids.map((id, p): ProblemCourse => {
    const logLikelihood = input.logLikelihoods.map((row) => row[p] ?? Number.NaN);
    const counts = solved?.get(id);
    return {
      id,
      logLikelihood,
      change: (logLikelihood.at(-1) ?? 0) - (logLikelihood[0] ?? 0),
      worstFall: worstFall(logLikelihood),
      ...(counts !== undefined && { solved: counts }),
    };
  });
  const meanOf = (value: (problem: ProblemCourse) => number): Estimate =>
    clusteredBootstrap(problems.length, weightedMean(problems.map(value)), { confidence, resamples, seed });
  const wrong = wrongMeans(input, { confidence, resamples, seed });
  const hurt = problems.filter(({ change }) => change < 0).sort((a, b) => a.change - b.change);
  const result: NegativeInterference = {
    confidence,
    steps: input.steps,
    problems,
    course: input.steps.map((step, s) => ({
      step,
      logLikelihood: meanOf(({ logLikelihood }) => logLikelihood[s] ?? Number.NaN),
      hurtShare: problems.filter(({ logLikelihood: l }) => (l[s] ?? 0) < (l[0] ?? 0)).length / problems.length,
      ...(wrong !== undefined && { wrong: wrong(s) }),
    })),
    forgetting: forgettingCurve(input.steps, input.logLikelihoods, { confidence, resamples, seed }),
    ...(input.trainedAt !== undefined && {
      retention: retentionCurve(input.steps, input.logLikelihoods, input.trainedAt, { confidence, resamples, seed }),
    }),
    change: meanOf(({ change }) => change),
    hurtShare: hurt.length / problems.length,
    hurt: hurt.map(({ id }) => id),
    ...(solved !== undefined && { lost: lostProblems(problems, confidence) }),
    ...(input.gradients !== undefined && { alignment: alignGradients(input.gradients, stepSize) }),
  };
  return tabular(result, interferenceTables);
}

function lostProblems(
  problems: readonly ProblemCourse[],
  confidence: number,
): NonNullable<NegativeInterference["lost"]> {
  const share = ({ n, correct }: Counts): number => correct / n;
  const losses = problems
    .flatMap(({ id, solved }) => (solved === undefined ? [] : [{ id, ...solved }]))
    .map((problem) => ({ ...problem, fall: share(problem.before) - share(problem.after) }))
    .filter(({ fall }) => fall > 0)
    .sort((a, b) => b.fall - a.fall);
  return {
    ids: losses.map(({ id }) => id),
    beyondChance: losses.filter(({ adjustedP }) => adjustedP <= 1 - confidence).map(({ id }) => id),
  };
}

function solvedCounts({
  ids,
  before,
  after,
}: InterferenceInput): Map<string, NonNullable<ProblemCourse["solved"]>> | undefined {
  if (before === undefined || after === undefined) {
    if (before !== after) refuse("negativeInterference", "counts are there on one side only", "pass before and after");
    return undefined;
  }
  const wanted = new Set(ids);
  const only = ({ problems }: SolveCounts): SolveCounts => ({ problems: problems.filter(({ id }) => wanted.has(id)) });
  const { pairs } = pairProblems(only(before), only(after), "refuse", "negativeInterference");
  if (pairs.length < ids.length) {
    const missing = ids.find((id) => !pairs.some((pair) => pair.id === id));
    refuse("negativeInterference", `problem "${missing}" has no counts`, "pass counts of every problem in ids");
  }
  const p = pairs.map((pair) => fisherExact(pair.base, pair.trained));
  const adjusted = benjaminiHochberg(p);
  return new Map(
    pairs.map(({ id, base, trained }, i) => [
      id,
      {
        before: { n: base.n, correct: base.correct },
        after: { n: trained.n, correct: trained.correct },
        p: p[i] ?? 1,
        adjustedP: adjusted[i] ?? 1,
      },
    ]),
  );
}

function worstFall(values: readonly number[]): number {
  let [peak, worst] = [Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    peak = Math.max(peak, value);
    worst = Math.max(worst, peak - value);
  }
  return worst;
}

/** Mean of wrong answers at a snapshot, over the problems that have any. */
function wrongMeans(
  { ids, steps, wrongLogLikelihoods: rows }: InterferenceInput,
  options: BootstrapOptions,
): ((snapshot: number) => Estimate) | undefined {
  if (rows === undefined) return undefined;
  if (rows.length !== steps.length || rows.some((row) => row.length !== ids.length)) {
    refuse("negativeInterference", "wrongLogLikelihoods are of another size", "pass one row a snapshot, one a problem");
  }
  const known = ids.flatMap((_, p) => (rows.every((row) => Number.isFinite(row[p])) ? [p] : []));
  const broken = ids.find((_, p) => !known.includes(p) && !rows.every((row) => Number.isNaN(row[p])));
  if (broken !== undefined) {
    refuse("negativeInterference", `"${broken}" has a wrong answer at some snapshots only`, "pass NaN at all or none");
  }
  if (known.length === 0)
    refuse("negativeInterference", "no problem has a wrong answer", "leave wrongLogLikelihoods out");
  return (s) => {
    const values = known.map((p) => rows[s]?.[p] ?? Number.NaN);
    return clusteredBootstrap(known.length, weightedMean(values), options);
  };
}

function weightedMean(values: readonly number[]): (counts: Uint32Array) => number {
  return (counts) => values.reduce((sum, value, i) => sum + value * (counts[i] ?? 0), 0) / values.length;
}

function checkInput({ ids, steps, logLikelihoods, trainedAt }: InterferenceInput): void {
  const where = "negativeInterference";
  if (trainedAt !== undefined) checkTrainedAt(where, ids, trainedAt);
  if (ids.length === 0) refuse(where, "there are no problems", "pass at least one");
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) refuse(where, `problem "${twice}" is twice in ids`, "pass each problem once");
  if (steps.length < 2 || steps.length !== logLikelihoods.length) {
    refuse(where, `there are ${steps.length} steps and ${logLikelihoods.length} snapshots`, "pass two or more of each");
  }
  for (const [s, row] of logLikelihoods.entries()) {
    if (s > 0 && !((steps[s] ?? Number.NaN) > (steps[s - 1] ?? Number.NaN))) {
      refuse(where, `step ${steps[s]} follows ${steps[s - 1]}`, "order the snapshots by rising step");
    }
    if (row.length !== ids.length) {
      refuse(where, `snapshot ${s} has ${row.length} values for ${ids.length} problems`, "pass one a problem");
    }
    for (let p = 0; p < row.length; p++) {
      if (!Number.isFinite(row[p])) {
        refuse(where, `the log-likelihood of "${ids[p]}" at snapshot ${s} is ${row[p]}`, "pass finite numbers");
      }
    }
  }
}
