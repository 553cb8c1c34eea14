/**
 * The reasoning boundary over several checkpoints of one run, each against the first: when problems were gained and lost, which
 * came back, and how pass@k moved at small and large k. Comparisons share the chances of error: verdicts and clear leads divide
 * them (Bonferroni), p-values are adjusted over all problems of all checkpoints (Benjamini-Hochberg).
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../toolkit/table.ts";
import { type Fate, fisherPs } from "./boundary/fates.ts";
import { type Excluded, type ProblemPair, pairProblems, type SolveCounts } from "./boundary/pairs.ts";
import { type BoundaryOptions, boundaryRules, compareProblems, type ReasoningBoundary } from "./reasoning-boundary.ts";
import type { Estimate } from "./statistics/estimate.ts";
import { benjaminiHochberg } from "./statistics/multiple.ts";
import { type Counts, passAtK } from "./statistics/pass-at-k.ts";
import { passInterval, passQuantile } from "./statistics/pass-interval.ts";

/** A checkpoint's counts under its name, such as "step 40"; names differ. */
export interface BoundaryCheckpoint {
  readonly name: string;
  readonly counts: SolveCounts;
}

/** One checkpoint. */
export interface CoursePoint {
  readonly name: string;
  /** Pass@k at each of the course's ks. */
  readonly pass: readonly Estimate[];
  /** Against the first checkpoint; undefined for that one. */
  readonly boundary: ReasoningBoundary | undefined;
}

/** One problem over the checkpoints. */
export interface ProblemCourseCounts {
  readonly id: string;
  readonly level: number | undefined;
  /** [S] counts, one a checkpoint. */
  readonly counts: readonly Counts[];
  /** [S] against the first checkpoint: 1 risen beyond chance, −1 fallen beyond chance, 0 neither. The first is 0. */
  readonly change: readonly (-1 | 0 | 1)[];
}

export interface BoundaryCourse {
  readonly confidence: number;
  /** Powers of two to the smallest n of any problem of any checkpoint, and that n. */
  readonly ks: readonly number[];
  readonly checkpoints: readonly CoursePoint[];
  readonly problems: readonly ProblemCourseCounts[];
  /** Ids of problems that had fallen beyond chance at some checkpoint, and at the last one have not. */
  readonly recovered: readonly string[];
  /** Ids left out because a checkpoint had none of them, or no scored sample; empty unless exclusion was asked for. */
  readonly excluded: readonly string[];
}

/**
 * Compares each checkpoint with the first.
 *
 * @param checkpoints in the order of training, at least two
 * @throws UsageError as `reasoningBoundary`, for fewer than two checkpoints, or names that are not their own
 */
export function boundaryCourse(
  checkpoints: readonly BoundaryCheckpoint[],
  options: Omit<BoundaryOptions, "ks"> = {},
): BoundaryCourse & Tabular {
  const { ks: _, ...rules } = boundaryRules;
  checkOptions("boundaryCourse", options, rules);
  checkNames(checkpoints);
  const { missing = "refuse", confidence = 0.95 } = options;
  const { all, excluded } = shared(checkpoints, missing);
  const [first, ...later] = all;
  if (first === undefined) throw new Error("internal: no checkpoint");
  const compared = later.map(({ counts }) => pairProblems(first.counts, counts, "refuse", "boundaryCourse"));
  const common = leastSamples(compared.map(({ pairs }) => pairs));
  const adjusted = benjaminiHochberg(compared.flatMap(({ pairs }) => fisherPs(pairs)));
  const boundaries = compared.map(({ pairs, excluded: left }, s) => {
    const own = adjusted.slice(s * pairs.length, (s + 1) * pairs.length);
    return compareProblems(pairs, left, options, { common, comparisons: later.length, adjusted: own });
  });
  const ks = powers(common);
  const course: BoundaryCourse = {
    confidence,
    ks,
    checkpoints: all.map(({ name, counts }, s) => ({
      name,
      pass: ks.map((k) => passOf(counts, k, confidence)),
      boundary: boundaries[s - 1],
    })),
    problems: problemsOver(compared, boundaries),
    recovered: [],
    excluded,
  };
  const recovered = course.problems.filter(({ change }) => change.includes(-1) && change.at(-1) !== -1);
  return tabular({ ...course, recovered: recovered.map(({ id }) => id) }, courseTables);
}

function checkNames(checkpoints: readonly BoundaryCheckpoint[]): void {
  const where = "boundaryCourse";
  if (checkpoints.length < 2) refuse(where, `there are ${checkpoints.length} checkpoints`, "pass two or more");
  const names = checkpoints.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(where, `two checkpoints are named "${twice}"`, "give each a name of its own");
}

/** The checkpoints with the problems that all of them have sampled, in the first one's order. */
function shared(
  checkpoints: readonly BoundaryCheckpoint[],
  missing: "refuse" | "exclude",
): { all: readonly BoundaryCheckpoint[]; excluded: readonly string[] } {
  if (missing === "refuse") return { all: checkpoints, excluded: [] };
  const sampled = checkpoints.map(
    ({ counts }) => new Set(counts.problems.flatMap(({ id, n }) => (n === 0 ? [] : [id]))),
  );
  const everywhere = (id: string): boolean => sampled.every((ids) => ids.has(id));
  const known = new Set(checkpoints.flatMap(({ counts }) => counts.problems.map(({ id }) => id)));
  return {
    all: checkpoints.map(({ name, counts }) => ({
      name,
      counts: { ...counts, problems: counts.problems.filter(({ id }) => everywhere(id)) },
    })),
    excluded: [...known].filter((id) => !everywhere(id)),
  };
}

function leastSamples(comparisons: readonly (readonly ProblemPair[])[]): number {
  const sizes = comparisons.flatMap((pairs) => pairs.flatMap(({ base, trained }) => [base.n, trained.n]));
  return sizes.reduce((least, n) => Math.min(least, n));
}

function powers(common: number): number[] {
  const ks = Array.from({ length: Math.floor(Math.log2(common)) + 1 }, (_, i) => 2 ** i);
  return ks.at(-1) === common ? ks : [...ks, common];
}

function passOf({ problems }: SolveCounts, k: number, confidence: number): Estimate {
  return passInterval(
    problems.map((counts) => passAtK(counts, k)),
    { k, samples: problems.reduce((sum, { n }) => sum + n, 0), t: passQuantile(problems.length, confidence) },
  );
}

function problemsOver(
  compared: readonly { readonly pairs: readonly ProblemPair[]; readonly excluded: Excluded }[],
  boundaries: readonly ReasoningBoundary[],
): ProblemCourseCounts[] {
  return (compared[0]?.pairs ?? []).map(({ id, level, base }, i) => {
    const fates = boundaries.flatMap(({ problems }) => problems[i] ?? []);
    const rate = ({ n, correct }: Counts): number => correct / n;
    return {
      ...{ id, level },
      counts: [{ n: base.n, correct: base.correct }, ...fates.map(({ trained }) => trained)],
      change: [
        0,
        ...fates.map(({ beyondChance, base: before, trained }): -1 | 0 | 1 => {
          if (!beyondChance) return 0;
          return rate(trained) > rate(before) ? 1 : -1;
        }),
      ],
    };
  });
}

export function courseTables({ checkpoints, ks, problems, recovered }: BoundaryCourse): Table[] {
  const names = checkpoints.map(({ name }) => name);
  const fate = (of: Fate): (number | undefined)[] => checkpoints.map(({ boundary }) => boundary?.fates[of].ids.length);
  const changed = (s: number, to: -1 | 1): number => problems.filter(({ change }) => change[s] === to).length;
  return [
    {
      title: "checkpoints",
      columns: {
        checkpoint: names,
        ...Object.fromEntries(ks.map((k, j) => [`pass@${k}`, checkpoints.map(({ pass }) => pass[j]?.value)])),
        "crossing k": checkpoints.map(({ boundary }) => boundary?.crossing.k),
        lost: fate("lost"),
        gained: fate("gained"),
        "fell beyond chance": names.map((_, s) => (s === 0 ? undefined : changed(s, -1))),
        "rose beyond chance": names.map((_, s) => (s === 0 ? undefined : changed(s, 1))),
        boundary: checkpoints.map(({ boundary }) => boundary?.moves.verdict),
      },
    },
    {
      title: "problems by checkpoint",
      columns: {
        problem: problems.map(({ id }) => id),
        level: problems.map(({ level }) => level),
        ...Object.fromEntries(
          names.map((name, s) => [name, problems.map(({ counts }) => `${counts[s]?.correct} of ${counts[s]?.n}`)]),
        ),
        "at the end": problems.map(({ change }) => ({ "-1": "fell", "0": "", "1": "rose" })[String(change.at(-1))]),
        recovered: problems.map(({ id }) => (recovered.includes(id) ? "yes" : "")),
      },
    },
  ];
}
