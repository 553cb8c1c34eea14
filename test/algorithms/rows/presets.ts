import { bnpo } from "../../../src/algorithms/bnpo.ts";
import { dapo } from "../../../src/algorithms/dapo.ts";
import { drGrpo } from "../../../src/algorithms/dr-grpo.ts";
import type { Algorithm } from "../../../src/toolkit/algorithm.ts";
import type { Aggregation } from "../../../src/toolkit/objective.ts";
import type { Row } from "../checks/row.ts";

function row(algorithm: Algorithm, high: number, aggregation: Aggregation): Row {
  return {
    name: algorithm.name,
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 0.8, high },
    gradient: ({ ratio, advantage, share }) =>
      (advantage > 0 ? ratio > high : ratio < 0.8) ? 0 : -ratio * advantage * share(aggregation),
  };
}

export const rows: readonly Row[] = [
  row(dapo(), 1.28, "token-mean"),
  row(drGrpo(), 1.2, "constant"),
  row(bnpo(), 1.2, "token-mean"),
];
