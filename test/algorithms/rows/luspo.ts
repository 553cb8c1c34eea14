import { grpo } from "../../../src/algorithms/grpo.ts";
import { type LuspoOptions, luspo } from "../../../src/algorithms/luspo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

/** One advantage for each row. */
const advantage = (row: number): number => Math.sin(2 * row + 1);

function row(name: string, options: LuspoOptions, spread: number): Row {
  const { clipLow = 2e-3, clipHigh = 2.5e-3, lengthScaled = true, scale = 1 } = options;
  const factor = (tokens: readonly Token[]): number => (lengthScaled ? tokens.length : 1) / scale;
  const rowLoss = (tokens: readonly Token[]): number => {
    const [first] = tokens;
    if (first === undefined) return 0;
    const s = Math.exp(tokens.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / tokens.length);
    const bounded = Math.min(Math.max(s, 1 - clipLow), 1 + clipHigh);
    const share = first.share("seq-mean-token-sum"); // 1 / B
    return -Math.min(s * first.advantage, bounded * first.advantage) * factor(tokens) * share;
  };
  const algorithm = compose(grpo(), luspo(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    clip: { low: 1 - clipLow, high: 1 + clipHigh },
    batch: { spread, advantage: (_, b) => advantage(b) },
    loss: (tokens) => {
      const rows = [...new Set(tokens.map((token) => token.row))];
      return rows.reduce((sum, b) => sum + rowLoss(tokens.filter((token) => token.row === b && token.trained)), 0);
    },
    refused: [() => luspo({ clipLow: 0 }), () => luspo({ clipHigh: -1 }), () => luspo({ scale: 0 })],
  };
}

export const rows: readonly Row[] = [
  row("luspo", {}, 0.01),
  row("luspo divided by a length", { clipLow: 0.1, clipHigh: 0.2, scale: 3 }, 0.3),
  row("luspo without the length (GSPO)", { lengthScaled: false }, 0.01),
];
