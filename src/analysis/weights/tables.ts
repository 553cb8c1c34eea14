/** Weight deltas as a table. */
import type { Table } from "../../toolkit/table.ts";
import type { WeightDeltas } from "../weight-deltas.ts";

export function deltaTables({ tensors, ranks }: WeightDeltas): Table[] {
  const energy = ranks.map((rank, i): [string, (number | undefined)[]] => [
    `energy top ${rank}`,
    tensors.map(({ spectrum }) => spectrum?.energy[i]?.share),
  ]);
  return [
    {
      title: "weight deltas",
      columns: {
        tensor: tensors.map(({ name }) => name),
        shape: tensors.map(({ shape }) => shape.join(" x ")),
        "relative norm": tensors.map(({ relativeNorm }) => relativeNorm),
        "unchanged at bf16": tensors.map(({ unchanged }) => unchanged),
        "stable rank": tensors.map(({ spectrum }) => spectrum?.stableRank),
        "effective rank": tensors.map(({ spectrum }) => spectrum?.effectiveRank),
        "participation ratio": tensors.map(({ spectrum }) => spectrum?.participationRatio),
        "rank at 90 %": tensors.map(({ spectrum }) => spectrum?.rank90),
        "rank at 99 %": tensors.map(({ spectrum }) => spectrum?.rank99),
        ...Object.fromEntries(energy),
        ...(tensors.some(({ spectrum }) => spectrum?.sketch !== undefined) && {
          "error bound of σ": tensors.map(({ spectrum }) => spectrum?.sketch?.bound ?? (spectrum && 0)),
        }),
        ...(tensors.some(({ aboveRounding }) => aboveRounding !== undefined) && {
          "rank above rounding": tensors.map(({ aboveRounding }) => aboveRounding?.rank),
        }),
        ...(tensors.some(({ angles }) => angles !== undefined) && {
          "overlap left": tensors.map(({ angles }) => angles?.left.overlap),
          "overlap right": tensors.map(({ angles }) => angles?.right.overlap),
        }),
      },
    },
  ];
}
