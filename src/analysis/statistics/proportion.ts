/**
 * Intervals of a share from independent trials. All three ask for independence: for several samples of each problem take
 * `clusteredShare`. Coverage of 95 % intervals at n = 30, exactly: 95.7 % for all three at a share of 0.5; 96.4 % (Wilson), 99.7 %
 * (Clopper-Pearson) and 96.4 % (Jeffreys) at 0.01 and 0.99. A count takes few values, so coverage jumps with n and share and
 * can fall to 85 % at single ones (Wilson, n = 30, 0.0055); take Clopper-Pearson where it must never fall below its level.
 */
import { betaQuantile } from "./beta.ts";
import { checkConfidence, type Estimate } from "./estimate.ts";
import { normalQuantile } from "./normal.ts";
import { type Counts, checkCounts } from "./pass-at-k.ts";

/**
 * Wilson score interval of a share: Wilson 1927, JASA 22:209, without continuity correction. It stays inside [0, 1] and
 * covers well on average over shares down to n = 10 (Brown, Cai & DasGupta 2001, Statistical Science 16:101).
 *
 * @param confidence default 0.95
 */
export function wilsonInterval({ n, correct }: Counts, confidence = 0.95): Estimate {
  checkCounts("wilsonInterval", { n, correct });
  checkConfidence("wilsonInterval", confidence);
  return wilsonAt(correct / n, n, normalQuantile((1 + confidence) / 2));
}

/**
 * Wilson's ends for a share of an effective number of trials that need not be whole.
 *
 * @param z quantile of the reference distribution
 */
export function wilsonAt(share: number, n: number, z: number): Estimate {
  const scale = 1 + z ** 2 / n;
  const centre = (share + z ** 2 / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return {
    value: share,
    low: share === 0 ? 0 : Math.max(0, centre - half),
    high: share === 1 ? 1 : Math.min(1, centre + half),
  };
}

/**
 * Clopper-Pearson ("exact") interval of a share: the rates that a binomial test at each tail does not reject. Clopper & Pearson
 * 1934, Biometrika 26:404. Never covers less than `confidence`, mostly more: 96 to 99.7 % at n = 30.
 *
 * @param confidence default 0.95
 */
export function clopperPearsonInterval({ n, correct }: Counts, confidence = 0.95): Estimate {
  checkCounts("clopperPearsonInterval", { n, correct });
  checkConfidence("clopperPearsonInterval", confidence);
  const tail = (1 - confidence) / 2;
  return {
    value: correct / n,
    low: correct === 0 ? 0 : betaQuantile(tail, correct, n - correct + 1),
    high: correct === n ? 1 : betaQuantile(1 - tail, correct + 1, n - correct),
  };
}

/**
 * Jeffreys interval of a share: equal tails of the posterior Beta(correct + 1/2, n − correct + 1/2). Brown, Cai & DasGupta
 * 2001. As statsmodels gives it, without their change at 0 and n: the lower end is above 0 even where nothing is correct.
 *
 * @param confidence default 0.95
 */
export function jeffreysInterval({ n, correct }: Counts, confidence = 0.95): Estimate {
  checkCounts("jeffreysInterval", { n, correct });
  checkConfidence("jeffreysInterval", confidence);
  const tail = (1 - confidence) / 2;
  const [a, b] = [correct + 0.5, n - correct + 0.5];
  return { value: correct / n, low: betaQuantile(tail, a, b), high: betaQuantile(1 - tail, a, b) };
}
