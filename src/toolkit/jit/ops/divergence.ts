/**
 * Kullback-Leibler divergence of two softmax distributions over a vocabulary, from their logits.
 *
 *     p = softmax(z / tau),  q = softmax(y / tau),  D = sum_v p (log p - log q)
 *     ∂z = ∂D / tau · p ⊙ (log p - log q - D),   ∂y = ∂D / tau · (q - p)
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../../refuse.ts";
import { customOp } from "./custom-gradient.ts";
import { logSoftmaxNode } from "./log-softmax.ts";

/** Options of {@link divergence}. */
export interface DivergenceOptions {
  /** tau, above 0. Default 1. */
  readonly temperature?: number;
  /** [...] Where it is 0 the divergence and its gradients are 0, whatever the logits are. Default: every position counts. */
  readonly mask?: tf.Tensor;
}

/**
 * KL(softmax(from), softmax(to)) at each position, in nats. The gradient flows to both.
 *
 * @param from z, [..., V]
 * @param to y, [..., V]
 * @returns [...]
 * @throws UsageError for logits of unlike shapes, or a mask that has not one number per position
 */
export function divergence(from: tf.Tensor, to: tf.Tensor, options: DivergenceOptions = {}): tf.Tensor {
  const { temperature = 1, mask } = options;
  if (from.rank < 1 || String(from.shape) !== String(to.shape)) {
    refuse("divergence", `logits are [${from.shape}] and [${to.shape}]`, "pass logits of the same positions");
  }
  const positions = from.shape.slice(0, -1);
  if (mask !== undefined && String(mask.shape) !== String(positions)) {
    refuse("divergence", `the mask is [${mask.shape}]`, `pass [${positions}], one number per position`);
  }
  const counted = (values: tf.Tensor, trained: tf.Tensor | undefined): tf.Tensor =>
    trained === undefined ? values : tf.where(trained, values, 0);
  const scaled = (logits: tf.Tensor): tf.Tensor => (temperature === 1 ? logits : logits.mul(1 / temperature));
  return customOp({
    inputs: [from, to],
    forward: (save) => {
      const logP = logSoftmaxNode(scaled(from)); // [..., V]
      const logQ = logSoftmaxNode(scaled(to)); // [..., V]
      const [p, apart] = [logP.exp(), logP.sub(logQ)]; // [..., V]
      const trained = mask?.greater(0);
      const value = counted(p.mul(apart).sum(-1), trained); // [...]
      save([logQ, p, apart, value, ...(trained === undefined ? [] : [trained])]);
      return value;
    },
    backward: (dy, saved) => {
      const [logQ, p, apart, value, trained] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
      const push = dy.div(temperature).expandDims(-1); // [..., 1]
      const at = (gradient: tf.Tensor): tf.Tensor => counted(gradient, trained?.expandDims(-1));
      const toFrom = at(p.mul(apart.sub(value.expandDims(-1))).mul(push));
      return [toFrom, at(logQ.exp().sub(p).mul(push))];
    },
  });
}
