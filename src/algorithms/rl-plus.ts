/**
 * RL-PLUS: each group holds a demonstration, whose tokens get a bounded importance weight that is largest where they are unlikely.
 * 2025, "RL-PLUS: Countering Capability Boundary Collapse of LLMs in Reinforcement Learning with Hybrid-policy
 * Optimization", arXiv:2508.00222, and its released code.
 *
 *     own token       l = -A p / p_old                                       (with a clip: PPO's minimum)
 *     external token  l = -w A C,  w = 2 p / (1.5 p_old + 0.5 u),  C = stop((1 - p)^gamma)
 *     A_b  = r_b - mean_group r, the demonstration counted
 *     loss = sum of l / longest completion (or / tokens) - entropyCoefficient mean H
 *
 * w is an importance weight against a mixture: the author's probability, unknown, is taken as half the old policy's and
 * half u. Its gradient flows through p alone.
 *
 * Where paper and code differ, the code is taken: A is not divided by the deviation; u is 1, not the uniform 1 / V, so that
 * w is at most 4; no clip for own tokens either; the sum is divided by the padded length, not by the rows. Which data the
 * demonstrations are is a reconstruction: here the task's worked solutions.
 *
 * Seams: rollout (a demonstration in the place of a group's last completion), advantage, objective. A group of equal
 * rewards and an empty mask give no gradient. Recomputed on rows of another method, those that others wrote are external.
 */
import * as tf from "@tensorflow/tfjs";
import { type AdvantageInput, type Advantages, groupAdvantages, spreadOverTokens } from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import { type Solutions, sampleWithDemonstrations } from "../toolkit/demonstrations.ts";
import { checkFlags } from "../toolkit/finite.ts";
import {
  aggregate,
  type CheckedBatch,
  checkBatch,
  column,
  masked,
  type ObjectiveResult,
  type PolicyBatch,
  required,
} from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { clippedGain, limited, stopGradient } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { ExtraColumns, Rollouts } from "../toolkit/rollout.ts";

export interface RlPlusLossOptions {
  /** Exponent of 1 - p in C; 0 leaves C out. Default 0.5: released code. */
  readonly gamma?: number;
  /** u, in (0, 1]. Default 1: released code; the paper speaks of the uniform policy, 1 / V. */
  readonly uniformMass?: number;
  /** Clip of own tokens' ratios to [1 - low, 1 + high]. Default none: released script. */
  readonly clip?: { readonly low: number; readonly high: number };
  /** Divisor of the sum over tokens. Default "sum-over-maxlen": released script. */
  readonly aggregation?: "token-mean" | "sum-over-maxlen";
}

export interface RlPlusOptions extends RlPlusLossOptions {
  /** Division of the advantage by the group's deviation (n - 1). Default "none": released script; the paper divides. */
  readonly scale?: "none" | "group-std";
  /** Weight of the entropy bonus, token mean. Default 0.001: released script. */
  readonly entropyCoefficient?: number;
  /** Share of a demonstration that is given; the policy writes the rest. Default 1: released script. */
  readonly prefixRatio?: number;
  /** Verified solutions. Default: the task's own. */
  readonly demonstrations?: Solutions;
}

const SOURCES: ChoiceSources<keyof RlPlusOptions> = {
  demonstrations: ["rollout", "reconstruction: the paper's are long verified solutions"],
  prefixRatio: ["rollout", "arXiv:2508.00222, released script"],
  scale: ["advantage", "arXiv:2508.00222, released script"],
  gamma: ["objective", "arXiv:2508.00222, released code"],
  uniformMass: ["objective", "arXiv:2508.00222, released code"],
  clip: ["objective", "arXiv:2508.00222, released script"],
  aggregation: ["objective", "arXiv:2508.00222, released script"],
  entropyCoefficient: ["objective", "arXiv:2508.00222, released script"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function rlPlus(options: RlPlusOptions = {}): Algorithm {
  check(options);
  const { demonstrations, prefixRatio = 1, scale = "none", entropyCoefficient = 0.001, ...rest } = options;
  const loss = settle(rest);
  const clip = loss.clip === undefined ? "none" : `${1 - loss.clip.low} to ${1 + loss.clip.high}`;
  const shown = { demonstrations: demonstrations ? "given" : "the task's", prefixRatio, scale, entropyCoefficient };
  const solutions = demonstrations && { solutions: demonstrations };
  return {
    name: "rl-plus",
    inseparable: true,
    rollout: (input) => sampleWithDemonstrations(input, { ...solutions, prefixRatio }),
    rolloutColumns: foreignTokens,
    advantage: (input) => advantage(input, scale),
    objective: {
      needs: { columns: { external: "token" }, ...(entropyCoefficient === 0 ? {} : { entropy: "gradient" }) },
      loss: (batch) => objectiveOf(batch, loss, entropyCoefficient),
    },
    choices: choicesOf(SOURCES, { ...loss, clip, ...shown }, options),
  };
}

function objectiveOf(batch: PolicyBatch, settings: LossSettings, entropyCoefficient: number): ObjectiveResult {
  const externalMask = column("rl-plus", batch, "external") as tf.Tensor2D;
  const { loss, stats } = rlPlusLoss({ ...batch, externalMask }, settings);
  const metrics = Object.fromEntries(Object.entries(stats).map(([name, value]) => [`rl-plus/${name}`, value]));
  if (entropyCoefficient === 0) return { loss, metrics };
  const checked = checkBatch("rl-plus", batch);
  const entropy = aggregate(masked(required("rl-plus", batch, "entropies"), batch.mask), checked, "token-mean");
  return { loss: loss.sub(entropy.mul(entropyCoefficient)).asScalar(), metrics };
}

const LOSS_RULES = {
  gamma: { kind: "number", min: 0 },
  uniformMass: { kind: "number", above: 0, max: 1 },
  clip: { kind: "object" },
  aggregation: { kind: "either", values: ["token-mean", "sum-over-maxlen"] },
} as const;

function check(options: RlPlusOptions): void {
  checkOptions("rl-plus", options, {
    ...LOSS_RULES,
    scale: { kind: "either", values: ["none", "group-std"] },
    entropyCoefficient: { kind: "number" },
    prefixRatio: { kind: "number", above: 0, max: 1 },
    demonstrations: { kind: "function" },
  });
}

type LossSettings = Required<Omit<RlPlusLossOptions, "clip">> & Pick<RlPlusLossOptions, "clip">;

function settle(options: RlPlusLossOptions): LossSettings {
  checkOptions("rl-plus", options, LOSS_RULES);
  const { gamma = 0.5, uniformMass = 1, clip, aggregation = "sum-over-maxlen" } = options;
  if (clip !== undefined) {
    checkOptions("rl-plus, clip", clip, {
      low: { kind: "number", min: 0, max: 1, required: true },
      high: { kind: "number", min: 0, required: true },
    });
  }
  return { gamma, uniformMass, aggregation, ...(clip && { clip }) };
}

function advantage({ rollouts, rewards }: AdvantageInput, scale: NonNullable<RlPlusOptions["scale"]>): Advantages {
  const settings = { scale, deviation: "sample", epsilon: 1e-6 } as const;
  return {
    perToken: spreadOverTokens(groupAdvantages(rewards.values, rollouts.group, settings), rollouts.width - 1),
  };
}

/** Of rows that another method drew: every token of a row that others wrote is external. */
function foreignTokens({ foreign, mask, width }: Rollouts): ExtraColumns {
  return { external: mask.map((one, i) => (foreign?.[Math.floor(i / (width - 1))] === 1 ? one : 0)) };
}

/**
 * Refuses what the loss has no number for: a log-prob above 0 (by more than 1e-6) or NaN, an own token of probability 0,
 * marks other than 0 and 1. Columns are [B, T] each; nothing is asked where the mask is 0.
 */
export function checkRlPlus(
  columns: Readonly<Record<"logProbs" | "oldLogProbs" | "advantages" | "externalMask", ArrayLike<number>>>,
  mask: ArrayLike<number>,
): void {
  for (const [name, values] of Object.entries(columns)) {
    if (values.length === mask.length) continue;
    refuse("rl-plus", `${name} has ${values.length} numbers, mask ${mask.length}`, "pass one number per token in both");
  }
  const { logProbs, oldLogProbs, advantages, externalMask } = columns;
  for (const [name, flags] of Object.entries({ mask, externalMask })) checkFlags("rl-plus", name, flags);
  for (let i = 0; i < mask.length; i++) {
    const external = externalMask[i];
    if (mask[i] === 0) continue;
    const least = external === 1 ? Number.NEGATIVE_INFINITY : -Number.MAX_VALUE; // w is defined for p = 0 and p_old = 0
    for (const [name, values] of Object.entries({ logProbs, oldLogProbs })) {
      const value = values[i] ?? Number.NaN;
      if (!(value <= 1e-6 && value >= least)) refuse("rl-plus", `${name} has ${value} at ${i}`, "pass log-probs");
    }
    if (!Number.isFinite(advantages[i])) refuse("rl-plus", `advantages has ${advantages[i]} at ${i}`, "pass numbers");
  }
}

export interface RlPlusBatch extends Omit<PolicyBatch, "advantages"> {
  readonly advantages: tf.Tensor2D | tf.Tensor1D; // [B, T] or [B]
  /** 1 for a token that somebody else wrote, 0 for the policy's own. */
  readonly externalMask: tf.Tensor2D; // [B, T]
}

export interface RlPlusResult {
  readonly loss: tf.Scalar;
  /** l, 0 where the mask is. */
  readonly tokenLoss: tf.Tensor2D; // [B, T]
  /** w and C of external tokens, 0 elsewhere. */
  readonly misWeight: tf.Tensor2D; // [B, T]
  readonly explorationWeight: tf.Tensor2D; // [B, T]
  /** Shares of the update's: means over external tokens are left to the reader, since micro-batches add up. */
  readonly stats: Readonly<Record<"meanMisWeight" | "meanExternalProb" | "onLoss" | "offLoss", tf.Scalar>>;
}

/**
 * The loss without the entropy bonus. `stats` are token means over all trained tokens, so that micro-batches add up.
 *
 * @throws UsageError for shapes that disagree and options out of range
 */
export function rlPlusLoss(batch: RlPlusBatch, options: RlPlusLossOptions = {}): RlPlusResult {
  const settings = settle(options);
  const { mask, externalMask, ...checked } = checkShapes(batch);
  const theirs = mask.greater(0).logicalAnd(externalMask.greater(0)) as tf.Tensor2D; // [B, T]
  const ours = mask.greater(0).logicalAnd(externalMask.lessEqual(0)) as tf.Tensor2D; // [B, T]
  const whole = { ...checked, mask, externalMask, advantages: masked(checked.advantages, mask) };
  const onLoss = tf.where(ours, ownLoss(whole, ours, settings), 0) as tf.Tensor2D;
  const { weight, exploration, probability } = externalParts(whole, theirs, settings);
  const offLoss = weight.mul<tf.Tensor2D>(whole.advantages).mul<tf.Tensor2D>(exploration).neg(); // 0 but for theirs
  const tokenLoss = onLoss.add<tf.Tensor2D>(offLoss);
  const mean = (values: tf.Tensor2D): tf.Scalar => aggregate(values, whole, "token-mean");
  return {
    loss:
      settings.aggregation === "token-mean" ? mean(tokenLoss) : tokenLoss.sum().div(whole.totals.maxTokens).asScalar(),
    tokenLoss,
    misWeight: weight,
    explorationWeight: exploration,
    stats: {
      meanMisWeight: mean(weight),
      meanExternalProb: mean(probability),
      onLoss: mean(onLoss),
      offLoss: mean(offLoss),
    },
  };
}

type Checked = CheckedBatch<PolicyBatch & Pick<RlPlusBatch, "externalMask">>;

function checkShapes(batch: RlPlusBatch): Checked {
  const { advantages: given, mask, externalMask } = batch;
  const [rows, tokens] = mask.shape;
  const advantages = (given.rank === 1 ? tf.tile(given.reshape([-1, 1]), [1, tokens]) : given) as tf.Tensor2D;
  if (externalMask.shape.join() !== [rows, tokens].join()) {
    refuse("rl-plus", `externalMask has shape [${externalMask.shape}], mask [${mask.shape}]`, "pass one per token");
  }
  return checkBatch("rl-plus", { ...batch, advantages });
}

/** -A p / p_old, or PPO's minimum. @returns [B, T], to be read where `ours` is */
function ownLoss(
  { logProbs, oldLogProbs, advantages }: Checked,
  ours: tf.Tensor2D,
  { clip }: LossSettings,
): tf.Tensor2D {
  const ratio = limited(tf.where(ours, logProbs.sub(oldLogProbs), 0) as tf.Tensor2D).exp<tf.Tensor2D>(); // [B, T]
  if (clip === undefined) return ratio.mul<tf.Tensor2D>(advantages).neg();
  return clippedGain(ratio, advantages, { clipLow: clip.low, clipHigh: clip.high }).neg();
}

/** w, C and p of external tokens, 0 elsewhere. @returns [B, T] each */
function externalParts({ logProbs, oldLogProbs }: Checked, theirs: tf.Tensor2D, settings: LossSettings) {
  const { gamma, uniformMass } = settings;
  const logP = tf.where(theirs, logProbs, 0) as tf.Tensor2D;
  const mixture = tf
    .where(theirs, oldLogProbs, 0)
    .exp()
    .mul(1.5)
    .add(0.5 * uniformMass); // omega + p_old
  const weight = logP.sub<tf.Tensor2D>(mixture.log()).exp<tf.Tensor2D>().mul<tf.Tensor2D>(2); // from logs: p may be tiny
  const unlikely = logP.expm1<tf.Tensor2D>().neg<tf.Tensor2D>().maximum<tf.Tensor2D>(0); // 1 - p
  const C = gamma === 0 ? tf.onesLike(logP) : stopGradient(unlikely).pow<tf.Tensor2D>(gamma); // its slope at p = 1 is infinite
  const only = (values: tf.Tensor2D): tf.Tensor2D => tf.where(theirs, values, 0);
  return { weight: only(weight), exploration: only(C), probability: only(logP.exp()) };
}
