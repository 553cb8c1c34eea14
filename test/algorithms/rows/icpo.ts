import { icpo } from "../../../src/algorithms/icpo.ts";
import type { Row, Token } from "../checks/row.ts";

const LAMBDA = 0.1;
const hinted = (row: number): boolean => row % 3 === 0;
const shaped = (token: Token): number => {
  const p = Math.exp(token.at("logProbs"));
  return p / (p + LAMBDA);
};

/** The dual clip sets in at 3 times the advantage, beyond the ratios of the batch. */
function row(name: string, klCoefficient: number): Row {
  const kl = (token: Token): number => token.at("referenceLogProbs") - token.at("logProbs");
  const slopeOfKl = (token: Token): number =>
    klCoefficient === 0 ? 0 : klCoefficient * (1 - Math.exp(kl(token))) * token.share("token-mean");
  return {
    name,
    objective: icpo({ klCoefficient }).objective,
    batch: { columns: { hinted: (_, b) => (hinted(b) ? 1 : 0) } },
    zeroAdvantage: slopeOfKl,
    gradient: (token) => {
      const { ratio, advantage } = token;
      const f = shaped(token);
      const own = (advantage > 0 ? ratio > 1.2 : ratio < 0.8 || ratio > 3) ? 0 : ratio;
      const used = hinted(token.row) ? f * (1 - f) : own; // df / dlogp = lambda p / (p + lambda)^2
      return slopeOfKl(token) - used * advantage * token.share("token-mean");
    },
    refused: [
      () => icpo({ lambdaShape: 0 }),
      () => icpo({ horizon: 0 }),
      () => icpo({ demonstrations: [] }),
      () => icpo({ dualClip: 1 }),
    ],
  };
}

export const rows: readonly Row[] = [row("icpo", 0.001), row("icpo without KL", 0)];
