import { recap } from "../../../src/algorithms/recap.ts";
import type { Row, Token } from "../checks/row.ts";

/** Rows 3, 7, 11 and 15 are replayed; what share of the tokens is sampled is a constant of the step, whatever it is. */
const replayed = (row: number): number => (row % 4 === 3 ? 1 : 0);
const [SHARE, WEIGHT] = [0.8, 0.6];

const clipped = ({ ratio, advantage }: Token): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);
const likelihood = (token: Token): number =>
  replayed(token.row) === 1 ? (-WEIGHT * token.share("token-mean")) / (1 - SHARE) : 0;

export const rows: readonly Row[] = [
  {
    name: "recap",
    objective: recap({ replay: [[]] }).objective,
    clip: { low: 0.8, high: 1.2 },
    batch: {
      columns: {
        recapReplayed: (_, row) => replayed(row),
        recapSampledShare: () => SHARE,
        recapReplayWeight: () => WEIGHT,
      },
    },
    zeroAdvantage: likelihood,
    gradient: (token) => {
      if (replayed(token.row) === 1) return likelihood(token);
      return clipped(token) ? 0 : (-token.ratio * token.advantage * token.share("token-mean")) / SHARE;
    },
    toward: (token) => (replayed(token.row) === 1 ? 1 : token.advantage),
    refused: [() => recap({ objectives: [] }), () => recap({ window: 1 }), () => recap({ temperature: 0 })],
  },
];
