/**
 * ICPO: right answers that the policy finds with solved examples before the prompt teach it to do without them.
 * 2025, "Think Outside the Policy: In-Context Steered Policy Optimization", arXiv:2510.26519, and its released code.
 *
 *     hinted token  l = -A f(p), f(x) = x / (x + lambda)
 *     other token   l = -min(r A, clip(r, 1 - clipLow, 1 + clipHigh) A), at least dualClip A where A < 0; r = p / p_old
 *     reward        b; b + alpha max(0, 1 - t / horizon) of an accepted hinted completion
 *     A_b  = (R_b - mean) / (std + 1e-6) over a group's own and accepted rows, n - 1
 *     loss = token mean of l + klCoefficient k3
 *
 * A hinted completion stands after the plain prompt, as if its author were certain of it (probability 1); f lets it move
 * unlikely tokens more. Accepted: reward b without bonus at least delta.
 *
 * Reconstruction: a rejected completion trains nothing and is in no mean (the released code has no rejection and keeps it
 * with reward 0); the horizon is the run's length, as in the script; what "exp" and "cosine" decay in, which the code has
 * and does not use. lambda is 0.1 in the code and 0.01 in accounts of the paper: the code's is taken.
 *
 * Seams: rollout, reward, advantage, objective. A group of fewer than two rows, or of equal rewards, gives no gradient.
 * Recomputed on rows of another method, those that others wrote count as hinted.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type AdvantageInput,
  type Advantages,
  groupAdvantages,
  type Reals,
  spreadOverTokens,
} from "../toolkit/advantage.ts";
import { type Algorithm, type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
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
import { checkOptions, type OptionRule } from "../toolkit/options.ts";
import { clippedGain, klDivergence, limited, tokenRatio } from "../toolkit/ratio.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type RewardInput, type Rewards, verifiedReward } from "../toolkit/reward.ts";
import { type Demonstration, type IclWords, icpoRollout } from "./icpo-rollout.ts";

export interface IcpoLossOptions {
  /** Default 0.2, both: released script. */
  readonly clipLow?: number;
  readonly clipHigh?: number;
  /** c of the dual clip. Default 3: released code. */
  readonly dualClip?: number;
  /** lambda of f. Default 0.1: released code. */
  readonly lambdaShape?: number;
}

export interface IcpoRewardOptions {
  /** alpha: the bonus at step 0. Default 1: released script. 0 is ICPO without its variant of shaped rewards. */
  readonly bonus?: number;
  /** Step at which the bonus has gone. Default: the run's steps, as in the script (400 of 400). */
  readonly horizon?: number;
  /** How it goes. Default "linear": released script. */
  readonly decay?: "linear" | "exp" | "cosine";
}

export interface IcpoOptions extends IcpoLossOptions, IcpoRewardOptions {
  /** N_off: hinted completions, of each prompt's. Default 1: released script (config: 4). */
  readonly hintedSamples?: number;
  /** k: examples before a prompt. Default 1: released script. */
  readonly shots?: number;
  /** Examples. Default: solved problems of the task's train split. */
  readonly demonstrations?: readonly Demonstration[];
  /** Text around examples. Default: none, which every tokenizer knows; `ICL_WORDS` is the released code's. */
  readonly words?: IclWords;
  /** delta: least reward, without bonus, of a hinted completion that is learned from. Default 1: section on rejection. */
  readonly delta?: number;
  /** Weight of k3 against the policy that the run started from. Default 0.001: released script. */
  readonly klCoefficient?: number;
}

const SOURCES: ChoiceSources<keyof IcpoOptions> = {
  hintedSamples: ["rollout", "arXiv:2510.26519, released script"],
  shots: ["rollout", "arXiv:2510.26519, released script"],
  demonstrations: ["rollout", "our choice: the task's own, where the paper has MATH's"],
  words: ["rollout", "our choice: all that a task's tokenizer knows"],
  delta: ["advantage", "arXiv:2510.26519, rejection by expert region"],
  bonus: ["reward", "arXiv:2510.26519, released script"],
  horizon: ["reward", "arXiv:2510.26519, released script: all steps"],
  decay: ["reward", "arXiv:2510.26519, released script"],
  clipLow: ["objective", "arXiv:2510.26519, released script"],
  clipHigh: ["objective", "arXiv:2510.26519, released script"],
  dualClip: ["objective", "arXiv:2510.26519, released code"],
  lambdaShape: ["objective", "arXiv:2510.26519, released code"],
  klCoefficient: ["objective", "arXiv:2510.26519, released script"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function icpo(options: IcpoOptions = {}): Algorithm {
  check(options);
  const { hintedSamples = 1, shots = 1, demonstrations, words, delta = 1, klCoefficient = 0.001 } = options;
  const { clipLow, clipHigh, dualClip, lambdaShape } = options;
  const loss = lossSettings({ clipLow, clipHigh, dualClip, lambdaShape });
  const { bonus = 1, horizon, decay = "linear" } = options;
  const sampling = {
    hintedSamples,
    shots,
    demonstrations,
    words: words ?? { question: "", answer: "", separator: "" },
  };
  if (hintedSamples > 0 && demonstrations?.length === 0) {
    refuse("icpo", "demonstrations is empty", "pass examples, or hintedSamples 0");
  }
  return {
    name: "icpo",
    inseparable: true,
    rollout: (input) => icpoRollout(input, sampling),
    rolloutColumns: ({ foreign, rows }) => ({ hinted: Float32Array.from(foreign ?? new Uint8Array(rows)) }),
    reward: (input) => icpoRewardSeam(input, { delta, bonus, horizon, decay }),
    advantage: (input) => icpoAdvantageSeam(input, delta),
    objective: {
      needs: { columns: { hinted: "row" }, referenceLogProbs: klCoefficient > 0 },
      loss: (batch) => icpoObjective(batch, loss, klCoefficient),
    },
    choices: choicesOf(
      SOURCES,
      {
        ...{ ...loss, hintedSamples, shots, delta, bonus, decay, klCoefficient },
        horizon: horizon ?? "the run's steps",
        demonstrations: demonstrations ? `${demonstrations.length} given` : "the task's",
        words: words ? JSON.stringify(words) : "none",
      },
      options,
    ),
  };
}

const LOSS_RULES: Readonly<Record<keyof IcpoLossOptions, OptionRule>> = {
  clipLow: { kind: "number", min: 0, max: 1 },
  clipHigh: { kind: "number", min: 0 },
  dualClip: { kind: "number", above: 1 },
  lambdaShape: { kind: "number", above: 0 },
};

const REWARD_RULES: Readonly<Record<keyof IcpoRewardOptions, OptionRule>> = {
  bonus: { kind: "number", min: 0 },
  horizon: { kind: "number", above: 0 },
  decay: { kind: "either", values: ["linear", "exp", "cosine"] },
};

function check(options: IcpoOptions): void {
  checkOptions("icpo", options, {
    ...{ ...LOSS_RULES, ...REWARD_RULES },
    hintedSamples: { kind: "integer", min: 0 },
    shots: { kind: "integer", min: 1 },
    demonstrations: { kind: "array" },
    words: { kind: "object" },
    delta: { kind: "number" },
    klCoefficient: { kind: "number", min: 0 },
  });
}

function lossSettings(options: { readonly [K in keyof IcpoLossOptions]: IcpoLossOptions[K] | undefined }) {
  checkOptions("icpo", options, LOSS_RULES);
  const { clipLow = 0.2, clipHigh = 0.2, dualClip = 3, lambdaShape = 0.1 } = options;
  return { clipLow, clipHigh, dualClip, lambdaShape };
}

/** Flags of hinted rows, in columns. */
export interface IcpoRows {
  /** Rewards without bonus; NaN where not scored. */
  readonly baseReward: ArrayLike<number>; // [B]
  /** 1 or true for a completion sampled with examples. */
  readonly hinted: ArrayLike<number | boolean>; // [B]
}

/**
 * Which rows are learned from: all but hinted ones below delta.
 *
 * @throws UsageError for flags of another number than rows, or other than 1 and 0
 */
export function expertRegion({ baseReward, hinted }: IcpoRows, { delta = 1 }: { delta?: number } = {}): boolean[] {
  if (hinted.length !== baseReward.length) {
    refuse("icpo", `${hinted.length} hinted flags for ${baseReward.length} rows`, "pass one of each per row");
  }
  checkFlags("icpo", "hinted", hinted);
  if (!Number.isFinite(delta)) refuse("icpo", `delta is ${delta}`, "pass a number");
  return Array.from(baseReward, (reward, b) => Number(hinted[b]) === 0 || reward >= delta);
}

export interface IcpoBonusOptions extends IcpoRewardOptions {
  readonly horizon: number;
  readonly delta?: number;
}

/**
 * Rewards with the bonus of accepted hinted rows at a step, from 0.
 *
 * @returns [B]
 * @throws UsageError for a horizon that is not above 0, a step below 0, and flags of another number than rows
 */
export function icpoRewards(rows: IcpoRows, step: number, options: IcpoBonusOptions): Float64Array {
  const { bonus = 1, horizon, decay = "linear", delta = 1 } = options;
  checkOptions("icpo", { bonus, horizon, decay }, REWARD_RULES);
  if (!(step >= 0 && step < Infinity)) refuse("icpo", `step is ${step}`, "count steps from 0");
  const left = { linear: 1 - step / horizon, exp: Math.exp(-step / horizon), cosine: cosine(step / horizon) }[decay];
  const accepted = expertRegion(rows, { delta });
  return Float64Array.from(rows.baseReward, (reward, b) => {
    const earns = Number(rows.hinted[b]) !== 0 && accepted[b] === true;
    return earns ? reward + bonus * Math.max(0, left) : reward;
  });
}

/** From 1 at 0 to 0 at 1, and 0 from there. */
function cosine(share: number): number {
  return (1 + Math.cos(Math.PI * Math.min(1, share))) / 2;
}

/**
 * Advantages over each group's accepted rows; 0 for a row that is not accepted.
 *
 * @param rewards [B] with the bonus
 * @returns [B], as exact as the rewards
 */
export function icpoAdvantages<Rows extends Reals>(
  rewards: Rows,
  accepted: readonly boolean[],
  group: ArrayLike<number>,
): Rows {
  const kept = (rewards as Reals).map((reward, b) => (accepted[b] === true ? reward : Number.NaN)) as Rows;
  return groupAdvantages(kept, group, { scale: "group-std", deviation: "sample", epsilon: 1e-6 });
}

async function icpoRewardSeam(
  input: RewardInput,
  { horizon, ...options }: Omit<IcpoBonusOptions, "horizon"> & { readonly horizon: number | undefined },
): Promise<Rewards> {
  const base = await verifiedReward(input);
  const rows = { baseReward: base.values, hinted: hintedOf(input.rollouts.columns) };
  const { step = 0, steps = 1 } = input;
  const values = Float32Array.from(icpoRewards(rows, step, { ...options, horizon: horizon ?? steps }));
  return {
    ...base,
    values,
    components: { base: base.values, bonus: values.map((v, b) => v - (rows.baseReward[b] ?? 0)) },
  };
}

function icpoAdvantageSeam({ rollouts, rewards }: AdvantageInput, delta: number): Advantages {
  const { mask, rows, width, group } = rollouts;
  const hinted = hintedOf(rollouts.columns);
  const accepted = expertRegion({ baseReward: rewards.components?.base ?? rewards.values, hinted }, { delta });
  const perRow = icpoAdvantages(rewards.values, accepted, group);
  const kept = mask.map((one, i) => (accepted[Math.floor(i / (width - 1))] === true ? one : 0));
  const count = hinted.reduce((sum, one) => sum + one, 0);
  const taken = hinted.reduce((sum, one, b) => sum + (accepted[b] === true ? one : 0), 0);
  const metrics = { ...(count > 0 && { "icpo/accepted": taken / count }), "icpo/hinted_rows": count / rows };
  return { perToken: spreadOverTokens(perRow, width - 1), mask: kept, metrics };
}

function hintedOf(columns: AdvantageInput["rollouts"]["columns"]): Float32Array {
  const hinted = columns?.hinted;
  if (hinted instanceof Float32Array) return hinted;
  return refuse("icpo", "the rollouts have no column hinted", "use icpo's own rollout");
}

export interface IcpoBatch extends PolicyBatch {
  /** 1 for a row sampled with examples, else 0. */
  readonly hinted: tf.Tensor1D; // [B]
}

export interface IcpoResult {
  readonly loss: tf.Scalar;
  /** l, 0 where the mask is. */
  readonly tokenLoss: tf.Tensor2D; // [B, T]
  /** f(p) of hinted rows, 0 elsewhere. */
  readonly shaped: tf.Tensor2D; // [B, T]
}

/** The loss without KL. @throws UsageError for shapes that disagree and options out of range */
export function icpoLoss(batch: IcpoBatch, options: IcpoLossOptions = {}): IcpoResult {
  const { lambdaShape, ...range } = lossSettings(options);
  const checked = checkBatch("icpo", batch);
  const { mask, logProbs, hinted } = checked;
  if (hinted.rank !== 1 || hinted.shape[0] !== mask.shape[0]) {
    refuse("icpo", `hinted has shape [${hinted.shape}], mask [${mask.shape}]`, "pass one number per row");
  }
  const advantages = masked(checked.advantages, mask);
  const moved = tf
    .tile(hinted.reshape([-1, 1]), [1, mask.shape[1]])
    .greater(0)
    .logicalAnd(mask.greater(0)); // [B, T]
  const p = limited(masked(logProbs, mask)).exp<tf.Tensor2D>();
  const shaped = tf.where(moved, p.div(p.add(lambdaShape)), 0) as tf.Tensor2D;
  const gain = clippedGain(tokenRatio(checked), advantages, range);
  const tokenLoss = (tf.where(moved, shaped.mul(advantages), gain) as tf.Tensor2D).neg<tf.Tensor2D>();
  return { loss: aggregate(tokenLoss, checked, "token-mean"), tokenLoss, shaped };
}

function icpoObjective(batch: PolicyBatch, settings: IcpoLossOptions, klCoefficient: number): ObjectiveResult {
  const hinted = column("icpo", batch, "hinted") as tf.Tensor1D;
  const { loss, shaped } = icpoLoss({ ...batch, hinted }, settings);
  const checked: CheckedBatch = checkBatch("icpo", batch);
  const metrics = { "icpo/shaped": aggregate(shaped, checked, "token-mean") };
  if (klCoefficient === 0) return { loss, metrics };
  const kl = aggregate(klDivergence(checked, required("icpo", checked, "referenceLogProbs")), checked, "token-mean");
  return { loss: loss.add(kl.mul(klCoefficient)).asScalar(), metrics: { ...metrics, kl } };
}
