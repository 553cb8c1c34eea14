/**
 * STEER: tokens whose update would change the policy's entropy most, in either direction, weigh least.
 * 2025, "Rethinking Entropy Interventions in RLVR: An Entropy Change Perspective", arXiv:2510.10150, and its released code.
 *
 *     omega_bt = A_bt / p_old x (1 - x) (ln x + H_bt),  x = p of the token
 *     w_bt     = exp(-k |omega_bt|) in [wmin, 1],  k = -ln(wmin) / max(max |omega|, 0.02)                       (exp)
 *     w_bt     = wmax - (|omega_bt| - min |omega|) (wmax - wmin) / (max |omega| - min |omega|)                  (linear)
 *     loss     = mean over all tokens of w_bt times PPO's clipped loss with a dual clip
 *
 * omega > 0 with A > 0: the token is likelier than is typical (ln x > -H), and reinforcing it lowers the entropy. p is cut
 * to [1e-8, 1 - 1e-8], p_old to [1e-8, 1]; an omega that is not finite is 0. No gradient flows through w, which
 * multiplies the loss after clipping; the divisor is the number of tokens, not the sum of weights. Linear, where all
 * |omega| are equal: (wmin + wmax) / 2. An empty mask has weights 0 and loss 0.
 *
 * Seams: objective; the advantage seam only checks the entropies, which are those of sampling. Needs whole updates:
 * largest and smallest |omega| are over all of its tokens, and are worked out anew from the policy at each update.
 * `softmaxEntropyChange` is a derivation of the exact first-order change for one softmax (reconstruction), to hold omega
 * against.
 */
import * as tf from "@tensorflow/tfjs";
import { type Advantage, statistic } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { checkEntropies } from "../toolkit/finite.ts";
import { entropy } from "../toolkit/models.ts";
import {
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
} from "../toolkit/objective.ts";
import { checkOptions, withDefaults } from "../toolkit/options.ts";
import { clippedGain, stopGradient, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { wrapSeam } from "../toolkit/seam.ts";

export interface SteerOptions {
  /** How |omega| becomes a weight. Default "exp": the released script run_exp. */
  readonly mode?: "exp" | "linear";
  /** wmin: weight of the token with the largest |omega|; above 0 in mode "exp". Default 0.8: both scripts. */
  readonly minWeight?: number;
  /** wmax of mode "linear", at least wmin. Default 1.2: the released script run_linear. */
  readonly maxWeight?: number;
  /** eps below 1. Default 0.2: released code. */
  readonly clipLow?: number;
  /** eps above 1. Default 0.28: released code. */
  readonly clipHigh?: number;
  /** Bound of the loss where A < 0, as a multiple of -A; above 1. Default 10: released code. */
  readonly dualClip?: number;
}

type Settings = Required<SteerOptions>;

const SOURCES: ChoiceSources<keyof SteerOptions> = {
  mode: ["objective", "arXiv:2510.10150, released script run_exp"],
  minWeight: ["objective", "arXiv:2510.10150, released scripts"],
  maxWeight: ["objective", "arXiv:2510.10150, released script run_linear"],
  clipLow: ["objective", "arXiv:2510.10150, released code"],
  clipHigh: ["objective", "arXiv:2510.10150, released code"],
  dualClip: ["objective", "arXiv:2510.10150, released code"],
};

const DEFAULTS: Settings = {
  mode: "exp",
  minWeight: 0.8,
  maxWeight: 1.2,
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
};

/**
 * The method, put in place of an algorithm's objective: `compose(grpo(), steer())`. On small tasks a minWeight of 0.3 to 0.5
 * shows more.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function steer(options: SteerOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const loss = (batch: PolicyBatch): ObjectiveResult => {
    const { loss: value, metrics } = steerLoss(batch, settings);
    return { loss: value, metrics };
  };
  return {
    name: "steer",
    replaces: { objective: { needs: { columns: { entropy: "token" }, together: "update" }, loss } },
    wraps: { advantage: checked },
    statistics: { entropy },
    choices: choicesOf(SOURCES, settings, options),
  };
}

function checked(inner: Advantage): Advantage {
  return wrapSeam(inner, async (input, next) => {
    const advantages = await next(input);
    const mask = advantages.mask ?? input.rollouts.mask;
    checkEntropies("steer", statistic("steer", input.statistics, "entropy"), mask);
    return advantages;
  });
}

export interface SteerWeights {
  /** omega; 0 where the mask is. */
  readonly omega: tf.Tensor2D; // [B, T]
  /** w; 0 where the mask is. */
  readonly weights: tf.Tensor2D; // [B, T]
}

/**
 * Weights of a whole update's tokens; no gradient flows through them.
 *
 * @param batch with the column `entropy`, [B, T], nats, at the temperature of the log-probs
 */
export function steerWeights(batch: PolicyBatch, options: SteerOptions = {}): SteerWeights {
  const { mode, minWeight, maxWeight } = settle(options);
  const own = checkBatch("steer", batch);
  const { mask, logProbs, oldLogProbs } = own;
  const trained = mask.greater(0);
  const entropies = masked(entropyColumn(own), mask); // [B, T]
  const x = masked(logProbs, mask)
    .exp()
    .clipByValue(1e-8, 1 - 1e-8); // [B, T]
  const old = masked(oldLogProbs, mask).exp().clipByValue(1e-8, 1); // [B, T]
  const change = masked(own.advantages, mask).div(old).mul(x).mul(x.neg().add(1)).mul(x.log().add(entropies)); // [B, T]
  const finite = trained.logicalAnd(change.abs().lessEqual(LARGEST));
  const omega = tf.where(finite, change, 0); // [B, T]
  const size = omega.abs(); // [B, T]
  const most = size.max(); // []
  if (mode === "exp") {
    const k = most.maximum(0.02).reciprocal().mul(-Math.log(minWeight)); // []
    return detached(omega, size.mul(k).neg().exp().clipByValue(minWeight, 1), mask);
  }
  const least = tf.where(trained, size, most).min(); // []
  const spread = most.sub(least); // []
  const sloped = size
    .sub(least)
    .mul(minWeight - maxWeight)
    .div(tf.where(spread.greater(0), spread, 1))
    .add(maxWeight)
    .clipByValue(minWeight, maxWeight); // [B, T]
  return detached(omega, tf.where(spread.greater(0), sloped, (minWeight + maxWeight) / 2), mask);
}

/** Of float32, about. A comparison with NaN is false. */
const LARGEST = 3e38;

function detached(omega: tf.Tensor, weights: tf.Tensor, mask: tf.Tensor2D): SteerWeights {
  return { omega: stopGradient(omega as tf.Tensor2D), weights: stopGradient(masked(weights as tf.Tensor2D, mask)) };
}

function entropyColumn(batch: CheckedBatch): tf.Tensor2D {
  const found = column("steer", batch, "entropy");
  if (found.shape.join() === batch.mask.shape.join()) return found as tf.Tensor2D;
  return refuse("steer", `entropy has shape [${found.shape}], mask [${batch.mask.shape}]`, "pass one per token");
}

export interface SteerResult extends ObjectiveResult, SteerWeights {
  /** The loss with all weights 1. */
  readonly unweighted: tf.Scalar;
}

/** The loss with its parts. @param batch as for {@link steerWeights} */
export function steerLoss(batch: PolicyBatch, options: SteerOptions = {}): SteerResult {
  const settings = settle(options);
  const own = checkBatch("steer", batch);
  const { omega, weights } = steerWeights(own, settings);
  const gain = clippedGain(tokenRatio(own), masked(own.advantages, own.mask), settings); // [B, T]
  const mean = (values: tf.Tensor2D): tf.Scalar => aggregate(values, own, "token-mean");
  return {
    loss: mean(gain.mul(weights)).neg().asScalar(),
    metrics: { "steer/weight_mean": mean(weights), "steer/change_mean": mean(omega.abs()) },
    unweighted: mean(gain).neg().asScalar(),
    ...{ omega, weights },
  };
}

/** One token's update of one softmax. */
export interface SoftmaxUpdate {
  readonly logits: ArrayLike<number>; // [V]
  /** Index of the token. */
  readonly action: number;
  readonly advantage: number;
  /** p / p_old. */
  readonly ratio: number;
  /** Learning rate. */
  readonly eta: number;
}

/**
 * First-order change of the entropy, nats, when the logits z of a softmax p move by eta A ratio (onehot(a) - p):
 *
 *     dH = -eta A ratio [ p_a (ln p_a + H) - sum_k p_k^2 (ln p_k + H) ]
 *
 * @throws UsageError for an action that is not among the logits, or a number that is not finite
 */
export function softmaxEntropyChange({ logits, action, advantage, ratio, eta }: SoftmaxUpdate): {
  readonly deltaH: number;
} {
  const all = Array.from(logits);
  if (![...all, advantage, ratio, eta].every(Number.isFinite)) {
    refuse("softmaxEntropyChange", "a logit, the advantage, ratio or eta is not finite", "pass finite numbers");
  }
  const most = Math.max(...all);
  const log = most + Math.log(all.reduce((sum, z) => sum + Math.exp(z - most), 0));
  const logP = all.map((z) => z - log);
  const chosen = logP[action];
  if (chosen === undefined) refuse("softmaxEntropyChange", `the action is ${action}`, `pass 0 to ${all.length - 1}`);
  const entropyNats = -logP.reduce((sum, lp) => sum + Math.exp(lp) * lp, 0);
  const centered = logP.reduce((sum, lp) => sum + Math.exp(2 * lp) * (lp + entropyNats), 0);
  return { deltaH: -eta * advantage * ratio * (Math.exp(chosen) * (chosen + entropyNats) - centered) };
}

function settle(options: SteerOptions): Settings {
  checkOptions("steer", options, {
    mode: { kind: "either", values: ["exp", "linear"] },
    minWeight: options?.mode === "linear" ? { kind: "number", min: 0 } : { kind: "number", above: 0, max: 1 },
    maxWeight: { kind: "number", min: 0 },
    clipLow: { kind: "number", min: 0, max: 1 },
    clipHigh: { kind: "number", min: 0 },
    dualClip: { kind: "number", above: 1 },
  });
  const settings = withDefaults(DEFAULTS, options);
  const { mode, minWeight, maxWeight } = settings;
  if (mode === "linear" && minWeight > maxWeight) {
    refuse("steer", `minWeight is ${minWeight}, maxWeight ${maxWeight}`, "pass a minWeight of at most maxWeight");
  }
  return settings;
}
