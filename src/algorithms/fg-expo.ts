/**
 * FG-ExPO: the anchor to the reference loosens while the policy fails, and questions at its frontier are drawn more.
 * 2026, "Frontier-Guided Exploration-Prioritized Policy Optimization via Adaptive KL and Gaussian Curriculum",
 * arXiv:2605.11403, eq. 1 to 8 and algorithm 1.
 *
 *     A_g      = (R_g - mean_q) / (std_q + 1e-6), std over n                                        (1)
 *     J_clip   = mean over tokens of min(ratio A, clip(ratio, 1 - e, 1 + e) A)                      (2)
 *     beta_eff = beta rho(mean reward of the step),  rho(x) = (tanh x + 1) / 2                      (4, 8)
 *     loss     = -J_clip + beta_eff mean over tokens of k3                                          (3, 5)
 *     p[q]     <- alpha p[q] + (1 - alpha) pass rate of q;   P(q) ~ exp(-(p[q] - mu)^2 / (2 sigma^2))   (6, 7)
 *
 * Seams: curriculum (`gaussianCurriculum`, in fg-expo-curriculum.ts), advantage, objective. beta_eff is a constant of the
 * step. A group of equal rewards has advantage 0 and still counts in the mean reward. Reconstruction: epsilon, e = 0.2,
 * rewards between 0 and 1 that are not 0 or 1. k3 is cut at a difference of 20 nats. Unscored rows get 0 and count in no
 * mean.
 */
import type * as tf from "@tensorflow/tfjs";
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  type Reals,
  spreadOverTokens,
} from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import {
  aggregate,
  checkBatch,
  column,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { clippedGain, klDivergence, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";

/** How the anchor's strength follows accuracy: rising on [0, 1], finite and above 0. */
export type AnchorCurve = (accuracy: number) => number;

export interface FgExpoOptions {
  /** beta. Default 0.02: section 4.1. */
  readonly klCoefficient?: number;
  /** rho. Default (tanh x + 1) / 2: eq. 8. */
  readonly rho?: AnchorCurve;
  /** e on both sides. Default 0.2 (reconstruction: "as DeepSeekMath"). */
  readonly clip?: number;
  /** Added to the standard deviation. Default 1e-6 (reconstruction). */
  readonly epsilon?: number;
}

const SOURCES: ChoiceSources<"klCoefficient" | "rho" | "clip" | "epsilon"> = {
  klCoefficient: ["objective", "arXiv:2605.11403, section 4.1"],
  rho: ["objective", "arXiv:2605.11403, eq. 8"],
  clip: ["objective", "reconstruction: DeepSeekMath's"],
  epsilon: ["advantage", "reconstruction"],
};

/** Column with beta_eff of the step. */
const ANCHOR = "fgExpoAnchor";

/**
 * The algorithm without its curriculum: `compose(fgExpo(), gaussianCurriculum({ questions }))`.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function fgExpo(options: FgExpoOptions = {}): Algorithm {
  const settings = settle(options);
  const shown = { ...settings, rho: options.rho === undefined ? "(tanh x + 1) / 2" : "given" };
  return {
    name: "fg-expo",
    inseparable: true,
    advantage: (input) => advantages(input, settings),
    objective: {
      needs: { referenceLogProbs: true, columns: { [ANCHOR]: "step" } },
      loss: (batch) => {
        const { loss, betaEff, jClip, meanK3, clipFraction } = fgExpoLoss(
          batch,
          column("fgExpo", batch, ANCHOR).asScalar(),
          settings,
        );
        return {
          loss,
          metrics: {
            kl: meanK3,
            gain: jClip,
            "clip_ratio/region_mean": clipFraction,
            beta_eff: shared(batch, betaEff),
          },
        };
      },
    },
    choices: choicesOf(SOURCES, shown, options),
  };
}

/** A number of the whole update as a micro-batch's share, so that the shares add up to it. */
function shared(batch: PolicyBatch, value: tf.Scalar): tf.Scalar {
  const { totals, mask } = checkBatch("fgExpo", batch);
  return value.mul(mask.sum()).div(totals.tokens.maximum(1)).asScalar();
}

function settle(options: FgExpoOptions): Required<FgExpoOptions> {
  checkOptions("fgExpo", options, {
    klCoefficient: { kind: "number", min: 0 },
    rho: { kind: "function" },
    clip: { kind: "number", min: 0, max: 1 },
    epsilon: { kind: "number", min: 0 },
  });
  const { klCoefficient = 0.02, rho = rhoTanh, clip = 0.2, epsilon = 1e-6 } = options;
  return { klCoefficient, rho, clip, epsilon };
}

function advantages({ rollouts, rewards }: AdvantageInput, settings: Required<FgExpoOptions>): Advantages {
  const scored = rewards.values.filter((value) => !Number.isNaN(value));
  const { accuracy, betaEff } =
    scored.length === 0 ? { accuracy: Number.NaN, betaEff: 0 } : aklBeta(scored, settings.klCoefficient, settings.rho);
  const perRow = fgExpoAdvantages(rewards.values, rollouts.group, settings);
  return {
    perToken: spreadOverTokens(perRow, rollouts.width - 1),
    columns: { [ANCHOR]: betaEff },
    metrics: { "fg_expo/accuracy": accuracy },
  };
}

/** Eq. 1. @param rewards [B] @param group [B] @returns [B], as exact as the rewards */
export function fgExpoAdvantages<Rows extends Reals>(
  rewards: Rows,
  group: ArrayLike<number>,
  { epsilon = 1e-6 }: Pick<FgExpoOptions, "epsilon"> = {},
): Rows {
  return groupAdvantages(rewards, group, { scale: "group-std", deviation: "population", epsilon });
}

/** (tanh x + 1) / 2: 0.5 at 0, 0.881 at 1 (eq. 8). */
export function rhoTanh(accuracy: number): number {
  return (Math.tanh(accuracy) + 1) / 2;
}

/**
 * beta_eff = beta rho(mean reward), over all completions of a step, before any of them is filtered out (eq. 4).
 *
 * @throws UsageError for no rewards, a reward outside [0, 1], beta below 0, a rho that is not finite and above 0
 */
export function aklBeta(
  rewards: ArrayLike<number>,
  beta: number,
  rho: AnchorCurve = rhoTanh,
): { readonly accuracy: number; readonly betaEff: number } {
  if (rewards.length === 0) refuse("aklBeta", "there are no rewards", "pass those of a whole step");
  if (!(beta >= 0 && Number.isFinite(beta))) refuse("aklBeta", `beta is ${beta}`, "pass a number, 0 or more");
  let sum = 0;
  for (let b = 0; b < rewards.length; b++) {
    const reward = rewards[b] ?? Number.NaN;
    if (!(reward >= 0 && reward <= 1)) refuse("aklBeta", `row ${b} has reward ${reward}`, "pass rewards from 0 to 1");
    sum += reward;
  }
  const accuracy = sum / rewards.length;
  const factor = rho(accuracy);
  if (!(Number.isFinite(factor) && factor > 0)) {
    refuse("aklBeta", `rho(${accuracy}) is ${factor}`, "pass a curve that is finite and above 0");
  }
  return { accuracy, betaEff: beta * factor };
}

export interface FgExpoLoss extends Pick<ObjectiveResult, "loss"> {
  readonly jClip: tf.Scalar;
  readonly meanK3: tf.Scalar;
  readonly betaEff: tf.Scalar;
  /** Share of tokens whose ratio is outside the clip range. */
  readonly clipFraction: tf.Scalar;
}

/** Eq. 5 with its parts. @param betaEff of the step; no gradient flows through it */
export function fgExpoLoss(
  batch: PolicyBatch,
  betaEff: tf.Scalar,
  { clip = 0.2 }: Pick<FgExpoOptions, "clip"> = {},
): FgExpoLoss {
  const checked = checkBatch("fgExpo", batch);
  const { mask } = checked;
  const ratio = tokenRatio(checked); // [B, T]
  const gain = clippedGain(ratio, masked(checked.advantages, mask), { clipLow: clip, clipHigh: clip }); // [B, T]
  const jClip = aggregate(gain, checked, "token-mean");
  const k3 = klDivergence(checked, required("fgExpo", checked, "referenceLogProbs")); // [B, T]
  const meanK3 = aggregate(k3, checked, "token-mean");
  const outside = ratio.less(1 - clip).logicalOr(ratio.greater(1 + clip));
  const clipFraction = aggregate(outside.cast("float32"), checked, "token-mean");
  return { loss: meanK3.mul(betaEff).sub(jClip).asScalar(), jClip, meanK3, betaEff, clipFraction };
}
