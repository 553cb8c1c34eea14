/** Best of n: the sample with the highest score among the first n. */
import { refuse } from "../../../refuse.ts";

export interface BestOfN {
  readonly n: number;
  /** Index of the sample that was picked. */
  readonly pickedIndex: number;
}

/**
 * Picks among the first n samples, for each n: the highest score; where several share it, the answer that most of these give, and
 * of these the first one. Prefixes of one list: results for different n are correlated.
 *
 * @param options.same whether two answers are the same. Default: equal texts.
 * @throws UsageError for unlike lengths, NaN, an n outside 1..samples
 */
export function bestOfN({
  scores,
  answers,
  ns,
  same = (a, b) => a === b,
}: {
  readonly scores: readonly number[];
  readonly answers: readonly string[];
  readonly ns: readonly number[];
  readonly same?: (a: string, b: string) => boolean;
}): BestOfN[] {
  if (scores.length !== answers.length) {
    refuse("bestOfN", `there are ${scores.length} scores and ${answers.length} answers`, "pass one of each a sample");
  }
  const nan = scores.findIndex(Number.isNaN);
  if (nan >= 0) refuse("bestOfN", `score ${nan} is NaN`, "score every sample");
  return ns.map((n) => {
    if (!Number.isInteger(n) || n < 1 || n > scores.length) {
      refuse("bestOfN", `n is ${n} of ${scores.length} samples`, "pass whole numbers from 1 to the number of samples");
    }
    const first = scores.slice(0, n);
    const top = first.reduce((a, b) => Math.max(a, b));
    const tied = first.flatMap((score, i) => (score === top ? [i] : []));
    return { n, pickedIndex: mostGiven(tied, answers, same) };
  });
}

/** The first sample of the answer that most of the samples give, the first such answer on a tie. */
function mostGiven(
  samples: readonly number[],
  answers: readonly string[],
  same: (a: string, b: string) => boolean,
): number {
  const votes: { readonly sample: number; count: number }[] = [];
  for (const sample of samples) {
    const found = votes.find((vote) => same(answers[vote.sample] ?? "", answers[sample] ?? ""));
    if (found === undefined) votes.push({ sample, count: 1 });
    else found.count++;
  }
  return votes.reduce((best, vote) => (vote.count > best.count ? vote : best)).sample;
}

/** KL divergence of best-of-n from the policy that sampled, nats: ln n - (n - 1) / n. @throws UsageError for n below 1 */
export function bonKl(n: number): number {
  if (!(n >= 1 && Number.isFinite(n))) refuse("bonKl", `n is ${n}`, "pass a number of samples from 1");
  return Math.log(n) - (n - 1) / n;
}
