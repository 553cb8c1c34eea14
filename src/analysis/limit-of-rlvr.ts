/**
 * The limit of RLVR: is a higher pass@1 a new ability, or sharper sampling of abilities that were there?
 * Yue et al. 2025, "Does Reinforcement Learning Really Incentivize Reasoning Capacity in LLMs Beyond the Base Model?",
 * arXiv:2504.13837, sections 2 to 4. n samples a problem, c of them correct, the same temperature for both policies:
 *
 *     pass@k = mean over problems of 1 − C(n − c, k) / C(n, k)
 *     crossing k* = first k with base pass@k > trained pass@k
 *     Δ_SE = base pass@K − trained pass@1 (K = 256)
 *     containment = |solved by both| / |solved by the trained policy|
 *     perplexity(y | x) = exp( −mean_t log π(y_t | x, y_<t) )
 *
 * Seam: evaluation. `limitReport` bundles all of it with intervals over problems; `reasoningBoundary` does the curves, takes
 * unlike numbers of samples, and says which losses are more than chance. At k = n pass@k is "any correct sample" and noisy.
 * Lucky guesses inflate large k where answers are few: `guessFilter`. Counts above n, k outside 1..n and unlike lists are refused.
 */
import { refuse } from "../toolkit/refuse.ts";
import { type CountPair, checkPair, checkSampled, type SampledCounts } from "./limit-of-rlvr/counts.ts";
import { passAtK, passCurve } from "./statistics/pass-at-k.ts";

export { type CountPair, countsOf, type SampledCounts } from "./limit-of-rlvr/counts.ts";
export { type Coverage, solvedCoverage } from "./limit-of-rlvr/coverage.ts";
export { accuracyHistogram, HISTOGRAM_BINS } from "./limit-of-rlvr/histogram.ts";
export { type LimitReport, type LimitReportOptions, limitReport } from "./limit-of-rlvr/report.ts";

/** Means nearer than this are equal: sums in another order differ by rounding. */
const ROUNDING = 1e-13;

/** Unbiased pass@k, averaged over problems, at each of the ks. */
export function meanPassAtK(counts: SampledCounts, ks: readonly number[]): number[] {
  const { n, correct } = checkSampled("meanPassAtK", counts);
  return ks.map((k) => {
    let sum = 0;
    for (let i = 0; i < correct.length; i++) sum += passAtK({ n, correct: correct[i] ?? 0 }, k);
    return sum / correct.length;
  });
}

/** First k from 1 to n at which the base's pass@k is above the trained policy's; undefined when there is none. */
export function crossoverK(pair: CountPair): number | undefined {
  checkPair("crossoverK", pair);
  const lead = new Float64Array(pair.base.n);
  const add = ({ n, correct }: SampledCounts, sign: number): void => {
    for (let i = 0; i < correct.length; i++) {
      for (const [j, pass] of passCurve({ n, correct: correct[i] ?? 0 }).entries())
        lead[j] = (lead[j] ?? 0) + sign * pass;
    }
  };
  add(pair.base, 1);
  add(pair.trained, -1);
  const first = lead.findIndex((sum) => sum / pair.base.correct.length > ROUNDING);
  return first < 0 ? undefined : first + 1;
}

/**
 * What better sampling alone could still gain: base pass@K − trained pass@1, as shares. Lower is better.
 *
 * @param k the paper's K. Default 256.
 */
export function samplingEfficiencyGap(pair: CountPair, k = 256): number {
  checkPair("samplingEfficiencyGap", pair);
  const [reached = Number.NaN] = meanPassAtK(pair.base, [k]);
  const [trained = Number.NaN] = meanPassAtK(pair.trained, [1]);
  return reached - trained;
}

/** Largest rounding error of a log-prob: above it, a "log-prob" of more than 0 is a mistake. */
const LOG_PROB_ROUNDING = 1e-4;

/**
 * Perplexity of one sequence, from the log-probs of its tokens in nats. Infinity where the exponential overflows.
 *
 * @param mask counts tokens with a value other than 0. Default all.
 * @throws UsageError when no token counts, or a counted log-prob is not a number at most 0
 */
export function perplexity(logProbs: ArrayLike<number>, mask?: ArrayLike<number>): number {
  if (mask !== undefined && mask.length !== logProbs.length) {
    refuse(
      "perplexity",
      `there are ${logProbs.length} log-probs and ${mask.length} mask entries`,
      "pass one of each a token",
    );
  }
  let [sum, tokens] = [0, 0];
  for (let t = 0; t < logProbs.length; t++) {
    if (mask !== undefined && mask[t] === 0) continue;
    const logProb = logProbs[t] ?? Number.NaN;
    if (typeof logProb !== "number" || !(logProb <= LOG_PROB_ROUNDING))
      refuse("perplexity", `log-prob ${t} is ${logProb}`, "pass natural logs of probabilities");
    sum += logProb;
    tokens++;
  }
  if (tokens === 0) refuse("perplexity", "no token counts", "pass at least one log-prob with a mask of 1");
  return Math.exp(-sum / tokens);
}

/** Problems by whether a direct answer, without reasoning, guesses them now and then. */
export interface GuessFilter {
  /** Places of the problems to keep: never right, or right too often to be guessing. */
  readonly kept: readonly number[];
  /** Places of those that look guessed. */
  readonly guessable: readonly number[];
}

/**
 * Finds problems that are solved by guessing: accuracy of direct answers above 0 and below the limit.
 *
 * @param limit share. Default 0.05 (the paper's).
 */
export function guessFilter(direct: SampledCounts, limit = 0.05): GuessFilter {
  const { n, correct } = checkSampled("guessFilter", direct);
  if (!(limit > 0 && limit <= 1)) refuse("guessFilter", `the limit is ${limit}`, "pass a share above 0, at most 1");
  const places = Array.from({ length: correct.length }, (_, i) => i);
  const guessed = (i: number): boolean => (correct[i] ?? 0) > 0 && (correct[i] ?? 0) / n < limit;
  return { kept: places.filter((i) => !guessed(i)), guessable: places.filter(guessed) };
}

/**
 * Temperature at which a policy's entropy equals a target, for a comparison at equal entropy: bisection.
 *
 * @param entropyAt entropy at a temperature; must rise with it
 * @param options.low where to look. Default 0.1 to 5 (our choice).
 * @throws UsageError when the target is not between the entropies at the two ends
 */
export function entropyMatchedTemperature(
  entropyAt: (temperature: number) => number,
  target: number,
  {
    low = 0.1,
    high = 5,
    tolerance = 1e-6,
  }: { readonly low?: number; readonly high?: number; readonly tolerance?: number } = {},
): number {
  if (!(low > 0 && low < high))
    refuse("entropyMatchedTemperature", `the range is ${low} to ${high}`, "pass 0 < low < high");
  const [least, most] = [entropyAt(low), entropyAt(high)];
  if (!(least <= target && target <= most)) {
    const reach = `the entropy runs from ${least} to ${most} between temperatures ${low} and ${high}`;
    refuse("entropyMatchedTemperature", `${reach}, the target is ${target}`, "widen the range");
  }
  let [below, above] = [low, high];
  while (above - below > tolerance) {
    const middle = (below + above) / 2;
    if (middle === below || middle === above) break;
    if (entropyAt(middle) < target) below = middle;
    else above = middle;
  }
  return (below + above) / 2;
}
