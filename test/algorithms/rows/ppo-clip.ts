import { grpo } from "../../../src/algorithms/grpo.ts";
import { type PpoClipOptions, ppoClip } from "../../../src/algorithms/ppo-clip.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

/** Eq. 7 and the further bounds, by cases: on a bound the slope is 0. */
function row(name: string, options: PpoClipOptions): Row {
  const { clipLow = 0.2, clipHigh = clipLow, aggregation = "token-mean" } = options;
  const far = Math.min(options.dualClip ?? Number.POSITIVE_INFINITY, options.twoSidedClip ?? Number.POSITIVE_INFINITY);
  const used = ({ ratio, advantage }: Token): number =>
    advantage > 0 ? Math.min(ratio, 1 + clipHigh) : Math.min(Math.max(ratio, 1 - clipLow), far);
  const algorithm = compose(grpo(), ppoClip(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    batch: { spread: 0.6 },
    clip: { low: 1 - clipLow, high: 1 + clipHigh },
    gradient: (token) => (used(token) === token.ratio ? -token.ratio * token.advantage * token.share(aggregation) : 0),
    loss: (tokens) =>
      tokens.reduce((sum, t) => sum - (t.trained ? used(t) * t.advantage * t.share(aggregation) : 0), 0),
    refused: [() => ppoClip({ dualClip: 1 }), () => ppoClip({ clipLow: 2 }), () => ppoClip({ twoSidedClip: 0 })],
  };
}

export const rows: readonly Row[] = [
  row("ppo clip", {}),
  row("ppo dual clip", { dualClip: 1.6, clipHigh: 0.28 }),
  row("ppo two-sided clip", { twoSidedClip: 1.7, aggregation: "seq-mean-token-sum" }),
];
