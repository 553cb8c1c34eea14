/** From a peer's score to right, wrong, unscored. */
import type { VerdictStatus } from "../../verify/verifier.ts";
import { badField } from "./fields.ts";

/**
 * The status that a score stands for. 1 is right, 0 wrong, between them partly right (not counted as correct); null is
 * unscored. With `correctFrom`, scores from there up are right and all others wrong, whatever the peer's scale.
 */
export function statusOf(score: number | null, correctFrom: number | undefined, field = "score"): VerdictStatus {
  if (score === null) return "failed";
  if (correctFrom !== undefined) return score >= correctFrom ? "correct" : "wrong";
  if (score === 1) return "correct";
  if (score === 0) return "wrong";
  if (score > 0 && score < 1) return "partial";
  return badField(field, `is ${score}, outside [0, 1]: say from which score up a sample is right (correctFrom)`);
}

/** The one field that holds the score. @param candidates the fields that might, the peer's own choice first */
export function pickScore(candidates: readonly string[], wanted: string | undefined, sole: boolean): string {
  if (wanted !== undefined) return wanted;
  const [first, ...more] = candidates;
  if (first === undefined) return badField(undefined, "has no score: say which field holds it (score)");
  if (sole && more.length > 0) {
    return badField(undefined, `has the scores ${candidates.join(", ")}: say which one counts (score)`);
  }
  return first;
}
