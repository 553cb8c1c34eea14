import { type OneShotOptions, oneShotRlvr } from "../../../src/algorithms/one-shot-rlvr.ts";
import type { Row, Token } from "../checks/row.ts";

function row(name: string, options: OneShotOptions): Row {
  const { pgCoefficient = 1, klCoefficient = 0.001 } = options;
  const share = (token: Token): number => token.share("token-mean");
  const pull = (token: Token): number =>
    klCoefficient * share(token) * (1 - Math.exp(token.at("referenceLogProbs") - token.at("logProbs")));
  const clipped = ({ ratio, advantage }: Token): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);
  return {
    name,
    objective: oneShotRlvr(options).objective,
    clip: { low: 0.8, high: 1.2 },
    zeroAdvantage: pull,
    gradient: (token) =>
      pull(token) - (clipped(token) ? 0 : pgCoefficient * token.ratio * token.advantage * share(token)),
    refused: [() => oneShotRlvr({ clip: -0.1 }), () => oneShotRlvr({ pgCoefficient: -1 })],
  };
}

export const rows: readonly Row[] = [
  row("one-shot-rlvr", {}),
  row("one-shot-rlvr with more anchor and entropy", {
    klCoefficient: 0.2,
    entropyCoefficient: 0.1,
    pgCoefficient: 0.7,
  }),
];
