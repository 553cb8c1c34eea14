import { grpo } from "../../../src/algorithms/grpo.ts";
import { type GspoOptions, gspo, gspoToken } from "../../../src/algorithms/gspo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

const sequenceRatio = (tokens: readonly Token[]): number =>
  Math.exp(tokens.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / tokens.length);

/** Eq. 5, row by row: every token of a completion has the completion's ratio. */
function row(name: string, make: typeof gspo, options: GspoOptions): Row {
  const { clipLow = 3e-4, clipHigh = 4e-4, aggregation = "seq-mean-token-mean" } = options;
  const algorithm = compose(grpo(), make(options));
  const rowLoss = (tokens: readonly Token[]): number => {
    const s = sequenceRatio(tokens);
    const bounded = Math.min(Math.max(s, 1 - clipLow), 1 + clipHigh);
    return tokens.reduce((sum, t) => sum - Math.min(s * t.advantage, bounded * t.advantage) * t.share(aggregation), 0);
  };
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 1 - clipLow, high: 1 + clipHigh },
    stops: make === gspoToken,
    batch: { spread: 2 * clipHigh },
    loss: (tokens) =>
      [...new Set(tokens.map((token) => token.row))].reduce((sum, b) => {
        const own = tokens.filter((token) => token.row === b && token.trained);
        return sum + (own.length === 0 ? 0 : rowLoss(own));
      }, 0),
    refused: [() => make({ clipLow: 1.5 }), () => make({ clipHigh: -1 })],
  };
}

export const rows: readonly Row[] = [
  row("gspo", gspo, {}),
  row("gspo, wide, token-mean", gspo, { clipLow: 0.1, clipHigh: 0.15, aggregation: "token-mean" }),
  row("gspo-token", gspoToken, {}),
  row("gspo-token, wide", gspoToken, { clipLow: 0.1, clipHigh: 0.15, aggregation: "seq-mean-token-sum" }),
];
