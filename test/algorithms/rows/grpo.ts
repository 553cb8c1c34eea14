import { type GrpoOptions, grpo } from "../../../src/algorithms/grpo.ts";
import type { Row, Token } from "../checks/row.ts";

type Settings = Pick<GrpoOptions, "clipLow" | "clipHigh" | "aggregation" | "klCoefficient" | "entropyCoefficient">;

/** Eq. 3 and 4 by hand: the minimum takes the unclipped side, or the clipped one, whose slope is 0. */
function row(name: string, settings: Settings): Row {
  const { clipLow = 0.2, clipHigh = clipLow, aggregation = "seq-mean-token-mean" } = settings;
  const { klCoefficient = 0, entropyCoefficient = 0 } = settings;
  const kl = (token: Token): number => (klCoefficient === 0 ? 0 : token.at("referenceLogProbs") - token.at("logProbs"));
  const k3Slope = (token: Token): number => klCoefficient * token.share(aggregation) * (1 - Math.exp(kl(token)));
  const clipped = ({ ratio, advantage }: Token): boolean =>
    advantage > 0 ? ratio > 1 + clipHigh : ratio < 1 - clipLow;
  const gainOf = (token: Token): number => {
    const { ratio, advantage } = token;
    const bounded = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh);
    const gain = Math.min(ratio * advantage, bounded * advantage);
    const k3 = Math.exp(kl(token)) - kl(token) - 1;
    const entropy = entropyCoefficient === 0 ? 0 : token.at("entropies");
    return gain - klCoefficient * k3 + entropyCoefficient * entropy;
  };
  const algorithm = grpo(settings);
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 1 - clipLow, high: 1 + clipHigh },
    zeroAdvantage: k3Slope,
    gradient: (token) =>
      k3Slope(token) - (clipped(token) ? 0 : token.ratio * token.advantage * token.share(aggregation)),
    loss: (tokens) =>
      tokens.reduce((sum, token) => sum - (token.trained ? gainOf(token) * token.share(aggregation) : 0), 0),
    refused: [() => grpo({ clipLow: 1.5 }), () => grpo({ klCoefficient: -1 })],
  };
}

export const rows: readonly Row[] = [
  row("grpo", {}),
  row("grpo clip-higher, per completion", { clipHigh: 0.28 }),
  row("grpo clip-higher, token-mean", { clipHigh: 0.28, aggregation: "token-mean" }),
  row("grpo constant length", { aggregation: "constant" }),
  row("grpo with KL", { klCoefficient: 0.04 }),
  row("grpo with KL and entropy", { klCoefficient: 0.1, entropyCoefficient: 0.05, aggregation: "token-mean" }),
];
