/** Corrections around GRPO: the gradient is GRPO's times the weight, token by token. */
import { grpo } from "../../../src/algorithms/grpo.ts";
import { icePop } from "../../../src/algorithms/icepop.ts";
import { maskedImportanceSampling } from "../../../src/algorithms/masked-importance-sampling.ts";
import { offPolicySequenceMask } from "../../../src/algorithms/off-policy-sequence-mask.ts";
import { samplerRatio } from "../../../src/algorithms/sampler-ratio.ts";
import { truncatedImportanceSampling } from "../../../src/algorithms/truncated-importance-sampling.ts";
import { truncatedSampling } from "../../../src/algorithms/truncated-sampling.ts";
import { type AlgorithmChange, compose } from "../../../src/toolkit/compose.ts";
import { columnOf, mapped, sizeOf } from "../checks/columns.ts";
import type { Row, Token } from "../checks/row.ts";

const mismatch = (token: Token): number => Math.exp(token.at("oldLogProbs") - token.at("sampleLogProbs"));

function row(name: string, change: AlgorithmChange, weight?: (token: Token) => number): Row {
  const { objective } = compose(grpo(), change);
  return {
    name,
    objective,
    ...(weight && {
      gradient: (token) => {
        const { ratio, advantage } = token;
        const clipped = advantage > 0 ? ratio > 1.2 : ratio < 0.8;
        return clipped ? 0 : -ratio * advantage * weight(token) * token.share("seq-mean-token-mean");
      },
    }),
  };
}

const unknown: NonNullable<Row["change"]> = (columns) => {
  const { tokens } = sizeOf(columns);
  const sampler = columnOf(columns, "sampleLogProbs");
  return { ...columns, sampleLogProbs: mapped(sampler, (x, i) => (i < 2 * tokens ? Number.NaN : x)) };
};

export const rows: readonly Row[] = [
  row("tis", truncatedImportanceSampling({ upper: 1.05, lower: 0.9 }), (token) =>
    Math.min(Math.max(mismatch(token), 0.9), 1.05),
  ),
  {
    ...row("tis, two rows of unknown author", truncatedImportanceSampling(), (token) =>
      token.row < 2 ? 1 : Math.min(mismatch(token), 2),
    ),
    change: unknown,
  },
  row("tis, by completion", truncatedImportanceSampling({ level: "sequence" })),
  row("mis, by completion", maskedImportanceSampling({ upper: 1.1, lower: 0.9 })),
  row("mis, geometric", maskedImportanceSampling({ level: "geometric", upper: 1.03, lower: 0.97, weight: "token" })),
  row("mis, by token", maskedImportanceSampling({ level: "token", upper: 1.1, weight: "one" }), (token) =>
    mismatch(token) <= 1.1 ? 1 : 0,
  ),
  row("icepop", icePop({ lower: 0.9, upper: 1.1 }), (token) => {
    const k = mismatch(token);
    return k >= 0.9 && k <= 1.1 ? k : 0;
  }),
  row("off-policy sequence mask", offPolicySequenceMask({ threshold: 0.05 })),
  row("sampler ratio", samplerRatio()),
  {
    ...row("tis of a truncated sampler", composed(), (token) =>
      Math.min(mismatch(token) * Math.exp(-token.at("columns.samplerLogMass")), 2),
    ),
    batch: { columns: { samplerLogMass: (random) => -0.3 * random.uniform() } },
  },
];

/** Two changes as one, for the table. */
function composed(): AlgorithmChange {
  const { objective } = compose(grpo(), truncatedImportanceSampling(), truncatedSampling({ topP: 0.9 }));
  return { name: "both", replaces: { objective }, choices: [] };
}
