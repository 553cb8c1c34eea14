/** What became of each problem, and which losses and gains are more than chance. */
import { fisherExact } from "../statistics/exact-tests.ts";
import { benjaminiHochberg } from "../statistics/multiple.ts";
import type { Counts } from "../statistics/pass-at-k.ts";
import type { ProblemPair } from "./pairs.ts";

/** Solved means: at least one correct sample. Kept: by both. Lost: by the base only. Gained: by the trained only. */
export type Fate = "kept" | "lost" | "gained" | "never";

export interface ProblemFate {
  readonly id: string;
  readonly level: number | undefined;
  readonly base: Counts;
  readonly trained: Counts;
  readonly fate: Fate;
  /** Two-sided Fisher exact p of "one success rate gave both counts". */
  readonly p: number;
  /** The same, adjusted for the number of problems (Benjamini-Hochberg). */
  readonly adjustedP: number;
}

/** One cell of the solved matrix. */
export interface FateCell {
  readonly ids: readonly string[];
  /** Those whose adjusted p is at most 1 − confidence: of these, that share at most is expected to be chance. */
  readonly beyondChance: readonly string[];
  /**
   * How many problems chance alone would put here: each problem's correct samples, as many as there are, dealt at random over
   * the samples of both runs (no change in any success rate).
   */
  readonly expectedByChance: number;
}

export type Fates = Readonly<Record<Fate, FateCell>>;

const FATES = ["kept", "lost", "gained", "never"] as const;

export function problemFates(
  pairs: readonly ProblemPair[],
  confidence: number,
): { fates: Fates; problems: ProblemFate[] } {
  const p = pairs.map(({ base, trained }) => fisherExact(base, trained));
  const adjusted = benjaminiHochberg(p);
  const problems = pairs.map(
    (pair, i): ProblemFate => ({
      ...pair,
      base: { n: pair.base.n, correct: pair.base.correct },
      trained: { n: pair.trained.n, correct: pair.trained.correct },
      fate: fateOf(pair.base.correct > 0, pair.trained.correct > 0),
      p: p[i] ?? 1,
      adjustedP: adjusted[i] ?? 1,
    }),
  );
  const chances = pairs.map(chanceFates);
  const cells = FATES.map((fate): [Fate, FateCell] => {
    const here = problems.filter((problem) => problem.fate === fate);
    const real = here.filter(({ adjustedP }) => adjustedP <= 1 - confidence);
    return [
      fate,
      {
        ids: here.map(({ id }) => id),
        beyondChance: real.map(({ id }) => id),
        expectedByChance: chances.reduce((sum, chance) => sum + chance[fate], 0),
      },
    ];
  });
  return { fates: Object.fromEntries(cells) as Record<Fate, FateCell>, problems };
}

function fateOf(base: boolean, trained: boolean): Fate {
  if (base) return trained ? "kept" : "lost";
  return trained ? "gained" : "never";
}

/** Chances of the four fates when the correct samples are dealt over both runs at random (hypergeometric). */
function chanceFates({ base, trained }: ProblemPair): Record<Fate, number> {
  const correct = base.correct + trained.correct;
  if (correct === 0) return { kept: 0, lost: 0, gained: 0, never: 1 };
  const lost = allWithin(base.n, base.n + trained.n, correct);
  const gained = allWithin(trained.n, base.n + trained.n, correct);
  return { kept: 1 - lost - gained, lost, gained, never: 0 };
}

/** C(part, items) / C(all, items): the chance that all items fall into the part. */
function allWithin(part: number, all: number, items: number): number {
  let chance = 1;
  for (let i = 0; i < items; i++) chance *= Math.max(0, part - i) / (all - i);
  return chance;
}
