/** Objectives that weigh log-probs: DPPO, TOPR, Kimi's, GPG, and the likelihood of what was right. */
import { type DppoOptions, dppo } from "../../../src/algorithms/dppo.ts";
import { gpg } from "../../../src/algorithms/gpg.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { type KimiOptions, kimi } from "../../../src/algorithms/kimi.ts";
import { positiveNll } from "../../../src/algorithms/positive-nll.ts";
import { type ToprOptions, topr } from "../../../src/algorithms/topr.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

function ofDppo(name: string, options: DppoOptions): Row {
  const { divergence = "tv", divergenceLow = 0.2, divergenceHigh = 0.2, ratioLimit = 20 } = options;
  const algorithm = compose(grpo(), dppo(options));
  const out = (token: Token): boolean => {
    const [p, old] = [Math.exp(token.at("logProbs")), Math.exp(token.at("oldLogProbs"))];
    const kl = old * Math.log(old / p) + (1 - old) * Math.log((1 - old + 1e-8) / (1 - p + 1e-8));
    const moved = divergence === "tv" ? Math.abs(p - old) : kl;
    return token.advantage > 0 ? p > old && moved > divergenceHigh : p < old && moved > divergenceLow;
  };
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    stops: true,
    gradient: (token) =>
      out(token) ? 0 : -Math.min(token.ratio, ratioLimit) * token.advantage * token.share("token-mean"),
    refused: [() => dppo({ divergenceLow: -1 }), () => dppo({ ratioLimit: 0 })],
  };
}

function ofTopr(name: string, options: ToprOptions): Row {
  const { negativeLimit = 1, level = "sequence", aggregation = "seq-mean-token-sum" } = options;
  const algorithm = compose(grpo(), topr(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    stops: true,
    ...(level === "token" && {
      gradient: ({ ratio, advantage, share }) =>
        -(advantage < 0 ? Math.min(ratio, negativeLimit) : 1) * advantage * share(aggregation),
    }),
    refused: [() => topr({ negativeLimit: -1 })],
  };
}

function ofKimi(name: string, options: KimiOptions): Row {
  const { tau = 0.002, level = "sequence", aggregation = "seq-mean-token-sum" } = options;
  const algorithm = compose(grpo({ scale: "none" }), kimi(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    ...(level === "token" && {
      zeroAdvantage: ({ trained, ratio, share }) => (trained ? tau * Math.log(ratio) * share(aggregation) : 0),
      gradient: ({ ratio, advantage, share }) => (tau * Math.log(ratio) - advantage) * share(aggregation),
    }),
    ...(level === "sequence" && { except: { "zero advantage": "the square of the log ratio stays" } }),
    refused: [() => kimi({ tau: -1 })],
  };
}

const withNll = compose(grpo(), positiveNll({ weight: 0.5 }));
const simple = gpg();

export const rows: readonly Row[] = [
  ofDppo("dppo", { divergenceLow: 0.05, divergenceHigh: 0.08 }),
  ofDppo("dppo, kl", { divergence: "kl", divergenceLow: 0.01, divergenceHigh: 0.02, ratioLimit: 1.2 }),
  ofTopr("topr", {}),
  ofTopr("topr, by token", { level: "token", negativeLimit: 0.9, aggregation: "token-mean" }),
  ofKimi("kimi", {}),
  ofKimi("kimi, by token", { level: "token", tau: 0.3, aggregation: "token-mean" }),
  {
    name: "gpg",
    objective: simple.objective,
    loss: (tokens) =>
      tokens.reduce((sum, t) => sum - (t.trained ? t.advantage * t.at("logProbs") * t.share("token-mean") : 0), 0),
    gradient: ({ advantage, share }) => -advantage * share("token-mean"),
    refused: [() => gpg({ scale: "batch" as "none" })],
  },
  {
    name: "positive-nll",
    objective: withNll.objective,
    zeroAdvantage: (token) => pull(token),
    gradient: (token) => {
      const { ratio, advantage } = token;
      const clipped = advantage > 0 ? ratio > 1.2 : ratio < 0.8;
      return pull(token) - (clipped ? 0 : ratio * advantage * token.share("seq-mean-token-mean"));
    },
    except: { direction: "what was right is pulled up whatever its advantage" },
    refused: [() => positiveNll({ weight: -1 }), () => positiveNll({ threshold: -1 })],
  },
];

function pull(token: Token): number {
  if (!token.trained || token.at("rewards") <= 0) return 0;
  return (-0.5 * token.share("token-mean")) / token.at("columns.positiveTokenShare");
}
