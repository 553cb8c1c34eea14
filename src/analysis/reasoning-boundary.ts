/**
 * Reasoning boundary: did training add problems that can be solved at all, or only make solvable ones come out more often?
 * Pass@k of the base and the trained policy for all k, where the base overtakes, and what became of each problem.
 *
 * Yue et al. 2025, "Does Reinforcement Learning Really Incentivize Reasoning Capacity in LLMs Beyond the Base Model?",
 * arXiv:2504.13837. Crossing: the first k at which base pass@k exceeds trained pass@k. Pass@k is the unbiased one of Chen et
 * al. 2021. Intervals come from resampling problems, the same draws for both policies (`statistics/bootstrap.ts` says where
 * they fall short). Both policies must have been sampled at one temperature, or the curves compare temperatures.
 *
 * Problems with unlike numbers of samples: curves, levels and crossing go to the smallest n of any problem in either run, where
 * every problem still has an unbiased estimate; the fate of a problem uses all of its samples, and `n.equal` says so.
 */
import { checkOptions } from "../toolkit/options.ts";
import { type Tabular, tabular } from "../toolkit/table.ts";
import { type BoundaryPoint, boundaryCurve, type Crossing } from "./boundary/curve.ts";
import { type Fates, type ProblemFate, problemFates } from "./boundary/fates.ts";
import { type Excluded, pairProblems, type SolveCounts } from "./boundary/pairs.ts";
import { boundaryTables } from "./boundary/tables.ts";
import { type BootstrapOptions, bootstrapRules } from "./statistics/bootstrap.ts";

export type { BoundaryPoint, Crossing } from "./boundary/curve.ts";
export type { Fate, FateCell, Fates, ProblemFate } from "./boundary/fates.ts";
export type { Excluded, SolveCounts } from "./boundary/pairs.ts";

export interface BoundaryOptions extends BootstrapOptions {
  /** The k of the curve. Default: all to 128, then steps of 2 % to n. The crossing is looked for at every k in any case. */
  readonly ks?: readonly number[];
  /**
   * What to do when a problem is in one run only. Default "refuse"; "exclude" leaves such problems out and lists them in
   * `excluded`.
   */
  readonly missing?: "refuse" | "exclude";
}

/** Base against trained at one level of difficulty. */
export interface BoundaryLevel {
  readonly level: number;
  readonly problems: number;
  /** Pass@1 and pass@n, n being the result's `n.common`. */
  readonly base: { readonly pass1: number; readonly passN: number };
  readonly trained: { readonly pass1: number; readonly passN: number };
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
  readonly problems: readonly ProblemFate[];
  /** By rising level; empty where problems have none. */
  readonly levels: readonly BoundaryLevel[];
  readonly excluded: Excluded;
}

/**
 * Compares what two policies can solve. Takes two `Evaluation`s, or anything with the same counts.
 *
 * @throws UsageError on duplicate ids, a problem missing from one run (unless excluded), counts that are not whole, correct
 * above n, a k above the common n, no problem at all
 */
export function reasoningBoundary(
  base: SolveCounts,
  trained: SolveCounts,
  options: BoundaryOptions = {},
): ReasoningBoundary & Tabular {
  checkOptions("reasoningBoundary", options, {
    ...bootstrapRules,
    ks: { kind: "array" },
    missing: { kind: "either", values: ["refuse", "exclude"] },
  });
  const { confidence = 0.95, resamples = 2000, seed = 0, ks, missing = "refuse" } = options;
  const { pairs, excluded } = pairProblems(base, trained, missing);
  const sizes = pairs.flatMap((pair) => [pair.base.n, pair.trained.n]);
  const common = sizes.reduce((least, n) => Math.min(least, n));
  const { curve, crossing, passAt } = boundaryCurve(pairs, common, { confidence, resamples, seed, ks });
  const { fates, problems } = problemFates(pairs, confidence);
  const levels = [...new Set(pairs.flatMap(({ level }) => (level === undefined ? [] : [level])))].sort((a, b) => a - b);
  const boundary: ReasoningBoundary = {
    confidence,
    resamples,
    n: { common, equal: sizes.every((n) => n === common) },
    curve,
    crossing,
    samplingGap: passAt(common, () => true).base - passAt(1, () => true).trained,
    fates,
    problems,
    levels: levels.map((level) => {
      const inLevel = (i: number): boolean => pairs[i]?.level === level;
      const [one, all] = [passAt(1, inLevel), passAt(common, inLevel)];
      return {
        level,
        problems: pairs.filter((pair) => pair.level === level).length,
        base: { pass1: one.base, passN: all.base },
        trained: { pass1: one.trained, passN: all.trained },
      };
    }),
    excluded,
  };
  return tabular(boundary, boundaryTables);
}
