/** Whether an update hurts, helps or leaves alone, from repeated draws of it. */
import { betaShare, studentQuantile } from "../statistics/beta.ts";
import { mean, squaredDeviations } from "../statistics/estimate.ts";

/**
 * `independent`: the effect is within the margin, shown and not merely not refuted. `unclear`: neither an effect nor its absence could
 * be shown.
 */
export type InterferenceVerdict = "hurts" | "helps" | "independent" | "unclear";

/** Mean of repeated effects of one update on one problem. */
export interface RepeatedEffect {
  readonly mean: number;
  /** Student's interval; the mean itself with a single draw. */
  readonly low: number;
  readonly high: number;
  /** Of a mean of 0, two-sided; with a single draw 0 or, for an effect of 0, 1: it is this update's own effect. */
  readonly p: number;
  /** Whether the interval at twice the error level lies within the margin: two one-sided tests (Schuirmann 1987). */
  readonly within: boolean;
}

export function repeatedEffect(draws: readonly number[], margin: number, confidence: number): RepeatedEffect {
  const [centre, n] = [mean(draws), draws.length];
  const error = n === 1 ? 0 : Math.sqrt(squaredDeviations(draws) / (n - 1) / n);
  if (error === 0) {
    return { mean: centre, low: centre, high: centre, p: centre === 0 ? 1 : 0, within: Math.abs(centre) <= margin };
  }
  const t = centre / error;
  const half = studentQuantile(confidence, n - 1) * error;
  const inner = studentQuantile(Math.max(1e-9, 1 - 2 * (1 - confidence)), n - 1) * error;
  return {
    mean: centre,
    low: centre - half,
    high: centre + half,
    p: betaShare((n - 1) / (n - 1 + t * t), (n - 1) / 2, 0.5),
    within: Math.abs(centre) + inner <= margin,
  };
}

/** @param badly what is bad for the answers asked about: right ones less likely (below 0), wrong ones more (above 0) */
export function verdictOf(
  { mean: centre, within }: RepeatedEffect,
  adjustedP: number,
  { level, badly }: { readonly level: number; readonly badly: -1 | 1 },
): InterferenceVerdict {
  if (within) return "independent";
  if (!(adjustedP <= level)) return "unclear";
  return Math.sign(centre) === badly ? "hurts" : "helps";
}
