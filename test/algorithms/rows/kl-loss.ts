import { grpo } from "../../../src/algorithms/grpo.ts";
import { type KlLossOptions, klLoss } from "../../../src/algorithms/kl-loss.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

const COEFFICIENT = 0.3;
const OTHER = { reference: "referenceLogProbs", old: "oldLogProbs", sampler: "sampleLogProbs" } as const;

/** Slope by logp: k1 1, k2 -d, k3 1 - e^d; with the weight r, also r k. */
function row(name: string, options: KlLossOptions): Row {
  const { estimator = "k3", to = "reference", gradient = "own", weighted = false, adaptive } = options;
  const { aggregation = "token-mean" } = options;
  const given = { coefficient: COEFFICIENT, ...options };
  const algorithm = compose(grpo(), klLoss(given));
  const pull = (token: Token): number => {
    if (!token.trained) return 0;
    const d = token.at(OTHER[to]) - token.at("logProbs");
    const value = { k1: -d, k2: d ** 2 / 2, k3: Math.exp(d) - d - 1, full: Number.NaN }[estimator];
    const own = { k1: 1, k2: -d, k3: 1 - Math.exp(d), full: Number.NaN }[estimator];
    const slope = gradient === "k2" ? -d : own;
    const weight = adaptive === undefined ? COEFFICIENT : token.at("columns.klLossCoefficient");
    return (weighted ? token.ratio * (slope + value) : slope) * weight * token.share(aggregation);
  };
  const clipped = ({ ratio, advantage }: Token): boolean => (advantage > 0 ? ratio > 1.2 : ratio < 0.8);
  const plain = estimator !== "full";
  return {
    name: `kl-loss, ${name}`,
    objective: algorithm.objective,
    stops: gradient === "k2",
    ...(plain && {
      zeroAdvantage: pull,
      gradient: (token) =>
        pull(token) - (clipped(token) ? 0 : token.ratio * token.advantage * token.share("seq-mean-token-mean")),
    }),
    ...(!plain && { zeroAdvantage: () => 0 }), // the penalty is a function of the logits, not of the log-probs
    except: { direction: "the penalty pulls where it must, too" },
    refused: [
      () => klLoss({ coefficient: -1 }),
      () => klLoss({ estimator: "full", to: "old" }),
      () => klLoss({ adaptive: { target: 0, horizon: 1 } }),
    ],
  };
}

export const rows: readonly Row[] = [
  row("k3", { aggregation: "seq-mean-token-mean" }),
  row("k1 to the sampler", { estimator: "k1", to: "sampler", aggregation: "seq-mean-token-sum" }),
  row("k2 to the policy before the step", { estimator: "k2", to: "old", aggregation: "constant" }),
  row("k3 with k2's gradient", { gradient: "k2" }),
  row("k3 weighted", { weighted: true }),
  row("k1 weighted", { estimator: "k1", weighted: true }),
  row("full", { estimator: "full" }),
  row("adaptive", { adaptive: { target: 0.1, horizon: 1000 } }),
];
