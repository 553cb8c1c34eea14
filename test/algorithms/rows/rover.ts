import { type RoverOptions, rover } from "../../../src/algorithms/rover.ts";
import { type Columns, columnOf, floats } from "../checks/columns.ts";
import type { Row, Token } from "../checks/row.ts";

/** Adds Q' / rho of each token, worked out from the logits: of the next token of the row, 0 after the last. */
function withNext(columns: Columns): Columns {
  const { data, shape } = columnOf(columns, "logits");
  const [rows = 0, tokens = 0, vocabulary = 0] = shape;
  const [mask, old] = [columnOf(columns, "mask").data, columnOf(columns, "columns.oldMeanLogProb").data];
  const mean = (i: number): number => {
    const row = data.subarray(i * vocabulary, (i + 1) * vocabulary);
    const log = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    return row.reduce((sum, x) => sum + x, 0) / vocabulary - log;
  };
  const next = (i: number): number => {
    const last = i % tokens === tokens - 1 || mask[i + 1] === 0;
    return last ? 0 : mean(i + 1) - (old[i + 1] ?? Number.NaN);
  };
  return { ...columns, next: floats([rows, tokens], next) };
}

function row(name: string, options: RoverOptions): Row {
  const algorithm = rover(options);
  const { scale = 1, successorWeight = 1, aggregation = "seq-mean-token-mean", clip = Infinity } = options;
  const target = (token: Token): number => token.advantage + successorWeight * scale * token.at("next");
  const error = (token: Token): number => {
    const [q, to] = [scale * Math.log(token.ratio), target(token)];
    if (to > q && q > Math.log(1 + clip)) return Math.log(1 + clip) - to;
    return to < q && q < Math.log(1 - Math.min(clip, 1)) ? Math.log(1 - clip) - to : q - to;
  };
  const free = (token: Token): boolean => error(token) === scale * Math.log(token.ratio) - target(token);
  const gradient = (token: Token): number => (free(token) ? 2 * scale * error(token) * token.share(aggregation) : 0);
  return {
    name,
    algorithm,
    objective: algorithm.objective,
    stops: successorWeight !== 0,
    change: withNext,
    toward: target,
    zeroAdvantage: gradient,
    gradient,
    loss: (tokens) => tokens.reduce((sum, t) => sum + (t.trained ? error(t) ** 2 * t.share(aggregation) : 0), 0),
    refused: [() => rover({ scale: 0 }), () => rover({ clip: 1 })],
  };
}

const response = rover({ level: "response" });

export const rows: readonly Row[] = [
  row("rover", {}),
  row("rover, rho 0.5, beta 0.2, token-mean", { scale: 0.5, successorWeight: 0.2, aggregation: "token-mean" }),
  row("rover, the reward alone, clipped", { successorWeight: 0, clip: 0.2 }),
  {
    name: "rover, per response",
    algorithm: response,
    objective: response.objective,
    zeroAdvantage: (token) => 2 * token.at("mean ratio") * token.share("seq-mean-token-mean"),
    change: (columns) => {
      const [mask, p, old] = ["mask", "logProbs", "oldLogProbs"].map((path) => columnOf(columns, path).data);
      const [rows = 0, tokens = 0] = columnOf(columns, "mask").shape;
      const mean = (b: number): number => {
        let [sum, length] = [0, 0];
        for (let i = b * tokens; i < (b + 1) * tokens; i++) {
          if (mask?.[i] !== 1) continue;
          sum += (p?.[i] ?? 0) - (old?.[i] ?? 0);
          length++;
        }
        return sum / Math.max(length, 1);
      };
      return { ...columns, "mean ratio": floats([rows, tokens], (i) => mean(Math.floor(i / tokens))) };
    },
  },
];
