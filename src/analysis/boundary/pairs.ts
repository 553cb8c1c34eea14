/** The same problems in several runs, checked. */
import { refuse } from "../../toolkit/refuse.ts";
import type { VerdictStatus } from "../../toolkit/verify/verifier.ts";
import { type Counts, checkCounts } from "../statistics/pass-at-k.ts";

/** One completion's verdict; those of an `Evaluation` and of an imported set are such. */
export interface SolveSample {
  /** null: nothing was scored. */
  readonly score: number | null;
  readonly status: VerdictStatus;
}

/** One problem's samples counted. */
export interface SolveProblem extends Counts {
  readonly id: string;
  readonly level?: number;
  /** Samples without a score; not among the n. Default 0. */
  readonly failed?: number;
  /** Samples scored between 0 and 1, among the n and not right. Default: counted among the completions. */
  readonly partial?: number;
  /** The samples behind the counts: n scored ones, and those that failed. */
  readonly completions?: readonly SolveSample[];
}

/** Per-problem counts of one policy; an `Evaluation` is one. */
export interface SolveCounts {
  /** Name of the task, and sampling temperature: must be the same in both runs where both say them. */
  readonly task?: string;
  readonly temperature?: number;
  readonly problems: readonly SolveProblem[];
}

/** What is not in the comparison, or counts otherwise than one would think. Lists are of ids. */
export interface Excluded {
  /** Left out because only one run had them; empty unless exclusion was asked for. */
  readonly onlyInBase: readonly string[];
  readonly onlyInTrained: readonly string[];
  /** Left out because a run has no scored sample of them; empty unless exclusion was asked for. */
  readonly unsampled: readonly string[];
  /** Samples without a score, which are not among any n. */
  readonly unscored: { readonly base: number; readonly trained: number };
  /** Samples scored between 0 and 1, which count as not right, as far as the run says so. */
  readonly partial: { readonly base: number; readonly trained: number };
}

/** One problem, counted in both runs. */
export interface ProblemPair {
  readonly id: string;
  readonly level: number | undefined;
  readonly base: SolveProblem;
  readonly trained: SolveProblem;
}

/** Matches problems by id, in the base run's order. */
export function pairProblems(
  base: SolveCounts,
  trained: SolveCounts,
  missing: "refuse" | "exclude",
  where = "reasoningBoundary",
): { pairs: ProblemPair[]; excluded: Excluded } {
  checkAlike(where, base, trained);
  const [inBase, inTrained] = [byId(where, "base", base, missing), byId(where, "trained", trained, missing)];
  const onlyInBase = [...inBase.keys()].filter((id) => !inTrained.has(id));
  const onlyInTrained = [...inTrained.keys()].filter((id) => !inBase.has(id));
  if (missing === "refuse") refuseLonely(where, [...onlyInBase, ...onlyInTrained]);
  const [pairs, unsampled]: [ProblemPair[], string[]] = [[], []];
  for (const [id, problem] of inBase) {
    const twin = inTrained.get(id);
    if (twin === undefined) continue;
    if (problem.n === 0 || twin.n === 0) unsampled.push(id);
    else pairs.push({ id, level: problem.level ?? twin.level, base: problem, trained: twin });
  }
  if (pairs.length === 0) refuse(where, "no problem is in both runs", "evaluate both policies on the same problems");
  const both = (count: (problem: SolveProblem) => number): Excluded["unscored"] => ({
    base: pairs.reduce((sum, pair) => sum + count(pair.base), 0),
    trained: pairs.reduce((sum, pair) => sum + count(pair.trained), 0),
  });
  const unscored = both(({ failed = 0 }) => failed);
  const partial = both(
    (problem) => problem.partial ?? problem.completions?.filter(({ status }) => status === "partial").length ?? 0,
  );
  return { pairs, excluded: { onlyInBase, onlyInTrained, unsampled, unscored, partial } };
}

/** Refuses runs of two tasks or two temperatures. */
function checkAlike(where: string, one: SolveCounts, other: SolveCounts): void {
  for (const what of ["task", "temperature"] as const) {
    const [first, second] = [one[what], other[what]];
    if (first === undefined || second === undefined || first === second) continue;
    refuse(
      where,
      `the ${what} is ${first} in one run and ${second} in the other`,
      `evaluate both alike, or leave ${what} out of the counts where the difference is wanted`,
    );
  }
}

function refuseLonely(where: string, lonely: readonly string[]): void {
  if (lonely.length === 0) return;
  const some = `${lonely.slice(0, 3).join(", ")}${lonely.length > 3 ? ", …" : ""}`;
  refuse(
    where,
    `${lonely.length} problems are in one run only (${some})`,
    'evaluate both policies on the same problems, or pass missing: "exclude" to leave these out and have them listed',
  );
}

/** A run's problems by id. A problem without a scored sample passes where exclusion was asked for: the caller lists it. */
function byId(
  where: string,
  run: string,
  { problems }: SolveCounts,
  missing: "refuse" | "exclude",
): Map<string, SolveProblem> {
  const found = new Map<string, SolveProblem>();
  for (const problem of problems) {
    const of = `problem "${problem.id}" in the ${run} run`;
    if (found.has(problem.id)) {
      refuse(where, `problem "${problem.id}" is twice in the ${run} run`, "merge its samples into one entry");
    }
    const empty = problem.n === 0 && problem.correct === 0 && missing === "exclude";
    if (!empty) checkCounts(where, problem, of);
    checkSamples(where, problem, of);
    found.set(problem.id, problem);
  }
  return found;
}

/** Refuses samples that are not those counted. */
function checkSamples(where: string, { n, correct, completions }: SolveProblem, of: string): void {
  if (completions === undefined) return;
  const scored = completions.filter(({ score }) => score !== null);
  const bad = scored.find(({ score }) => typeof score !== "number" || !Number.isFinite(score));
  if (bad !== undefined) {
    refuse(where, `a score of ${of} is ${String(bad.score)}`, "pass finite scores, and null where nothing was scored");
  }
  const right = scored.filter(({ status }) => status === "correct").length;
  if (scored.length === n && right === correct) return;
  refuse(
    where,
    `${of} counts ${correct} right of ${n} and holds ${right} right of ${scored.length} scored samples`,
    "pass all the samples that were counted, or none",
  );
}
