/**
 * IcePop: tokens about which sampler and learner disagree, either way, are left out; the others weigh their ratio.
 * Ling Team 2025, "Every Step Evolves: Scaling Reinforcement Learning for Trillion-Scale Thinking Model", arXiv:2510.18855.
 *
 *     w_bt = k where alpha <= k <= beta, else 0;  k = p_old / p_sampler of the token
 *
 * Seam: objective (wraps the one that is there); masked importance sampling of tokens with two bounds, see
 * {@link maskedImportanceSampling}. A token of unknown author (NaN) has ratio 1.
 */
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { type Band, bandWeights, weightedObjective } from "../toolkit/mismatch.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface IcePopOptions {
  /** alpha: smallest ratio that stays. Default 0.5: the paper. */
  readonly lower?: number;
  /** beta: largest ratio that stays. Default 5: the paper. */
  readonly upper?: number;
}

const SOURCES: ChoiceSources<keyof IcePopOptions> = {
  lower: ["objective", "arXiv:2510.18855"],
  upper: ["objective", "arXiv:2510.18855"],
};

/**
 * The change: `compose(grpo(), icePop())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function icePop(options: IcePopOptions = {}): AlgorithmChange {
  checkOptions("icePop", options, { lower: { kind: "number", min: 0 }, upper: { kind: "number", above: 0 } });
  const settings = withDefaults({ lower: 0.5, upper: 5 }, options);
  const { lower, upper } = settings;
  if (lower > upper) refuse("icePop", `lower is ${lower}, upper ${upper}`, "pass a lower of at most upper");
  const band: Band = { ...settings, level: "token", weight: "ratio" };
  const name = "icepop";
  return {
    name,
    wraps: {
      objective: (inner) => weightedObjective(inner, { name, weights: (batch) => bandWeights(name, batch, band) }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}
