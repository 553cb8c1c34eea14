import { grpo } from "../../../src/algorithms/grpo.ts";
import { type VespoOptions, vespo } from "../../../src/algorithms/vespo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import { type Columns, columnOf, floats, mapped, sizeOf } from "../checks/columns.ts";
import type { Row, Token } from "../checks/row.ts";

function row(name: string, options: VespoOptions): Row {
  const algorithm = compose(grpo(), vespo(options));
  return {
    name,
    ...{ algorithm, objective: algorithm.objective },
    stops: true,
    refused: [() => vespo({ kPositive: -1 }), () => vespo({ lambdaNegative: 0 })],
  };
}

/** phi(w) A, token by token: rows of one trained token have w = r. */
function stated(options: VespoOptions): Pick<Row, "change" | "gradient"> {
  const { kPositive = 2, lambdaPositive = 3, kNegative = 3, lambdaNegative = 2 } = options;
  const gradient = ({ ratio: w, advantage, share }: Token): number => {
    const [k, lambda] = advantage >= 0 ? [kPositive, lambdaPositive] : [kNegative, lambdaNegative];
    return -(Math.exp(lambda) * w ** k * Math.exp(-lambda * w)) * advantage * share("token-mean");
  };
  return { change: onlyFirstTokens, gradient };
}

/** Trains on the column after the prompt alone. */
function onlyFirstTokens(columns: Columns): Columns {
  const { tokens } = sizeOf(columns);
  const mask = mapped(columnOf(columns, "mask"), (value, i) => (i % tokens === 1 ? value : 0));
  const trained = mask.data.reduce((sum, value) => sum + value, 0);
  return { ...columns, mask, "totals.tokens": floats([], () => trained) };
}

const other: VespoOptions = { kPositive: 1, lambdaPositive: 1, kNegative: 4, lambdaNegative: 5 };

export const rows: readonly Row[] = [
  row("vespo", {}),
  { ...row("vespo, a token a row", {}), ...stated({}) },
  { ...row("vespo, a token a row, other shapes", other), ...stated(other) },
];
