/** Every problem of the boundary in a sortable table, with the samples behind each cell. */
import type { ProblemFate, ReasoningBoundary } from "../analysis/index.ts";
import { type PairSampleOptions, pairBook } from "./boundary-samples.ts";
import type { SampleBook } from "./samples.ts";
import { type HtmlView, type SortableColumn, sortableTable } from "./sortable.ts";

/**
 * One row a problem: counts of both policies, what became of it, whether that is chance, and how many samples would tell. With
 * samples, a click on a count shows that policy's completions, one on the problem's name both.
 */
export function boundaryTable(boundary: ReasoningBoundary, options: PairSampleOptions = {}): HtmlView {
  const book = pairBook(options);
  const { problems, fates, moves } = boundary;
  const columns = columnsOf(boundary, book);
  const { lost, gained } = fates;
  const summary =
    `${problems.length} problems: ${lost.ids.length} lost (${lost.beyondChance.length} beyond chance), ` +
    `${gained.ids.length} gained (${gained.beyondChance.length} beyond chance); ` +
    `across the boundary ${moves.lost.length} lost, ${moves.gained.length} gained`;
  return sortableTable(columns, { title: `Problems (${problems.length})`, summary, samples: book.finish() });
}

function columnsOf({ problems, moves }: ReasoningBoundary, book: SampleBook): SortableColumn[] {
  const crossed = new Map([
    ...moves.lost.map((id) => [id, "lost"] as const),
    ...moves.gained.map((id) => [id, "gained"] as const),
  ]);
  const counts = (run: "base" | "trained"): SortableColumn => ({
    name: run,
    about: "right samples of all; sorted by their share",
    cells: problems.map(({ id, [run]: { n, correct } }) => ({
      text: `${correct} of ${n}`,
      key: correct / n,
      point: book.point(`${id}, ${run}`, book.problem(id, run)),
    })),
  });
  const levels: SortableColumn = { name: "level", cells: problems.map(({ level }) => number(level)) };
  return [
    { name: "problem", cells: problems.map(({ id }) => ({ text: id, point: book.point(id, book.problem(id)) })) },
    ...(problems.some(({ level }) => level !== undefined) ? [levels] : []),
    counts("base"),
    counts("trained"),
    { name: "change", about: "of the success rate", cells: problems.map((problem) => change(problem)) },
    { name: "fate", cells: problems.map(({ fate }) => ({ text: fate })) },
    {
      name: "adjusted p",
      about: "Fisher's exact test of one success rate in both, adjusted for the number of problems",
      cells: problems.map(({ adjustedP }) => ({ text: shortP(adjustedP), key: adjustedP })),
    },
    {
      name: "beyond chance",
      cells: problems.map((problem) => ({
        text: problem.beyondChance ? direction(problem) : "",
        key: problem.beyondChance ? direction(problem) : undefined,
      })),
    },
    {
      name: "crossed the boundary",
      about: "whatever chance did, all problems taken together",
      cells: problems.map(({ id }) => ({ text: crossed.get(id) ?? "", key: crossed.get(id) })),
    },
    {
      name: "samples to tell",
      about: "of each policy, for the change to show in four cases of five, if the observed rates are the true ones",
      cells: problems.map(({ samplesToTell }) => number(samplesToTell)),
    },
  ];
}

function number(value: number | undefined): { readonly text: string; readonly key: number | undefined } {
  return { text: value === undefined ? "" : String(value), key: value };
}

function rateChange({ base, trained }: ProblemFate): number {
  return trained.correct / trained.n - base.correct / base.n;
}

function change(problem: ProblemFate): { readonly text: string; readonly key: number } {
  const value = rateChange(problem);
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  return { text: `${sign}${Math.abs(value).toFixed(3)}`, key: value };
}

function direction(problem: ProblemFate): "rose" | "fell" {
  return rateChange(problem) > 0 ? "rose" : "fell";
}

function shortP(p: number): string {
  return p < 0.001 ? p.toExponential(0) : p.toFixed(3);
}
