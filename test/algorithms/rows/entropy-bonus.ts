import { type EntropyTermOptions, entropyBonus } from "../../../src/algorithms/entropy-bonus.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

/** The bonus has its gradient by the entropies alone. */
function row(name: string, options: EntropyTermOptions, coefficient: (token: Token) => number): Row {
  const { objective } = compose(grpo(), entropyBonus(options));
  const gain = ({ ratio, advantage }: Token): number => {
    const bounded = Math.min(Math.max(ratio, 0.8), 1.2);
    return Math.min(ratio * advantage, bounded * advantage);
  };
  return {
    name,
    objective,
    loss: (tokens) =>
      tokens.reduce((sum, token) => {
        if (!token.trained) return sum;
        const bonus = coefficient(token) * token.at("entropies") * token.share("token-mean");
        return sum - gain(token) * token.share("seq-mean-token-mean") - bonus;
      }, 0),
    refused: [() => entropyBonus({ coefficient: Number.NaN }), () => entropyBonus({ adaptive: { delta: -1 } })],
  };
}

export const rows: readonly Row[] = [
  row("entropy bonus", { coefficient: 0.1 }, () => 0.1),
  row("entropy bonus, adaptive", { adaptive: {} }, (token) => token.at("columns.entropyBonusCoefficient")),
];
