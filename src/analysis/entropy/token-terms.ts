/**
 * What one context contributes. For a softmax policy with logits z, H = −Σ p log p has ∂H/∂z_a = −p_a (log p_a + H), so a change
 * d of the logits changes the entropy to second order by
 *
 *     dH = −Cov_p(log p, d) − ½ ( Var_p(d) + E_p[(log p + H)(d − E_p d)²] )
 *
 * Both terms ignore a constant added to d, so the change of the log-probs serves as d.
 */
import { refuse } from "../../toolkit/refuse.ts";

/** Full-vocabulary log-probs may miss a sum of 1, and their entropy the one given, by this much (float32). */
const ROW_TOLERANCE = 1e-3;

export interface RowTerms {
  /** [N] −Cov(log p, d), nats. */
  readonly firstOrder: Float64Array;
  /** [N] the second-order term, nats. */
  readonly curvature: Float64Array;
}

/**
 * @param before [N, V] log-probs in nats; −Infinity is a token of probability 0 and must be so on both sides
 * @param entropies [N] of the rows before, checked against them
 */
export function rowTerms(before: ArrayLike<number>, after: ArrayLike<number>, entropies: ArrayLike<number>): RowTerms {
  const n = entropies.length;
  const vocabulary = before.length / n;
  if (!Number.isInteger(vocabulary) || before.length !== after.length) {
    refuse(
      "entropyChange",
      `rows hold ${before.length} and ${after.length} log-probs for ${n} tokens`,
      "pass the whole vocabulary of each token on both sides",
    );
  }
  const [firstOrder, curvature] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    const terms = oneRow(before, after, i * vocabulary, vocabulary);
    if (Math.abs(terms.entropy - (entropies[i] ?? Number.NaN)) > ROW_TOLERANCE * Math.max(1, terms.entropy)) {
      refuse(
        "entropyChange",
        `the row of token ${i} has entropy ${terms.entropy}, and ${entropies[i]} was given`,
        "pass rows and entropies of one policy at temperature 1",
      );
    }
    firstOrder[i] = terms.firstOrder;
    curvature[i] = terms.curvature;
  }
  return { firstOrder, curvature };
}

/** The terms of the row that starts at `from`. */
function oneRow(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  from: number,
  vocabulary: number,
): { entropy: number; firstOrder: number; curvature: number } {
  let [mass, entropy, meanChange] = [0, 0, 0];
  for (let at = from; at < from + vocabulary; at++) {
    const log = before[at] ?? Number.NaN;
    const moved = after[at] ?? Number.NaN;
    if (log === Number.NEGATIVE_INFINITY && moved === log) continue;
    if (!Number.isFinite(log) || !Number.isFinite(moved)) {
      refuse(
        "entropyChange",
        `log-probs ${log} and ${moved} of one token`,
        "pass finite log-probs of the same support",
      );
    }
    const p = Math.exp(log);
    mass += p;
    entropy -= p * log;
    meanChange += p * (moved - log);
  }
  if (Math.abs(mass - 1) > ROW_TOLERANCE) {
    refuse("entropyChange", `the probabilities of a row sum to ${mass}`, "pass log-probs over the whole vocabulary");
  }
  let [firstOrder, curvature] = [0, 0];
  for (let at = from; at < from + vocabulary; at++) {
    const log = before[at] ?? 0;
    if (log === Number.NEGATIVE_INFINITY) continue;
    const centred = (after[at] ?? 0) - log - meanChange;
    firstOrder -= Math.exp(log) * (log + entropy) * centred;
    curvature -= 0.5 * Math.exp(log) * (1 + log + entropy) * centred ** 2;
  }
  return { entropy, firstOrder, curvature };
}

/**
 * [N] (log π(a) + H) · A of each sampled token: since E_a[log π(a)] = −H, its mean over a ~ π at one context is exactly
 * Cov(log π, A). With `rule` "vanilla" each is multiplied by π(a).
 */
export function covarianceTerms(
  logProbs: ArrayLike<number>,
  entropies: ArrayLike<number>,
  advantages: ArrayLike<number>,
  rule: "natural" | "vanilla",
): Float64Array {
  return Float64Array.from(logProbs, (log, i) => {
    const term = (log + (entropies[i] ?? Number.NaN)) * (advantages[i] ?? Number.NaN);
    return rule === "natural" ? term : term * Math.exp(log);
  });
}
