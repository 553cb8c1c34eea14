import { type RealOptions, real } from "../../../src/algorithms/real.ts";
import type { Row } from "../checks/row.ts";

/** The column of labels, not the rewards, is what the loss reads; group 3 is all right. Advantages are not read. */
function row(name: string, options: RealOptions): Row {
  const algorithm = real(options);
  return {
    name,
    algorithm,
    objective: algorithm.objective,
    zeroAdvantage: "unchanged",
    batch: { columns: { label: (_, b) => (b >= 12 || b % 4 < 1 + (Math.floor(b / 4) % 3) ? 1 : -1) } },
    refused: [() => real({ scoreTemperature: 0 }), () => real({ klCoefficient: -1 })],
    toward: (token) => token.at("columns.label"),
  };
}

export const rows: readonly Row[] = [
  row("real", {}),
  row("real, tau 0.1, with KL and entropy", { scoreTemperature: 0.1, klCoefficient: 0.1, entropyCoefficient: 0.05 }),
  row("real, bce", { variant: "bce" }),
  row("real, product", { variant: "product", labelRule: "centered" }),
];
