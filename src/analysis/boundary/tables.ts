/** The reasoning boundary as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { ReasoningBoundary } from "../reasoning-boundary.ts";
import type { Excluded } from "./pairs.ts";

export function boundaryTables(boundary: ReasoningBoundary): Table[] {
  const { excluded } = boundary;
  const left = excludedTable(excluded);
  return [
    curveTable(boundary),
    fateTable(boundary),
    difficultyTable(boundary),
    questionTable(boundary),
    problemTable(boundary),
    ...(left.columns.what?.length === 0 ? [] : [left]),
  ];
}

function curveTable({ curve }: ReasoningBoundary): Table {
  return {
    title: "pass@k",
    columns: {
      k: curve.map(({ k }) => k),
      base: curve.map(({ base }) => base.value),
      "base low": curve.map(({ base }) => base.low),
      "base high": curve.map(({ base }) => base.high),
      trained: curve.map(({ trained }) => trained.value),
      "trained low": curve.map(({ trained }) => trained.low),
      "trained high": curve.map(({ trained }) => trained.high),
      difference: curve.map(({ difference }) => difference.value),
      "difference low": curve.map(({ difference }) => difference.low),
      "difference high": curve.map(({ difference }) => difference.high),
    },
  };
}

function fateTable({ fates, moves }: ReasoningBoundary): Table {
  const cells = Object.entries(fates);
  const moved: Readonly<Record<string, number>> = { lost: moves.lost.length, gained: moves.gained.length };
  return {
    title: "fates",
    columns: {
      fate: cells.map(([fate]) => fate),
      problems: cells.map(([, { ids }]) => ids.length),
      "beyond chance": cells.map(([, { beyondChance }]) => beyondChance.length),
      "expected by chance": cells.map(([, { expectedByChance }]) => expectedByChance),
      "across the boundary": cells.map(([fate]) => moved[fate]),
    },
  };
}

function difficultyTable({ difficulty: { bins, by, k } }: ReasoningBoundary): Table {
  return {
    title: `coverage by ${by === "level" ? "level" : "the base's rate"}`,
    columns: {
      difficulty: bins.map(({ name }) => name),
      problems: bins.map(({ problems }) => problems),
      "base pass@1": bins.map(({ base }) => base.pass1.value),
      "trained pass@1": bins.map(({ trained }) => trained.pass1.value),
      [`base pass@${k}`]: bins.map(({ base }) => base.passK.value),
      [`trained pass@${k}`]: bins.map(({ trained }) => trained.passK.value),
      lost: bins.map(({ fates }) => fates.lost),
      gained: bins.map(({ fates }) => fates.gained),
      "fell beyond chance": bins.map(({ fell }) => fell),
      "rose beyond chance": bins.map(({ rose }) => rose),
    },
  };
}

function questionTable({ questions }: ReasoningBoundary): Table {
  return {
    title: "what would settle it",
    columns: {
      question: questions.map(({ question }) => question),
      k: questions.map(({ k }) => k),
      difference: questions.map(({ difference }) => difference.value),
      low: questions.map(({ difference }) => difference.low),
      high: questions.map(({ difference }) => difference.high),
      settled: questions.map(({ settled }) => (settled ? "yes" : "no")),
      "problems that would do": questions.map(({ problems }) => problems),
      "or samples of each": questions.map(({ samples }) => samples),
    },
  };
}

function problemTable({ problems }: ReasoningBoundary): Table {
  return {
    title: "problems",
    columns: {
      problem: problems.map(({ id }) => id),
      level: problems.map(({ level }) => level),
      fate: problems.map(({ fate }) => fate),
      "base correct": problems.map(({ base }) => base.correct),
      "base n": problems.map(({ base }) => base.n),
      "trained correct": problems.map(({ trained }) => trained.correct),
      "trained n": problems.map(({ trained }) => trained.n),
      p: problems.map(({ p }) => p),
      "adjusted p": problems.map(({ adjustedP }) => adjustedP),
      "samples to tell": problems.map(({ samplesToTell }) => samplesToTell),
    },
  };
}

/** What was left out, or counts otherwise than one would think. */
function excludedTable({ onlyInBase, onlyInTrained, unsampled, unscored, partial }: Excluded): Table {
  const rows: [what: string, where: string, count: number][] = [
    ...onlyInBase.map((id): [string, string, number] => [`problem ${id}`, "in the base run only", 1]),
    ...onlyInTrained.map((id): [string, string, number] => [`problem ${id}`, "in the trained run only", 1]),
    ...unsampled.map((id): [string, string, number] => [`problem ${id}`, "no scored sample in one run", 1]),
    ...(["base", "trained"] as const).flatMap((run): [string, string, number][] => [
      ["samples without a score", `${run} run, not counted`, unscored[run]],
      ["samples scored between 0 and 1", `${run} run, counted as not right`, partial[run]],
    ]),
  ];
  const some = rows.filter(([, , count]) => count > 0);
  return {
    title: "left out",
    columns: {
      what: some.map(([what]) => what),
      why: some.map(([, why]) => why),
      count: some.map(([, , count]) => count),
    },
  };
}
