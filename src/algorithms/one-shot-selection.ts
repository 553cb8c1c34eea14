/**
 * Which prompt to train on alone, by how its accuracy moved in an earlier run; and what came after it was solved.
 * 2025, "Reinforcement Learning for Reasoning in Large Language Models with One Training Example", arXiv:2504.20571;
 * the alignment score is that of LIMR, arXiv:2502.11886, which the authors' code offers beside it.
 *
 *     variance v_k = population variance over epochs of prompt k's mean accuracy; rank by standard deviation, falling
 *     alignment    = 1 - sum_j (acc_kj - avg_j)^2 / sum_j (1 - avg_j)^2,  avg over prompts, histories cut to the shortest
 *
 * Seam: curriculum. Equal deviations keep the order given. The report after saturation is our packaging.
 */
import { refuse } from "../toolkit/refuse.ts";

/** Mean accuracy of a prompt's completions at each epoch, by the prompt's id. */
export type AccuracyHistory = Readonly<Record<string, readonly number[]>>;

export interface HistoricalVariance {
  readonly variance: Readonly<Record<string, number>>;
  readonly std: Readonly<Record<string, number>>;
  /** Ids by falling standard deviation. */
  readonly rank: readonly string[];
}

/** Each full history's variance. @throws UsageError for no history, an empty one, or an accuracy outside [0, 1] */
export function historicalVariance(history: AccuracyHistory): HistoricalVariance {
  const entries = checkHistory("historicalVariance", history);
  const variance = Object.fromEntries(
    entries.map(([id, values]) => {
      const sorted = [...values].sort((a, b) => a - b); // one order of summing: the same accuracies in another order tie
      const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
      return [id, sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length] as const;
    }),
  );
  const std = Object.fromEntries(entries.map(([id]) => [id, Math.sqrt(variance[id] ?? 0)]));
  const rank = entries.map(([id]) => id).sort((a, b) => (std[b] ?? 0) - (std[a] ?? 0)); // stable
  return { variance, std, rank };
}

/** How closely each prompt follows the mean learning curve, 1 at best. @throws UsageError also when all are always right */
export function alignmentScore(history: AccuracyHistory): Readonly<Record<string, number>> {
  const entries = checkHistory("alignmentScore", history);
  const length = entries.reduce((least, [, values]) => Math.min(least, values.length), Number.POSITIVE_INFINITY);
  const average = Array.from(
    { length },
    (_, j) => entries.reduce((sum, [, values]) => sum + (values[j] ?? 0), 0) / entries.length,
  );
  const room = average.reduce((sum, mean) => sum + (1 - mean) ** 2, 0);
  if (room === 0) refuse("alignmentScore", "every prompt is right at every epoch", "pass histories that leave room");
  return Object.fromEntries(
    entries.map(([id, values]) => {
      const apart = average.reduce((sum, mean, j) => sum + ((values[j] ?? 0) - mean) ** 2, 0);
      return [id, 1 - apart / room];
    }),
  );
}

function checkHistory(where: string, history: AccuracyHistory): (readonly [string, readonly number[]])[] {
  const entries = Object.entries(history);
  if (entries.length === 0) refuse(where, "there is no history", "pass the accuracies of at least one prompt");
  for (const [id, values] of entries) {
    if (values.length === 0) refuse(where, `the history of ${id} is empty`, "pass one accuracy per epoch");
    for (const [j, value] of values.entries()) {
      if (typeof value === "number" && value >= 0 && value <= 1) continue;
      refuse(where, `${id} has accuracy ${value} at epoch ${j}`, "pass shares from 0 to 1");
    }
  }
  return entries;
}

/** The items in turn until there are `size`. @throws UsageError for no items, or a size below 1 */
export function repeatToBatch<T>(items: readonly T[], size: number): T[] {
  if (items.length === 0) refuse("repeatToBatch", "there is nothing to repeat", "pass at least one prompt");
  if (!Number.isInteger(size) || size < 1) refuse("repeatToBatch", `size is ${size}`, "pass a whole number from 1");
  return Array.from({ length: size }, (_, i) => items[i % items.length] as T);
}

export interface PostSaturation {
  /** Index of the first training accuracy at the threshold; undefined when it is never reached, as are the rest. */
  readonly saturationStep: number | undefined;
  readonly testAtSaturation: number | undefined;
  /** Best held-out accuracy from then on. */
  readonly bestAfter: number | undefined;
  readonly gain: number | undefined;
}

/** What held-out accuracy gains after training accuracy has reached `threshold` (default 0.99). */
export function postSaturation({
  trainAcc,
  testAcc,
  threshold = 0.99,
}: {
  readonly trainAcc: readonly number[];
  readonly testAcc: readonly number[];
  readonly threshold?: number;
}): PostSaturation {
  checkHistory("postSaturation", { trainAcc, testAcc });
  if (trainAcc.length !== testAcc.length) {
    refuse("postSaturation", `${trainAcc.length} training accuracies, ${testAcc.length} held out`, "pass one of each");
  }
  if (!(threshold >= 0 && threshold <= 1)) refuse("postSaturation", `threshold is ${threshold}`, "pass a share");
  const step = trainAcc.findIndex((value) => value >= threshold);
  if (step < 0) {
    return { saturationStep: undefined, testAtSaturation: undefined, bestAfter: undefined, gain: undefined };
  }
  const [testAtSaturation = Number.NaN, ...after] = testAcc.slice(step);
  const bestAfter = Math.max(testAtSaturation, ...after);
  return { saturationStep: step, testAtSaturation, bestAfter, gain: bestAfter - testAtSaturation };
}
