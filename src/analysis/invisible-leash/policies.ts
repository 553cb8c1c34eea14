/** Exact quantities of small policies: entropies, and the optimum of KL-regularised training. */
import { refuse } from "../../toolkit/refuse.ts";

/** How far from 1 probabilities may sum. */
const SUM_TOLERANCE = 1e-6;

/** Refuses what is not a probability distribution. */
function checkDistribution(where: string, probabilities: ArrayLike<number>): void {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const value = probabilities[i] ?? Number.NaN;
    if (!(value >= 0 && value <= 1 + SUM_TOLERANCE))
      refuse(where, `probability ${i} is ${value}`, "pass numbers from 0 to 1");
    sum += value;
  }
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE))
    refuse(where, `the probabilities sum to ${sum}`, "pass a whole distribution");
}

/**
 * Optimum of E[R] − KL(p ‖ q) / β: p(y) ∝ q(y) exp(β R(y)). What q gives no chance stays at 0 at any β, and ratios among
 * completions of equal reward never change.
 *
 * @param beta at least 0; Infinity keeps only the best rewarded of what q can do
 */
export function tiltedPolicy(q: ArrayLike<number>, rewards: ArrayLike<number>, beta: number): number[] {
  checkDistribution("tiltedPolicy", q);
  if (q.length !== rewards.length) {
    refuse(
      "tiltedPolicy",
      `there are ${q.length} probabilities and ${rewards.length} rewards`,
      "pass one of each a completion",
    );
  }
  if (!(beta >= 0))
    refuse("tiltedPolicy", `beta is ${beta}`, "pass a number from 0, the reciprocal of the KL coefficient");
  const probabilities = Array.from(q);
  const reward = probabilities.map((_, i) => rewards[i] ?? Number.NaN);
  if (!reward.every(Number.isFinite))
    refuse("tiltedPolicy", "a reward is not a finite number", "score every completion");
  const best = reward.reduce(
    (most, value, i) => ((probabilities[i] ?? 0) > 0 ? Math.max(most, value) : most),
    -Infinity,
  );
  const weights = probabilities.map((p, i) => {
    const behind = (reward[i] ?? 0) - best;
    return p === 0 ? 0 : p * Math.exp(behind === 0 ? 0 : beta * behind);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Entropy in nats of the final answers of one problem's samples. */
export function answerEntropy(answers: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return answerEntropyOfCounts([...counts.values()]);
}

/** The same from how often each distinct answer came. */
export function answerEntropyOfCounts(counts: ArrayLike<number>): number {
  const whole = Array.from(counts);
  const wrong = whole.find((count) => !Number.isInteger(count) || count < 0);
  if (wrong !== undefined) refuse("answerEntropy", `a count is ${wrong}`, "pass whole numbers");
  const total = whole.reduce((sum, count) => sum + count, 0);
  if (total === 0) refuse("answerEntropy", "there are no answers", "pass at least one");
  return entropyOf(whole.map((count) => count / total));
}

function entropyOf(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

export interface TokenEntropyOptions {
  /** What the rows hold. Default "probabilities". */
  readonly kind?: "probabilities" | "logits";
  /** [S][T]: counts positions with a value other than 0. Default all. */
  readonly mask?: readonly ArrayLike<number>[];
}

/**
 * Token entropy in nats: mean over the positions of each sequence, then over sequences.
 *
 * @param sequences [S][T][V] distributions over the vocabulary at each sampled position
 * @throws UsageError when a sequence has no counted position, or a row of probabilities does not sum to 1
 */
export function tokenEntropy(
  sequences: readonly (readonly ArrayLike<number>[])[],
  { kind = "probabilities", mask }: TokenEntropyOptions = {},
): number {
  if (sequences.length === 0) refuse("tokenEntropy", "there is no sequence", "pass at least one");
  const means = sequences.map((rows, s) => {
    const masked = mask === undefined ? undefined : mask[s];
    if (mask !== undefined && masked?.length !== rows.length) {
      refuse(
        "tokenEntropy",
        `sequence ${s} has ${rows.length} positions and ${masked?.length} mask entries`,
        "pass one each",
      );
    }
    const counted = rows.filter((_, t) => masked === undefined || masked[t] !== 0);
    if (counted.length === 0) refuse("tokenEntropy", `sequence ${s} has no position that counts`, "leave it out");
    const entropies = counted.map((row) => entropyOf(kind === "logits" ? softmax(row) : distribution(row)));
    return entropies.reduce((sum, value) => sum + value, 0) / counted.length;
  });
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

function distribution(row: ArrayLike<number>): number[] {
  checkDistribution("tokenEntropy", row);
  return Array.from(row);
}

function softmax(logits: ArrayLike<number>): number[] {
  const row = Array.from(logits);
  const most = row.reduce((largest, value) => Math.max(largest, value), -Infinity);
  const weights = row.map((value) => Math.exp(value - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!Number.isFinite(most) || !Number.isFinite(total)) {
    refuse(
      "tokenEntropy",
      "a row of logits has no finite maximum",
      "pass logits below Infinity, one at least above -Infinity",
    );
  }
  return weights.map((weight) => weight / total);
}
