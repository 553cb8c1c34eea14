/**
 * The proof, made at every step, that the policy that samples is the policy that learns: rollouts from other weights
 * (an adapter not delivered, a slot swapped) train silently on nothing and are the costliest failure in the field.
 */

/** Training cannot go on; says at which step and why. */
export class TrainingError extends Error {
  override readonly name: string = "TrainingError";
  readonly step: number;

  constructor(step: number, message: string, options?: ErrorOptions) {
    super(`train: step ${step}: ${message}`, options);
    this.step = step;
  }
}

/** Two computations of one log-prob in float32 agree to this, nats; rounding is 1e-5 on most tokens. */
const LOG_PROB_TOLERANCE = 1e-4;

/**
 * Rounding alone carries a rare token of a sharp policy past the tolerance (1.6e-4 was seen, one token in 100,000), so
 * one token in this many may be past it, up to ten times. Other weights move most tokens, by 1e-2 after one update.
 */
const RARE = 1000;
const FARTHEST = 10 * LOG_PROB_TOLERANCE;

/** Log-probs of the same tokens as sampler and learner have them; `rows[i]` is row i's number in the rollouts. */
export interface LogProbPair {
  readonly sampler: Float32Array; // [B, T]
  readonly learner: Float32Array; // [B, T]
  readonly mask: Float32Array; // [B, T]
  readonly tokens: number;
  readonly rows: readonly number[];
}

/** What comparing found so far, over any number of micro-batches. */
export interface Agreement {
  /** Differences of all tokens compared: the largest, their sum and number, nats. */
  max: number;
  sum: number;
  count: number;
  /** Tokens past the tolerance, and the first of them in words. */
  apart: number;
  first: string | undefined;
}

/** Nothing compared yet. */
export function noAgreement(): Agreement {
  return { max: 0, sum: 0, count: 0, apart: 0, first: undefined };
}

/**
 * Compares where the mask is 1 and adds what it finds to `seen`.
 *
 * @throws TrainingError naming the first token that is apart by more than rounding can be, with both values
 */
export function compareLogProbs(step: number, pair: LogProbPair, seen: Agreement): void {
  const { sampler, learner, mask, tokens, rows } = pair;
  for (let i = 0; i < rows.length * tokens; i++) {
    if (mask[i] !== 1) continue;
    const [sampled, learned] = [sampler[i] ?? Number.NaN, learner[i] ?? Number.NaN];
    const difference = Math.abs(sampled - learned);
    seen.max = Math.max(seen.max, difference);
    seen.sum += difference;
    seen.count++;
    if (difference <= LOG_PROB_TOLERANCE) continue;
    seen.apart++;
    const token = `row ${rows[Math.floor(i / tokens)]}, token ${(i % tokens) + 1}`;
    seen.first ??= `${token} has log-prob ${sampled} when sampled and ${learned} when learned, ${difference} apart`;
    if (!(difference <= FARTHEST)) throw notTheSame(step, seen);
  }
}

/** @throws TrainingError when too many of the tokens compared are apart to be rounding */
export function checkAgreement(step: number, seen: Agreement): void {
  if (seen.apart * RARE > seen.count) throw notTheSame(step, seen);
}

/** Fingerprints are compared before log-probs, so the weights are known to be the same here. */
function notTheSame(step: number, { first }: Agreement): TrainingError {
  return new TrainingError(
    step,
    `the sampler and the learner disagree: ${first} (allowed: ${LOG_PROB_TOLERANCE}). Their weights are the same, so the ` +
      "difference is rounding at extreme weights; lower learningRate. A rollout function of your own must return the " +
      "log-probs of the sampler it was given, and may cut tokens off at temperature 1 alone.",
  );
}

/** @throws TrainingError when the weights that sampled are not those about to learn */
export function compareFingerprints(step: number, sampler: string, learner: string): void {
  if (sampler === learner) return;
  throw new TrainingError(
    step,
    `the weights changed between sampling and learning: fingerprint ${sampler} sampled, ${learner} is about to learn.`,
  );
}
