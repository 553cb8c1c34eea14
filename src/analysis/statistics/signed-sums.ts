/**
 * Exact distributions of sums under relabelling, built value by value: sorted sums with their probabilities, where sums that
 * differ by rounding alone are one. Ties keep them short: n zeros and ones give n + 1 sums, not 2ⁿ.
 */
import { refuse } from "../../toolkit/refuse.ts";

/** Sums in rising order and the probability of each. */
export interface SumDistribution {
  readonly sums: Float64Array;
  readonly shares: Float64Array;
}

/** Sums kept at most: 22 values of which no two sums agree, 64 MB. */
const MOST = 2 ** 22;

/** Sum of values whose signs are independent and fair. */
export function signFlips(where: string, values: Float64Array): SumDistribution {
  const sizes = values.map(Math.abs).filter((size) => size > 0);
  const same = rounding(sizes);
  let distribution = nothing(1);
  for (const size of sizes) {
    distribution = merged(distribution, distribution, { down: -size, up: size, downShare: 0.5, upShare: 0.5, same });
    checkSize(where, distribution.sums.length);
  }
  return distribution;
}

/**
 * Sum of a random subset of `count` values, every subset equally likely. Each value is in with probability count / n,
 * independently; given that `count` of them are in, all subsets are alike.
 */
export function subsetSums(where: string, values: Float64Array, count: number): SumDistribution {
  const same = rounding(values);
  const chance = count / values.length;
  const bySize: (SumDistribution | undefined)[] = [nothing(1)];
  for (const [seen, value] of values.entries()) {
    const left = values.length - seen - 1;
    for (let size = Math.min(count, seen + 1); size >= 0; size--) {
      const [without, within] = [bySize[size], size === 0 ? undefined : bySize[size - 1]];
      const step = { down: 0, up: value, downShare: 1 - chance, upShare: chance, same };
      bySize[size] = size + left < count ? undefined : merged(without, within, step);
    }
    checkSize(
      where,
      bySize.reduce((total, one) => total + (one?.sums.length ?? 0), 0),
    );
  }
  return bySize[count] ?? nothing(1);
}

/**
 * Two-sided p of an observed sum: twice the smaller tail, at most 1; sums within rounding of the observed one are in both tails.
 */
export function twoSided({ sums, shares }: SumDistribution, observed: number): number {
  const same = 1e-9 * Math.max(Math.abs(observed), Math.abs(sums[0] ?? 0), Math.abs(sums.at(-1) ?? 0));
  let [below, above, all] = [0, 0, 0];
  for (const [i, sum] of sums.entries()) {
    const share = shares[i] ?? 0;
    all += share;
    if (sum <= observed + same) below += share;
    if (sum >= observed - same) above += share;
  }
  return Math.min(1, (2 * Math.min(below, above)) / all);
}

const nothing = (share: number): SumDistribution => ({ sums: Float64Array.of(0), shares: Float64Array.of(share) });

/** Sums closer than this differ by rounding alone. */
function rounding(values: Float64Array): number {
  return 1e-12 * values.reduce((total, value) => total + Math.abs(value), 0);
}

interface Step {
  readonly down: number;
  readonly up: number;
  readonly downShare: number;
  readonly upShare: number;
  readonly same: number;
}

/** The sums of `a` moved by `down` and those of `b` moved by `up`, in one rising list. */
function merged(a: SumDistribution | undefined, b: SumDistribution | undefined, step: Step): SumDistribution {
  const [sizeA, sizeB] = [a?.sums.length ?? 0, b?.sums.length ?? 0];
  const sums = new Float64Array(sizeA + sizeB);
  const shares = new Float64Array(sizeA + sizeB);
  let length = 0;
  const add = (sum: number, share: number): void => {
    if (length > 0 && sum - (sums[length - 1] ?? 0) <= step.same)
      shares[length - 1] = (shares[length - 1] ?? 0) + share;
    else {
      sums[length] = sum;
      shares[length++] = share;
    }
  };
  for (let i = 0, j = 0; i < sizeA || j < sizeB; ) {
    const low = i < sizeA ? (a?.sums[i] ?? 0) + step.down : Infinity;
    const high = j < sizeB ? (b?.sums[j] ?? 0) + step.up : Infinity;
    if (low <= high) add(low, (a?.shares[i++] ?? 0) * step.downShare);
    else add(high, (b?.shares[j++] ?? 0) * step.upShare);
  }
  return { sums: sums.subarray(0, length), shares: shares.subarray(0, length) };
}

function checkSize(where: string, size: number): void {
  if (size > MOST) {
    refuse(where, `more than ${MOST} different sums`, 'pass method: "sampled", which draws relabellings');
  }
}
