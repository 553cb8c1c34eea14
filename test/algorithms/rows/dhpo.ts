import { type DhpoOptions, dhpo } from "../../../src/algorithms/dhpo.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

/** Token and sequence ranges of like size, so that the batch's ratios leave both on both sides. */
const ranges = { tokenClipLow: 0.2, tokenClipHigh: 0.28, sequenceClipLow: 0.03, sequenceClipHigh: 0.04 };

function row(name: string, options: DhpoOptions): Row {
  const algorithm = compose(grpo(), dhpo({ ...ranges, ...options }));
  const { form = "mix-min", mix = "avg", tokenWeight = 0.5 } = options;
  const clip = (ratio: number, low: number, high: number): number => Math.min(Math.max(ratio, 1 - low), 1 + high);
  const tokenLoss = (token: Token, s: number): number => {
    const { ratio: r, advantage: a } = token;
    const w = mix === "avg" ? tokenWeight : token.at("columns.mixWeight");
    const rc = clip(r, ranges.tokenClipLow, ranges.tokenClipHigh);
    const sc = clip(s, ranges.sequenceClipLow, ranges.sequenceClipHigh);
    if (form === "branch-min") return -(w * Math.min(r * a, rc * a) + (1 - w) * Math.min(s * a, sc * a));
    return -Math.min((w * r + (1 - w) * s) * a, (w * rc + (1 - w) * sc) * a);
  };
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    stops: true,
    clip: { low: 0.8, high: 1.28 },
    batch: { columns: { mixWeight: (random) => random.uniform() } },
    loss: (tokens) =>
      tokens.reduce((sum, token) => {
        if (!token.trained) return sum;
        const own = tokens.filter(({ row: b, trained }) => trained && b === token.row);
        const s = Math.exp(own.reduce((total, { ratio }) => total + Math.log(ratio), 0) / own.length);
        return sum + tokenLoss(token, s) * token.share("seq-mean-token-mean");
      }, 0),
    refused: [() => dhpo({ tokenWeight: 1.5 }), () => dhpo({ sequenceClipLow: 1 }), () => dhpo({ tokenClipHigh: 0 })],
  };
}

export const rows: readonly Row[] = [
  row("dhpo", {}),
  row("dhpo branch-min", { form: "branch-min", tokenWeight: 0.3 }),
  row("dhpo by entropy", { mix: "entropy" }),
];
