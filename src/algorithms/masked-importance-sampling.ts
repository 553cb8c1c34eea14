/**
 * Masked importance sampling (MIS): what the sampler and the learner disagree about too much is left out.
 * Liu et al. 2025, "When Speed Kills Stability: Demystifying RL Collapse from the Training-Inference Mismatch",
 * richardli.xyz/rl-collapse; TRL's sequence_mask and token_mask, OpenRLHF's seq-mask-tis, verl's rejection (rollout_rs).
 *
 *     w = c where lower <= p_old / p_sampler <= upper, else 0;  c = the ratio itself, the token's ratio, or 1
 *
 * Seam: objective (wraps the one that is there: the weight multiplies the advantage). The ratio is of the token, of the
 * completion, or of its tokens' geometric mean, which does not shrink or grow with the length. Left-out tokens stay in every
 * divisor, as in TRL; verl takes them out of it. A token of unknown author (NaN) has ratio 1.
 */
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { bandWeights, MISMATCH_LEVELS, type MismatchLevel, weightedObjective } from "../toolkit/mismatch.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface MaskedImportanceSamplingOptions {
  /** What is left out as a whole. Default "sequence": TRL's vllm_importance_sampling_mode. */
  readonly level?: MismatchLevel;
  /** Largest ratio that stays. Default 3: TRL's vllm_importance_sampling_clip_max. */
  readonly upper?: number;
  /** Smallest ratio that stays. Default 0: TRL. */
  readonly lower?: number;
  /** Weight of what stays: the ratio that was judged, the token's own, or 1. Default "ratio": TRL. */
  readonly weight?: "ratio" | "token" | "one";
}

const SOURCES: ChoiceSources<keyof MaskedImportanceSamplingOptions> = {
  level: ["objective", "TRL GRPOConfig.vllm_importance_sampling_mode"],
  upper: ["objective", "TRL GRPOConfig.vllm_importance_sampling_clip_max"],
  lower: ["objective", "TRL GRPOConfig.vllm_importance_sampling_clip_min"],
  weight: ["objective", "TRL"],
};

const DEFAULTS: Required<MaskedImportanceSamplingOptions> = { level: "sequence", upper: 3, lower: 0, weight: "ratio" };

/**
 * The change: `compose(grpo(), maskedImportanceSampling())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function maskedImportanceSampling(options: MaskedImportanceSamplingOptions = {}): AlgorithmChange {
  checkOptions("maskedImportanceSampling", options, {
    level: { kind: "either", values: MISMATCH_LEVELS },
    upper: { kind: "number", above: 0 },
    lower: { kind: "number", min: 0 },
    weight: { kind: "either", values: ["ratio", "token", "one"] },
  });
  const settings = withDefaults(DEFAULTS, options);
  const { upper, lower } = settings;
  const name = "masked-importance-sampling";
  if (lower > upper) refuse(name, `lower is ${lower}, upper ${upper}`, "pass a lower of at most upper");
  return {
    name,
    wraps: {
      objective: (inner) => weightedObjective(inner, { name, weights: (batch) => bandWeights(name, batch, settings) }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}
