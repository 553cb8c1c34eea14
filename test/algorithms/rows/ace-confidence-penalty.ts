import { aceConfidencePenalty } from "../../../src/algorithms/ace-confidence-penalty.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row } from "../checks/row.ts";

const algorithm = compose(grpo(), aceConfidencePenalty());

/** The objective is the host's; the advantages differ. */
export const rows: readonly Row[] = [
  {
    name: "ace-confidence-penalty",
    algorithm,
    objective: algorithm.objective,
    clip: { low: 0.8, high: 1.2 },
    refused: [() => aceConfidencePenalty({ strength: -1 })],
  },
];
