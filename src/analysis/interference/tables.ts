/** Negative interference as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { ExplainedLosses } from "../lost-problems.ts";
import type { NegativeInterference } from "../negative-interference.ts";
import type { SavedBy } from "../saved-by.ts";

export function interferenceTables({
  problems,
  course,
  forgetting,
  retention,
  alignment,
}: NegativeInterference): Table[] {
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
        forgotten: forgetting.map(({ forgotten }) => forgotten.value),
        ...(course.some(({ wrong }) => wrong !== undefined) && {
          "wrong answers": course.map(({ wrong }) => wrong?.value),
        }),
      },
    },
  ];
  if (retention !== undefined) {
    tables.push({
      title: "kept since training",
      columns: {
        "steps since": retention.map(({ age }) => age),
        problems: retention.map((point) => point.problems),
        "mean gain kept": retention.map(({ kept }) => kept.value),
        low: retention.map(({ kept }) => kept.low),
        high: retention.map(({ kept }) => kept.high),
      },
    });
  }
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

export function lossTables({ problems }: ExplainedLosses): Table[] {
  const causes = problems.flatMap(({ id, causes }) => causes.map((cause) => ({ id, ...cause })));
  const tokens = problems.flatMap(({ id, tokens = [] }) => tokens.map((token) => ({ id, ...token })));
  const tables: Table[] = [
    {
      title: "lost problems",
      columns: {
        problem: problems.map(({ id }) => id),
        change: problems.map(({ change }) => change),
        "others hurt": problems.map(({ hurt }) => hurt),
        "others helped": problems.map(({ helped }) => helped),
        "own updates": problems.map(({ own }) => own),
        "momentum and the like": problems.map(({ optimizer }) => optimizer),
        "higher orders": problems.map(({ rest }) => rest),
      },
    },
    {
      title: "updates that did it",
      columns: {
        problem: causes.map(({ id }) => id),
        step: causes.map(({ step }) => step),
        "an update on": causes.map(({ update }) => update),
        nats: causes.map(({ effect }) => effect),
        "share of what hurt": causes.map(({ share }) => share),
      },
    },
  ];
  if (tokens.length === 0) return tables;
  return [
    ...tables,
    {
      title: "tokens that did it",
      columns: {
        problem: tokens.map(({ id }) => id),
        "an update on": tokens.map(({ update }) => update),
        after: tokens.map(({ context }) => context),
        token: tokens.map(({ token }) => token),
        "was pushed": tokens.map(({ weight }) => (weight > 0 ? "up" : "down")),
        nats: tokens.map(({ effect }) => effect),
      },
    },
  ];
}

export function savedTables({ arms }: SavedBy): Table[] {
  return [
    {
      title: "what would have been saved",
      columns: {
        instead: arms.map(({ name }) => name),
        "saved nats": arms.map(({ saved }) => saved.value),
        low: arms.map(({ saved }) => saved.low),
        high: arms.map(({ saved }) => saved.high),
        "share of the loss": arms.map(({ savedShare }) => savedShare),
        "costs others": arms.map(({ cost }) => cost?.value),
        "costs low": arms.map(({ cost }) => cost?.low),
        "costs high": arms.map(({ cost }) => cost?.high),
      },
    },
  ];
}
