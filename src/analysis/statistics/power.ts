/**
 * How many problems a comparison needs. Normal approximation (Miller 2024, arXiv:2411.00640, section 4) for any paired scores, and
 * exact power of McNemar's test for one verdict a problem.
 */
import { checkOptions } from "../../toolkit/options.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { betaShare } from "./beta.ts";
import { binomialShares } from "./discrete.ts";
import { signTest } from "./exact-tests.ts";
import { normalQuantile, normalShare } from "./normal.ts";

export interface PowerOptions {
  /** Chance of a false alarm, two-sided. Default 0.05. */
  readonly alpha?: number;
  /** Chance of seeing a difference that is there. Default 0.8 (Cohen's convention). */
  readonly power?: number;
}

const rules = {
  alpha: { kind: "number", above: 0, max: 0.5 },
  power: { kind: "number", min: 0.5, max: 0.999999 },
} as const;

/** Spread of the differences between two checkpoints from problem to problem. */
export interface DifferenceSpread {
  /**
   * Standard deviation over problems of the true difference in success rates (y − x). From data: that of observed differences,
   * which holds the sampling noise too; then leave `within` out.
   */
  readonly between: number;
  /** Mean over problems of the variance of one sample, of x plus of y: Σ p (1 − p). Default 0. */
  readonly within?: number;
  /** Samples of each problem from each checkpoint. Default 1. */
  readonly samples?: number;
}

/**
 * Problems needed to see a mean difference: (z_{1−α/2} + z_power)² · (between² + within / samples) / difference², rounded up.
 * More samples a problem buy no more than `within`; beyond that only more problems help.
 */
export function problemsNeeded(difference: number, spread: DifferenceSpread, options: PowerOptions = {}): number {
  checkOptions("problemsNeeded", options, rules);
  if (!Number.isFinite(difference) || difference === 0) {
    refuse("problemsNeeded", `the difference is ${difference}`, "pass the difference to be seen, such as 0.02");
  }
  const variance = varianceOf("problemsNeeded", spread);
  return Math.max(2, Math.ceil((quantiles(options) ** 2 * variance) / difference ** 2 - 1e-9));
}

/** Smallest mean difference that so many problems show with the asked power. */
export function detectableDifference(problems: number, spread: DifferenceSpread, options: PowerOptions = {}): number {
  checkOptions("detectableDifference", options, rules);
  if (!Number.isInteger(problems) || problems < 2) {
    refuse("detectableDifference", `there are ${problems} problems`, "pass a whole number from 2");
  }
  return quantiles(options) * Math.sqrt(varianceOf("detectableDifference", spread) / problems);
}

/** Chance that a two-sided z test at α sees a mean difference with that many problems. */
export function differencePower(
  difference: number,
  problems: number,
  spread: DifferenceSpread,
  { alpha = 0.05 }: Pick<PowerOptions, "alpha"> = {},
): number {
  checkOptions("differencePower", { alpha }, rules);
  if (!Number.isFinite(difference)) refuse("differencePower", `the difference is ${difference}`, "pass a number");
  if (!Number.isInteger(problems) || problems < 2) {
    refuse("differencePower", `there are ${problems} problems`, "pass a whole number from 2");
  }
  const shift = Math.abs(difference) / Math.sqrt(varianceOf("differencePower", spread) / problems);
  const z = normalQuantile(1 - alpha / 2);
  return normalShare(shift - z) + normalShare(-shift - z);
}

const quantiles = ({ alpha = 0.05, power = 0.8 }: PowerOptions): number =>
  normalQuantile(1 - alpha / 2) + normalQuantile(power);

function varianceOf(where: string, { between, within = 0, samples = 1 }: DifferenceSpread): number {
  const good = between >= 0 && within >= 0 && between + within > 0 && Number.isFinite(between + within);
  if (!good)
    refuse(where, `the spread is ${between} between and ${within} within`, "pass spreads of 0 or more, one above");
  if (!Number.isInteger(samples) || samples < 1) refuse(where, `samples is ${samples}`, "pass a whole number from 1");
  return between ** 2 + within / samples;
}

/** Shares of problems that only x and only y solves: their difference is the gain, their sum how many problems tell. */
export interface Discordance {
  readonly xOnly: number;
  readonly yOnly: number;
}

/**
 * Exact power of the exact McNemar test: the chance that its two-sided p is at most α. The number of problems that tell is
 * binomial, and so is its split.
 */
export function mcnemarPower(
  problems: number,
  { xOnly, yOnly }: Discordance,
  { alpha = 0.05 }: Pick<PowerOptions, "alpha"> = {},
): number {
  checkOptions("mcnemarPower", { alpha }, rules);
  if (!Number.isInteger(problems) || problems < 1) {
    refuse("mcnemarPower", `there are ${problems} problems`, "pass a whole number from 1");
  }
  const telling = xOnly + yOnly;
  if (!(xOnly >= 0 && yOnly >= 0 && telling > 0 && telling <= 1)) {
    refuse("mcnemarPower", `the shares are ${xOnly} and ${yOnly}`, "pass shares of 0 or more that sum to at most 1");
  }
  const discordant = binomialShares(problems, telling);
  let power = 0;
  for (const [m, chance] of discordant.entries()) {
    if (chance < 1e-12) continue;
    const critical = criticalCount(m, alpha);
    if (critical < 0) continue;
    const split = binomialShares(m, yOnly / telling);
    for (let c = 0; c <= critical; c++) power += chance * ((split[c] ?? 0) + (split[m - c] ?? 0));
  }
  return Math.min(1, power);
}

/** Largest count of the rarer side at which the sign test of m rejects; −1 where it cannot. */
function criticalCount(m: number, alpha: number): number {
  let [low, high] = [-1, Math.floor((m - 1) / 2)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (signTest({ rises: m - middle, falls: middle }) <= alpha) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Problems at which the exact McNemar test reaches the power; with one fewer it does not. The test is discrete, so power rises
 * in a saw: some smaller number may reach it, too, and one a little larger may just miss it.
 *
 * @throws UsageError where 100,000 problems are not enough, or both shares are equal
 */
export function mcnemarProblems(discordance: Discordance, options: PowerOptions = {}): number {
  checkOptions("mcnemarProblems", options, rules);
  const { alpha = 0.05, power = 0.8 } = options;
  if (discordance.xOnly === discordance.yOnly) {
    refuse("mcnemarProblems", "both shares are equal", "pass the difference to be seen");
  }
  const enough = (problems: number): boolean => mcnemarPower(problems, discordance, { alpha }) >= power;
  let [low, high] = [1, 2];
  while (!enough(high)) {
    [low, high] = [high, 2 * high];
    if (high > 2 ** 17) refuse("mcnemarProblems", "100,000 problems are not enough", "ask for a larger difference");
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Samples of each of two policies at which Fisher's exact test tells their success rates apart with the asked power. Where one
 * rate is 0 (or 1), exactly. Elsewhere by Casagrande, Pike & Smith 1978, Biometrics 34:483, within some per cent of the exact
 * number: with A = (z_{1−α/2} √(2 p̄ q̄) + z_power √(p₁ q₁ + p₂ q₂))² and d = |p₁ − p₂|
 *
 *     n = A (1 + √(1 + 4 d / A))² / (4 d²), rounded up
 *
 * @throws UsageError for equal rates, or rates outside [0, 1]
 */
export function fisherSamples(one: number, other: number, options: PowerOptions = {}): number {
  checkOptions("fisherSamples", options, rules);
  const { alpha = 0.05, power = 0.8 } = options;
  for (const rate of [one, other]) {
    if (!(rate >= 0 && rate <= 1)) refuse("fisherSamples", `a rate is ${rate}`, "pass rates from 0 to 1");
  }
  const difference = Math.abs(one - other);
  if (difference === 0) refuse("fisherSamples", "both rates are equal", "pass the difference to be seen");
  if (Math.min(one, other) === 0 || Math.max(one, other) === 1) {
    return leastTrue((n) => powerAgainstNone(n, difference, alpha) >= power);
  }
  const pooled = (one + other) / 2;
  const within = Math.sqrt(one * (1 - one) + other * (1 - other));
  const a =
    (normalQuantile(1 - alpha / 2) * Math.sqrt(2 * pooled * (1 - pooled)) + normalQuantile(power) * within) ** 2;
  return Math.ceil((a * (1 + Math.sqrt(1 + (4 * difference) / a)) ** 2) / (4 * difference ** 2) - 1e-9);
}

/** Chance that Fisher's test of `X of n` against `0 of n` rejects, X binomial: its p is 2 C(n, x) / C(2n, x). */
function powerAgainstNone(n: number, rate: number, alpha: number): number {
  let [p, least] = [2, 0];
  while (p > alpha && least < n) {
    p *= (n - least) / (2 * n - least);
    least++;
  }
  return p > alpha ? 0 : betaShare(rate, least, n - least + 1); // P(X ≥ least)
}

/** A whole number at which `holds` is true and below which, as far as bisection looks, it is not. */
function leastTrue(holds: (n: number) => boolean): number {
  let [low, high] = [0, 1];
  while (!holds(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
