import { type VimpoOptions, vimpo } from "../../../src/algorithms/vimpo.ts";
import { type Columns, columnOf, floats } from "../checks/columns.ts";
import type { Row, Token } from "../checks/row.ts";

/** Adds each token's KL and each row's S / beta, worked out from the columns. */
function withValues(columns: Columns, { kl = "exact", value = "raw" }: VimpoOptions): Columns {
  const [rows = 0, tokens = 0] = columnOf(columns, "mask").shape;
  const at = (path: string, i: number): number => columnOf(columns, path).data[i] ?? Number.NaN;
  const logSoftmax = (path: string, i: number): number[] => {
    const { data, shape } = columnOf(columns, path);
    const row = [...data.subarray(i * (shape[2] ?? 0), (i + 1) * (shape[2] ?? 0))];
    const log = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    return row.map((x) => x - log);
  };
  const tokenKl = (i: number): number => {
    if (value === "soft") return 0;
    const d = at("referenceLogProbs", i) - at("logProbs", i);
    if (kl === "k2") return d ** 2 / 2;
    if (kl === "k3") return Math.exp(d) - 1 - d;
    const [p, q] = [logSoftmax("logits", i), logSoftmax("referenceLogits", i)];
    return p.reduce((sum, x, v) => sum + Math.exp(x) * (x - (q[v] ?? 0)), 0);
  };
  const sum = (b: number): number => {
    let total = 0;
    for (let i = b * tokens; i < (b + 1) * tokens; i++) {
      if (at("mask", i) > 0) total += at("logProbs", i) - at("referenceLogProbs", i) - tokenKl(i);
    }
    return total;
  };
  return { ...columns, "value sum": floats([rows], sum) };
}

function row(name: string, options: VimpoOptions): Row {
  const algorithm = vimpo(options);
  const { valueScale = 5e-4, actorCoefficient = 5e-3, valueLoss = "squared", huberDelta = 0.5 } = options;
  const residual = (token: Token): number => valueScale * token.at("value sum") - token.at("columns.target");
  const limit = valueLoss === "huber" ? huberDelta : Infinity;
  const actor = ({ ratio, advantage, share }: Token): number => {
    const clipped = advantage > 0 ? ratio > 1.28 : ratio < 0.8 || ratio > 10;
    return clipped ? 0 : -ratio * advantage * share("token-mean");
  };
  const value = (token: Token): number => {
    const slope = Math.min(Math.max(residual(token), -limit), limit);
    const divisor = options.normaliseValue === true ? token.at("columns.targetSquare") : 1;
    return (valueScale * slope * token.share("seq-mean-token-sum")) / divisor;
  };
  const c = options.value === "soft" ? 0 : actorCoefficient;
  const gradient = (token: Token): number => value(token) + c * actor(token);
  return {
    name,
    algorithm,
    objective: algorithm.objective,
    stops: options.value !== "soft",
    batch: { columns: { target: (random) => random.uniform() - 0.5, targetSquare: () => 0.1 } },
    change: (columns) => withValues(columns, options),
    zeroAdvantage: gradient,
    gradient,
    refused: [() => vimpo({ valueScale: 0 }), () => vimpo({ lambda: 1.5 }), () => vimpo({ huberDelta: 0 })],
    except: { direction: "the push is the distance to a target, which is stated as the gradient" },
  };
}

export const rows: readonly Row[] = [
  row("vimpo", { kl: "exact" }),
  row("vimpo, beta 0.5, no actor, Huber", { valueScale: 0.5, actorCoefficient: 0, valueLoss: "huber", kl: "exact" }),
  row("vimpo, k3", { valueScale: 0.3, kl: "k3", normaliseValue: true }),
  row("vimpo, soft", { valueScale: 0.3, value: "soft" }),
];
