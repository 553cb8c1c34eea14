/**
 * Log-probability of given tokens and entropy of their distributions, from logits z with p = softmax(z).
 *
 *     logp = log p[target];       ∂z = ∂logp (onehot − p)
 *     H = −Σ_v p log p;           ∂z = −∂H p ⊙ (log p + H)
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../../refuse.ts";
import { customOp, emitOr, floatNode } from "./custom-gradient.ts";
import { logSoftmaxNode } from "./log-softmax.ts";

/** Both [N], in nats. What the caller does not use costs nothing in a compiled graph. */
export interface TokenLogProbs {
  readonly logProbs: tf.Tensor1D;
  readonly entropy: tf.Tensor1D;
}

/**
 * Scores one token a row.
 *
 * @param logits [N, V]
 * @param targets [N] int32, each in 0 … V − 1
 */
export function tokenLogProbs(logits: tf.Tensor2D, targets: tf.Tensor1D): TokenLogProbs {
  if (logits.rank !== 2 || targets.rank !== 1 || targets.shape[0] !== logits.shape[0]) {
    const given = `logits are [${logits.shape}] and targets [${targets.shape}]`;
    refuse("tokenLogProbs", given, "pass logits [N, V] and targets [N]");
  }
  if (targets.dtype !== "int32") refuse("tokenLogProbs", `targets are ${targets.dtype}`, "pass int32");
  const logProbs = customOp({
    inputs: [logits],
    forward: (save) => {
      const all = logSoftmaxNode(logits); // [N, V]
      save([all, targets]);
      return gather(all, targets);
    },
    backward: (dy, [all, tokens]) => [gatherGradient(dy, all as tf.Tensor2D, tokens as tf.Tensor1D)],
  });
  const entropy = customOp({
    inputs: [logits],
    forward: (save) => {
      const all = logSoftmaxNode(logits);
      const value = all.exp().mul(all).sum<tf.Tensor1D>(1).neg();
      save([all, value]);
      return value;
    },
    backward: (dy, saved) => {
      const [all, value] = saved as [tf.Tensor2D, tf.Tensor1D];
      return [all.add(column(value)).mul(all.exp()).mul(column(dy).neg())];
    },
  });
  return { logProbs, entropy };
}

function column(values: tf.Tensor1D): tf.Tensor2D {
  return values.reshape([values.shape[0], 1]);
}

function gather(all: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  const rows = targets.shape[0];
  const picked = emitOr(
    [all, column(targets)],
    (graph, ...inputs) => floatNode(graph, "GatherElements", inputs, [rows, 1], { axis: { int: 1 } }),
    () => all.mul(oneHot(targets, all.shape[1])).sum(1, true),
  );
  return picked.reshape([rows]);
}

function gatherGradient(dy: tf.Tensor1D, all: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor2D {
  const spread = all.exp().mul<tf.Tensor2D>(column(dy).neg()); // [N, V]
  return emitOr(
    [spread, column(targets), column(dy)],
    (graph, ...inputs) =>
      floatNode(graph, "ScatterElements", inputs, all.shape, { axis: { int: 1 }, reduction: { string: "add" } }),
    () => spread.add(oneHot(targets, all.shape[1]).mul(column(dy))),
  );
}

/** By way of int32: the wasm backend's float32 `oneHot` returns wrong bits. */
function oneHot(targets: tf.Tensor1D, depth: number): tf.Tensor2D {
  return tf.oneHot(targets, depth).cast("float32");
}
