/** The reasoning boundary as tables. */
import type { Table } from "../../toolkit/table.ts";
import type { ReasoningBoundary } from "../reasoning-boundary.ts";

export function boundaryTables({ curve, fates, problems }: ReasoningBoundary): Table[] {
  const cells = Object.entries(fates);
  return [
    {
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
    },
    {
      title: "fates",
      columns: {
        fate: cells.map(([fate]) => fate),
        problems: cells.map(([, { ids }]) => ids.length),
        "beyond chance": cells.map(([, { beyondChance }]) => beyondChance.length),
        "expected by chance": cells.map(([, { expectedByChance }]) => expectedByChance),
      },
    },
    {
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
      },
    },
  ];
}
