/** Negative interference as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { NegativeInterference } from "../negative-interference.ts";

export function interferenceTables({ problems, course, alignment }: NegativeInterference): Table[] {
  const byChange = [...problems].sort((a, b) => a.change - b.change);
  const tables: Table[] = [
    {
      title: "problems",
      columns: {
        problem: byChange.map(({ id }) => id),
        "log-likelihood first": byChange.map(({ logLikelihood }) => logLikelihood[0]),
        "log-likelihood last": byChange.map(({ logLikelihood }) => logLikelihood.at(-1)),
        change: byChange.map(({ change }) => change),
        "worst fall": byChange.map(({ worstFall }) => worstFall),
        "share before": byChange.map(({ solved }) => solved && solved.before.correct / solved.before.n),
        "share after": byChange.map(({ solved }) => solved && solved.after.correct / solved.after.n),
        "adjusted p": byChange.map(({ solved }) => solved?.adjustedP),
      },
    },
    {
      title: "course",
      columns: {
        step: course.map(({ step }) => step),
        "mean log-likelihood": course.map(({ logLikelihood }) => logLikelihood.value),
        low: course.map(({ logLikelihood }) => logLikelihood.low),
        high: course.map(({ logLikelihood }) => logLikelihood.high),
        "share hurt": course.map(({ hurtShare }) => hurtShare),
      },
    },
  ];
  if (alignment === undefined) return tables;
  const { worst } = alignment;
  return [
    ...tables,
    {
      title: "pairs that hurt",
      columns: {
        "a step on": worst.map(({ from }) => from),
        costs: worst.map(({ to }) => to),
        nats: worst.map(({ effect }) => effect),
        cosine: worst.map(({ cosine }) => cosine),
      },
    },
  ];
}
