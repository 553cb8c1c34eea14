/** The loss of a micro-batch: the policy's forward pass, and what the objective makes of it. */
import * as tf from "@tensorflow/tfjs";
import { type CompleteAlgorithm, methodAt } from "../algorithm.ts";
import type { ObjectiveResult } from "../objective.ts";
import type { ParameterTensors } from "../policy/forward.ts";
import { logitsView } from "../policy/logits-view.ts";
import type { Policy } from "../policy/policy.ts";
import { stopGradient } from "../ratio.ts";
import { refuse } from "../refuse.ts";
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
  { policy: { config }, algorithm, temperature }: LossOptions,
  nudge?: tf.Tensor2D,
): PolicyLoss {
  const [rows, tokens] = columns.mask.shape;
  const { objective } = algorithm;
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
  checkResult(methodAt(algorithm, "objective"), result);
  return { ...result, logProbs, entropy };
}

/** Refuses what is no loss with its figures: an objective of one's own may forget a `return`, or a sum. */
function checkResult(method: string, result: unknown): void {
  const where = `the objective of ${method}`;
  const { loss, metrics }: { readonly loss?: unknown; readonly metrics?: unknown } = Object(result);
  if (!(loss instanceof tf.Tensor)) refuse(where, `the loss is ${String(loss)}`, "return { loss, metrics }");
  if (loss.rank !== 0) refuse(where, `the loss has shape [${loss.shape}]`, "return one number: sum it, or aggregate");
  if (typeof metrics !== "object" || metrics === null) {
    refuse(where, `metrics is ${String(metrics)}`, "return figures by name, or {}");
  }
  for (const [name, figure] of Object.entries(metrics)) {
    if (figure instanceof tf.Tensor && figure.rank === 0) continue;
    const given = figure instanceof tf.Tensor ? `has shape [${figure.shape}]` : `is ${String(figure)}`;
    refuse(where, `metric "${name}" ${given}`, "return a scalar tensor");
  }
}
