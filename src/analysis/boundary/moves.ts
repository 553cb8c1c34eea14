/** Which problems left or entered what a policy can solve at all, by a rule that holds for all problems together. */
import { type SupportRule, supportRule } from "../invisible-leash/support.ts";
import type { ProblemPair } from "./pairs.ts";

/** What the counts allow to say about the boundary. "no change shown" is not "no change". */
export type SupportVerdict = "shrinks" | "grows" | "shrinks and grows" | "no change shown";

/**
 * Problems that moved across the boundary: solved so often by one policy, and never by the other, that chance and all other
 * problems looked at are no excuse.
 */
export interface SupportMoves {
  readonly verdict: SupportVerdict;
  /** Ids. That any problem stands here whose success rate did not cross the rule's threshold has chance `error` at most. */
  readonly lost: readonly string[];
  readonly gained: readonly string[];
  readonly error: number;
  /** The rule at the smallest number of samples of any problem; problems with more samples have a sharper one. */
  readonly rule: SupportRule;
}

/** @param error chance of any wrong entry in `lost` or `gained` */
export function supportMoves(
  pairs: readonly Pick<ProblemPair, "id" | "base" | "trained">[],
  error: number,
): SupportMoves {
  const rules = new Map<string, SupportRule>();
  const ruleOf = (solved: number, unsolved: number): SupportRule => {
    const key = `${solved}/${unsolved}`;
    const rule = rules.get(key) ?? supportRule(solved, pairs.length, error, unsolved);
    rules.set(key, rule);
    return rule;
  };
  const moved = (from: "base" | "trained", to: "base" | "trained"): string[] =>
    pairs
      .filter(({ [from]: solved, [to]: unsolved }) => {
        if (unsolved.correct > 0) return false;
        return solved.correct >= (ruleOf(solved.n, unsolved.n).least ?? Number.POSITIVE_INFINITY);
      })
      .map(({ id }) => id);
  const [lost, gained] = [moved("base", "trained"), moved("trained", "base")];
  const least = pairs.reduce((n, { base, trained }) => Math.min(n, base.n, trained.n), Number.POSITIVE_INFINITY);
  return { verdict: verdictOf(lost.length > 0, gained.length > 0), lost, gained, error, rule: ruleOf(least, least) };
}

function verdictOf(lost: boolean, gained: boolean): SupportVerdict {
  if (lost) return gained ? "shrinks and grows" : "shrinks";
  return gained ? "grows" : "no change shown";
}
