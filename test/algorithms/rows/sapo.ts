import { grpo } from "../../../src/algorithms/grpo.ts";
import { type SapoOptions, sapo } from "../../../src/algorithms/sapo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

/** f'(r) r = 4 sigma (1 - sigma) r: the slope by a log-prob. */
function row(name: string, options: SapoOptions): Row {
  const { tauPositive = 1, tauNegative = 1.05, aggregation = "seq-mean-token-mean", level = "token" } = options;
  const tau = ({ advantage }: Token): number => (advantage > 0 ? tauPositive : tauNegative);
  const gate = (token: Token): number => 1 / (1 + Math.exp(-tau(token) * (token.ratio - 1)));
  const slope = (token: Token): number => 4 * gate(token) * (1 - gate(token)) * token.ratio;
  const algorithm = compose(grpo(), sapo(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    ...(level === "token" && {
      gradient: (token) => -slope(token) * token.advantage * token.share(aggregation),
      loss: (tokens) =>
        tokens.reduce(
          (sum, t) => sum - (t.trained ? (4 / tau(t)) * gate(t) * t.advantage * t.share(aggregation) : 0),
          0,
        ),
    }),
    refused: [() => sapo({ tauPositive: 0 }), () => sapo({ tauNegative: -1 })],
  };
}

export const rows: readonly Row[] = [
  row("sapo", {}),
  row("sapo, steep", { tauPositive: 3, tauNegative: 9, aggregation: "token-mean" }),
  row("sapo, ratio of the completion", { level: "sequence" }),
];
