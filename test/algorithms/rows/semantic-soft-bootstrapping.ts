import {
  type SemanticSoftBootstrappingOptions,
  semanticSoftBootstrapping,
} from "../../../src/algorithms/semantic-soft-bootstrapping.ts";
import type { Row } from "../checks/row.ts";

/** The divergence is a function of the logits; by log-probs there is the cross-entropy alone. Advantages are not read. */
function row(name: string, options: SemanticSoftBootstrappingOptions): Row {
  const { kdWeight = 1 } = options;
  return {
    name,
    objective: semanticSoftBootstrapping(options).objective,
    zeroAdvantage: "unchanged",
    gradient: (token) => -(1 - kdWeight) * token.share("token-mean"),
    toward: () => 1,
    ...(kdWeight === 1 && { except: { direction: "it does not depend on the log-probs" } }),
    refused: [
      () => semanticSoftBootstrapping({ temperature: 0 }),
      () => semanticSoftBootstrapping({ kdWeight: 1.5 }),
      () => semanticSoftBootstrapping({ maxLength: 1 }),
    ],
  };
}

export const rows: readonly Row[] = [
  row("semantic-soft-bootstrapping", {}),
  row("semantic-soft-bootstrapping, with labels", { kdWeight: 0.6, temperature: 3 }),
];
