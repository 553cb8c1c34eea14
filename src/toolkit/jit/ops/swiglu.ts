/**
 * SwiGLU: Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202, eq. 6, without its matrices.
 *
 *     y = a ⊙ u,   a = g σ(g);   ∂u = ∂y ⊙ a,   ∂g = ∂y ⊙ u ⊙ (a + σ(g) (1 − a))
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../../refuse.ts";
import { customOp, emitOr, microsoftNode } from "./custom-gradient.ts";

/**
 * The gated activation of a Llama-style feed-forward layer.
 *
 * @param gate [N, f]
 * @param up [N, f]
 * @returns [N, f]
 */
export function swiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  if (gate.rank !== 2 || gate.shape.join() !== up.shape.join()) {
    refuse("swiglu", `gate is [${gate.shape}] and up [${up.shape}]`, "pass two tensors [N, f] of one shape");
  }
  return customOp({
    inputs: [gate, up],
    forward: (save) => {
      const activation = silu(gate);
      save([gate, up, activation]);
      return activation.mul<tf.Tensor2D>(up);
    },
    backward: (dy, saved) => {
      const [g, u, a] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const slope = g.sigmoid().mul(tf.scalar(1).sub(a)).add(a); // [N, f]
      return [dy.mul(u).mul(slope), dy.mul(a)];
    },
  });
}

function silu(gate: tf.Tensor2D): tf.Tensor2D {
  return emitOr(
    [gate],
    (graph, value) => microsoftNode(graph, "QuickGelu", [value], gate.shape, { alpha: { float: 1 } }),
    () => gate.mul(gate.sigmoid()),
  );
}
