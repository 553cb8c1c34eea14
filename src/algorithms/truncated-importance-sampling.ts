/**
 * Truncated importance sampling (TIS): tokens are weighed by p_old / p_sampler, up to a bound.
 * Yao et al. 2025, "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training",
 * fengyao.notion.site/off-policy-rl; per completion: TRL's sequence_truncate, verl's rollout_is.
 *
 *     w = clip(p_old / p_sampler, lower, upper), of the token, the completion, or its tokens' geometric mean
 *
 * Seam: objective (wraps the one that is there: the weight multiplies the advantage, so the loss but not a KL term).
 * A token of unknown author (NaN) has ratio 1. No divisor changes. Where the sampler cuts tokens off (top-p, top-k) put
 * `truncatedSampling` after it, or every weight is lowered by the mass that was cut.
 */
import type * as tf from "@tensorflow/tfjs";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { MISMATCH_LEVELS, type MismatchLevel, mismatchRatio, weightedObjective } from "../toolkit/mismatch.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface TruncatedImportanceSamplingOptions {
  /** Default "token": the source; verl has both, TRL's default is of completions. */
  readonly level?: MismatchLevel;
  /** Largest weight. Default 2: the source, verl's rollout_is_threshold; TRL has 3. */
  readonly upper?: number;
  /** Smallest weight. Default 0: none, as in the source. */
  readonly lower?: number;
}

const SOURCES: ChoiceSources<keyof TruncatedImportanceSamplingOptions> = {
  level: ["objective", "fengyao.notion.site/off-policy-rl"],
  upper: ["objective", "fengyao.notion.site/off-policy-rl; verl"],
  lower: ["objective", "fengyao.notion.site/off-policy-rl"],
};

const DEFAULTS: Required<TruncatedImportanceSamplingOptions> = { level: "token", upper: 2, lower: 0 };

/**
 * The change: `compose(grpo(), truncatedImportanceSampling())`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function truncatedImportanceSampling(options: TruncatedImportanceSamplingOptions = {}): AlgorithmChange {
  checkOptions("truncatedImportanceSampling", options, {
    level: { kind: "either", values: MISMATCH_LEVELS },
    upper: { kind: "number", above: 0 },
    lower: { kind: "number", min: 0 },
  });
  const settings = withDefaults(DEFAULTS, options);
  const { level, upper, lower } = settings;
  if (lower > upper) {
    refuse("truncatedImportanceSampling", `lower is ${lower}, upper ${upper}`, "pass a lower of at most upper");
  }
  const name = "truncated-importance-sampling";
  return {
    name,
    wraps: {
      objective: (inner) =>
        weightedObjective(inner, {
          name,
          weights: (batch) => mismatchRatio(name, batch, level).clipByValue(lower, upper) as tf.Tensor2D,
        }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}
