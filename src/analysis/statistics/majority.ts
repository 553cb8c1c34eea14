/**
 * maj@k: accuracy of the answer that most of k samples give (self-consistency, Wang et al. 2022, arXiv:2203.11171). Expected over
 * all ways to draw k of n samples, not of the first k alone, which is one draw.
 */
import { checkOptions } from "../../toolkit/options.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { rng } from "../../toolkit/rng.ts";
import { binomialShares } from "./discrete.ts";
import { checkDrawn } from "./pass-variants.ts";

/** An answer in a form in which equal answers are equal; undefined where the sample gave none. It does not vote. */
export type Answer = string | number | undefined;

export interface MajorityOptions {
  /**
   * What a tie counts that the right answer is in: "share" gives each tied answer the same chance (also the rule "first come",
   * since samples come in any order), "wrong" and "right" are its bounds. Default "share".
   */
  readonly ties?: "share" | "wrong" | "right";
  /** Over all draws, or over some. Default "exact": about k² · (different answers) steps for each count of the right one. */
  readonly method?: "exact" | "sampled";
  /** Draws of "sampled". Default 2000: its standard error is at most 0.011. */
  readonly draws?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Chance that the majority of k samples is right.
 *
 * @param answers one a sample
 * @param right the right answer, in the same form; undefined answers are never right
 * @throws UsageError when k is outside 1..n, or options are out of range
 */
export function majorityAtK(
  answers: readonly Answer[],
  right: string | number,
  k: number,
  options: MajorityOptions = {},
): number {
  checkOptions("majorityAtK", options, {
    ties: { kind: "either", values: ["share", "wrong", "right"] },
    method: { kind: "either", values: ["exact", "sampled"] },
    draws: { kind: "integer", min: 1 },
    seed: { kind: "integer", min: 0, max: 2 ** 32 - 1 },
  });
  const { ties = "share", method = "exact", draws = 2000, seed = 0 } = options;
  checkDrawn("majorityAtK", k, answers.length);
  if (right === undefined || right === null) refuse("majorityAtK", `the right answer is ${right}`, "pass an answer");
  const worth = (tied: number): number => (tied === 1 || ties === "right" ? 1 : ties === "wrong" ? 0 : 1 / tied);
  return method === "exact" ? exact(answers, right, k, worth) : sampled(answers, right, k, { worth, draws, seed });
}

/** Chances below this are left out: all together they are less than rounding. */
const NEGLIGIBLE = 1e-20;

type Worth = (tied: number) => number;

/**
 * Counts of k drawn samples are independent binomials given that they sum to k. So with one chance k / n for all samples the
 * counts of each answer are added one answer at a time: states are (samples so far, answers tied with the right one).
 */
function exact(answers: readonly Answer[], right: string | number, k: number, worth: Worth): number {
  const counts = new Map<Answer, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const ofRight = counts.get(right) ?? 0;
  const silent = binomialShares(counts.get(undefined) ?? 0, k / answers.length);
  counts.delete(right);
  counts.delete(undefined);
  const others = [...counts.values()].map((count) => binomialShares(count, k / answers.length));
  const chanceOfRight = binomialShares(ofRight, k / answers.length);
  let sum = 0;
  for (let votes = 1; votes <= Math.min(k, ofRight); votes++) {
    const chance = chanceOfRight[votes] ?? 0;
    if (chance < NEGLIGIBLE) continue;
    let states: Float64Array[] = [Float64Array.from({ length: k - votes + 1 }, (_, s) => silent[s] ?? 0)];
    for (const other of others) states = withAnswer(states, other, votes);
    for (const [tied, bySize] of states.entries()) sum += chance * (bySize[k - votes] ?? 0) * worth(tied + 1);
  }
  return Math.min(1, sum / (binomialShares(answers.length, k / answers.length)[k] ?? 1));
}

/** States [tied answers][samples] after one more wrong answer, which may have at most as many votes as the right one. */
function withAnswer(states: readonly Float64Array[], chances: Float64Array, votes: number): Float64Array[] {
  const size = states[0]?.length ?? 0;
  const canTie = chances.length > votes && size > votes;
  const next = Array.from({ length: states.length + Number(canTie) }, () => new Float64Array(size));
  for (const [tied, bySize] of states.entries()) {
    for (let count = 0; count <= Math.min(votes, chances.length - 1); count++) {
      const target = next[count === votes ? tied + 1 : tied];
      const chance = chances[count] ?? 0;
      if (chance < NEGLIGIBLE) continue;
      for (let s = 0; target && s + count < size; s++) {
        target[s + count] = (target[s + count] ?? 0) + chance * (bySize[s] ?? 0);
      }
    }
  }
  return next;
}

function sampled(
  answers: readonly Answer[],
  right: string | number,
  k: number,
  { worth, draws, seed }: { readonly worth: Worth; readonly draws: number; readonly seed: number },
): number {
  const random = rng({ seed, stream: "analysis/majority" });
  let sum = 0;
  for (let draw = 0; draw < draws; draw++) {
    const votes = new Map<Answer, number>();
    for (const answer of random.shuffle(answers).slice(0, k)) {
      if (answer !== undefined) votes.set(answer, (votes.get(answer) ?? 0) + 1);
    }
    const most = Math.max(0, ...votes.values());
    if (most > 0 && votes.get(right) === most) sum += worth([...votes.values()].filter((v) => v === most).length);
  }
  return sum / draws;
}
