import { type PpoOptions, ppo } from "../../../src/algorithms/ppo.ts";
import type { Row, Token } from "../checks/row.ts";

/** Eq. 7 and the clipped value loss by hand. */
function row(name: string, options: PpoOptions): Row {
  const { clipLow = 0.2, clipHigh = clipLow, aggregation = "token-mean", valueClip = 0.2 } = options;
  const { valueCoefficient = 0.1, entropyCoefficient = 0 } = options;
  const clipped = ({ ratio, advantage }: Token): boolean =>
    advantage > 0 ? ratio > 1 + clipHigh : ratio < 1 - clipLow;
  const errorOf = (token: Token): number => {
    const [V, R] = [token.at("values"), token.at("columns.returns")];
    if (valueClip === Infinity) return (V - R) ** 2 / 2;
    const old = token.at("columns.oldValues");
    const near = old + Math.min(Math.max(V - old, -valueClip), valueClip);
    return Math.max((V - R) ** 2, (near - R) ** 2) / 2;
  };
  const lossOf = (token: Token): number => {
    const { ratio, advantage } = token;
    const bounded = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh);
    const entropy = entropyCoefficient === 0 ? 0 : token.at("entropies");
    return (
      valueCoefficient * errorOf(token) -
      Math.min(ratio * advantage, bounded * advantage) -
      entropyCoefficient * entropy
    );
  };
  return {
    name,
    objective: ppo(options).objective,
    clip: { low: 1 - clipLow, high: 1 + clipHigh },
    gradient: (token) => (clipped(token) ? 0 : -token.ratio * token.advantage * token.share(aggregation)),
    loss: (tokens) =>
      tokens.reduce((sum, token) => sum + (token.trained ? lossOf(token) * token.share(aggregation) : 0), 0),
    refused: [() => ppo({ clipLow: 1.5 }), () => ppo({ lambda: -0.1 }), () => ppo({ valueClip: 0 })],
  };
}

export const rows: readonly Row[] = [
  row("ppo", {}),
  row("ppo, values unclipped and heavy, entropy", {
    valueClip: Infinity,
    valueCoefficient: 1,
    entropyCoefficient: 0.05,
  }),
  row("ppo, per completion, clip-higher", { aggregation: "seq-mean-token-mean", clipHigh: 0.28, valueClip: 0.5 }),
];
