import {
  type NegativeSampleReinforcementOptions,
  negativeSampleReinforcement,
} from "../../../src/algorithms/negative-sample-reinforcement.ts";
import type { Row } from "../checks/row.ts";

/** The objective is GRPO's, token mean, which its own rows state; what differs are weights and rows. */
function row(options: NegativeSampleReinforcementOptions): Row {
  const algorithm = negativeSampleReinforcement(options);
  return {
    name: `negative-sample-reinforcement, ${options.mode}`,
    algorithm,
    objective: algorithm.objective,
    clip: { low: 0.8, high: 1.2 },
    gradient: ({ ratio, advantage, share }) => {
      const clipped = advantage > 0 ? ratio > 1.2 : ratio < 0.8;
      return clipped ? 0 : -ratio * advantage * share("token-mean");
    },
    refused: [
      () => negativeSampleReinforcement({ positiveWeight: -0.1 }),
      () => negativeSampleReinforcement({ clipLow: 2 }),
    ],
  };
}

export const rows: readonly Row[] = [
  row({ mode: "psr" }),
  row({ mode: "nsr" }),
  row({ mode: "weighted" }),
  row({ mode: "rlvr" }),
];
