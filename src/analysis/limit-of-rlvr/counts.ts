/** Correct samples of problems that were all sampled n times. */
import { refuse } from "../../toolkit/refuse.ts";
import { checkCounts } from "../statistics/pass-at-k.ts";

/** One policy on a list of problems. */
export interface SampledCounts {
  /** Samples of each problem. */
  readonly n: number;
  /** [P] how many of them were correct. */
  readonly correct: ArrayLike<number>;
}

/** Counts of a matrix of outcomes: [P][n], whether each sample was correct. */
export function countsOf(outcomes: readonly (readonly boolean[])[]): SampledCounts {
  const n = outcomes[0]?.length ?? 0;
  const correct = outcomes.map((row, i) => {
    if (row.length !== n)
      refuse("countsOf", `problem ${i} has ${row.length} samples, problem 0 has ${n}`, "sample all alike");
    if (!row.every((outcome) => typeof outcome === "boolean")) {
      refuse("countsOf", `an outcome of problem ${i} is not true or false`, "judge every sample");
    }
    return row.filter(Boolean).length;
  });
  return checkSampled("countsOf", { n, correct });
}

/** Refuses no problem at all, and counts that are not whole or above n. */
export function checkSampled(where: string, counts: SampledCounts, of = ""): SampledCounts {
  if (counts.correct.length === 0) refuse(where, `there is no problem${of}`, "pass one count a problem");
  for (let i = 0; i < counts.correct.length; i++) {
    checkCounts(where, { n: counts.n, correct: counts.correct[i] ?? Number.NaN }, `problem ${i}${of}`);
  }
  return counts;
}

/** Two policies on the same problems, in one order, with as many samples. */
export interface CountPair {
  readonly base: SampledCounts;
  readonly trained: SampledCounts;
}

export function checkPair(where: string, { base, trained }: CountPair): void {
  checkSampled(where, base, " of the base");
  checkSampled(where, trained, " of the trained policy");
  const [one, other] = [base.correct.length, trained.correct.length];
  if (one !== other)
    refuse(where, `the base has ${one} problems, the trained policy ${other}`, "pass the same problems in both");
  if (base.n !== trained.n) {
    refuse(where, `the base has ${base.n} samples a problem, the trained policy ${trained.n}`, "sample both alike");
  }
}
