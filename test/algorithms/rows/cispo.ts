import { type CispoOptions, cispo } from "../../../src/algorithms/cispo.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row } from "../checks/row.ts";

/** Eq. 4: the gradient of every token is its bounded ratio times its advantage. */
function row(name: string, options: CispoOptions): Row {
  const { weightLow = 0, weightHigh = 5, aggregation = "token-mean", level = "token" } = options;
  const algorithm = compose(grpo(), cispo(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    stops: true,
    ...(level === "token" && {
      gradient: ({ ratio, advantage, share }) =>
        -Math.min(Math.max(ratio, weightLow), weightHigh) * advantage * share(aggregation),
    }),
    refused: [() => cispo({ weightHigh: 0 }), () => cispo({ weightLow: 2, weightHigh: 1 })],
  };
}

export const rows: readonly Row[] = [
  row("cispo", {}),
  row("cispo, both bounds", { weightLow: 0.9, weightHigh: 1.2, aggregation: "seq-mean-token-mean" }),
  row("cispo, ratio of the completion", { level: "sequence", weightHigh: 1.1 }),
];
