/** log softmax along the last axis, as one node while tracing. Without a gradient of its own: for use inside of {@link customOp}. */
import * as tf from "@tensorflow/tfjs";
import { emitOr, floatNode } from "./custom-gradient.ts";

/** @param logits [..., V] @returns [..., V] */
export function logSoftmaxNode<T extends tf.Tensor>(logits: T): T {
  return emitOr(
    [logits],
    (graph, value) => floatNode(graph, "LogSoftmax", [value], logits.shape, { axis: { int: -1 } }),
    () => tf.logSoftmax(logits),
  );
}
