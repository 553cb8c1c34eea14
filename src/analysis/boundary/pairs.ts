/** The same problems in two runs, checked. */
import { refuse } from "../../toolkit/refuse.ts";
import { type Counts, checkCounts } from "../statistics/pass-at-k.ts";

/** Per-problem counts of one policy; an `Evaluation` is one. */
export interface SolveCounts {
  /** Name of the task, and sampling temperature: must be the same in both runs where both say them. */
  readonly task?: string;
  readonly temperature?: number;
  readonly problems: readonly (Counts & {
    readonly id: string;
    readonly level?: number;
  })[];
}

/** Problems left out because only one run had them, by id; both empty unless exclusion was asked for. */
export interface Excluded {
  readonly onlyInBase: readonly string[];
  readonly onlyInTrained: readonly string[];
}

/** One problem, counted in both runs. */
export interface ProblemPair {
  readonly id: string;
  readonly level: number | undefined;
  readonly base: Counts;
  readonly trained: Counts;
}

/** Matches problems by id, in the base run's order. */
export function pairProblems(
  base: SolveCounts,
  trained: SolveCounts,
  missing: "refuse" | "exclude",
  where = "reasoningBoundary",
): { pairs: ProblemPair[]; excluded: Excluded } {
  for (const what of ["task", "temperature"] as const) {
    const [one, other] = [base[what], trained[what]];
    if (one === undefined || other === undefined || one === other) continue;
    refuse(
      where,
      `the ${what} is ${one} in one run and ${other} in the other`,
      `evaluate both alike, or leave ${what} out of the counts where the difference is wanted`,
    );
  }
  const [inBase, inTrained] = [byId(where, "base", base), byId(where, "trained", trained)];
  const onlyInBase = [...inBase.keys()].filter((id) => !inTrained.has(id));
  const onlyInTrained = [...inTrained.keys()].filter((id) => !inBase.has(id));
  const lonely = onlyInBase.length + onlyInTrained.length;
  if (lonely > 0 && missing === "refuse") {
    const some = [...onlyInBase, ...onlyInTrained].slice(0, 3).join(", ");
    refuse(
      where,
      `${lonely} problems are in one run only (${some}${lonely > 3 ? ", …" : ""})`,
      'evaluate both policies on the same problems, or pass missing: "exclude" to leave these out and have them listed',
    );
  }
  const pairs: ProblemPair[] = [];
  for (const [id, problem] of inBase) {
    const twin = inTrained.get(id);
    if (twin !== undefined) pairs.push({ id, level: problem.level, base: problem, trained: twin });
  }
  if (pairs.length === 0) refuse(where, "no problem is in both runs", "evaluate both policies on the same problems");
  return { pairs, excluded: { onlyInBase, onlyInTrained } };
}

function byId(
  where: string,
  run: string,
  counts: SolveCounts,
): Map<string, Counts & { readonly level: number | undefined }> {
  const found = new Map<string, Counts & { readonly level: number | undefined }>();
  for (const { id, level, n, correct } of counts.problems) {
    if (found.has(id)) {
      refuse(where, `problem "${id}" is twice in the ${run} run`, "merge its samples into one entry");
    }
    const judged = { n, correct, level };
    checkCounts(where, judged, `problem "${id}" in the ${run} run`);
    found.set(id, judged);
  }
  return found;
}
