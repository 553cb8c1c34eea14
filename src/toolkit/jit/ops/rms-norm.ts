/**
 * RMSNorm: Zhang & Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467, eq. 4.
 *
 *     y = x r ⊙ w,   r = 1 / √(mean_d(x²) + ε)
 *     ∂x = r (∂y ⊙ w) − x r³ mean_d(∂y ⊙ x ⊙ w),   ∂w = Σ_n r (∂y ⊙ x)
 */
import type * as tf from "@tensorflow/tfjs";
import { refuse } from "../../refuse.ts";
import { customOp, emitOr, floatNode } from "./custom-gradient.ts";

/**
 * Normalises each row to a root mean square of 1 and scales its columns.
 *
 * @param x [N, d]
 * @param weight [d]
 * @param eps ε, added to the mean square
 * @returns [N, d]
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, eps: number): tf.Tensor2D {
  const [rows, width] = x.shape;
  if (x.rank !== 2 || weight.rank !== 1 || weight.shape[0] !== width) {
    refuse("rmsNorm", `x is [${x.shape}] and weight [${weight.shape}]`, "pass x [N, d] and weight [d]");
  }
  if (!(eps > 0)) refuse("rmsNorm", `eps is ${eps}`, "pass a number above 0");
  const attributes = { axis: { int: -1 }, epsilon: { float: eps }, stash_type: { int: 1 } };
  return customOp({
    inputs: [x, weight],
    forward: (save) => {
      save([x, weight]);
      return emitOr(
        [x, weight],
        (graph, ...inputs) => floatNode(graph, "SimplifiedLayerNormalization", inputs, [rows, width], attributes),
        () => x.mul(reciprocalRms(x, eps)).mul<tf.Tensor2D>(weight),
      );
    },
    backward: (dy, [input, scale]) => gradients(dy, input as tf.Tensor2D, scale as tf.Tensor1D, eps),
  });
}

function reciprocalRms(x: tf.Tensor2D, eps: number): tf.Tensor2D {
  return x.square().mean<tf.Tensor2D>(1, true).add<tf.Tensor2D>(eps).sqrt().reciprocal(); // [N, 1]
}

/** The sums over a row or column are matrix products: they read ∂y ⊙ x once and need no product with w or r stored. */
function gradients(dy: tf.Tensor2D, x: tf.Tensor2D, weight: tf.Tensor1D, eps: number): tf.Tensor[] {
  const width = x.shape[1];
  const r = reciprocalRms(x, eps); // [N, 1]
  const product = dy.mul<tf.Tensor2D>(x); // [N, d]
  const mean = product.matMul<tf.Tensor2D>(weight.div(width).reshape([width, 1])); // [N, 1]
  const along = r.mul(r).mul(r).mul<tf.Tensor2D>(mean); // [N, 1]
  const dx = dy.mul(weight).mul(r).sub(x.mul(along)); // [N, d]
  const dw = r.matMul<tf.Tensor2D>(product, true).reshape([width]); // [d]
  return [dx, dw];
}
