/** Which problems are solved at all, before and after. */
import { refuse } from "../../toolkit/refuse.ts";

/** Problems by who solves them, as their places in the lists. */
export interface Coverage {
  readonly both: readonly number[];
  readonly baseOnly: readonly number[];
  readonly trainedOnly: readonly number[];
  readonly neither: readonly number[];
  /** Share of what the trained policy solves that the base solves too; undefined when it solves nothing. */
  readonly containment: number | undefined;
}

/**
 * Sorts problems by who solves them: at least one correct sample. Both policies need as many samples.
 *
 * @param base [P] correct samples of each problem
 * @param trained [P]
 */
export function solvedCoverage(base: ArrayLike<number>, trained: ArrayLike<number>): Coverage {
  if (base.length !== trained.length || base.length === 0) {
    refuse(
      "solvedCoverage",
      `there are ${base.length} and ${trained.length} problems`,
      "pass the same problems in both",
    );
  }
  const solved = (counts: ArrayLike<number>, i: number): boolean => {
    const count = counts[i];
    if (typeof count !== "number" || !Number.isInteger(count) || count < 0) {
      refuse("solvedCoverage", `the count of problem ${i} is ${count}`, "pass whole numbers of correct samples");
    }
    return count > 0;
  };
  const found = Array.from({ length: base.length }, (_, i) => ({
    i,
    base: solved(base, i),
    trained: solved(trained, i),
  }));
  const where = (inBase: boolean, inTrained: boolean): number[] =>
    found.filter((problem) => problem.base === inBase && problem.trained === inTrained).map(({ i }) => i);
  const [both, trainedOnly] = [where(true, true), where(false, true)];
  const reached = both.length + trainedOnly.length;
  return {
    both,
    baseOnly: where(true, false),
    trainedOnly,
    neither: where(false, false),
    containment: reached === 0 ? undefined : both.length / reached,
  };
}
