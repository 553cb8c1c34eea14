import { type PacsOptions, pacs } from "../../../src/algorithms/pacs.ts";
import type { Row } from "../checks/row.ts";

/** Labels and weights are columns of the row's own; row 5 is not scored. Advantages are not read. */
function row(name: string, options: PacsOptions): Row {
  const algorithm = pacs(options);
  const scored = (b: number): number => (b === 5 ? 0 : 1);
  return {
    name,
    algorithm,
    objective: algorithm.objective,
    zeroAdvantage: "unchanged",
    batch: {
      columns: {
        label: (_, b) => scored(b) * (b % 4 < 1 + (Math.floor(b / 4) % 3) ? 1 : 0),
        weight: (random, b) => scored(b) * (0.8 + 0.4 * random.uniform()),
        scored: (_, b) => scored(b),
      },
    },
    refused: [() => pacs({ logitScale: 0 }), () => pacs({ ...options, ...{ estimator: "opo" as "rloo" } })],
    toward: (token) => token.at("columns.scored") * (2 * token.at("columns.label") - 1),
  };
}

export const rows: readonly Row[] = [
  row("pacs", {}),
  row("pacs, grpo score", { estimator: "grpo", weights: "none" }),
  row("pacs, centred score", { estimator: "grpo", divideByDeviation: false, weights: "only-negative" }),
  row("pacs, mean log-prob", { estimator: "naive", proxy: "mean-log-prob", logitScale: 2 }),
];
