import { type GmpoOptions, gmpo } from "../../../src/algorithms/gmpo.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

function row(name: string, options: GmpoOptions): Row {
  const { clipLow = 0.4, clipHigh = 0.4 } = options;
  const algorithm = compose(grpo(), gmpo(options));
  const used = ({ ratio, advantage }: Token): number => {
    const x = Math.log(ratio);
    return advantage > 0 ? Math.min(x, clipHigh) : Math.max(x, -clipLow);
  };
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: Math.exp(-clipLow), high: Math.exp(clipHigh) },
    loss: (tokens) =>
      [...new Set(tokens.map((token) => token.row))].reduce((sum, b) => {
        const own = tokens.filter((token) => token.row === b && token.trained);
        const mean = own.reduce((total, token) => total + used(token), 0) / own.length;
        const [first] = own;
        return first === undefined ? sum : sum - first.advantage * Math.exp(mean) * first.share("seq-mean-token-sum");
      }, 0),
    refused: [() => gmpo({ clipLow: -1 })],
  };
}

export const rows: readonly Row[] = [row("gmpo", {}), row("gmpo, narrow", { clipLow: 0.1, clipHigh: 0.2 })];
