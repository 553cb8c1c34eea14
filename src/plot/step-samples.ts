/** What stands behind a training step: the completions that the update learned from. */
import { type SampleBook, type SampleLimits, type SampleSource, sampleBook } from "./samples.ts";

export interface StepSampleOptions {
  /** Completions of steps: `(await importRun(folder)).sets`. Default: none. */
  readonly samples?: readonly SampleSource[];
  /** How many of them go with the figure. */
  readonly limits?: SampleLimits;
}

/** For each step the point that shows its completions, problem by problem; null for steps without any. */
export function stepPoints(
  steps: readonly number[],
  { samples = [], limits }: StepSampleOptions,
): { readonly points: readonly (number | null)[]; readonly book: SampleBook } {
  const sources = steps.flatMap((step) => {
    const here = samples.filter((source) => source.step === step);
    return here.map((source, i) => ({ step, source, name: `step ${step}${i === 0 ? "" : ` (${i + 1})`}` }));
  });
  const book = sampleBook(Object.fromEntries(sources.map(({ name, source }) => [name, source])), limits);
  const points = steps.map((step) => {
    const here = sources.filter((one) => one.step === step);
    const groups = here.flatMap(({ name, source }) => source.problems.flatMap(({ id }) => book.problem(id, name)));
    return book.point(`step ${step}`, groups);
  });
  return { points, book };
}
