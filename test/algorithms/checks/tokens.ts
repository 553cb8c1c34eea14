/** Plain numbers of a batch, token by token: what a gradient is stated in. */
import { type Columns, columnOf, sizeOf } from "./columns.ts";
import type { Token } from "./row.ts";

/** Every token of a batch, row-major. */
export function tokensOf(columns: Columns): Token[] {
  const { rows, tokens } = sizeOf(columns);
  return Array.from({ length: rows * tokens }, (_, i) => tokenAt(columns, Math.floor(i / tokens), i % tokens));
}

function tokenAt(columns: Columns, row: number, column: number): Token {
  const { tokens } = sizeOf(columns);
  const at = (path: string): number => {
    const { data, shape } = columnOf(columns, path);
    const index = [0, row, row * tokens + column][shape.length];
    if (index === undefined) throw new Error(`${path} has more than one number per token`);
    return data[index] ?? Number.NaN;
  };
  const mask = columnOf(columns, "mask").data.subarray(row * tokens, (row + 1) * tokens);
  const length = mask.reduce((a, b) => a + b, 0);
  const rows = at("totals.rows");
  const shares = {
    "seq-mean-token-mean": 1 / (Math.max(length, 1) * rows),
    "token-mean": 1 / at("totals.tokens"),
    "seq-mean-token-sum": 1 / rows,
    constant: 1 / (rows * at("totals.maxTokens")),
  };
  return {
    row,
    column,
    trained: at("mask") > 0,
    ratio: Math.exp(at("logProbs") - at("oldLogProbs")),
    advantage: at("advantages"),
    at,
    share: (how) => shares[how],
  };
}
