/**
 * An entropy bonus for any objective, fixed or switched on when the entropy falls below its target.
 * He et al. 2025, "Skywork Open Reasoner 1 Technical Report", arXiv:2505.22312, section 3.2.5 (adaptive entropy control); its
 * constants as in TRL.
 *
 *     loss  = the objective's - c x mean over tokens of H_bt
 *     fixed: c = coefficient
 *     adaptive: with H the mean entropy of the step before, c' goes up by delta where H <= target, else down by it, within
 *               [least, most]; c = c' where H <= target, else 0. The first step, which has no H, has no bonus
 *
 * Seams: objective (wraps the one that is there); advantage too where adaptive, with c' as state. The gradient of H_bt is that
 * of the whole distribution, at the temperature of sampling.
 */
import type { Advantage } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { type EntropyControl, nextEntropyCoefficient, withCoefficient } from "../toolkit/controllers.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  checkBatch,
  column,
  joinNeeds,
  masked,
  type Objective,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, shownChoices, withDefaults } from "../toolkit/options.ts";

export interface EntropyTermOptions {
  /** c; the first c' where it is adaptive. Default 0.001 where fixed: our choice, verl and TRL have 0; 0 where adaptive: TRL. */
  readonly coefficient?: number;
  /** How tokens are averaged. Default "token-mean": TRL, whatever the objective's. */
  readonly aggregation?: Aggregation;
  /** Makes the coefficient follow the entropy. Default: fixed. TRL: target 0.2, delta 0.005, least 0, most 1. */
  readonly adaptive?: Partial<EntropyControl>;
}

const SOURCES: ChoiceSources<keyof EntropyTermOptions> = {
  coefficient: ["objective", "our choice where fixed; TRL GRPOConfig.entropy_coef where adaptive"],
  aggregation: ["objective", "TRL"],
  adaptive: ["objective", "TRL GRPOConfig.use_adaptive_entropy"],
};

const CONTROL: EntropyControl = { target: 0.2, delta: 0.005, least: 0, most: 1 };

const COEFFICIENT = "entropyBonusCoefficient";

/**
 * The change: `compose(grpo(), entropyBonus({ adaptive: { target: 0.3 } }))`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function entropyBonus(options: EntropyTermOptions = {}): AlgorithmChange {
  const number = { kind: "number" } as const;
  checkOptions("entropyBonus", options, {
    coefficient: number,
    aggregation: { kind: "either", values: AGGREGATIONS },
    adaptive: { kind: "object" },
  });
  const { aggregation = "token-mean" } = options;
  if (options.adaptive === undefined) {
    const coefficient = options.coefficient ?? 0.001;
    return {
      name: "entropy-bonus",
      wraps: { objective: (inner) => withBonus(inner, aggregation, coefficient) },
      choices: choicesOf(SOURCES, { coefficient, aggregation, adaptive: "none" }, options),
    };
  }
  const step = { kind: "number", min: 0 } as const;
  checkOptions("entropyBonus adaptive", options.adaptive, { target: step, delta: step, least: number, most: number });
  const control = withDefaults(CONTROL, options.adaptive);
  const { target, delta, least, most } = control;
  const { coefficient = 0 } = options;
  const shown = `target ${target}, delta ${delta}, from ${least} to ${most}`;
  return {
    name: "entropy-bonus",
    wraps: {
      advantage: (inner) => controlled(inner, coefficient, control),
      objective: (inner) => withBonus(inner, aggregation, undefined),
    },
    choices: choicesOf(SOURCES, shownChoices({ coefficient, aggregation, adaptive: shown }), options),
  };
}

function controlled(inner: Advantage, first: number, control: EntropyControl): Advantage {
  return withCoefficient(inner, {
    where: "entropyBonus",
    column: COEFFICIENT,
    first,
    next: (before, { entropy }) => (entropy === undefined ? before : nextEntropyCoefficient(before, entropy, control)),
    applied: (now, metrics) => ((metrics?.entropy ?? Number.POSITIVE_INFINITY) <= control.target ? now : 0),
  });
}

/** @param fixed the coefficient; undefined: the column's */
function withBonus(inner: Objective, aggregation: Aggregation, fixed: number | undefined): Objective {
  return {
    needs: joinNeeds(inner.needs, {
      entropy: "gradient",
      ...(fixed === undefined && { columns: { [COEFFICIENT]: "step" } }),
    }),
    loss(batch) {
      const { loss, metrics } = inner.loss(batch);
      const checked = checkBatch("entropyBonus", batch);
      const entropies = masked(required("entropyBonus", checked, "entropies"), checked.mask); // [B, T]
      const coefficient = fixed ?? column("entropyBonus", batch, COEFFICIENT); // []
      const bonus = aggregate(entropies, checked, aggregation).mul(coefficient);
      return { loss: loss.sub(bonus).asScalar(), metrics: { ...metrics, policy_loss: loss } };
    },
  };
}
