/**
 * Reasoning boundary: did training add problems that can be solved at all, or only make solvable ones come out more often?
 * Pass@k of the base and the trained policy for all k, where the base overtakes, what became of each problem, which of it is more
 * than chance, and how many samples would tell.
 *
 * Yue et al. 2025, "Does Reinforcement Learning Really Incentivize Reasoning Capacity in LLMs Beyond the Base Model?",
 * arXiv:2504.13837. Crossing: the first k at which base pass@k exceeds trained pass@k. Pass@k is the unbiased one of Chen et
 * al. 2021. Intervals speak of further problems of the same kind (docs/statistics.md says how often they hold the truth).
 * Both policies must have been sampled at one temperature, or the curves compare temperatures.
 *
 * Problems with unlike numbers of samples: curves and crossing go to the smallest n of any problem in either run, where every
 * problem still has an unbiased estimate; the fate of a problem uses all of its samples, and `n.equal` says so.
 */
import { checkOptions, type OptionRule } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import type { Crossing } from "./boundary/crossing.ts";
import { type BoundaryPoint, boundaryCurve } from "./boundary/curve.ts";
import { passCurves, valuesAt } from "./boundary/curves.ts";
import { coverageByDifficulty, type Difficulty } from "./boundary/difficulty.ts";
import { type Fates, type ProblemFate, problemFates } from "./boundary/fates.ts";
import { type SupportMoves, supportMoves } from "./boundary/moves.ts";
import { type Excluded, type ProblemPair, pairProblems, type SolveCounts } from "./boundary/pairs.ts";
import { type BoundaryQuestion, boundaryQuestions } from "./boundary/settle.ts";
import { boundaryTables } from "./boundary/tables.ts";
import { type BootstrapOptions, bootstrapRules } from "./statistics/bootstrap.ts";
import { mean } from "./statistics/estimate.ts";

export type { Crossing } from "./boundary/crossing.ts";
export type { BoundaryPoint } from "./boundary/curve.ts";
export type { Difficulty, DifficultyBin } from "./boundary/difficulty.ts";
export type { Fate, FateCell, Fates, ProblemFate } from "./boundary/fates.ts";
export type { SupportMoves } from "./boundary/moves.ts";
export type { Excluded, SolveCounts, SolveProblem, SolveSample } from "./boundary/pairs.ts";
export type { BoundaryQuestion } from "./boundary/settle.ts";

export interface BoundaryOptions extends BootstrapOptions {
  /** The k of the curve. Default: all to 128, then steps of 2 % to n. The crossing is looked for at every k in any case. */
  readonly ks?: readonly number[];
  /**
   * What to do when a problem is in one run only, or has no scored sample in one. Default "refuse"; "exclude" leaves such
   * problems out and lists them in `excluded`.
   */
  readonly missing?: "refuse" | "exclude";
  /** What says how hard a problem is. Default: its level where problems have at least two, else how often the base solves it. */
  readonly difficulty?: "level" | "base rate";
}

export interface ReasoningBoundary {
  readonly confidence: number;
  readonly resamples: number;
  /** `common`: largest k of the curve. `equal`: all problems have that many samples in both runs. */
  readonly n: { readonly common: number; readonly equal: boolean };
  readonly curve: readonly BoundaryPoint[];
  readonly crossing: Crossing;
  /** Base pass@n − trained pass@1: what better sampling alone could still gain (Yue et al., Δ_SE, with K = n). */
  readonly samplingGap: number;
  readonly fates: Fates;
  /** Which problems crossed the boundary, whatever chance did, and the verdict. */
  readonly moves: SupportMoves;
  readonly problems: readonly ProblemFate[];
  /** Coverage by difficulty. */
  readonly difficulty: Difficulty;
  /** How many problems or samples would settle what is open. */
  readonly questions: readonly BoundaryQuestion[];
  readonly excluded: Excluded;
}

export const boundaryRules: Readonly<Record<keyof BoundaryOptions, OptionRule>> = {
  ...bootstrapRules,
  ks: { kind: "array" },
  missing: { kind: "either", values: ["refuse", "exclude"] },
  difficulty: { kind: "either", values: ["level", "base rate"] },
};

/**
 * Compares what two policies can solve. Takes two `Evaluation`s, two imported sets, or anything with the same counts; for
 * several checkpoints: `boundaryCourse`. 4,096 samples of 500 problems take about a second.
 *
 * @throws UsageError on duplicate ids, a problem missing from one run (unless excluded), counts that are not whole, correct
 * above n, samples that are not those counted, a k above the common n, no problem at all
 */
export function reasoningBoundary(
  base: SolveCounts,
  trained: SolveCounts,
  options: BoundaryOptions = {},
): ReasoningBoundary & Tabular {
  checkOptions("reasoningBoundary", options, boundaryRules);
  const { pairs, excluded } = pairProblems(base, trained, options.missing ?? "refuse");
  return tabular(compareProblems(pairs, excluded, options), boundaryTables);
}

/** What a comparison with further ones beside it is told. */
interface Beside {
  /** Largest k. Default: the smallest n. */
  readonly common?: number;
  /** Comparisons that share the chance of a false verdict. Default 1. */
  readonly comparisons?: number;
  /** [P] p-values adjusted over all of them. */
  readonly adjusted?: readonly number[];
}

/** The comparison itself, of problems that are matched and checked. */
export function compareProblems(
  pairs: readonly ProblemPair[],
  excluded: Excluded,
  { confidence = 0.95, resamples = 2000, seed = 0, ks, difficulty }: BoundaryOptions,
  { comparisons = 1, adjusted, ...beside }: Beside = {},
): ReasoningBoundary {
  const sizes = pairs.flatMap((pair) => [pair.base.n, pair.trained.n]);
  const common = beside.common ?? sizes.reduce((least, n) => Math.min(least, n));
  const error = (1 - confidence) / comparisons;
  const curves = passCurves(pairs, common);
  const { curve, crossing, lead } = boundaryCurve(curves, pairs, { confidence, resamples, seed, ks, error });
  const { fates, problems } = problemFates(pairs, confidence, adjusted);
  return {
    confidence,
    resamples,
    n: { common, equal: sizes.every((n) => n === common) },
    curve,
    crossing,
    samplingGap: mean(valuesAt(curves, "base", common)) - mean(valuesAt(curves, "trained", 1)),
    fates,
    moves: supportMoves(pairs, error),
    problems,
    difficulty: coverageByDifficulty(pairs, problems, {
      by: difficultyOf(pairs, difficulty),
      common,
      confidence,
      seed,
    }),
    questions: boundaryQuestions(pairs, curves, { points: curve, lead, confidence }),
    excluded,
  };
}

function difficultyOf(pairs: readonly ProblemPair[], asked: BoundaryOptions["difficulty"]): Difficulty["by"] {
  const levels = new Set(pairs.flatMap(({ level }) => (level === undefined ? [] : [level])));
  if (asked === "level" && levels.size === 0) {
    refuse("reasoningBoundary", "no problem has a level", 'pass difficulty: "base rate", or levels with the counts');
  }
  return asked ?? (levels.size > 1 ? "level" : "base rate");
}
