/** Supports before and after training: what can be detected, classes of correct items, metrics. */
import { refuse } from "../../toolkit/refuse.ts";
import { binomialShares } from "../statistics/discrete.ts";

/**
 * Smallest success rate that k samples miss with chance zeta at most.
 *
 * @param zeta the paper's z. Default 0.05.
 * @returns the exact rate, and −ln(zeta) / k
 */
export function detectability(k: number, zeta = 0.05): { readonly exact: number; readonly approx: number } {
  if (!Number.isInteger(k) || k < 1) refuse("detectability", `k is ${k}`, "pass a whole number of samples, at least 1");
  if (!(zeta > 0 && zeta < 1)) refuse("detectability", `zeta is ${zeta}`, "pass a chance between 0 and 1");
  const approx = -Math.log(zeta) / k;
  return { exact: -Math.expm1(-approx), approx };
}

/** Numbers of correct items by class. */
export interface SupportCounts {
  /** Preserved: in both supports. */
  readonly P: number;
  /** Expanded: in the trained policy's alone. */
  readonly E: number;
  /** Shrunk: in the base's alone. */
  readonly S: number;
  /** Out of both. */
  readonly O: number;
}

function countClasses(items: Iterable<readonly [inBase: boolean, inTrained: boolean]>): SupportCounts {
  const counts = { P: 0, E: 0, S: 0, O: 0 };
  for (const [inBase, inTrained] of items) counts[inBase ? (inTrained ? "P" : "S") : inTrained ? "E" : "O"]++;
  return counts;
}

/** Exact probabilities of the same completions under two policies. */
export interface ExactSupport {
  readonly base: ArrayLike<number>;
  readonly trained: ArrayLike<number>;
  /** Which completions are correct: the others are not counted. */
  readonly correct: ArrayLike<boolean | number>;
}

/**
 * Classes of correct completions by exact probability; in the support is what is above `epsilon`, strictly. The completions
 * may be a part of all, so their probabilities may sum to less than 1, but not to more.
 */
export function supportClasses({ base, trained, correct }: ExactSupport, epsilon: number): SupportCounts {
  if (base.length !== trained.length || base.length !== correct.length) {
    const lengths = `${base.length}, ${trained.length} and ${correct.length}`;
    refuse("supportClasses", `base, trained and correct have ${lengths} entries`, "pass the same completions in all");
  }
  if (!(epsilon >= 0 && epsilon < 1)) refuse("supportClasses", `epsilon is ${epsilon}`, "pass a probability below 1");
  checkPart("base", base);
  checkPart("trained", trained);
  const items = Array.from({ length: base.length }, (_, i) => i).filter((i) => Boolean(correct[i]));
  return countClasses(items.map((i) => [(base[i] ?? 0) > epsilon, (trained[i] ?? 0) > epsilon]));
}

/** Rounding allowed in a sum of probabilities. */
const SUM_TOLERANCE = 1e-6;

function checkPart(name: string, probabilities: ArrayLike<number>): void {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const value = probabilities[i] ?? Number.NaN;
    if (!(value >= 0)) refuse("supportClasses", `probability ${i} of ${name} is ${value}`, "pass numbers from 0 to 1");
    sum += value;
  }
  if (sum > 1 + SUM_TOLERANCE)
    refuse("supportClasses", `${name} sums to ${sum}`, "pass probabilities of one prompt's completions");
}

/**
 * Classes of problems from their correct samples: in the support is what was solved at least once.
 *
 * @param base [P] correct samples of each problem, of as many samples as in `trained`
 * @param samples that number in each run, where known: unlike ones are refused, and counts above
 */
export function supportClassesFromCounts(
  { base, trained }: { readonly base: ArrayLike<number>; readonly trained: ArrayLike<number> },
  samples?: { readonly base: number; readonly trained: number },
): SupportCounts {
  const where = "supportClassesFromCounts";
  if (base.length !== trained.length) {
    refuse(where, `there are ${base.length} and ${trained.length} problems`, "pass the same problems in both");
  }
  if (samples !== undefined && samples.base !== samples.trained) {
    refuse(where, `the base has ${samples.base} samples, the trained policy ${samples.trained}`, "sample both alike");
  }
  const most = samples?.base ?? Number.POSITIVE_INFINITY;
  const solved = (counts: ArrayLike<number>, i: number): boolean => {
    const count = counts[i] ?? Number.NaN;
    if (!Number.isInteger(count) || count < 0 || count > most) {
      refuse(where, `the count of problem ${i} is ${count}`, "pass whole numbers of correct samples, at most all");
    }
    return count > 0;
  };
  return countClasses(Array.from({ length: base.length }, (_, i) => [solved(base, i), solved(trained, i)]));
}

/** The four metrics; undefined where the denominator is 0. */
export interface SupportMetrics {
  /** Support retention rate. */
  readonly srr: number | undefined;
  /** Net discovery rate. */
  readonly ndr: number | undefined;
  /** Support dynamic score: harmonic mean of the two, 0 where one is 0 or undefined. */
  readonly sds: number;
  /** Net support change rate. */
  readonly nscr: number | undefined;
}

/** Metrics of pooled counts. SRR and NDR have different denominators: report the counts beside them. */
export function supportMetrics({ P, E, S }: Pick<SupportCounts, "P" | "E" | "S">): SupportMetrics {
  for (const [name, value] of Object.entries({ P, E, S })) {
    if (!Number.isFinite(value) || value < 0) refuse("supportMetrics", `${name} is ${value}`, "pass counts");
  }
  const ratio = (above: number, below: number): number | undefined => (below === 0 ? undefined : above / below);
  const [srr, ndr] = [ratio(P, P + S), ratio(E, P + E)];
  const product = (srr ?? 0) * (ndr ?? 0);
  return {
    srr,
    ndr,
    sds: product === 0 ? 0 : (2 * product) / ((srr ?? 0) + (ndr ?? 0)),
    nscr: ratio(E - S, P + E + S),
  };
}

/** How sampled counts show a change of support, whatever the number of problems looked at. */
export interface SupportRule {
  /** In the support is a success rate above this: 1 − δ^(1/n), δ = error / (2 · problems). */
  readonly threshold: number;
  /** Least count that shows a rate above it; undefined where even n of n does not, for too few samples. */
  readonly least: number | undefined;
}

/**
 * The rule "0 of n on one side, `least` or more of n on the other". A rate above the threshold gives 0 of n with chance δ at
 * most, one at or below it gives `least` or more with chance δ at most. So of all problems that did not leave (or enter) the
 * support at the threshold, any is said to have done so with chance `error` at most (Bonferroni over problems and directions).
 *
 * @param samples of the side that solves the problem
 * @param unsolved samples of the side that does not. Default: as many
 */
export function supportRule(samples: number, problems: number, error: number, unsolved: number = samples): SupportRule {
  const delta = error / (2 * problems);
  const threshold = detectability(unsolved, delta).exact;
  const chances = binomialShares(samples, threshold);
  let [tail, least] = [0, samples + 1];
  while (least > 0 && tail + (chances[least - 1] ?? 0) <= delta) tail += chances[--least] ?? 0;
  return { threshold, least: least > samples ? undefined : least };
}
