/**
 * Estimates of the KL divergence from a reference by sampled tokens: Schulman 2020, "Approximating KL divergence". With
 * d = log p_ref − log p of a token that p sampled:
 *
 *     k1 = −d            unbiased, of either sign, high variance
 *     k2 = d² / 2        biased, never below 0; its gradient is that of the KL
 *     k3 = eᵈ − d − 1    unbiased, never below 0
 */
import { refuse } from "../../toolkit/refuse.ts";
import { finiteNumbers } from "./estimate.ts";

/** One number a token, in nats. */
export interface KlEstimates {
  readonly k1: Float64Array;
  readonly k2: Float64Array;
  readonly k3: Float64Array;
}

/**
 * All three estimators, token by token.
 *
 * @param logProbs of the sampled tokens under the policy that sampled them, nats
 * @param refLogProbs of the same tokens under the reference
 * @throws UsageError for unlike lengths or a log-prob that is not finite
 */
export function klEstimates(logProbs: ArrayLike<number>, refLogProbs: ArrayLike<number>): KlEstimates {
  if (logProbs.length !== refLogProbs.length) {
    refuse(
      "klEstimates",
      `there are ${logProbs.length} and ${refLogProbs.length} log-probs`,
      "score the same tokens under both",
    );
  }
  const policy = finiteNumbers("klEstimates", "logProbs", logProbs);
  const reference = finiteNumbers("klEstimates", "refLogProbs", refLogProbs);
  const difference = reference.map((value, t) => value - (policy[t] ?? 0));
  return {
    k1: difference.map((d) => -d),
    k2: difference.map((d) => (d * d) / 2),
    k3: difference.map((d) => Math.expm1(d) - d),
  };
}
