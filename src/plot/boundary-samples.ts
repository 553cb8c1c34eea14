/** What stands behind the points of the boundary's figures: completions of problems, base and trained. */
import { type Counts, passAtK, type ReasoningBoundary } from "../analysis/index.ts";
import { type SampleBook, type SampleLimits, type SampleSource, sampleBook } from "./samples.ts";

/** The two policies' completions: evaluations with `keepCompletions: true`, or imported sets. */
export interface PairSamples {
  readonly base?: SampleSource;
  readonly trained?: SampleSource;
}

export interface PairSampleOptions {
  /** The completions behind the points; a click shows them. Default: none. */
  readonly samples?: PairSamples;
  /** How many of them go with the figure. */
  readonly limits?: SampleLimits;
}

/** A book of both policies' completions. */
export function pairBook({ samples, limits }: PairSampleOptions): SampleBook {
  return sampleBook(samples === undefined ? {} : { base: samples.base, trained: samples.trained }, limits);
}

/** Problems behind a point of the curve: those on which the policies' pass@k differ most. Our choice of how many. */
const behindCurve = 12;

/** For each k of the curve the point of the nearest marked k: the problems that move the difference of the lines most. */
export function curvePoints(
  book: SampleBook,
  { problems, curve }: ReasoningBoundary,
  marked: readonly number[],
): readonly (number | null)[] {
  if (book.empty) return curve.map(() => null);
  const points = marked.map((k) => {
    const gaps = problems.map(({ id, base, trained }) => ({ id, gap: Math.abs(passOf(base, k) - passOf(trained, k)) }));
    const most = gaps.sort((a, b) => b.gap - a.gap).slice(0, behindCurve);
    return book.point(
      `k = ${k}: where base and trained differ most`,
      most.flatMap(({ id }) => book.problem(id)),
    );
  });
  const far = (k: number, i: number): number => Math.abs(Math.log(k / (marked[i] ?? Number.NaN)));
  return curve.map(({ k }) => points[marked.reduce((best, _, i) => (far(k, i) < far(k, best) ? i : best), 0)] ?? null);
}

function passOf(counts: Counts, k: number): number {
  return passAtK(counts, Math.min(k, counts.n));
}

/** A point that shows one problem, base and trained. */
export function problemPoint(book: SampleBook, id: string): number | null {
  return book.point(id, book.problem(id));
}

/** A point that shows several problems under a name, such as those that were lost. */
export function problemsPoint(book: SampleBook, name: string, ids: readonly string[]): number | null {
  return book.point(
    `${name}: ${ids.length} problems`,
    ids.flatMap((id) => book.problem(id)),
  );
}
