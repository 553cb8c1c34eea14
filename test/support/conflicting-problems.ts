/**
 * Four problems on one shared table whose interference is known. An answer is two symbols; each place has one row of logits, shared by
 * all problems on top of their own initial ones.
 *
 *     0, 1   right where the first symbol is α        each helps the other
 *     2      right where the first symbol is β ≠ α    hurts 0 and 1, and they hurt it
 *     3      right where the second symbol is δ       independent of the others in expectation
 *
 * An update's expectation is κ ∇P with κ > 0 for every advantage that depends on rewards alone and is higher for right answers: given
 * that it is right, an answer is distributed as π given right, and E[∇ log π | right] = ∇P / P, E[∇ log π | wrong] = −∇P / (1 − P).
 * The effect on problem p then has the sign of ∇P_u · ∇P_p. For 0, 1, 2 the gradients lie in the first place's row; with near-uniform
 * probabilities they are about e_right − 1/3, whose products are 2/3 and −1/3. That of 3 lies in the second row: the product is 0,
 * while every single update of 0 moves the second row by chance.
 */
import { rng } from "../../src/toolkit/rng.ts";
import type { TabularProblem } from "../../src/toolkit/tabular.ts";

const symbols = 3;

export function conflictingProblems(seed: number): TabularProblem {
  const random = rng({ seed, stream: "conflicting problems" });
  const [alpha = 0, beta = 1] = random.shuffle([0, 1, 2]);
  const delta = random.integer(symbols);
  const start = Array.from({ length: 4 * 2 * symbols }, () => 0.3 * random.normal());
  const right = [alpha, alpha, beta];
  return {
    contexts: 4,
    symbols,
    length: 2,
    states: "position",
    features: [[1], [1], [1], [1]],
    reward: (context, [first, second]) => ((context === 3 ? second === delta : first === right[context]) ? 1 : 0),
    initial: (context, prefix) => {
      const at = (context * 2 + prefix.length) * symbols;
      return start.slice(at, at + symbols);
    },
  };
}

/** What the construction says of an update on one problem and another problem. */
export function truth(update: number, problem: number): "helps" | "hurts" | "independent" {
  if (update === 3 || problem === 3) return "independent";
  return update === 2 || problem === 2 ? "hurts" : "helps";
}
