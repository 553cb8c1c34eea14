/**
 * REAL: rewards are labels of a classifier whose logit is the mean log-ratio of a completion.
 * 2026, "Rewards as Labels: Revisiting RLVR from a Classification Perspective", arXiv:2602.05630, and its released code.
 *
 *     s_k  = mean over the tokens of completion k of (logp - logp_old)
 *     L_g  = log(1 + sum_{right i} exp(-s_i / tau)) + log(1 + sum_{wrong j} exp(s_j / tau))
 *     loss = sum over groups with both labels of L_g / number of groups
 *
 * A completion's gradient is bounded by 1 / tau, and grows as a right answer becomes unlikely or a wrong one likely. Two
 * variants of the code: "bce", the mean cross-entropy of s / tau over the completions of mixed groups; "product",
 * softplus(logsumexp_wrong(s / tau) + logsumexp_right(-s / tau)) in place of L_g (reconstruction: the released function
 * has a misspelt name in it and cannot run).
 *
 * Seams: advantage (labels alone), objective.
 * A group of one label adds nothing to the sum, but counts as a group; an unscored row is in no sum. Needs whole groups;
 * "bce", whose divisor is a count over the update, needs whole updates.
 */
import * as tf from "@tensorflow/tfjs";
import { type AdvantageInput, type Advantages, groupStatistics } from "../toolkit/advantage.ts";
import type { Algorithm, Choice } from "../toolkit/algorithm.ts";
import { checkBinary } from "../toolkit/finite.ts";
import { groupSum, sameGroup } from "../toolkit/groups.ts";
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
import { klDivergence, sequenceLogRatio, stopGradient } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface RealOptions {
  /** tau: log-ratio per token, in nats, at which the classifier is half sure. Default 0.5: the 1.5B script (config: 1). */
  readonly scoreTemperature?: number;
  /** Loss. Default "real": the paper's. */
  readonly variant?: "real" | "bce" | "product";
  /**
   * "exact": rewards 1 and 0 are right and wrong, any other is refused. "centered": above the group's mean is right, the
   * rest wrong, as in ms-swift. Default "exact": the paper's code.
   */
  readonly labelRule?: "exact" | "centered";
  /** Weight of k3 against the policy that the run started from, token mean. Default 0: the script. */
  readonly klCoefficient?: number;
  /** Weight of the entropy bonus, token mean. Default 0: the script. */
  readonly entropyCoefficient?: number;
}

type Settings = Required<RealOptions>;

const SOURCES: Readonly<Record<keyof RealOptions, readonly [seam: "advantage" | "objective", source: string]>> = {
  scoreTemperature: ["objective", "arXiv:2602.05630, released script for 1.5B"],
  variant: ["objective", "arXiv:2602.05630"],
  labelRule: ["advantage", "arXiv:2602.05630, released code"],
  klCoefficient: ["objective", "arXiv:2602.05630, released script"],
  entropyCoefficient: ["objective", "arXiv:2602.05630, released script"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function real(options: RealOptions = {}): Algorithm {
  const settings = settle(options);
  return {
    name: "real",
    inseparable: true,
    advantage: (input) => realAdvantage(input, settings),
    objective: {
      needs: {
        referenceLogProbs: settings.klCoefficient > 0,
        ...(settings.entropyCoefficient === 0 ? {} : { entropy: "gradient" }),
        columns: { label: "row" },
        advantages: "none",
        together: settings.variant === "bce" ? "update" : "group",
      },
      loss: (batch) => realObjective(batch, settings),
    },
    choices: choicesOf(settings, options),
  };
}

function settle(options: RealOptions): Settings {
  checkOptions("real", options, {
    scoreTemperature: { kind: "number", above: 0 },
    variant: { kind: "either", values: ["real", "bce", "product"] },
    labelRule: { kind: "either", values: ["exact", "centered"] },
    klCoefficient: { kind: "number", min: 0 },
    entropyCoefficient: { kind: "number" },
  });
  return {
    scoreTemperature: options.scoreTemperature ?? 0.5,
    variant: options.variant ?? "real",
    labelRule: options.labelRule ?? "exact",
    klCoefficient: options.klCoefficient ?? 0,
    entropyCoefficient: options.entropyCoefficient ?? 0,
  };
}

function choicesOf(settings: Settings, given: RealOptions): Choice[] {
  const names = Object.keys(SOURCES) as (keyof RealOptions)[];
  return names.map((name) => {
    const [seam, source] = SOURCES[name];
    return { seam, name, value: settings[name], source: given[name] === undefined ? source : "given" };
  });
}

function realAdvantage({ rollouts, rewards }: AdvantageInput, { labelRule }: Settings): Advantages {
  const label = realLabels(
    { rewards: rewards.values, group: rollouts.group, mask: rollouts.mask },
    { labelRule, unscored: "left out" },
  );
  return { perToken: new Float32Array(rollouts.rows * (rollouts.width - 1)), columns: { label } };
}

export interface RealRows {
  readonly rewards: ArrayLike<number>; // [B]
  /** Index of each row's group. */
  readonly group: ArrayLike<number>; // [B]
  readonly mask: ArrayLike<number>; // [B, T]
}

export interface RealLabelOptions extends Pick<RealOptions, "labelRule"> {
  /** What to do with a NaN reward. Default "refused". */
  readonly unscored?: "refused" | "left out";
}

/**
 * Label of each row: 1 right, -1 wrong, 0 left out of the loss.
 *
 * @returns [B]
 * @throws UsageError for a reward that the rule cannot take, and for a scored row without tokens: it has no mean log-ratio
 */
export function realLabels(
  { rewards, group, mask }: RealRows,
  { labelRule = "exact", unscored = "refused" }: RealLabelOptions = {},
): Float32Array {
  const values = Float64Array.from(rewards);
  if (group.length !== values.length) {
    refuse("real", `${values.length} rewards for ${group.length} group ids`, "pass one of each per row");
  }
  if (labelRule === "exact") checkBinary("real", values, unscored);
  else if (unscored === "refused" && values.includes(Number.NaN)) {
    refuse("real", "a reward is NaN", "leave unscored rows out");
  }
  checkLengths(values, mask);
  const statistics = groupStatistics(values, group);
  const single = rewards instanceof Float32Array; // a mean of such is compared as one: 0.4 is not above a mean of 0.4
  return Float32Array.from(values, (reward, b) => {
    if (Number.isNaN(reward)) return 0;
    const { mean, min, max } = statistics.get(group[b] ?? -1) ?? { mean: 0, min: 0, max: 0 };
    if (labelRule === "exact") return reward === 1 ? 1 : -1;
    return min < max && reward > (single ? Math.fround(mean) : mean) ? 1 : -1;
  });
}

function checkLengths(rewards: Float64Array, mask: ArrayLike<number>): void {
  const tokens = mask.length / rewards.length;
  if (!Number.isInteger(tokens)) {
    refuse("real", `${mask.length} masked positions for ${rewards.length} rows`, "pass a mask of [rows, tokens]");
  }
  for (const [b, reward] of rewards.entries()) {
    let length = 0;
    for (let t = b * tokens; t < (b + 1) * tokens; t++) length += mask[t] ?? 0;
    if (length > 0 || Number.isNaN(reward)) continue;
    refuse("real", `row ${b} has no tokens, so no mean log-ratio`, "leave rows of an empty mask out");
  }
}

function realObjective(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("real", batch);
  const { mask, totals } = checked;
  const trained = mask.max<tf.Tensor1D>(1); // [B]: a row whose tokens another method masks is left out
  const label = (column("real", checked, "label") as tf.Tensor1D).mul<tf.Tensor1D>(trained); // [B]
  const group = required("real", checked, "group");
  const parts = realLoss(sequenceLogRatio(checked), { label, group, groups: totals.groups }, settings);
  let loss: tf.Tensor = parts.loss;
  const metrics: Record<string, tf.Scalar> = { "real/mixed_groups": parts.mixedShare };
  if (settings.klCoefficient > 0) {
    const kl = aggregate(klDivergence(checked, required("real", checked, "referenceLogProbs")), checked, "token-mean");
    loss = loss.add(kl.mul(settings.klCoefficient));
    metrics.kl = kl;
  }
  if (settings.entropyCoefficient !== 0) {
    const entropies = masked(required("real", checked, "entropies"), mask); // [B, T]
    loss = loss.sub(aggregate(entropies, checked, "token-mean").mul(settings.entropyCoefficient));
  }
  return { loss: loss.asScalar(), metrics };
}

export interface RealLabelled {
  /** 1 right, -1 wrong, 0 left out. */
  readonly label: tf.Tensor1D; // [B]
  readonly group: tf.Tensor1D; // [B] int32
  /** Groups of the whole update, mixed or not. */
  readonly groups: tf.Scalar;
}

export interface RealParts {
  readonly loss: tf.Scalar;
  /** Loss of each row's group before the division, the sum over its rows for "bce"; 0 where labels are not mixed. */
  readonly groupLoss: tf.Tensor1D; // [B]
  /** Share of the groups that have both labels. */
  readonly mixedShare: tf.Scalar;
}

/** The loss of scores s, differentiable by them. @param scores [B] mean log-ratio of each row */
export function realLoss(
  scores: tf.Tensor1D,
  { label, group, groups }: RealLabelled,
  { scoreTemperature, variant }: Pick<Settings, "scoreTemperature" | "variant">,
): RealParts {
  const logits = scores.div<tf.Tensor1D>(scoreTemperature); // [B]
  const [right, wrong] = [label.greater(0).cast("float32"), label.less(0).cast("float32")] as tf.Tensor1D[];
  if (right === undefined || wrong === undefined) throw new Error("internal: two labels");
  const [rights, wrongs] = [groupSum(right, group), groupSum(wrong, group)]; // [B]
  const mixed = rights.minimum(wrongs).minimum(1).mul(label.abs()) as tf.Tensor1D; // [B]: 1 where the row counts
  const share = mixed.div<tf.Tensor1D>(rights.add(wrongs).maximum(1)); // [B]: 1 / rows of the group
  const mixedShare = share.sum().div(groups).asScalar();
  if (variant === "bce") {
    const entropy = tf.softplus(logits).sub(logits.mul(right)).mul<tf.Tensor1D>(mixed); // [B]
    const loss = entropy.sum().div(mixed.sum().maximum(1)).asScalar();
    return { loss, groupLoss: groupSum(entropy, group), mixedShare };
  }
  const [of, anchor] = [sameGroup(group), variant === "real"];
  const above = logSumExp(logits.neg(), of.mul(right), anchor); // [B]
  const below = logSumExp(logits, of.mul(wrong), anchor); // [B]
  const sum = above.add<tf.Tensor1D>(below);
  const groupLoss = tf.where(mixed.greater(0), anchor ? sum : tf.softplus(sum), 0) as tf.Tensor1D; // [B]
  return { loss: groupLoss.mul(share).sum().div(groups).asScalar(), groupLoss, mixedShare };
}

/** log of the sum of exp of values over each row's members, and of exp(0) with an anchor. @param members [B, B] 1 or 0 */
function logSumExp(values: tf.Tensor1D, members: tf.Tensor2D, anchor: boolean): tf.Tensor1D {
  const [rows] = values.shape;
  const spread = tf.where(members.greater(0), tf.tile(values.reshape([1, rows]), [rows, 1]), NONE); // [B, B]
  const most = stopGradient(anchor ? spread.max<tf.Tensor1D>(1).relu() : spread.max<tf.Tensor1D>(1)); // [B]
  const sum = spread
    .sub(most.reshape([rows, 1]))
    .exp()
    .sum(1); // [B]
  const all = anchor ? sum.add(most.neg().exp()) : sum;
  return all.log().add<tf.Tensor1D>(most);
}

/** A logit of no weight; its difference from any other is finite in float32. */
const NONE = -1e30;
