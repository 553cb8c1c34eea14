/**
 * The proof, made at every step, that the policy that samples is the policy that learns: rollouts from other weights
 * (an adapter not delivered, a slot swapped) train silently on nothing and are the costliest failure in the field.
 */

/** Training cannot go on; says at which step and why. */
export class TrainingError extends Error {
  override readonly name: string = "TrainingError";
  readonly step: number;

  constructor(step: number, message: string) {
    super(`train: step ${step}: ${message}`);
    this.step = step;
  }
}

/** Largest difference allowed between two computations of one log-prob in float32, nats: far above rounding (1e-6). */
const LOG_PROB_TOLERANCE = 1e-4;

/** Log-probs of the same tokens as sampler and learner have them; `rows[i]` is row i's number in the rollouts. */
export interface LogProbPair {
  readonly sampler: Float32Array; // [B, T]
  readonly learner: Float32Array; // [B, T]
  readonly mask: Float32Array; // [B, T]
  readonly tokens: number;
  readonly rows: readonly number[];
}

/**
 * Compares where the mask is 1.
 *
 * @returns the largest difference, and the sum and number of them for a mean
 * @throws TrainingError naming the first token that differs by more than the tolerance, with both values
 */
export function compareLogProbs(step: number, pair: LogProbPair): { max: number; sum: number; count: number } {
  const { sampler, learner, mask, tokens, rows } = pair;
  let [max, sum, count] = [0, 0, 0];
  for (let i = 0; i < rows.length * tokens; i++) {
    if (mask[i] !== 1) continue;
    const [sampled, learned] = [sampler[i] ?? Number.NaN, learner[i] ?? Number.NaN];
    const difference = Math.abs(sampled - learned);
    if (!(difference <= LOG_PROB_TOLERANCE)) {
      const [row, token] = [rows[Math.floor(i / tokens)], (i % tokens) + 1];
      throw new TrainingError(
        step,
        `the sampler and the learner are not the same policy: row ${row}, token ${token} has log-prob ` +
          `${sampled} when sampled and ${learned} when learned, ${difference} apart (allowed: ${LOG_PROB_TOLERANCE}).`,
      );
    }
    max = Math.max(max, difference);
    sum += difference;
    count++;
  }
  return { max, sum, count };
}

/** @throws TrainingError when the weights that sampled are not those about to learn */
export function compareFingerprints(step: number, sampler: string, learner: string): void {
  if (sampler === learner) return;
  throw new TrainingError(
    step,
    `the weights changed between sampling and learning: fingerprint ${sampler} sampled, ${learner} is about to learn.`,
  );
}
