/** What became of each problem, which losses and gains are more than chance, and how many samples would tell. */
import { fisherExact } from "../statistics/exact-tests.ts";
import { benjaminiHochberg } from "../statistics/multiple.ts";
import type { Counts } from "../statistics/pass-at-k.ts";
import { fisherSamples } from "../statistics/power.ts";
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
  /** The adjusted p is at most 1 − confidence: the success rate changed. */
  readonly beyondChance: boolean;
  /**
   * Samples of each policy at which the change would show in four cases of five, if the observed rates are the true ones and the
   * test has to pass as the next one beyond chance. Undefined where it shows already, or the rates are equal.
   */
  readonly samplesToTell: number | undefined;
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

export const FATES = ["kept", "lost", "gained", "never"] as const;

/** @param adjusted [P] p-values adjusted over more than these problems. Default: over these */
export function problemFates(
  pairs: readonly ProblemPair[],
  confidence: number,
  adjusted?: readonly number[],
): { fates: Fates; problems: ProblemFate[] } {
  const p = fisherPs(pairs);
  const overAll = adjusted ?? benjaminiHochberg(p);
  const found = overAll.filter((value) => value <= 1 - confidence).length;
  const next = ((1 - confidence) * (found + 1)) / pairs.length; // what Benjamini-Hochberg would ask of one more
  const problems = pairs.map((pair, i) => fateOf(pair, p[i] ?? 1, overAll[i] ?? 1, { confidence, next }));
  return { fates: fateCells(problems), problems };
}

/** [P] Fisher's exact p of each problem. */
export function fisherPs(pairs: readonly Pick<ProblemPair, "base" | "trained">[]): number[] {
  return pairs.map(({ base, trained }) => fisherExact(base, trained));
}

function fateOf(
  { id, level, base, trained }: ProblemPair,
  p: number,
  adjustedP: number,
  { confidence, next }: { readonly confidence: number; readonly next: number },
): ProblemFate {
  const beyondChance = adjustedP <= 1 - confidence;
  const rates = [base.correct / base.n, trained.correct / trained.n] as const;
  return {
    id,
    level,
    base: { n: base.n, correct: base.correct },
    trained: { n: trained.n, correct: trained.correct },
    fate: base.correct > 0 ? (trained.correct > 0 ? "kept" : "lost") : trained.correct > 0 ? "gained" : "never",
    ...{ p, adjustedP, beyondChance },
    samplesToTell: beyondChance || rates[0] === rates[1] ? undefined : fisherSamples(...rates, { alpha: next }),
  };
}

function fateCells(problems: readonly ProblemFate[]): Fates {
  const chances = problems.map(chanceFates);
  const cells = FATES.map((fate): [Fate, FateCell] => {
    const here = problems.filter((problem) => problem.fate === fate);
    return [
      fate,
      {
        ids: here.map(({ id }) => id),
        beyondChance: here.filter(({ beyondChance }) => beyondChance).map(({ id }) => id),
        expectedByChance: chances.reduce((sum, chance) => sum + chance[fate], 0),
      },
    ];
  });
  return Object.fromEntries(cells) as Record<Fate, FateCell>;
}

/** Chances of the four fates when the correct samples are dealt over both runs at random (hypergeometric). */
function chanceFates({ base, trained }: Pick<ProblemFate, "base" | "trained">): Record<Fate, number> {
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
