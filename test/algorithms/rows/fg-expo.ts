import { fgExpo } from "../../../src/algorithms/fg-expo.ts";
import type { Row, Token } from "../checks/row.ts";

const BETA = 0.3;

/** beta_eff (1 - e^d) of k3, d = log p_ref - log p. */
const pull = (token: Token): number =>
  BETA * token.share("token-mean") * (1 - Math.exp(token.at("referenceLogProbs") - token.at("logProbs")));

const clipped = ({ ratio, advantage }: Token): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);

export const rows: readonly Row[] = [
  {
    name: "fg-expo",
    objective: fgExpo().objective,
    clip: { low: 0.8, high: 1.2 },
    batch: { columns: { fgExpoAnchor: () => BETA } },
    zeroAdvantage: pull,
    gradient: (token) => pull(token) - (clipped(token) ? 0 : token.ratio * token.advantage * token.share("token-mean")),
    refused: [() => fgExpo({ klCoefficient: -1 }), () => fgExpo({ clip: 2 })],
  },
];
