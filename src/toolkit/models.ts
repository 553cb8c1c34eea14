/**
 * The models that a seam may ask: the policy in training, and the one that the run started from. A method that needs more
 * than the step's own columns (a greedy baseline, log-probs under another prompt, a reward from the policy's own
 * probabilities) asks here, so that it works the same in every seam.
 */
import * as tf from "@tensorflow/tfjs";
import type { GenerateOptions, Generations } from "./policy/generation.ts";
import type { Tokenizer } from "./policy/tokenizer.ts";

/** Rows of token ids: prompt, completion, padding. Rollouts are such rows. */
export interface TokenRows {
  readonly rows: number;
  /** T + 1. */
  readonly width: number;
  readonly ids: Int32Array; // [B, T + 1]
}

/** What a statistic may read of a forward pass over N = B · T positions; works out only what is read. */
export interface LogitsView {
  /** As the policy gives them: temperature 1. */
  readonly rawLogits: tf.Tensor2D; // [N, V]
  /** Divided by the temperature of sampling. */
  readonly logits: tf.Tensor2D; // [N, V]
  /** Of the tokens that are there, at the temperature of sampling, nats. */
  readonly logProbs: tf.Tensor1D; // [N]
  /** At the temperature of sampling, nats. */
  readonly entropies: tf.Tensor1D; // [N]
  /** Ids of the tokens that are there. */
  readonly targets: tf.Tensor1D; // [N] int32
  /** The last hidden states, normalised; a tabular policy has none. */
  readonly hidden?: tf.Tensor2D; // [N, d]
  /** Of the value head, where the policy has one. */
  readonly values?: tf.Tensor1D; // [N]
}

/** One number, or n of them, for each position: [N] or [N, n], in TensorFlow.js operations. */
export type Statistic = (view: LogitsView) => tf.Tensor1D | tf.Tensor2D;

/** Per-token numbers by name: [B, T] each, or [B, T, n]. */
export type StatisticColumns<Name extends string = string> = Readonly<Record<Name, Float32Array>>;

export interface Model {
  readonly tokenizer: Tokenizer;
  /** Longest row of prompt and completion, in tokens. */
  readonly maxPositions: number;
  /** Draws completions, as the rollout seam's sampler does. */
  generate(prompts: readonly string[], options: GenerateOptions): Promise<Generations>;
  /**
   * Statistics of given tokens, all from one forward pass, which is the one that training differentiates. Columns are of
   * the rows' own width; numbers at padding mean nothing.
   */
  measure<Name extends string>(
    rows: TokenRows,
    statistics: Readonly<Record<Name, Statistic>>,
  ): Promise<StatisticColumns<Name>>;
}

export interface Models {
  /** As it is at the moment of asking. */
  readonly policy: Model;
  /** As it was before the first step. */
  readonly reference: Model;
}

/** log p of the token that is there, at the temperature of sampling. */
export const logProb: Statistic = ({ logProbs }) => logProbs;

/** Entropy of the distribution at the position, at the temperature of sampling, nats. */
export const entropy: Statistic = ({ entropies }) => entropies;

/** The logit of the token that is there, at temperature 1. */
export const tokenLogit: Statistic = ({ rawLogits, targets }) => {
  const [, vocabulary = 0] = rawLogits.shape;
  return rawLogits.mul(tf.oneHot(targets, vocabulary)).sum<tf.Tensor1D>(1); // [N]
};

/** Logits of the whole vocabulary, at the temperature of sampling. */
export const allLogits: Statistic = ({ logits }) => logits; // [N, V]

/** Mean over the vocabulary of log p, at the temperature of sampling. */
export const meanLogProb: Statistic = ({ logits }) => logits.mean(1).sub<tf.Tensor1D>(logits.logSumExp(1)); // [N]
