/**
 * Two distributions over the same categories, in nats; 0 · log 0 counts as 0. Probabilities that sum to 1 only up to rounding
 * are divided by their sum first.
 */
import { refuse } from "../../toolkit/refuse.ts";

type Probabilities = ArrayLike<number>;

/** How far a sum of probabilities may be from 1: what rounding to five digits leaves. */
const ROUNDING = 1e-4;

/** Shannon entropy −Σ p log p, from 0 to log of the number of categories. @throws UsageError when p is no distribution */
export function shannonEntropy(p: Probabilities): number {
  let entropy = 0;
  for (const share of checked("shannonEntropy", p)) if (share > 0) entropy -= share * Math.log(share);
  return entropy;
}

/** Kullback-Leibler divergence Σ p log(p / q): infinite where q is 0 and p is not. */
export function klDivergence(p: Probabilities, q: Probabilities): number {
  const [a, b] = pair("klDivergence", p, q);
  return divergence(a, b);
}

/** Jensen-Shannon divergence: mean of the divergences of p and q from their middle, from 0 to log 2. Lin 1991, IEEE TIT 37:145. */
export function jensenShannon(p: Probabilities, q: Probabilities): number {
  const [a, b] = pair("jensenShannon", p, q);
  const middle = a.map((share, i) => (share + (b[i] ?? 0)) / 2);
  return (divergence(a, middle) + divergence(b, middle)) / 2;
}

/** Total variation Σ |p − q| / 2: the largest difference in the probability of any event, from 0 to 1. */
export function totalVariation(p: Probabilities, q: Probabilities): number {
  const [a, b] = pair("totalVariation", p, q);
  return a.reduce((sum, share, i) => sum + Math.abs(share - (b[i] ?? 0)), 0) / 2;
}

function divergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (const [i, share] of p.entries()) if (share > 0) sum += share * Math.log(share / (q[i] ?? 0));
  return Math.max(0, sum);
}

function pair(where: string, p: Probabilities, q: Probabilities): [Float64Array, Float64Array] {
  if (p.length !== q.length) {
    refuse(where, `there are ${p.length} and ${q.length} categories`, "pass one probability of each in both");
  }
  return [checked(where, p), checked(where, q)];
}

function checked(where: string, p: Probabilities): Float64Array {
  const shares = Float64Array.from(p, (share) => (typeof share === "number" ? share : Number.NaN));
  const wrong = shares.find((share) => !(share >= 0 && share < Infinity));
  if (wrong !== undefined) refuse(where, `a probability is ${wrong}`, "pass numbers from 0 to 1");
  const sum = shares.reduce((total, share) => total + share, 0);
  if (!(Math.abs(sum - 1) <= ROUNDING)) refuse(where, `the probabilities sum to ${sum}`, "divide by their sum first");
  return shares.map((share) => share / sum);
}
