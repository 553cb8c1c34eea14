/** One case a fused op: its inputs, the op, and the same function in plain TensorFlow.js operations. */
import * as tf from "@tensorflow/tfjs";
import { attention, divergence, rmsNorm, rope, swiglu, tokenLogProbs } from "../../../../src/toolkit/jit/ops.ts";
import { rng } from "../../../../src/toolkit/rng.ts";

export interface OpCase {
  readonly name: string;
  /** Shapes of the differentiable inputs. */
  readonly shapes: readonly (readonly number[])[];
  readonly op: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly plain: (...inputs: tf.Tensor[]) => tf.Tensor;
}

const [B, H, KV, T, D] = [2, 4, 2, 5, 6];
const targets = () => tf.tensor1d([3, 0, 6, 2, 2, 5], "int32");
const angles = () =>
  tf
    .range(0, T)
    .reshape([T, 1])
    .mul(tf.tensor2d([[1, 0.3, 0.05]])); // [T, D/2]

function plainRope(x: tf.Tensor): tf.Tensor {
  const [a, b] = tf.split(x, 2, 3) as [tf.Tensor, tf.Tensor];
  const [cos, sin] = [angles().cos(), angles().sin()];
  return tf.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 3);
}

/** Keys and values repeated for every query head, the mask applied by `where`. */
function plainAttention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor {
  const repeat = (x: tf.Tensor) => {
    const wide = x.reshape([B, KV, 1, T * D]).tile([1, 1, H / KV, 1]);
    return wide.reshape([B, H, T, D]);
  };
  const scores = tf.matMul(q, repeat(k), false, true).div(Math.sqrt(D));
  const visible = tf.linalg
    .bandPart(tf.ones([T, T]), -1, 0)
    .cast("bool")
    .reshape([1, 1, T, T])
    .tile([B, H, 1, 1]);
  return tf.matMul(tf.softmax(tf.where(visible, scores, tf.fill([B, H, T, T], -1e30))), repeat(v));
}

function plainLogProbs(logits: tf.Tensor): tf.Tensor {
  return tf.logSoftmax(logits).mul(tf.oneHot(targets(), 7).cast("float32")).sum(1);
}

function plainEntropy(logits: tf.Tensor): tf.Tensor {
  return tf.softmax(logits).mul(tf.logSoftmax(logits)).sum(1).neg();
}

const divergenceMask = () => tf.tensor2d([1, 0, 1, 1, 1, 0], [2, 3]);

function plainDivergence(from: tf.Tensor, to: tf.Tensor): tf.Tensor {
  const [p, q] = [tf.logSoftmax(from.div(2)), tf.logSoftmax(to.div(2))];
  return p.exp().mul(p.sub(q)).sum(2).mul(divergenceMask());
}

export const opCases: readonly OpCase[] = [
  {
    name: "rmsNorm",
    shapes: [[6, 8], [8]],
    op: (x, w) => rmsNorm(x as tf.Tensor2D, w as tf.Tensor1D, 1e-2),
    plain: (x, w) => x.div(x.square().mean(1, true).add(1e-2).sqrt()).mul(w as tf.Tensor),
  },
  {
    name: "rope",
    shapes: [[B, H, T, D]],
    op: (x) => rope(x as tf.Tensor4D, angles().cos() as tf.Tensor2D, angles().sin() as tf.Tensor2D),
    plain: plainRope,
  },
  {
    name: "swiglu",
    shapes: [
      [6, 8],
      [6, 8],
    ],
    op: (gate, up) => swiglu(gate as tf.Tensor2D, up as tf.Tensor2D),
    plain: (gate, up) => gate.mul(gate.sigmoid()).mul(up as tf.Tensor),
  },
  {
    name: "attention, grouped heads",
    shapes: [
      [B, H, T, D],
      [B, KV, T, D],
      [B, KV, T, D],
    ],
    op: (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D),
    plain: plainAttention as OpCase["plain"],
  },
  {
    name: "tokenLogProbs, log-probs",
    shapes: [[6, 7]],
    op: (logits) => tokenLogProbs(logits as tf.Tensor2D, targets()).logProbs,
    plain: plainLogProbs,
  },
  {
    name: "tokenLogProbs, entropy",
    shapes: [[6, 7]],
    op: (logits) => tokenLogProbs(logits as tf.Tensor2D, targets()).entropy,
    plain: plainEntropy,
  },
  {
    name: "divergence, temperature 2, two positions masked",
    shapes: [
      [2, 3, 7],
      [2, 3, 7],
    ],
    op: (from, to) => divergence(from as tf.Tensor, to as tf.Tensor, { temperature: 2, mask: divergenceMask() }),
    plain: plainDivergence as OpCase["plain"],
  },
];

/** Inputs in [−2, 2), the same on every call. */
export function inputsOf({ name, shapes }: OpCase): tf.Tensor[] {
  const random = rng({ seed: 7, stream: name });
  return shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(
      Array.from({ length: size }, () => 4 * random.uniform() - 2),
      [...shape],
    );
  });
}

/** A scalar that weighs every output entry differently, so that no error in one can hide behind another. */
export function weighed(output: tf.Tensor): tf.Scalar {
  const weights = tf
    .range(1, output.size + 1)
    .sin()
    .reshape(output.shape);
  return output.mul(weights).sum();
}
