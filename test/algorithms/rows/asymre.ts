import { asymre } from "../../../src/algorithms/asymre.ts";
import type { Aggregation } from "../../../src/toolkit/objective.ts";
import type { Row } from "../checks/row.ts";

function row(name: string, aggregation: Aggregation): Row {
  const algorithm = asymre({ aggregation });
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    loss: (tokens) =>
      tokens.reduce((sum, t) => sum - (t.trained ? t.advantage * t.at("logProbs") * t.share(aggregation) : 0), 0),
    gradient: ({ advantage, share }) => -advantage * share(aggregation),
    refused: [() => asymre({ shift: Number.NaN }), () => asymre({ aggregation: "mean" as "token-mean" })],
  };
}

export const rows: readonly Row[] = [row("asymre", "token-mean"), row("asymre, by completion", "seq-mean-token-mean")];
