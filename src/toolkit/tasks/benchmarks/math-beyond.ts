/**
 * MATH-Beyond: only problems that the base policy never solves in 1024 samples, so that any success is newly reached.
 * Mayilvahanan et al. 2025, "MATH-Beyond: A Benchmark for RL to Expand Beyond the Base Model", arXiv:2510.11653.
 *
 *     R_k(p)    = problems that policy p solves within k samples
 *     expansion = R_k(post) without R_k(base); shrinkage the reverse; preservation both
 *     ER_k      = |expansion| / |not in R_k(base)|, on a set that the base never solves pass@k itself
 *     union     = some model solves it never; intersection = every model never
 *     missed    : (1 - p)^k, the chance that a problem of success rate p looks unsolved
 *
 * Seams: benchmark, evaluation. The metrics are `boundaryDecomposition` and `netExpansion` of the analyses. Reconstruction: the
 * check of whole numbers, strict on the last box, lenient on any: lenient declares a problem unsolved, strict declares it solved.
 * The released problems are read from a local file; `makeToyMathB` builds a set by the paper's recipe from policies of known success
 * rates (our construction). Sample the base again on its own unsolved set: what it solves then is regression to the mean.
 */
import { refuse } from "../../refuse.ts";
import { type Rng, rng } from "../../rng.ts";

export { boxedContents, type IntegerMode, type VerifyIntegerOptions, verifyInteger } from "./math-beyond/integers.ts";
export { type BeyondProblem, readMathBeyond } from "./math-beyond/read.ts";

export interface ZeroBaseline {
  /** Problems that some model never solves. */
  readonly union: readonly number[];
  /** Problems that no model ever solves. */
  readonly intersection: readonly number[];
  /** For each model the problems that it never solves: the set to test a policy on that was trained from it. */
  readonly perModel: readonly (readonly number[])[];
}

/**
 * Sets of problems that base models never solve.
 *
 * @param counts correct samples: [problem][model]
 * @throws UsageError without a problem or a model, for rows of unlike length, and counts that are not whole or below 0
 */
export function buildZeroBaseline(counts: readonly (readonly number[])[]): ZeroBaseline {
  const models = counts[0]?.length ?? 0;
  if (models === 0)
    refuse("buildZeroBaseline", `there are ${counts.length} problems of ${models} models`, "pass counts");
  for (const [problem, row] of counts.entries()) {
    if (row.length !== models) {
      refuse("buildZeroBaseline", `problem ${problem} has counts of ${row.length} models, not ${models}`, "count all");
    }
    const wrong = row.findIndex((count) => !Number.isInteger(count) || count < 0);
    if (wrong < 0) continue;
    refuse(
      "buildZeroBaseline",
      `model ${wrong} has ${row[wrong]} right on problem ${problem}`,
      "pass whole counts from 0",
    );
  }
  const where = (test: (row: readonly number[]) => boolean): number[] =>
    counts.flatMap((row, problem) => (test(row) ? [problem] : []));
  return {
    union: where((row) => row.includes(0)),
    intersection: where((row) => row.every((count) => count === 0)),
    perModel: Array.from({ length: models }, (_, model) => where((row) => row[model] === 0)),
  };
}

/** The chance that k samples all miss a problem that one sample solves with chance p. */
export function missChance(p: number, k: number): number {
  if (!(p >= 0 && p <= 1)) refuse("missChance", `p is ${p}`, "pass a number from 0 to 1");
  if (!Number.isInteger(k) || k < 1) refuse("missChance", `k is ${k}`, "pass a whole number of samples from 1");
  return (1 - p) ** k;
}

export interface ToyMathBOptions {
  readonly problems: number;
  readonly seed: number;
  /** Base models, each a little better than the one before. Default 3 (our choice). */
  readonly models?: number;
  /** Samples of each problem. Default 1024: paper. */
  readonly k?: number;
}

export interface ToyMathB extends ZeroBaseline {
  /** True success rate of each problem under each model: [problem][model]. */
  readonly rates: readonly (readonly number[])[];
  /** Correct samples of k: [problem][model]. */
  readonly counts: readonly (readonly number[])[];
}

/** Decades over which success rates spread, from 1 down: the hardest solve once in a million (our choice). */
const DECADES = 6;

/**
 * A set by the paper's recipe: policies of known success rates, k samples of each problem, and what no sample solves.
 *
 * @throws UsageError for counts below 1
 */
export function makeToyMathB({ problems, seed, models = 3, k = 1024 }: ToyMathBOptions): ToyMathB {
  for (const [name, value] of Object.entries({ problems, models, k })) {
    if (!Number.isInteger(value) || value < 1)
      refuse("makeToyMathB", `${name} is ${value}`, "pass a whole number from 1");
  }
  const rates = Array.from({ length: problems }, (_, row) => {
    const random = rng({ seed, stream: "toy-math-b/rates", row });
    const hardness = DECADES * random.uniform();
    return Array.from(
      { length: models },
      (_, model) => 10 ** -Math.max(0, hardness + random.normal() * 0.3 - 0.3 * model),
    );
  });
  const counts = sampleCounts(rates, { k, seed });
  return { rates, counts, ...buildZeroBaseline(counts) };
}

/**
 * Correct samples of k, from success rates; another seed samples the same policies again.
 *
 * @param rates [problem][model], each from 0 to 1
 */
export function sampleCounts(
  rates: readonly (readonly number[])[],
  { k, seed }: { readonly k: number; readonly seed: number },
): number[][] {
  return rates.map((row, problem) => {
    const random = rng({ seed, stream: "toy-math-b/samples", row: problem });
    return row.map((rate) => {
      if (rate >= 0 && rate <= 1) return successes(random, rate, k);
      return refuse("sampleCounts", `a rate of problem ${problem} is ${rate}`, "pass numbers from 0 to 1");
    });
  });
}

/** Successes of k trials: the gaps between them are geometric, so that rare ones cost little. */
function successes(random: Rng, rate: number, k: number): number {
  if (rate === 0 || rate === 1) return rate * k;
  let [count, at] = [0, 0];
  for (;;) {
    at += 1 + Math.floor(Math.log(1 - random.uniform()) / Math.log1p(-rate));
    if (at > k) return count;
    count++;
  }
}
