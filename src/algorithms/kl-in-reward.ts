/**
 * KL in the reward: every token pays for its distance from the reference, at a price that is fixed or follows a target.
 * Ziegler, Stiennon, Wu, Brown, Radford, Amodei, Christiano, Irving 2019, "Fine-Tuning Language Models from Human
 * Preferences", arXiv:1909.08593, section 2.2 (the controller is its footnote's), as verl and OpenRLHF have it.
 *
 *     d_bt     = log p_ref_bt - log p_old_bt
 *     k1 = -d, k2 = d^2 / 2, k3 = e^d - d - 1;   full = sum over the vocabulary of p_old (log p_old - log p_ref)
 *     reward   r_bt - beta k_bt,   r_b - beta sum_t k_bt for methods with one advantage per completion
 *     adaptive beta <- beta (1 + clip(KL / target - 1, -0.2, 0.2) B / horizon)    after each step of B completions
 *
 * Seam: advantage (wraps the one that is there, which sees the changed rewards), with the price as state. KL is the mean over
 * completions of the mean over their tokens (verl), or of the sum (Ziegler et al.). Unscored rows stay so and do not count;
 * |d| is cut at 20. The reward in the step's record is the one without the penalty.
 */
import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import { statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { sampledExactKl } from "../toolkit/exact-kl.ts";
import { equalLengths } from "../toolkit/finite.ts";
import { allLogits, logProb } from "../toolkit/models.ts";
import { checkOptions } from "../toolkit/options.ts";
import { type KlEstimator, LOG_RATIO_LIMIT } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rewards } from "../toolkit/reward.ts";
import type { Rollouts } from "../toolkit/rollout.ts";
import { type Json, wrapStateful } from "../toolkit/seam.ts";
import { completionSpan } from "../toolkit/token-rewards.ts";

export interface KlInRewardOptions {
  /** Price of a nat at the start. Default 0.001: verl's kl_coef. */
  readonly coefficient?: number;
  /** Default "k1": verl's and OpenRLHF's. "full" sums over the vocabulary, whose logits it keeps for the step. */
  readonly estimator?: KlEstimator | "full";
  /** Default "fixed": verl's and OpenRLHF's. */
  readonly controller?: "fixed" | "adaptive";
  /** KL that the adaptive price steers to, nats. Default 0.1: verl's. */
  readonly target?: number;
  /** Completions over which the adaptive price may change by a fifth. Default 10000: verl's. */
  readonly horizon?: number;
  /** KL that the controller looks at. Default "token-mean": verl's; "sum" is that of Ziegler et al. */
  readonly measure?: "token-mean" | "sum";
}

type Settings = Required<KlInRewardOptions>;

const SOURCES: ChoiceSources<keyof KlInRewardOptions> = {
  coefficient: ["advantage", "verl kl_coef"],
  estimator: ["advantage", "verl kl_penalty"],
  controller: ["advantage", "verl kl_ctrl.type"],
  target: ["advantage", "verl kl_ctrl.target_kl"],
  horizon: ["advantage", "verl kl_ctrl.horizon"],
  measure: ["advantage", "verl"],
};

/** The change, for `compose(ppo(), klInReward())`. @throws UsageError for an unknown option or one out of range */
export function klInReward(options: KlInRewardOptions = {}): AlgorithmChange {
  const settings = settle(options);
  return {
    name: "kl-in-reward",
    through: "advantages",
    statistics: settings.estimator === "full" ? { allLogits } : { logProb },
    referenceStatistics: settings.estimator === "full" ? { allLogits } : { logProb },
    wraps: {
      advantage: (inner) =>
        wrapStateful<number, AdvantageInput, Advantages>(inner, {
          init: () => settings.coefficient,
          next: (coefficient, input, ask) => step(coefficient, input, ask, settings),
          save: (coefficient) => coefficient,
          restore,
        }),
    },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function settle(options: KlInRewardOptions): Settings {
  checkOptions("klInReward", options, {
    coefficient: { kind: "number", min: 0 },
    estimator: { kind: "either", values: ["k1", "k2", "k3", "full"] },
    controller: { kind: "either", values: ["fixed", "adaptive"] },
    target: { kind: "number", above: 0 },
    horizon: { kind: "number", above: 0 },
    measure: { kind: "either", values: ["token-mean", "sum"] },
  });
  const { coefficient = 0.001, estimator = "k1", controller = "fixed" } = options;
  const { target = 0.1, horizon = 10_000, measure = "token-mean" } = options;
  return { coefficient, estimator, controller, target, horizon, measure };
}

function restore(saved: Json): number {
  if (typeof saved === "number" && saved >= 0) return saved;
  return refuse("klInReward", `the saved price is ${JSON.stringify(saved)}`, "pass a number from 0");
}

async function step(
  coefficient: number,
  input: AdvantageInput,
  ask: (input: AdvantageInput) => Promise<Advantages>,
  settings: Settings,
): Promise<readonly [Advantages, number]> {
  const kl = klOf(input, settings.estimator);
  const { rewards, mean, rows } = penalisedRewards(input, kl, { ...settings, coefficient });
  const advantages = await ask({ ...input, rewards });
  const metrics = { reward_kl: mean, reward_kl_coefficient: coefficient };
  const { controller, target, horizon } = settings;
  const known = controller === "adaptive" && rows > 0;
  const after = known ? adaptedCoefficient(coefficient, { kl: mean, rows, target, horizon }) : coefficient;
  return [{ ...advantages, metrics: { ...advantages.metrics, ...metrics } }, after];
}

function klOf({ statistics, referenceStatistics, rollouts }: AdvantageInput, by: Settings["estimator"]): Float32Array {
  const name = by === "full" ? "allLogits" : "logProb";
  const policy = statistic("klInReward", statistics, name);
  const reference = statistic("klInReward", referenceStatistics, name);
  if (by === "full") return sampledExactKl("klInReward", policy, reference, rollouts.mask);
  return tokenKl({ logProbs: policy, referenceLogProbs: reference }, by);
}

export interface KlColumns {
  readonly logProbs: Float32Array; // [B, T]
  readonly referenceLogProbs: Float32Array; // [B, T]
}

/** The estimate at each position; padding may hold anything. @returns [B, T] */
export function tokenKl({ logProbs, referenceLogProbs }: KlColumns, estimator: KlEstimator): Float32Array {
  equalLengths("klInReward", { logProbs, referenceLogProbs });
  const out = new Float32Array(logProbs.length);
  for (let i = 0; i < out.length; i++) {
    const difference = (referenceLogProbs[i] ?? Number.NaN) - (logProbs[i] ?? Number.NaN);
    const d = Math.min(Math.max(difference, -LOG_RATIO_LIMIT), LOG_RATIO_LIMIT);
    out[i] = estimator === "k1" ? -d : estimator === "k2" ? (d * d) / 2 : Math.exp(d) - d - 1;
  }
  return out;
}

export interface Penalised {
  readonly rewards: Rewards;
  /** KL that the controller looks at, over the scored completions; NaN where there is none. */
  readonly mean: number;
  /** Scored completions. */
  readonly rows: number;
}

/** Rewards less the price of the KL. @param kl [B, T] */
export function penalisedRewards(
  { rollouts, rewards }: { readonly rollouts: Rollouts; readonly rewards: Rewards },
  kl: Float32Array,
  { coefficient, measure = "token-mean" }: Pick<KlInRewardOptions, "measure"> & { readonly coefficient: number },
): Penalised {
  const perToken = rewards.perToken?.slice() ?? new Float32Array(kl.length);
  const values = rewards.values.slice();
  let [total, rows] = [0, 0];
  for (let b = 0; b < rollouts.rows; b++) {
    const { start, end } = completionSpan(rollouts, b);
    if (Number.isNaN(values[b]) || end === start) continue;
    let sum = 0;
    for (let i = start; i < end; i++) {
      sum += kl[i] ?? 0;
      perToken[i] = (perToken[i] ?? 0) - coefficient * (kl[i] ?? 0);
    }
    values[b] = (values[b] ?? 0) - coefficient * sum;
    total += measure === "sum" ? sum : sum / (end - start);
    rows++;
  }
  return { rewards: { ...rewards, values, perToken }, mean: total / rows, rows };
}

/** The price after a step, by the proportional controller. */
export function adaptedCoefficient(
  coefficient: number,
  { kl, rows, target, horizon }: { readonly kl: number; readonly rows: number } & Pick<Settings, "target" | "horizon">,
): number {
  const excess = Math.min(Math.max(kl / target - 1, -0.2), 0.2);
  return coefficient * (1 + (excess * rows) / horizon);
}
