/** Two runs' problems as the lists of counts that the paper's own functions take. */
import { refuse } from "../toolkit/refuse.ts";
import { pairProblems, type SolveCounts } from "./boundary/pairs.ts";
import type { CountPair } from "./limit-of-rlvr/counts.ts";

/**
 * The problems that two runs share, in one order: for `limitReport` and the functions beside it, which want as many samples of
 * each problem in both.
 *
 * @param missing what a problem in one run only does. Default "refuse"
 * @throws UsageError as `reasoningBoundary`, and for unlike numbers of samples
 */
export function countPair(
  base: SolveCounts,
  trained: SolveCounts,
  { missing = "refuse" }: { readonly missing?: "refuse" | "exclude" } = {},
): CountPair & { readonly ids: readonly string[] } {
  const { pairs } = pairProblems(base, trained, missing, "countPair");
  const n = pairs[0]?.base.n ?? 0;
  for (const { id, base: before, trained: after } of pairs) {
    if (before.n === n && after.n === n) continue;
    refuse(
      "countPair",
      `problem "${id}" has ${before.n} samples in the base run and ${after.n} in the trained one, the first has ${n}`,
      "use reasoningBoundary, which takes unlike numbers of samples",
    );
  }
  return {
    base: { n, correct: pairs.map(({ base: { correct } }) => correct) },
    trained: { n, correct: pairs.map(({ trained: { correct } }) => correct) },
    ids: pairs.map(({ id }) => id),
  };
}
