import { grpo } from "../../../src/algorithms/grpo.ts";
import { type SteerOptions, steer } from "../../../src/algorithms/steer.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row, Token } from "../checks/row.ts";

function row(name: string, options: SteerOptions): Row {
  const { mode = "exp", minWeight = 0.8, maxWeight = 1.2, clipLow = 0.2, clipHigh = 0.28, dualClip = 10 } = options;
  const algorithm = compose(grpo(), steer(options));
  const sizeOf = (token: Token): number => {
    const [x, old] = [Math.exp(token.at("logProbs")), Math.exp(token.at("oldLogProbs"))];
    return Math.abs((token.advantage / old) * x * (1 - x) * (Math.log(x) + token.at("columns.entropy")));
  };
  const weigh = (size: number, all: readonly number[]): number => {
    const [least, most] = [Math.min(...all), Math.max(...all)];
    if (mode === "linear") return maxWeight - ((size - least) * (maxWeight - minWeight)) / (most - least);
    return Math.exp((Math.log(minWeight) / Math.max(most, 0.02)) * size);
  };
  const gain = ({ ratio, advantage: a }: Token): number => {
    const bounded = Math.min(ratio * a, Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh) * a);
    return a < 0 ? Math.max(bounded, dualClip * a) : bounded;
  };
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    stops: true,
    clip: { low: 1 - clipLow, high: 1 + clipHigh },
    batch: { columns: { entropy: (random) => 0.1 + random.uniform() } },
    loss: (tokens) => {
      const trained = tokens.filter((token) => token.trained);
      const sizes = trained.map(sizeOf);
      return trained.reduce((sum, t, i) => sum - weigh(sizes[i] ?? 0, sizes) * gain(t) * t.share("token-mean"), 0);
    },
    refused: [
      () => steer({ minWeight: 0 }),
      () => steer({ minWeight: 1.1 }),
      () => steer({ mode: "linear", minWeight: 1.3 }),
    ],
  };
}

export const rows: readonly Row[] = [
  row("steer", {}),
  row("steer, strong", { minWeight: 0.3, clipLow: 0.4 }),
  row("steer, linear", { mode: "linear" }),
];
