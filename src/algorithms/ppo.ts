/**
 * PPO: a value head on the policy says what to expect at each token, and GAE how much better the rest went.
 * Schulman, Wolski, Dhariwal, Radford, Klimov 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347, eq. 7, 9,
 * 11; GAE: Schulman et al. 2015, arXiv:1506.02438, eq. 16. Value clip and whitening are those of OpenAI's code (Engstrom et
 * al. 2020, arXiv:2005.12729), as verl, TRL and OpenRLHF have them.
 *
 *     delta_t  = r_t + gamma V_{t+1} - V_t,   A_t = delta_t + gamma lambda A_{t+1},   R_t = A_t + V_t
 *     L_policy = -min(ratio A, clip(ratio, 1 - clipLow, 1 + clipHigh) A)           A whitened over the step's tokens
 *     L_value  = max((V - R)^2, (V_old + clip(V - V_old, -valueClip, valueClip) - R)^2) / 2
 *     loss     = L_policy + valueCoefficient L_value - entropyCoefficient H        means over tokens
 *
 * V_t is the value head's output where token t is about to be chosen; after the last token it is 0, cut off or not, as in
 * verl. A KL penalty comes from compose(ppo(), klInReward()).
 *
 * Seams: advantage, objective. Here policy and value share their trunk and one learning rate (verl and OpenRLHF train a second
 * model), so valueCoefficient decides how much the values move the policy. An unscored row is masked; where none is scored
 * the step is skipped. Equal advantages whiten to 0, told by value. One completion a prompt is enough.
 */
import type * as tf from "@tensorflow/tfjs";
import { type AdvantageInput, type Advantages, statistic } from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import { accumulateAdvantages } from "../toolkit/gae.ts";
import type { Statistic } from "../toolkit/models.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  aggregate,
  checkBatch,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions, optionsObject } from "../toolkit/options.ts";
import { clippedGain, clipSides, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rollouts } from "../toolkit/rollout.ts";
import { completionSpan, moments, scoredMask, tokenRewards, whiten } from "../toolkit/token-rewards.ts";
import { valueError } from "./ppo-value.ts";

export interface PpoOptions {
  /** eps below 1. Default 0.2: paper, section 6.1. */
  readonly clipLow?: number;
  /** eps above 1. Default: clipLow. */
  readonly clipHigh?: number;
  /** Discount, from 0 to 1. Default 1: verl, TRL, OpenRLHF; the reward is at the end. */
  readonly gamma?: number;
  /** GAE's, from 0 to 1. Default 0.95: paper, table 3; TRL. (verl and OpenRLHF: 1.) */
  readonly lambda?: number;
  /** How far a value may move from the old one; Infinity: any. Default 0.2: TRL. (verl and OpenRLHF: 0.5.) */
  readonly valueClip?: number;
  /** Weight of the values' loss, its half counted in. Default 0.1: TRL's vf_coef. */
  readonly valueCoefficient?: number;
  /** Weight of the entropy bonus. Default 0: TRL, verl. */
  readonly entropyCoefficient?: number;
  /** Advantages to mean 0 and variance 1 over the step's tokens. Default true: verl, TRL. */
  readonly whiten?: boolean;
  /** How tokens are averaged. Default "token-mean": verl, TRL. */
  readonly aggregation?: Aggregation;
}

type Settings = Required<PpoOptions>;

const SOURCES: ChoiceSources<keyof PpoOptions> = {
  gamma: ["advantage", "verl, TRL, OpenRLHF"],
  lambda: ["advantage", "arXiv:1707.06347, table 3; TRL"],
  whiten: ["advantage", "verl, TRL"],
  clipLow: ["objective", "arXiv:1707.06347, section 6.1"],
  clipHigh: ["objective", "equal to clipLow: arXiv:1707.06347, eq. 7"],
  valueClip: ["objective", "TRL PPOConfig.cliprange_value"],
  valueCoefficient: ["objective", "TRL PPOConfig.vf_coef"],
  entropyCoefficient: ["objective", "TRL, verl"],
  aggregation: ["objective", "verl, TRL"],
};

/** Output of the value head at each position. */
const value: Statistic = ({ values }) =>
  values ?? refuse("ppo", "the policy has no value head", "use train, or a policy from withValueHead()");

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function ppo(options: PpoOptions = {}): Algorithm {
  const settings = settle(options);
  return {
    name: "ppo",
    inseparable: true,
    statistics: { oldValues: value },
    advantage: (input) => ppoAdvantage(input, settings),
    objective: {
      needs: {
        values: true,
        columns: { returns: "token", ...(settings.valueClip === Infinity ? {} : { oldValues: "token" }) },
        ...(settings.entropyCoefficient === 0 ? {} : { entropy: "gradient" }),
      },
      loss: (batch) => ppoLoss(batch, settings),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: PpoOptions): Settings {
  const share = { kind: "number", min: 0, max: 1 } as const;
  const { valueClip = 0.2, ...rest } = optionsObject("ppo", options);
  checkOptions("ppo", valueClip === Infinity ? rest : options, {
    ...{ clipLow: share, clipHigh: { kind: "number", min: 0 }, gamma: share, lambda: share },
    ...{ valueClip: { kind: "number", above: 0 }, valueCoefficient: { kind: "number", min: 0 } },
    ...{ entropyCoefficient: { kind: "number" }, whiten: { kind: "boolean" } },
    aggregation: { kind: "either", values: AGGREGATIONS },
  });
  const { clipLow = 0.2, gamma = 1, lambda = 0.95, whiten = true, aggregation = "token-mean" } = options;
  const { clipHigh = clipLow, valueCoefficient = 0.1, entropyCoefficient = 0 } = options;
  return {
    ...{ clipLow, clipHigh, gamma, lambda, valueClip, valueCoefficient, entropyCoefficient },
    ...{ whiten, aggregation },
  };
}

function ppoAdvantage(input: AdvantageInput, settings: Settings): Advantages {
  const { rollouts, rewards } = input;
  const values = statistic("ppo", input.statistics, "oldValues");
  const { advantages, returns } = tokenAdvantages(
    { rollouts, rewards: tokenRewards(rollouts, rewards), values },
    settings,
  );
  const mask = scoredMask(rollouts, rewards.values);
  const { squares } = settings.whiten ? whiten(advantages, mask, 1e-8) : moments(advantages, mask);
  const all = moments(returns, mask).squares;
  return {
    perToken: advantages,
    ...(mask !== rollouts.mask && { mask }),
    columns: { returns },
    ...(settings.whiten && { scaledBy: "ppo" }),
    ...(!mask.includes(1) && { skip: "no completion is scored" }),
    metrics: { value_explained_variance: all === 0 ? Number.NaN : 1 - squares / all }, // Var(R - V), and R - V is A
  };
}

export interface TokenAdvantageInput {
  readonly rollouts: Pick<Rollouts, "rows" | "width" | "promptLengths" | "completionLengths">;
  readonly rewards: Float32Array; // [B, T]
  /** Of the state that each token is chosen in. */
  readonly values: Float32Array; // [B, T]
}

/** GAE over each row's completion; 0 outside. @returns [B, T] each */
export function tokenAdvantages(
  { rollouts, rewards, values }: TokenAdvantageInput,
  options: Pick<PpoOptions, "gamma" | "lambda"> = {},
): { readonly advantages: Float32Array; readonly returns: Float32Array } {
  const { gamma, lambda } = settle(options);
  const [advantages, returns] = [new Float32Array(rewards.length), new Float32Array(rewards.length)];
  for (let b = 0; b < rollouts.rows; b++) {
    const { start, end } = completionSpan(rollouts, b);
    accumulateAdvantages({ rewards, values }, { start, end, after: 0 }, { gamma, lambda }, advantages);
    for (let i = start; i < end; i++) returns[i] = (advantages[i] ?? 0) + (values[i] ?? 0);
  }
  return { advantages, returns };
}

function ppoLoss(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("ppo", batch);
  const { mask } = checked;
  const { aggregation, valueCoefficient, entropyCoefficient } = settings;
  const advantages = masked(checked.advantages, mask); // [B, T]
  const ratio = tokenRatio(checked); // [B, T]
  const { low, high } = clipSides(ratio, advantages, settings);
  const { error, clipped } = valueError(checked, settings.valueClip);
  const valueLoss = aggregate(error, checked, aggregation);
  let loss = aggregate(clippedGain(ratio, advantages, settings), checked, aggregation).neg();
  loss = loss.add(valueLoss.mul(valueCoefficient));
  if (entropyCoefficient !== 0) {
    const entropies = masked(required("ppo", checked, "entropies"), mask); // [B, T]
    loss = loss.sub(aggregate(entropies, checked, aggregation).mul(entropyCoefficient));
  }
  const metrics: Record<string, tf.Scalar> = {
    "clip_ratio/low_mean": aggregate(low, checked, "token-mean"),
    "clip_ratio/high_mean": aggregate(high, checked, "token-mean"),
    value_loss: valueLoss,
    value_clip_ratio: aggregate(clipped, checked, "token-mean"),
  };
  return { loss: loss.asScalar(), metrics };
}
