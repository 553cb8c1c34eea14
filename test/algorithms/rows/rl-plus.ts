import { type RlPlusOptions, rlPlus } from "../../../src/algorithms/rl-plus.ts";
import type { Row, Token } from "../checks/row.ts";

/** Every third token is a demonstration's, so that rows are mixed. */
function row(name: string, options: RlPlusOptions): Row {
  const { gamma = 0.5, uniformMass = 1, clip, aggregation, entropyCoefficient = 0.001 } = options;
  const share = (token: Token): number =>
    aggregation === "token-mean" ? token.share("token-mean") : 1 / token.at("totals.maxTokens");
  const external = (token: Token): boolean => token.at("columns.external") === 1;
  const weight = (token: Token): number => {
    const [p, q] = [Math.exp(token.at("logProbs")), Math.exp(token.at("oldLogProbs"))];
    return ((2 * p) / (1.5 * q + 0.5 * uniformMass)) * (1 - p) ** gamma;
  };
  const binds = ({ ratio, advantage }: Token): boolean =>
    clip !== undefined && (advantage > 0 ? ratio > 1 + clip.high : ratio < 1 - clip.low);
  const bounded = (token: Token): number => {
    const { ratio, advantage } = token;
    if (!binds(token) || clip === undefined) return ratio;
    return advantage > 0 ? 1 + clip.high : 1 - clip.low;
  };
  const { objective } = rlPlus(options);
  return {
    name,
    objective,
    stops: true,
    batch: { columns: { external: (_, b, t) => ((b + t) % 3 === 0 ? 1 : 0) } },
    gradient: (token) => {
      const used = external(token) ? weight(token) : binds(token) ? 0 : token.ratio;
      return -used * token.advantage * share(token);
    },
    loss: (tokens) =>
      tokens.reduce((sum, token) => {
        if (!token.trained) return sum;
        const gain = (external(token) ? weight(token) : bounded(token)) * token.advantage * share(token);
        const bonus = entropyCoefficient === 0 ? 0 : token.at("entropies") * token.share("token-mean");
        return sum - gain - entropyCoefficient * bonus;
      }, 0),
    refused: [
      () => rlPlus({ gamma: -1 }),
      () => rlPlus({ uniformMass: 0 }),
      () => rlPlus({ prefixRatio: 0 }),
      () => rlPlus({ clip: { low: 2, high: 0.2 } }),
    ],
  };
}

export const rows: readonly Row[] = [
  row("rl-plus", {}),
  row("rl-plus, clipped, token-mean", {
    clip: { low: 0.2, high: 0.2 },
    ...{ gamma: 2, uniformMass: 0.125, aggregation: "token-mean", entropyCoefficient: 0 },
  }),
];
