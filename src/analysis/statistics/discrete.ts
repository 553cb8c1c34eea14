/** Binomial and hypergeometric probabilities, walked by ratios of neighbours: nothing overflows, nothing is approximated. */

/** Weights on first..last from ratios of neighbours, scaled so that the largest is 1. @param ratio weight(x + 1) / weight(x) */
export function walk(first: number, last: number, ratio: (x: number) => number): Float64Array {
  let mode = first;
  while (mode < last && ratio(mode) > 1) mode++;
  const weights = new Float64Array(last - first + 1);
  weights[mode - first] = 1;
  for (let x = mode; x < last; x++) weights[x + 1 - first] = (weights[x - first] ?? 0) * ratio(x);
  for (let x = mode - 1; x >= first; x--) weights[x - first] = (weights[x + 1 - first] ?? 0) / ratio(x);
  return weights;
}

/** Probabilities of 0..n successes in n trials, each with chance p from 0 to 1. */
export function binomialShares(n: number, p: number): Float64Array {
  if (p === 0 || p === 1) return new Float64Array(n + 1).fill(1, p * n, p * n + 1);
  return shares(walk(0, n, (x) => ((n - x) * p) / ((x + 1) * (1 - p))));
}

/** Probabilities of 0..k correct samples among k drawn from n, of which some are correct. */
export function hypergeometricShares(n: number, correct: number, k: number): Float64Array {
  const first = Math.max(0, k - (n - correct));
  const last = Math.min(k, correct);
  const out = new Float64Array(k + 1);
  out.set(shares(walk(first, last, (x) => ((correct - x) * (k - x)) / ((x + 1) * (n - correct - k + x + 1)))), first);
  return out;
}

function shares(weights: Float64Array): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
