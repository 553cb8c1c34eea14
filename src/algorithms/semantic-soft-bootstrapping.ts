/**
 * SSB: the policy learns, token by token, what it would have written itself had it seen a right and a wrong attempt.
 * Mitra and Ulukus 2025, "Semantic Soft Bootstrapping: Long Context Reasoning in LLMs without Reinforcement Learning",
 * arXiv:2512.05105, and its released code.
 *
 *     p   = softmax(teacher / tau),  s = softmax(student / tau)     teacher: the policy before training, after the hinted prompt
 *     KD  = tau^2 mean over reply tokens of sum_v p_v (log p_v - log s_v)
 *     CE  = mean over reply tokens of -log softmax(student)[token]
 *     loss = w KD + (1 - w) CE;   dKD / dstudent = tau (s - p) / tokens
 *
 * Seams: rollout, advantage (none: 0), objective. The verifier only chooses replies. An empty mask gives 0; a step whose
 * problems give no reply is skipped.
 * tau^2 and tau = 2 are the code's alone. Departures: a step makes its data and learns from them at once, where the
 * code makes 256 examples and goes over them 3 times; all weights are trained, where the code has LoRA (rank 32); bare and
 * hinted prompt are built alike, where the code leaves its template out in training. K is `samplesPerPrompt`; the paper's
 * is 4. A policy pretrained on bare problems alone writes nothing right after a hint, and every step is skipped: pretrain it
 * on `hintedTask(task)`. Logits are those of the training temperature: leave it at 1.
 */

import * as tf from "@tensorflow/tfjs";
import { type Algorithm, type ChoiceSources, choicesOf, givenChoices } from "../toolkit/algorithm.ts";
import { checkFinite } from "../toolkit/finite.ts";
import { divergence } from "../toolkit/jit/ops.ts";
import { checkBatch, column, masked, type ObjectiveResult, type PolicyBatch, required } from "../toolkit/objective.ts";
import { checkOptions, shownChoices } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { attemptsFirst, bootstrappedReplies, TEACHER_LOGITS } from "./semantic-soft-bootstrapping-data.ts";

export interface SsbLossOptions {
  /** tau, above 0. Default 2: released code. */
  readonly temperature?: number;
  /** w, from 0 to 1. Default 1, so that CE does not count: released code. */
  readonly kdWeight?: number;
}

export interface SemanticSoftBootstrappingOptions extends SsbLossOptions {
  /**
   * The hinted prompt of a problem, a right and a wrong attempt. Default: both attempts, then the problem, without a word
   * between them, which a tokenizer of single characters may not know; `buildHintedPrompt` is one in English. The policy
   * must be able to read it: see {@link hintedTask}.
   */
  readonly hint?: (problem: string, correctText: string, wrongText: string) => string;
  /** Of sampling the attempts. Default 0.8: released code. */
  readonly attemptTemperature?: number;
  /** Of sampling the reply. Default 0.4: released code. */
  readonly replyTemperature?: number;
  /** Likeliest tokens that are sampled from; 0 for all. Default 50: released code. */
  readonly topK?: number;
  /** Longest prompt with reply, in tokens. Default: the policy's positions; the code's is 8192. */
  readonly maxLength?: number;
}

type LossSettings = Required<SsbLossOptions>;
type Settings = Required<Omit<SemanticSoftBootstrappingOptions, "maxLength">> & {
  readonly maxLength: number | undefined;
};

const SOURCES: ChoiceSources<Exclude<keyof Settings, "hint">> = {
  attemptTemperature: ["rollout", "arXiv:2512.05105, released code"],
  replyTemperature: ["rollout", "arXiv:2512.05105, released code"],
  topK: ["rollout", "arXiv:2512.05105, released code"],
  maxLength: ["rollout", "our choice: what the policy can read"],
  temperature: ["objective", "arXiv:2512.05105, released code"],
  kdWeight: ["objective", "arXiv:2512.05105, released code"],
};

/** The algorithm. @throws UsageError for an unknown option or one out of range */
export function semanticSoftBootstrapping(options: SemanticSoftBootstrappingOptions = {}): Algorithm {
  const settings = settle(options);
  return {
    name: "semantic-soft-bootstrapping",
    inseparable: true,
    rollout: (input) => bootstrappedReplies(input, settings),
    advantage: ({ rollouts }) => ({ perToken: new Float32Array(rollouts.mask.length) }),
    objective: {
      needs: { logits: true, columns: { [TEACHER_LOGITS]: "vocabulary" }, advantages: "none" },
      loss: (batch) => objectiveLoss(batch, settings),
    },
    choices: [
      ...choicesOf(SOURCES, shownChoices(settings), options),
      ...givenChoices(options, { hint: ["rollout", "both attempts, then the problem", "our choice: no word between"] }),
    ],
  };
}

const LOSS_RULES = {
  temperature: { kind: "number", above: 0 },
  kdWeight: { kind: "number", min: 0, max: 1 },
} as const;

function settle(options: SemanticSoftBootstrappingOptions): Settings {
  checkOptions("semanticSoftBootstrapping", options, {
    ...LOSS_RULES,
    hint: { kind: "function" },
    attemptTemperature: { kind: "number", above: 0 },
    replyTemperature: { kind: "number", above: 0 },
    topK: { kind: "integer", min: 0 },
    maxLength: { kind: "integer", min: 2 },
  });
  const { hint = attemptsFirst, attemptTemperature = 0.8, replyTemperature = 0.4, topK = 50, maxLength } = options;
  const { temperature = 2, kdWeight = 1 } = options;
  return { hint, attemptTemperature, replyTemperature, topK, maxLength, temperature, kdWeight };
}

function objectiveLoss(batch: PolicyBatch, settings: Settings): ObjectiveResult {
  const where = "semanticSoftBootstrapping";
  const { mask, logProbs, totals } = checkBatch(where, batch);
  const { temperature, kdWeight } = settings;
  const tensors = {
    studentLogits: required(where, batch, "logits"),
    teacherLogits: column(where, batch, TEACHER_LOGITS) as tf.Tensor3D,
    ...{ mask, labelLogProbs: logProbs, tokens: totals.tokens },
  };
  const { loss, kd, ce } = ssbLoss(tensors, { temperature, kdWeight });
  return { loss, metrics: { "ssb/kd": kd, ...(ce && { "ssb/ce": ce }) } };
}

/** B rows, S positions, V entries of the vocabulary. */
export interface SsbTensors {
  readonly studentLogits: tf.Tensor3D; // [B, S, V]
  readonly teacherLogits: tf.Tensor3D; // [B, S, V]
  /** 1 where a token of the reply is predicted. */
  readonly mask: tf.Tensor2D; // [B, S]
  /** log softmax(student)[token], see {@link labelLogProbs}; needed where kdWeight is below 1. */
  readonly labelLogProbs?: tf.Tensor2D; // [B, S]
  /** Number of tokens that the sums are divided by. Default: the mask's own. */
  readonly tokens?: tf.Scalar;
}

export interface SsbLoss {
  readonly loss: tf.Scalar;
  /** tau^2 times the mean divergence. */
  readonly kd: tf.Scalar;
  /** There where labels are. */
  readonly ce?: tf.Scalar;
}

/**
 * The loss; what stands where the mask is 0 is not read.
 *
 * @throws UsageError for an option out of range, shapes that disagree, labels that are needed and not there
 */
export function ssbLoss(tensors: SsbTensors, options: SsbLossOptions = {}): SsbLoss {
  const { temperature, kdWeight } = lossSettings(options);
  const { studentLogits, teacherLogits, mask, labelLogProbs: labels } = tensors;
  checkShapes(tensors);
  const divisor = (tensors.tokens ?? mask.sum()).maximum(1);
  const apart = divergence(teacherLogits, studentLogits, { temperature, mask }); // [B, S]
  const kd = apart
    .sum()
    .mul(temperature ** 2)
    .div(divisor)
    .asScalar();
  if (labels === undefined) {
    if (kdWeight === 1) return { loss: kd, kd };
    return refuse("ssbLoss", `kdWeight is ${kdWeight} and there are no labels`, "pass labelLogProbs, or kdWeight 1");
  }
  const ce = masked(labels, mask).sum().div(divisor).neg().asScalar();
  if (kdWeight === 1) return { loss: kd, kd, ce };
  return {
    loss: kd
      .mul(kdWeight)
      .add(ce.mul(1 - kdWeight))
      .asScalar(),
    kd,
    ce,
  };
}

/** KL(softmax(teacher / tau), softmax(student / tau)) at each position, without tau^2. @returns [B, S] */
export function teacherDivergence(
  studentLogits: tf.Tensor3D,
  teacherLogits: tf.Tensor3D,
  temperature = 2,
): tf.Tensor2D {
  return divergence(teacherLogits, studentLogits, { temperature }) as tf.Tensor2D;
}

/** log softmax(logits)[label], at temperature 1. @param labels [B, S] whole numbers @returns [B, S] */
export function labelLogProbs(logits: tf.Tensor3D, labels: tf.Tensor2D): tf.Tensor2D {
  return tf.oneHot(labels.cast("int32"), logits.shape[2]).mul(logits.logSoftmax()).sum<tf.Tensor2D>(2);
}

function lossSettings(options: SsbLossOptions): LossSettings {
  checkOptions("ssbLoss", options, LOSS_RULES);
  const { temperature = 2, kdWeight = 1 } = options;
  return { temperature, kdWeight };
}

function checkShapes({ studentLogits, teacherLogits, mask, labelLogProbs: labels }: SsbTensors): void {
  const [rows, positions, vocabulary] = studentLogits.shape;
  const [teacherRows, stored, entries] = teacherLogits.shape;
  if (entries !== vocabulary) {
    const given = `the student has ${vocabulary} logits at a position, the teacher ${entries}`;
    refuse("ssbLoss", given, "use policies of one vocabulary");
  }
  if (teacherRows !== rows || stored !== positions) {
    const given = `teacherLogits are [${teacherLogits.shape}], studentLogits [${studentLogits.shape}]`;
    refuse("ssbLoss", given, "store the teacher's logits for every token of the reply");
  }
  for (const [name, { shape }] of Object.entries({ mask, ...(labels && { labels }) })) {
    if (shape.length === 2 && shape[0] === rows && shape[1] === positions) continue;
    refuse("ssbLoss", `${name} has shape [${shape}], studentLogits [${studentLogits.shape}]`, "pass one per position");
  }
}

export interface SsbColumns {
  readonly studentLogits: ArrayLike<number>; // [B, S, V]
  readonly teacherLogits: ArrayLike<number>; // [B, S, V]
  readonly mask: ArrayLike<number>; // [B, S]
  readonly labels?: ArrayLike<number>; // [B, S]
}

/**
 * Refuses, where the mask is 1, logits that are not finite and labels that are no tokens.
 *
 * @param vocabulary V @throws UsageError with the place and the value
 */
export function checkSsb({ studentLogits, teacherLogits, mask, labels }: SsbColumns, vocabulary: number): void {
  const perEntry = Float32Array.from(
    { length: mask.length * vocabulary },
    (_, i) => mask[Math.floor(i / vocabulary)] ?? 0,
  );
  checkFinite("ssbLoss", { studentLogits, teacherLogits }, perEntry);
  if (labels === undefined) return;
  checkFinite("ssbLoss", { labels }, mask);
  for (let i = 0; i < mask.length; i++) {
    const label = labels[i] ?? -1;
    if (mask[i] === 0 || (Number.isInteger(label) && label >= 0 && label < vocabulary)) continue;
    refuse("ssbLoss", `label ${i} is ${label}`, `pass tokens from 0 to ${vocabulary - 1}`);
  }
}
