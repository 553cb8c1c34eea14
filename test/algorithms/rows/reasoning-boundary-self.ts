import { grpo } from "../../../src/algorithms/grpo.ts";
import { reasoningBoundarySelf, type SelfOptions } from "../../../src/algorithms/reasoning-boundary-self.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

const BETA = 0.2;
const refused = [
  () => reasoningBoundarySelf({ forwardKlCoefficient: -1 }),
  () => reasoningBoundarySelf({ forwardKl: "half" as never }),
];

/** Slope of w log w - (w - 1) by log p: -w log w, w = p_ref / p. */
const pull = (token: Token): number => {
  const logW = token.at("referenceLogProbs") - token.at("logProbs");
  return -BETA * token.share("token-mean") * Math.exp(logW) * logW;
};
const clipped = ({ ratio, advantage }: Token): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);
const surrogate = (token: Token): number =>
  clipped(token) ? 0 : -token.ratio * token.advantage * token.share("seq-mean-token-mean");

const objective = (options: SelfOptions) =>
  compose(grpo(), reasoningBoundarySelf({ forwardKlCoefficient: BETA, ...options })).objective;

export const rows: readonly Row[] = [
  {
    name: "reasoning-boundary-self, by token",
    objective: objective({ forwardKl: "token" }),
    clip: { low: 0.8, high: 1.2 },
    zeroAdvantage: pull,
    gradient: (token) => surrogate(token) + pull(token),
    refused,
  },
  {
    name: "reasoning-boundary-self, full",
    objective: objective({}),
    clip: { low: 0.8, high: 1.2 },
    gradient: surrogate, // the forward KL is in the logits, which are held here
    refused,
  },
];
