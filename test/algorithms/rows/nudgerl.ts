import { nudgeRl } from "../../../src/algorithms/nudgerl.ts";
import type { Row, Token } from "../checks/row.ts";

/** Rows of odd number are copies after the plain prompt: they distil, without ratio and clip. */
const copy = (row: number): boolean => row % 2 === 1;
const clipped = ({ ratio, advantage }: Token): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);
const DISTILL = 0.3;

export const rows: readonly Row[] = [
  {
    name: "nudgerl",
    objective: nudgeRl({ distillCoefficient: DISTILL }).objective,
    batch: { columns: { nudgeDistilled: (_, row) => (copy(row) ? 1 : 0) } },
    gradient: (token) => {
      const share = 2 * token.share("seq-mean-token-mean"); // each half is a mean of its own
      if (copy(token.row)) return -DISTILL * token.advantage * share;
      return clipped(token) ? 0 : -token.ratio * token.advantage * share;
    },
    refused: [
      () => nudgeRl({ clipLow: 2 }),
      () => nudgeRl({ distillCoefficient: -1 }),
      () => nudgeRl({ dropProbability: 2 }),
    ],
  },
];
