/**
 * Coverage by difficulty: how often, and whether at all, problems of one difficulty are solved before and after.
 *
 * Difficulty is the problems' own level, or how often the base solves them. Sorting problems by a rate and then comparing that
 * very rate would find that the hard ones improved by chance alone (regression to the mean), so half of the base's samples, drawn
 * without replacement, say how hard a problem is, and the other half are compared.
 */
import { type Rng, rng } from "../../toolkit/rng.ts";
import { hypergeometricShares } from "../statistics/discrete.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { type Counts, passAtK } from "../statistics/pass-at-k.ts";
import { passInterval, passQuantile } from "../statistics/pass-interval.ts";
import { FATES, type Fate, type ProblemFate } from "./fates.ts";
import type { ProblemPair } from "./pairs.ts";

/** Base against trained at one difficulty. */
export interface DifficultyBin {
  /** "level 2", or which share of its samples the base solves: "0 to 5 %". */
  readonly name: string;
  readonly level: number | undefined;
  readonly problems: number;
  /** Pass@1, and the share solved within k samples, k being that of the whole. */
  readonly base: { readonly pass1: Estimate; readonly passK: Estimate };
  readonly trained: { readonly pass1: Estimate; readonly passK: Estimate };
  readonly fates: Readonly<Record<Fate, number>>;
  /** Of the bin's problems: success rate fallen or risen beyond chance. */
  readonly fell: number;
  readonly rose: number;
}

export interface Difficulty {
  readonly by: "level" | "base rate";
  /** Samples within which a problem counts as covered: the common n by level, half of it by the base's rate. */
  readonly k: number;
  /** From easy to hard by level's number, or from rare to frequent by rate; bins without a problem are left out. */
  readonly bins: readonly DifficultyBin[];
}

/** Upper ends of the bins of the base's rate, with their names. Our choice. */
const RATE_BINS = [
  { to: 0, name: "never" },
  { to: 0.05, name: "0 to 5 %" },
  { to: 0.25, name: "5 to 25 %" },
  { to: 0.75, name: "25 to 75 %" },
  { to: 1, name: "75 to 100 %" },
] as const;

/** Fewer samples cannot be halved into a difficulty and a rate. */
const LEAST_SAMPLES = 4;

export interface DifficultyOptions {
  readonly by: "level" | "base rate";
  readonly common: number;
  readonly confidence: number;
  readonly seed: number;
}

export function coverageByDifficulty(
  pairs: readonly ProblemPair[],
  problems: readonly ProblemFate[],
  { by, common, confidence, seed }: DifficultyOptions,
): Difficulty {
  const half = Math.floor(common / 2);
  const [k, bins] =
    by === "level" ? [common, byLevel(pairs)] : [Math.max(1, half), common < LEAST_SAMPLES ? [] : byRate(pairs, seed)];
  return {
    by,
    k,
    bins: bins.map(({ name, level, members }): DifficultyBin => {
      const fates = members.flatMap(({ at }) => problems[at] ?? []);
      const changed = fates.filter(({ beyondChance }) => beyondChance);
      const estimate = (counts: readonly Counts[], upTo: number): Estimate =>
        passInterval(
          counts.map((count) => passAtK(count, upTo)),
          { k: upTo, samples: counts.reduce((sum, { n }) => sum + n, 0), t: passQuantile(counts.length, confidence) },
        );
      const of = (counts: readonly Counts[]): DifficultyBin["base"] => ({
        pass1: estimate(counts, 1),
        passK: estimate(counts, k),
      });
      const risen = (problem: ProblemFate): boolean =>
        problem.trained.correct / problem.trained.n > problem.base.correct / problem.base.n;
      return {
        ...{ name, level, problems: members.length },
        base: of(members.map(({ base }) => base)),
        trained: of(members.map(({ trained }) => trained)),
        fates: Object.fromEntries(
          FATES.map((fate) => [fate, fates.filter((problem) => problem.fate === fate).length]),
        ) as Record<Fate, number>,
        fell: changed.filter((problem) => !risen(problem)).length,
        rose: changed.filter(risen).length,
      };
    }),
  };
}

interface Member {
  /** Place among the pairs. */
  readonly at: number;
  readonly base: Counts;
  readonly trained: Counts;
}

interface Bin {
  readonly name: string;
  readonly level: number | undefined;
  readonly members: readonly Member[];
}

function byLevel(pairs: readonly ProblemPair[]): Bin[] {
  const groups = new Map<number | undefined, Member[]>();
  for (const [at, { level, base, trained }] of pairs.entries()) {
    const members = groups.get(level) ?? [];
    groups.set(level, members);
    members.push({ at, base, trained });
  }
  const last = Number.POSITIVE_INFINITY; // problems without a level come behind those with one
  return [...groups]
    .sort(([a = last], [b = last]) => a - b)
    .map(([level, members]) => ({ name: level === undefined ? "no level" : `level ${level}`, level, members }));
}

function byRate(pairs: readonly ProblemPair[], seed: number): Bin[] {
  const members = pairs.map(({ base, trained }, at) => {
    const random = rng({ seed, stream: "analysis/difficulty", row: at });
    const shown = { n: Math.floor(base.n / 2), correct: 0 };
    shown.correct = drawHypergeometric(random, base, shown.n);
    const rest = { n: base.n - shown.n, correct: base.correct - shown.correct };
    return { rate: shown.correct / shown.n, member: { at, base: rest, trained } };
  });
  return RATE_BINS.map(({ to, name }, i) => {
    const from = RATE_BINS[i - 1]?.to ?? Number.NEGATIVE_INFINITY;
    const here = members.filter(({ rate }) => rate > from && rate <= to);
    return { name, level: undefined, members: here.map(({ member }) => member) };
  }).filter(({ members: here }) => here.length > 0);
}

/** Right ones among `drawn` of a problem's samples, taken at random. */
function drawHypergeometric(random: Rng, { n, correct }: Counts, drawn: number): number {
  let left = random.uniform();
  const shares = hypergeometricShares(n, correct, drawn);
  const first = Math.max(0, drawn - (n - correct));
  for (let c = first; c < Math.min(drawn, correct); c++) {
    left -= shares[c] ?? 0;
    if (left < 0) return c;
  }
  return Math.min(drawn, correct);
}
