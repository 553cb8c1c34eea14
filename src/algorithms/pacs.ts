/**
 * PACS: the policy's own log-ratio is the logit of a classifier that predicts the verifier's label.
 * 2025, "Implicit Actor Critic Coupling via a Supervised Learning Framework for RLVR", arXiv:2509.02522, and its released
 * code.
 *
 *     rhat_i = beta * sum over tokens of (logp - logp_old)
 *     psi_i  = rhat_i - mean over the others of the group of rhat_j
 *     loss   = mean over completions of w_i [ softplus(psi_i) - psi_i R_i ],  w_i = G / (2 n_label) in mixed groups, else 1
 *
 * The gradient flows through the others' mean too. The split of the gradient into an actor's and a critic's part is a
 * reconstruction of the paper's words; the released code differentiates psi alone, as here.
 *
 * Seams: advantage (labels and weights alone), objective.
 * Needs whole groups. An unscored row is left out of its group, as is one whose group has no other scored row; the mean is
 * over all rows. A row of no tokens has rhat = 0. Where the score is "grpo" and a group's rhat are all the same, their
 * deviation counts as 0 and gives no gradient of its own.
 */
import * as tf from "@tensorflow/tfjs";
import type { AdvantageInput, Advantages } from "../toolkit/advantage.ts";
import type { Algorithm, Choice } from "../toolkit/algorithm.ts";
import { groupSum } from "../toolkit/groups.ts";
import { checkBatch, column, masked, type ObjectiveResult, type PolicyBatch, required } from "../toolkit/objective.ts";
import { checkOptions } from "../toolkit/options.ts";
import { lengths, logRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface PacsOptions {
  /** beta: nats of the logit per nat of log-ratio. Default 1: the 7B script (another uses 2). */
  readonly logitScale?: number;
  /**
   * psi: "rloo", rhat less the mean of the others; "grpo", (rhat - mean) / (std + 1e-6); "naive", rhat. Default "rloo":
   * the scripts.
   */
  readonly estimator?: "rloo" | "grpo" | "naive";
  /** Division by the standard deviation (n - 1) where the estimator is "grpo". Default true: the code. */
  readonly divideByDeviation?: boolean;
  /**
   * w: "question" gives both labels of a mixed group half of its weight; "only-positive" and "only-negative" are 1 for
   * that label and 0 for the other; "none" is 1. Default "question": the scripts.
   */
  readonly weights?: "question" | "only-positive" | "only-negative" | "none";
  /** rhat: "log-ratio", or "mean-log-prob", beta times the mean log-prob of a token. Default "log-ratio": the scripts. */
  readonly proxy?: "log-ratio" | "mean-log-prob";
}

type Settings = Required<PacsOptions>;

const SOURCES: Readonly<Record<keyof PacsOptions, readonly [seam: "advantage" | "objective", source: string]>> = {
  logitScale: ["objective", "arXiv:2509.02522, released 7B script"],
  estimator: ["objective", "arXiv:2509.02522, released scripts"],
  divideByDeviation: ["objective", "arXiv:2509.02522, released code"],
  weights: ["advantage", "arXiv:2509.02522, released scripts"],
  proxy: ["objective", "arXiv:2509.02522, released scripts"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function pacs(options: PacsOptions = {}): Algorithm {
  const settings = settle(options);
  return {
    name: "pacs",
    inseparable: true,
    advantage: (input) => pacsAdvantage(input, settings),
    objective: {
      needs: { columns: { label: "row", weight: "row", scored: "row" }, advantages: "none", together: "group" },
      loss: (batch) => pacsObjective(batch, settings),
    },
    choices: choicesOf(settings, options),
  };
}

function settle(options: PacsOptions): Settings {
  checkOptions("pacs", options, {
    logitScale: { kind: "number", above: 0 },
    estimator: { kind: "either", values: ["rloo", "grpo", "naive"] },
    divideByDeviation: { kind: "boolean" },
    weights: { kind: "either", values: ["question", "only-positive", "only-negative", "none"] },
    proxy: { kind: "either", values: ["log-ratio", "mean-log-prob"] },
  });
  return {
    logitScale: options.logitScale ?? 1,
    estimator: options.estimator ?? "rloo",
    divideByDeviation: options.divideByDeviation ?? true,
    weights: options.weights ?? "question",
    proxy: options.proxy ?? "log-ratio",
  };
}

function choicesOf(settings: Settings, given: PacsOptions): Choice[] {
  const names = Object.keys(SOURCES) as (keyof PacsOptions)[];
  return names.map((name) => {
    const [seam, source] = SOURCES[name];
    return { seam, name, value: settings[name], source: given[name] === undefined ? source : "given" };
  });
}

/** Labels of rows, as the objective reads them. */
export interface PacsRows {
  /** R; 0 where left out. */
  readonly label: Float32Array; // [B]
  /** w; 0 where left out. */
  readonly weight: Float32Array; // [B]
  /** 1 where the row takes part in its group. */
  readonly scored: Float32Array; // [B]
}

function pacsAdvantage({ rollouts, rewards }: AdvantageInput, settings: Settings): Advantages {
  const { rows, width, group, mask } = rollouts;
  const labelled = { rewards: rewards.values, group, mask };
  const columns = pacsRows(labelled, { ...settings, unscored: "left out" });
  return { perToken: new Float32Array(rows * (width - 1)), columns: { ...columns } };
}

export interface PacsInput {
  readonly rewards: ArrayLike<number>; // [B]
  /** Index of each row's group. */
  readonly group: ArrayLike<number>; // [B]
  readonly mask: ArrayLike<number>; // [B, T]
}

export interface PacsRowOptions extends Pick<PacsOptions, "estimator" | "weights" | "proxy"> {
  /** What to do with a NaN reward. Default "refused". */
  readonly unscored?: "refused" | "left out";
}

/**
 * Labels and weights.
 *
 * @throws UsageError for rewards outside of {0, 1} (of [0, 1] where weights are "none": then they are soft labels), for a
 *   group of one row under an estimator that compares, and for a row without tokens under "mean-log-prob"
 */
export function pacsRows(
  { rewards, group, mask }: PacsInput,
  { estimator = "rloo", weights = "question", proxy = "log-ratio", unscored = "refused" }: PacsRowOptions = {},
): PacsRows {
  if (group.length !== rewards.length) {
    refuse("pacs", `${rewards.length} rewards for ${group.length} group ids`, "pass one of each per row");
  }
  checkLabels(rewards, { soft: weights === "none", unscored });
  if (proxy === "mean-log-prob") checkLengths(rewards, mask);
  const [all, counted] = [countRows(group, rewards, () => true), countRows(group, rewards, (r) => !Number.isNaN(r))];
  const rights = countRows(group, rewards, (r) => r === 1);
  const scored = Float32Array.from(rewards, (reward, b) => {
    const id = group[b] ?? -1;
    if (estimator !== "naive" && all.get(id) === 1) {
      refuse("pacs", `group ${id} has one row, and "${estimator}" compares rows`, "sample 2 or more, or use naive");
    }
    return Number.isNaN(reward) || (estimator !== "naive" && counted.get(id) === 1) ? 0 : 1;
  });
  const label = scored.map((is, b) => (is === 1 ? (rewards[b] ?? 0) : 0));
  const weight = scored.map((is, b) => {
    const [of, n] = [counted.get(group[b] ?? -1) ?? 0, rights.get(group[b] ?? -1) ?? 0];
    return is * weightOf(weights, { right: label[b] === 1, rights: n, wrongs: of - n });
  });
  return { label, weight, scored };
}

function weightOf(
  weights: Settings["weights"],
  { right, rights, wrongs }: { readonly right: boolean; readonly rights: number; readonly wrongs: number },
): number {
  switch (weights) {
    case "question":
      return rights === 0 || wrongs === 0 ? 1 : (rights + wrongs) / (2 * (right ? rights : wrongs));
    case "only-positive":
      return right ? 1 : 0;
    case "only-negative":
      return right ? 0 : 1;
    case "none":
      return 1;
    default:
      return weights satisfies never;
  }
}

function checkLabels(
  rewards: ArrayLike<number>,
  { soft, unscored }: { readonly soft: boolean; readonly unscored: "refused" | "left out" },
): void {
  for (let b = 0; b < rewards.length; b++) {
    const reward = rewards[b] ?? Number.NaN;
    if (reward === 0 || reward === 1 || (soft && reward > 0 && reward < 1)) continue;
    if (Number.isNaN(reward) && unscored === "left out") continue;
    const remedy = soft ? "pass labels from 0 to 1" : 'pass 1 for right and 0 for wrong, or weights: "none"';
    refuse("pacs", `row ${b} has reward ${reward}`, remedy);
  }
}

function checkLengths(rewards: ArrayLike<number>, mask: ArrayLike<number>): void {
  const tokens = mask.length / rewards.length;
  for (let b = 0; b < rewards.length; b++) {
    let length = 0;
    for (let t = b * tokens; t < (b + 1) * tokens; t++) length += mask[t] ?? 0;
    if (length > 0 || Number.isNaN(rewards[b])) continue;
    refuse("pacs", `row ${b} has no tokens, so no mean log-prob`, "leave rows of an empty mask out");
  }
}

function countRows(
  group: ArrayLike<number>,
  rewards: ArrayLike<number>,
  counts: (reward: number) => boolean,
): Map<number, number> {
  const result = new Map<number, number>();
  for (let b = 0; b < group.length; b++) {
    const id = group[b] ?? -1;
    result.set(id, (result.get(id) ?? 0) + (counts(rewards[b] ?? Number.NaN) ? 1 : 0));
  }
  return result;
}

function pacsObjective(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const checked = checkBatch("pacs", batch);
  const group = required("pacs", checked, "group");
  const [label, weight, scored] = (["label", "weight", "scored"] as const).map(
    (name) => column("pacs", checked, name) as tf.Tensor1D,
  );
  if (label === undefined || weight === undefined || scored === undefined) throw new Error("internal: three columns");
  const psi = pacsScore(pacsProxy(checked, settings), { group, scored }, settings); // [B]
  const { rows } = checked.totals;
  const error = tf.sigmoid(psi).sub(label).abs().mul(scored).sum().div(rows).asScalar();
  return {
    loss: pacsLosses(psi, label).mul(weight).sum().div(rows).asScalar(),
    metrics: { "pacs/error": error },
  };
}

/** rhat of each row. @returns [B]; 0 for a row of no tokens */
export function pacsProxy(
  batch: PolicyBatch,
  { logitScale, proxy }: Pick<Settings, "logitScale" | "proxy">,
): tf.Tensor1D {
  if (proxy === "log-ratio") return logRatio(batch).sum<tf.Tensor1D>(1).mul(logitScale);
  const { logProbs, mask } = batch;
  return masked(logProbs, mask).sum<tf.Tensor1D>(1).div<tf.Tensor1D>(lengths(mask)).mul(logitScale);
}

/** psi of each row from rhat, among the rows of its group that are scored. @returns [B]; 0 where not scored */
export function pacsScore(
  proxy: tf.Tensor1D,
  { group, scored }: { readonly group: tf.Tensor1D; readonly scored: tf.Tensor1D },
  { estimator, divideByDeviation }: Pick<Settings, "estimator" | "divideByDeviation">,
): tf.Tensor1D {
  const values = proxy.mul<tf.Tensor1D>(scored); // [B]
  if (estimator === "naive") return values;
  const [count, sum] = [groupSum(scored, group), groupSum(values, group)]; // [B]
  const others = count.sub(1).maximum(1); // [B]
  if (estimator === "rloo") return values.sub(sum.sub(values).div(others)).mul(scored);
  const centred = values.sub(sum.div(count.maximum(1))).mul<tf.Tensor1D>(scored); // [B]
  if (!divideByDeviation) return centred;
  const variance = groupSum(centred.square(), group).div(others); // [B]
  const spread = variance.greater(0);
  const deviation = tf.where(spread, tf.where(spread, variance, 1).sqrt(), 0); // [B]: the root's slope at 0 is no number
  return centred.div(deviation.add(1e-6));
}

/** Cross-entropy of each row before its weight: softplus(psi) - psi R. @returns [B] */
export function pacsLosses(psi: tf.Tensor1D, label: tf.Tensor1D): tf.Tensor1D {
  return tf.softplus(psi).sub(psi.mul(label));
}
