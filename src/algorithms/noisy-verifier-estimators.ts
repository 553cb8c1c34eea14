/**
 * The arithmetic of verifier noise: corrected rewards, weights, their variance, rates from appeals, injected noise.
 * Cai, Wang, Liu, Liu, Niu, Sugiyama 2025, "Reinforcement Learning with Verifiable yet Noisy Rewards under Imperfect
 * Verifiers", arXiv:2510.00915.
 *
 *     r^ = (r~ - rho0) / (1 - rho0 - rho1);   w = r~ - (1 - rho1);   FN = overturned / q;   rho1 = FN / (FN + seen 1)
 *
 * Seams: reward (`noisyTask`), advantage (through noisyVerifierCorrection). Rewards other than 0 and 1 are refused.
 */
import { refuse } from "../toolkit/refuse.ts";
import { rng } from "../toolkit/rng.ts";
import type { Task } from "../toolkit/tasks/task.ts";

/** Rates at which a verifier errs. */
export interface NoiseRates {
  /** P(seen 1 | true 0), from 0 to below 1. */
  readonly rho0: number;
  /** P(seen 0 | true 1), from 0 to below 1. */
  readonly rho1: number;
}

/** (r~ - rho0) / (1 - rho0 - rho1), at most `clip` in size where given: unbiased for the true reward without it. */
export function backwardReward(
  observed: ArrayLike<number>,
  { rho0, rho1, clip }: NoiseRates & { readonly clip?: number },
): Float64Array {
  const J = informative("backwardReward", { rho0, rho1 });
  checkSeen("backwardReward", observed);
  if (clip !== undefined && !(clip > 0)) refuse("backwardReward", `clip is ${clip}`, "pass a number above 0");
  const bound = clip ?? Number.POSITIVE_INFINITY;
  return Float64Array.from(observed, (seen) => Math.max(-bound, Math.min(bound, (seen - rho0) / J)));
}

/** rho1 for a completion seen as right, rho1 - 1 for one seen as wrong. */
export function forwardWeights(observed: ArrayLike<number>, { rho1 }: Pick<NoiseRates, "rho1">): Float64Array {
  checkRate("forwardWeights", "rho1", rho1);
  checkSeen("forwardWeights", observed);
  return Float64Array.from(observed, (seen) => (seen === 1 ? rho1 : rho1 - 1));
}

/** Each number minus the mean of the others. @throws UsageError for fewer than two */
export function leaveOneOut(values: ArrayLike<number>): Float64Array {
  const n = values.length;
  if (n < 2) refuse("leaveOneOut", `${n} numbers have no others`, "sample at least 2 completions a problem");
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i] ?? Number.NaN;
  return Float64Array.from(values, (value) => value - (sum - value) / (n - 1));
}

/** Var(r^) = p (1 - p) / (1 - rho0 - rho1)^2. @param p P(seen 1) */
export function correctedVariance(p: number, rates: NoiseRates): number {
  const J = informative("correctedVariance", rates);
  if (!(p >= 0 && p <= 1)) refuse("correctedVariance", `p is ${p}`, "pass a probability");
  return (p * (1 - p)) / J ** 2;
}

/** What a batch of appeals says. */
export interface AppealCounts {
  /** Appealed completions that were right after all. */
  readonly overturned: number;
  /** Chance that a completion seen as wrong was appealed. */
  readonly q: number;
  /** Completions seen as right. */
  readonly rulePositives: number;
}

/**
 * Horvitz-Thompson estimate of the share of right completions that the verifier rejects. (Overturned over appealed is
 * another number: the share of rejected completions that are right.)
 *
 * @throws UsageError when q is not in (0, 1], or no right completion was seen at all
 */
export function appealRate({ overturned, q, rulePositives }: AppealCounts): {
  readonly falseNegatives: number;
  readonly rho1: number;
} {
  if (!(q > 0 && q <= 1)) refuse("appealRate", `q is ${q}`, "pass a probability above 0");
  for (const [name, count] of Object.entries({ overturned, rulePositives })) {
    if (!Number.isInteger(count) || count < 0) refuse("appealRate", `${name} is ${count}`, "pass a whole count");
  }
  const falseNegatives = overturned / q;
  if (falseNegatives + rulePositives === 0) {
    refuse("appealRate", "no completion was right by either verifier", "collect more before estimating");
  }
  return { falseNegatives, rho1: falseNegatives / (falseNegatives + rulePositives) };
}

/** How an estimate of a gradient stands to the clean one. */
export interface EstimatorDiagnostics {
  /** Between the mean estimate and the clean gradient. */
  readonly cosine: number;
  /** |mean estimate| / |clean|. */
  readonly normRatio: number;
  /** Sum over coordinates of the estimates' variance. */
  readonly variance: number;
}

/** @param estimates draws of an estimate of `clean`, each of its length */
export function estimatorDiagnostics(
  clean: ArrayLike<number>,
  estimates: readonly ArrayLike<number>[],
): EstimatorDiagnostics {
  if (estimates.length < 2) refuse("estimatorDiagnostics", `${estimates.length} estimates`, "pass two or more");
  const wrong = estimates.findIndex((estimate) => estimate.length !== clean.length);
  if (wrong >= 0) {
    refuse("estimatorDiagnostics", `estimate ${wrong} has ${estimates[wrong]?.length} numbers`, `pass ${clean.length}`);
  }
  let [dot, ofClean, ofMean, variance] = [0, 0, 0, 0];
  for (let i = 0; i < clean.length; i++) {
    const values = estimates.map((estimate) => estimate[i] ?? Number.NaN);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    dot += mean * (clean[i] ?? 0);
    ofClean += (clean[i] ?? 0) ** 2;
    ofMean += mean ** 2;
    variance += values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  }
  return { cosine: dot / Math.sqrt(ofClean * ofMean), normRatio: Math.sqrt(ofMean / ofClean), variance };
}

/**
 * A task whose verifier errs at the given rates, for experiments: the same problem and completion get the same verdict.
 *
 * @throws UsageError for rates outside [0, 1) or rho0 + rho1 >= 1
 */
export function noisyTask(task: Task, { rho0, rho1, seed }: NoiseRates & { readonly seed: number }): Task {
  informative("noisyTask", { rho0, rho1 });
  return {
    ...task,
    name: `${task.name}, noisy verifier`,
    settings: { ...task.settings, rho0, rho1, noiseSeed: seed },
    verify(problem, completion) {
      const verdict = task.verify(problem, completion);
      const drawn = rng({ seed, stream: `noise ${problem.id} ${completion}` }).uniform();
      const reason = `verdict flipped by injected noise; it was: ${verdict.reason}`;
      if (verdict.score === 0 && drawn < rho0) return { ...verdict, score: 1, status: "correct", reason };
      if (verdict.score === 1 && drawn < rho1) return { ...verdict, score: 0, status: "wrong", reason };
      return verdict;
    },
  };
}

/** J. @throws UsageError unless both rates are in [0, 1) and J is above 0 */
function informative(where: string, { rho0, rho1 }: NoiseRates): number {
  checkRate(where, "rho0", rho0);
  checkRate(where, "rho1", rho1);
  const J = 1 - rho0 - rho1;
  if (!(rho0 + rho1 < 1))
    refuse(where, `rho0 + rho1 is ${rho0 + rho1}`, "a verifier must be right more often than not");
  return J;
}

function checkRate(where: string, name: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) refuse(where, `${name} is ${rate}`, "pass a rate from 0 to below 1");
}

function checkSeen(where: string, observed: ArrayLike<number>): void {
  if (observed.length === 0) refuse(where, "there are no rewards", "pass at least one");
  for (let b = 0; b < observed.length; b++) {
    if (observed[b] === 0 || observed[b] === 1) continue;
    refuse(where, `row ${b} has reward ${observed[b]}`, "pass 1 or 0: the correction is of right and wrong");
  }
}
