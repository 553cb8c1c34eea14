/**
 * ROVER on small trees, exactly: values of the uniform policy, the softmax policy on them, and what that policy is worth.
 * 2025, "Random Policy Valuation is Enough for LLM Reasoning with Verifiable Rewards", arXiv:2509.24981, theorems 3.1, 3.2.
 *
 *     Qu(s, a) = reward of the leaf, or the mean of Qu(s', .) over the actions of the state s' that a leads to
 *     pi(a | s) = exp(Qu(s, a) / rho) / sum_a' exp(Qu(s, a') / rho)
 *     value >= R (1 - sum over key states Pr(s) N(s) / (N(s) + exp(max_a Qu(s, a) / rho)))
 *
 * Seam: none; an evaluation.
 * N(s) is the number of actions of value 0; a key state has some but not only such. Acting greedily on Qu is optimal.
 */
import { refuse } from "../toolkit/refuse.ts";

/** A leaf's reward, or the subtree of each action. */
export type ValueTree = number | readonly ValueTree[];

/** Qu of each action at the root. @throws UsageError for a state without actions and a reward that is not finite */
export function uniformQ(root: readonly ValueTree[]): number[] {
  if (root.length === 0) refuse("uniformQ", "a state has no actions", "give a leaf its reward instead");
  return root.map((child) => {
    if (typeof child !== "number") return mean(uniformQ(child));
    return Number.isFinite(child) ? child : refuse("uniformQ", `a leaf's reward is ${child}`, "pass finite numbers");
  });
}

/** Probability of each action. @param rho temperature, above 0 */
export function softmaxPolicy(q: readonly number[], rho: number): number[] {
  if (!(rho > 0 && Number.isFinite(rho))) refuse("softmaxPolicy", `rho is ${rho}`, "pass a number above 0");
  const most = Math.max(...q);
  const weights = q.map((value) => Math.exp((value - most) / rho));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

export interface ValueAndBound {
  /** Expected reward of the softmax policy. */
  readonly value: number;
  /** Lower bound of theorem 3.2, in which R is 1. Holds where the tree has a right leaf. */
  readonly bound: number;
}

/** @throws UsageError for rho not above 0, and for rewards other than 0 and 1 */
export function valueAndBound(root: readonly ValueTree[], rho: number): ValueAndBound {
  const q = uniformQ(root);
  const policy = softmaxPolicy(q, rho);
  const zeros = q.filter((value) => value === 0).length;
  const key = zeros >= 1 && zeros <= q.length - 1;
  let value = 0;
  let lost = key ? zeros / (zeros + Math.exp(Math.max(...q) / rho)) : 0;
  for (const [a, child] of root.entries()) {
    const chance = policy[a] ?? 0;
    if (typeof child === "number") {
      if (child !== 0 && child !== 1) refuse("valueAndBound", `a leaf's reward is ${child}`, "pass 0 or 1");
      value += chance * child;
    } else {
      const inside = valueAndBound(child, rho);
      value += chance * inside.value;
      lost += chance * (1 - inside.bound);
    }
  }
  return { value, bound: 1 - lost };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
