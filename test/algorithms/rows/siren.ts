import { grpo } from "../../../src/algorithms/grpo.ts";
import { type SirenOptions, siren } from "../../../src/algorithms/siren.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row } from "../checks/row.ts";

/** The regulariser reaches the logits alone: by log-probs the gradient is GRPO's. */
function row(name: string, options: SirenOptions): Row {
  const algorithm = compose(grpo({ aggregation: "constant" }), siren({ coefficient: 0.5, ...options }));
  const clipped = (ratio: number, advantage: number): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 0.8, high: 1.2 },
    gradient: ({ ratio, advantage, trained, share }) =>
      trained && !clipped(ratio, advantage) ? -ratio * advantage * share("constant") : 0,
    refused: [() => siren({ mass: 0 }), () => siren({ peakQuantile: 1 }), () => siren({ topK: 0 })],
  };
}

export const rows: readonly Row[] = [
  row("siren", {}),
  row("siren, usual nucleus", { rule: "inclusive", mass: 0.6, peakQuantile: 0.5 }),
  row("siren, two likeliest", { topK: 2, mass: 0.95, peakQuantile: 0 }),
];
