/**
 * ROVER: regression of a relative Q value onto the reward plus the uniform policy's value of the next state.
 * 2025, "Random Policy Valuation is Enough for LLM Reasoning with Verifiable Rewards", arXiv:2509.24981, and its released
 * code.
 *
 *     Q_t    = rho (logp_t - logp_old_t)
 *     Q'_t   = rho (mbar(s_t+1) - mbar_old(s_t+1)), 0 after the last token; mbar = mean over the vocabulary of log p
 *     target = r - mean_group r + beta Q'_t, without gradient
 *     loss   = mean over a completion's tokens, then over completions, of (Q_t - target)^2
 *
 * Seams: advantage, objective.
 * The advantage is the centred reward; a group of one row keeps its reward, as in the code. On policy the gradient is that
 * of REINFORCE with a group mean. Unscored rows are masked. Where paper and code differ the paper is taken: means per
 * completion first (code: over all tokens), no division by the deviation (code for Math: on). For small trees, exactly:
 * rover-tree.ts.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  groupStatistics,
  spreadOverTokens,
  statistic,
} from "../toolkit/advantage.ts";
import type { Algorithm, Choice } from "../toolkit/algorithm.ts";
import { checkFinite, checkUnbroken } from "../toolkit/finite.ts";
import { meanLogProb } from "../toolkit/models.ts";
import {
  AGGREGATIONS,
  type Aggregation,
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
import { lengths, logRatio, stopGradient } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface RoverOptions {
  /** rho: Q in units of log p. Default 1: paper, all runs. */
  readonly scale?: number;
  /** beta: weight of the next state's value; 0 leaves the reward alone. Default 1: paper (0.2 to 1 alike, 5 too much). */
  readonly successorWeight?: number;
  /** How squared errors are averaged. Default "seq-mean-token-mean": paper (code: "token-mean"). */
  readonly aggregation?: Aggregation;
  /** Division of the centred reward by the group's deviation (n - 1, plus 1e-6). Default "none": paper (Math script: on). */
  readonly normalise?: "none" | "group-std";
  /**
   * eps of the code's one-sided clip: where the target is above Q and Q above log(1 + eps), or below it and Q below
   * log(1 - eps), Q counts as that bound and has no gradient. Default: no clip, as in paper and code.
   */
  readonly clip?: number;
  /** "response": one error a completion, (mean Q - centred reward)^2, of the code. Default "token": paper. */
  readonly level?: "token" | "response";
}

type Settings = Required<Omit<RoverOptions, "clip">> & Pick<RoverOptions, "clip">;

const SOURCES: Readonly<Record<keyof RoverOptions, readonly [seam: "advantage" | "objective", source: string]>> = {
  scale: ["objective", "arXiv:2509.24981, all runs"],
  successorWeight: ["objective", "arXiv:2509.24981"],
  aggregation: ["objective", "arXiv:2509.24981, the loss"],
  normalise: ["advantage", "arXiv:2509.24981"],
  clip: ["objective", "arXiv:2509.24981, released code: off"],
  level: ["objective", "arXiv:2509.24981, the loss"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function rover(options: RoverOptions = {}): Algorithm {
  const settings = settle(options);
  return {
    name: "rover",
    inseparable: true,
    statistics: { oldMeanLogProb: meanLogProb },
    advantage: (input) => roverAdvantage(input, settings),
    objective: {
      needs: { logits: true, columns: { oldMeanLogProb: "token" } },
      loss: (batch) => roverObjective(batch, settings),
    },
    choices: choicesOf(settings, options),
  };
}

function settle(options: RoverOptions): Settings {
  checkOptions("rover", options, {
    scale: { kind: "number", above: 0 },
    successorWeight: { kind: "number" },
    aggregation: { kind: "either", values: AGGREGATIONS },
    normalise: { kind: "either", values: ["none", "group-std"] },
    clip: { kind: "number", above: 0, max: 0.999 },
    level: { kind: "either", values: ["token", "response"] },
  });
  return {
    scale: options.scale ?? 1,
    successorWeight: options.successorWeight ?? 1,
    aggregation: options.aggregation ?? "seq-mean-token-mean",
    normalise: options.normalise ?? "none",
    ...(options.clip !== undefined && { clip: options.clip }),
    level: options.level ?? "token",
  };
}

function choicesOf(settings: Settings, given: RoverOptions): Choice[] {
  const names = Object.keys(SOURCES) as (keyof RoverOptions)[];
  return names.map((name) => {
    const [seam, source] = SOURCES[name];
    return { seam, name, value: settings[name] ?? "none", source: given[name] === undefined ? source : "given" };
  });
}

function roverAdvantage({ rollouts, rewards, statistics }: AdvantageInput, { normalise }: Settings): Advantages {
  const { group, width, promptLengths } = rollouts;
  const tokens = width - 1;
  const mask = rollouts.mask.slice();
  checkUnbroken(
    "rover",
    mask,
    tokens,
    promptLengths.map((length) => length - 1),
  );
  const oldMeanLogProb = statistic("rover", statistics, "oldMeanLogProb");
  for (const [b, reward] of rewards.values.entries()) {
    if (Number.isNaN(reward)) mask.fill(0, b * tokens, (b + 1) * tokens);
  }
  checkFinite("rover", { oldMeanLogProb }, mask);
  const centred = centredRewards(rewards.values, group, { normalise, unscored: "left out" });
  return { perToken: spreadOverTokens(centred, tokens), mask };
}

export interface CentredRewardOptions extends Pick<RoverOptions, "normalise"> {
  /** What to do with a NaN reward. Default "refused"; one that is left out gets 0 and is in no mean. */
  readonly unscored?: "refused" | "left out";
}

/**
 * Reward less the mean of the group's; a row that is alone in its group keeps its reward.
 *
 * @param rewards [B] @param group [B] index of each row's group @returns [B]
 */
export function centredRewards(
  rewards: ArrayLike<number>,
  group: ArrayLike<number>,
  { normalise = "none", unscored = "refused" }: CentredRewardOptions = {},
): Float64Array {
  const values = Float64Array.from(rewards);
  if (unscored === "refused" && values.some((reward) => Number.isNaN(reward))) {
    refuse(
      "rover",
      `row ${values.findIndex((reward) => Number.isNaN(reward))} has reward NaN`,
      "leave unscored rows out",
    );
  }
  const centred = groupAdvantages(values, group, { scale: normalise, deviation: "sample", epsilon: 1e-6 });
  const statistics = groupStatistics(values, group);
  return centred.map((value, b) => {
    const [reward = Number.NaN, alone] = [values[b], statistics.get(group[b] ?? -1)?.count === 1];
    return alone && !Number.isNaN(reward) ? reward : value;
  });
}

function roverObjective(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("rover", batch);
  const { q, next, target } = roverTerms(checked, settings);
  const metrics = { "rover/next": aggregate(next.abs(), checked, "token-mean") };
  if (settings.level === "response") {
    const reward = masked(checked.advantages, checked.mask).sum<tf.Tensor1D>(1).div<tf.Tensor1D>(lengths(checked.mask));
    const error = q.sum<tf.Tensor1D>(1).div<tf.Tensor1D>(lengths(checked.mask)).sub(reward); // [B]
    return { loss: error.square().sum().div(checked.totals.rows).asScalar(), metrics };
  }
  const error = bounded(q, target, settings).sub<tf.Tensor2D>(target).square<tf.Tensor2D>(); // [B, T]
  return { loss: aggregate(error, checked, settings.aggregation), metrics };
}

export interface RoverTerms {
  /** Q of each token; gradient flows through it alone. */
  readonly q: tf.Tensor2D; // [B, T]
  /** Q' of each token. */
  readonly next: tf.Tensor2D; // [B, T]
  readonly target: tf.Tensor2D; // [B, T]
}

/** What the loss compares; all are 0 where the mask is. The advantages are the centred rewards. */
export function roverTerms(
  batch: CheckedBatch,
  { scale, successorWeight }: Pick<Settings, "scale" | "successorWeight">,
): RoverTerms {
  const { mask } = batch;
  const logits = stopGradient(required("rover", batch, "logits")); // [B, T, V]
  const [rows = 0, tokens = 0, vocabulary = 0] = logits.shape;
  if (vocabulary < 2) refuse("rover", `logits have shape [${logits.shape}]`, "pass at least 2 entries a position");
  const mean = logits.mean<tf.Tensor2D>(2).sub<tf.Tensor2D>(logits.logSumExp(2)); // [B, T]
  const old = column("rover", batch, "oldMeanLogProb") as tf.Tensor2D; // [B, T]
  const moved = masked(mean.sub(old), mask).mul<tf.Tensor2D>(scale); // [B, T]
  const later = tf.concat2d([moved.slice([0, 1], [rows, tokens - 1]), tf.zeros([rows, 1])], 1);
  const next = masked(later, mask);
  const target = masked(batch.advantages, mask).add<tf.Tensor2D>(next.mul(successorWeight));
  return { q: logRatio(batch).mul<tf.Tensor2D>(scale), next, target };
}

/** Q, or the bound that it has passed while the target pulls it further. */
function bounded(q: tf.Tensor2D, target: tf.Tensor2D, { clip }: Settings): tf.Tensor2D {
  if (clip === undefined) return q;
  const [low, high] = [Math.log(1 - clip), Math.log(1 + clip)];
  const above = target.greater(q).logicalAnd(q.greater(high));
  const below = target.less(q).logicalAnd(q.less(low));
  return tf.where(above, high, tf.where(below, low, q)) as tf.Tensor2D;
}
