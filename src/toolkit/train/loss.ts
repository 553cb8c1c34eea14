/** The loss of a micro-batch: the policy's forward pass, and what the objective makes of it. */
import * as tf from "@tensorflow/tfjs";
import type { CompleteAlgorithm } from "../algorithm.ts";
import type { ObjectiveResult } from "../objective.ts";
import type { ParameterTensors } from "../policy/forward.ts";
import { logitsView } from "../policy/logits-view.ts";
import type { Policy } from "../policy/policy.ts";
import { stopGradient } from "../ratio.ts";
import type { MicroBatch } from "./micro-batch.ts";

export interface LossOptions {
  readonly policy: Pick<Policy, "config">;
  readonly algorithm: CompleteAlgorithm;
  /** Of sampling; the loss is about the same distribution. */
  readonly temperature: number;
}

export interface PolicyLoss extends ObjectiveResult {
  /** Under the weights given. */
  readonly logProbs: tf.Tensor2D; // [B, T]
  readonly entropy: tf.Tensor2D; // [B, T]
}

/**
 * The loss as a function of the weights. It works out what the objective needs, in one forward pass.
 *
 * @param nudge added to the log-probs that the objective sees: its gradient at 0 is the weight of each token
 */
export function lossOf(
  parameters: ParameterTensors,
  { ids, ...columns }: MicroBatch,
  { policy: { config }, algorithm: { objective }, temperature }: LossOptions,
  nudge?: tf.Tensor2D,
): PolicyLoss {
  const [rows, tokens] = columns.mask.shape;
  const { needs } = objective;
  const view = logitsView(parameters, ids, config, temperature);
  const perToken = (values: tf.Tensor1D): tf.Tensor2D => values.reshape([rows, tokens]);
  const [logProbs, entropy] = [perToken(view.logProbs), perToken(view.entropies)];
  const result = objective.loss({
    ...columns,
    logProbs: nudge === undefined ? logProbs : tf.add(logProbs, nudge),
    ...(needs.entropy && { entropies: needs.entropy === "value" ? stopGradient(entropy) : entropy }),
    ...(needs.logits === true && { logits: view.logits.reshape([rows, tokens, config.vocab_size]) }),
    ...(needs.hidden === true && view.hidden && { hidden: view.hidden.reshape([rows, tokens, config.hidden_size]) }),
    ...(needs.values === true && view.values && { values: perToken(view.values) }),
  });
  return { ...result, logProbs, entropy };
}
