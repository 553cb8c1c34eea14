/**
 * Forgetting: how far below their best problems have fallen (Chaudhry et al. 2018, "Riemannian Walk for Incremental Learning",
 * arXiv:1801.10112, eq. 3, of log-likelihoods in place of accuracies), and what is left of a problem's gain some steps after it was
 * trained on.
 */
import { refuse } from "../../toolkit/refuse.ts";
import { type BootstrapOptions, clusteredBootstrap } from "../statistics/bootstrap.ts";
import type { Estimate } from "../statistics/estimate.ts";

export interface ForgettingPoint {
  readonly step: number;
  /** Mean over problems of the best log-likelihood up to this snapshot less the one at it, nats, 0 or above. */
  readonly forgotten: Estimate;
}

export interface RetentionPoint {
  /** Steps since the problem was last trained on. */
  readonly age: number;
  /** Trainings that are this old at some snapshot. */
  readonly problems: number;
  /**
   * Mean over problems of the log-likelihood this long after the training less the one at the last snapshot before it, nats. At the
   * first age it is what the training gained; where it falls with age, others' updates took it back.
   */
  readonly kept: Estimate;
}

export function forgettingCurve(
  steps: readonly number[],
  logLikelihoods: readonly ArrayLike<number>[],
  options: BootstrapOptions,
): ForgettingPoint[] {
  const problems = logLikelihoods[0]?.length ?? 0;
  const best = new Float64Array(problems).fill(Number.NEGATIVE_INFINITY);
  return steps.map((step, s) => {
    const row = logLikelihoods[s] ?? [];
    for (let p = 0; p < problems; p++) best[p] = Math.max(best[p] ?? 0, row[p] ?? Number.NaN);
    return {
      step,
      forgotten: meanOf(
        Array.from(best, (most, p) => most - (row[p] ?? Number.NaN)),
        options,
      ),
    };
  });
}

/** Ages are told apart as the snapshots tell them. Trained again, a problem starts anew. */
export function retentionCurve(
  steps: readonly number[],
  logLikelihoods: readonly ArrayLike<number>[],
  trainedAt: readonly (readonly number[])[],
  options: BootstrapOptions,
): RetentionPoint[] {
  const kept = new Map<number, Map<number, number[]>>();
  for (const [p, times] of trainedAt.entries()) {
    const sorted = [...times].sort((a, b) => a - b);
    for (const [k, time] of sorted.entries()) {
      const before = steps.findLastIndex((step) => step <= time);
      if (before < 0) continue;
      const end = sorted[k + 1] ?? Number.POSITIVE_INFINITY;
      for (let s = before + 1; s < steps.length && (steps[s] ?? 0) <= end; s++) {
        const age = (steps[s] ?? 0) - time;
        const gain = (logLikelihoods[s]?.[p] ?? Number.NaN) - (logLikelihoods[before]?.[p] ?? Number.NaN);
        const ofAge = kept.get(age) ?? new Map<number, number[]>();
        ofAge.set(p, [...(ofAge.get(p) ?? []), gain]);
        kept.set(age, ofAge);
      }
    }
  }
  return [...kept.entries()]
    .sort(([a], [b]) => a - b)
    .map(([age, ofProblem]) => {
      const means = [...ofProblem.values()].map((gains) => gains.reduce((sum, gain) => sum + gain, 0) / gains.length);
      return { age, problems: means.length, kept: meanOf(means, options) };
    });
}

/** @throws UsageError for another number of lists, or a step that is none */
export function checkTrainedAt(where: string, ids: readonly string[], trainedAt: readonly (readonly number[])[]): void {
  if (trainedAt.length !== ids.length) {
    refuse(where, `trainedAt has ${trainedAt.length} lists for ${ids.length} problems`, "pass one a problem");
  }
  for (const [p, times] of trainedAt.entries()) {
    const bad = times.find((time) => !(Number.isInteger(time) && time >= 0));
    if (bad !== undefined) refuse(where, `"${ids[p]}" was trained at step ${bad}`, "pass whole steps from 0");
  }
}

function meanOf(values: readonly number[], options: BootstrapOptions): Estimate {
  const { value, low, high } = clusteredBootstrap(
    values.length,
    (counts) => values.reduce((sum, x, i) => sum + x * (counts[i] ?? 0), 0) / values.length,
    options,
  );
  return { value, low, high };
}
