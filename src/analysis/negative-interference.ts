import type { Estimate } from "./statistics/estimate.ts";
import type { Counts } from "./statistics/pass-at-k.ts";

/** One problem over training. */
export interface ProblemCourse {
  readonly id: string;
  /** [S] log-likelihood of its right answers at each snapshot, in nats. */
  readonly logLikelihood: readonly number[];
  /** Last − first. */
  readonly change: number;
  /** Largest fall from an earlier peak to a later snapshot, 0 or above. */
  readonly worstFall: number;
  /** Counts before and after, where given, with Fisher's exact p and its Benjamini-Hochberg adjustment. */
  readonly solved?: { readonly before: Counts; readonly after: Counts; readonly p: number; readonly adjustedP: number };
}

/** Mean over problems at one snapshot. */
export interface InterferencePoint {
  readonly step: number;
  readonly logLikelihood: Estimate;
  /** Share of problems whose right answers are less likely than at the first snapshot. */
  readonly hurtShare: number;
}

/** What a step on one problem does to the others, to first order. */
export interface GradientAlignment {
  readonly ids: readonly string[];
  /** [M, M] cosine of the gradients of problems i and j. */
  readonly cosine: Float64Array;
  /** [M, M] change of j's log-likelihood (nats) by an ascent step of `stepSize` on i: +η g_i · g_j. Row i, column j. */
  readonly effect: Float64Array;
  readonly stepSize: number;
  /** Over the pairs i < j. */
  readonly pairs: number;
  readonly negativeShare: number;
  readonly meanCosine: number;
  /** Pairs by rising effect, worst first: a step on `from` costs `to` so much. At most 20. */
  readonly worst: readonly {
    readonly from: string;
    readonly to: string;
    readonly cosine: number;
    readonly effect: number;
  }[];
  /** [M] sum of the negative effects that a step on i has on others, and that steps on others have on i; 0 or below. */
  readonly harmDone: readonly number[];
  readonly harmTaken: readonly number[];
}

export interface NegativeInterference {
  readonly confidence: number;
  /** [S] training step of each snapshot. */
  readonly steps: readonly number[];
  readonly problems: readonly ProblemCourse[];
  readonly course: readonly InterferencePoint[];
  /** Mean change over problems, interval over resampled problems. */
  readonly change: Estimate;
  /** Share of problems that ended less likely than they began. */
  readonly hurtShare: number;
  /** Ids whose right answers became less likely, worst first. */
  readonly hurt: readonly string[];
  /** Ids whose success rate fell; `beyondChance`: by Fisher's exact test, adjusted for the number of problems. Needs counts. */
  readonly lost?: { readonly ids: readonly string[]; readonly beyondChance: readonly string[] };
  readonly alignment?: GradientAlignment;
}
