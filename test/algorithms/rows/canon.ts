import { canon } from "../../../src/algorithms/canon.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row } from "../checks/row.ts";

const algorithm = compose(grpo({ clipHigh: 0.28, aggregation: "constant" }), canon());

/** GRPO's objective; the row holds the conditional advantages against their exact expectation. */
export const rows: readonly Row[] = [
  {
    name: "canon",
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 0.8, high: 1.28 },
    refused: [() => canon({ mu: 1.5 }), () => canon({ normaliser: 0 })],
  },
];
