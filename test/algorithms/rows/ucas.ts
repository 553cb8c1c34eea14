import { grpo } from "../../../src/algorithms/grpo.ts";
import { ucas } from "../../../src/algorithms/ucas.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row } from "../checks/row.ts";

const algorithm = compose(grpo({ clipHigh: 0.28, aggregation: "token-mean" }), ucas());

/** GRPO's objective; the row holds the shaped advantages against their exact expectation. */
export const rows: readonly Row[] = [
  {
    name: "ucas",
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 0.8, high: 1.28 },
    refused: [() => ucas({ lambda: -1 }), () => ucas({ betaPos: -1 })],
  },
];
