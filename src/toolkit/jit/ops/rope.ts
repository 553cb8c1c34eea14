/**
 * Rotary position embedding, rotate-half form: Su et al. 2021, "RoFormer", arXiv:2104.09864, eq. 34, with the pairs
 * (i, i + dh/2) of GPT-NeoX and Llama.
 *
 *     [a, b] → [a cos − b sin, b cos + a sin];   its gradient is the rotation back, by −sin
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../../refuse.ts";
import { customOp, emitOr, microsoftNode } from "./custom-gradient.ts";

/**
 * Rotates each head's vector by its position's angles.
 *
 * @param x [B, H, T, dh], dh even
 * @param cos [T, dh/2]; gets no gradient, like `sin`
 * @param sin [T, dh/2]
 * @returns [B, H, T, dh]
 */
export function rope(x: tf.Tensor4D, cos: tf.Tensor2D, sin: tf.Tensor2D): tf.Tensor4D {
  const [, , length, width] = x.shape;
  const fits = [cos, sin].every(({ rank, shape }) => rank === 2 && shape[0] === length && shape[1] === width / 2);
  if (x.rank !== 4 || !fits) {
    const given = `x is [${x.shape}], cos [${cos.shape}] and sin [${sin.shape}]`;
    refuse("rope", given, "pass x [B, H, T, dh], cos and sin [T, dh/2]");
  }
  return customOp({
    inputs: [x],
    forward: (save) => {
      save([cos, sin]);
      return rotate(x, cos, sin);
    },
    backward: (dy, [c, s]) => [rotate(dy, c as tf.Tensor2D, (s as tf.Tensor2D).neg())],
  });
}

function rotate(x: tf.Tensor4D, cos: tf.Tensor2D, sin: tf.Tensor2D): tf.Tensor4D {
  return emitOr(
    [x, cos, sin],
    (graph, xv, cv, sv) => {
      const start = graph.constant(new Int32Array([0]), [1], "int64");
      return microsoftNode(graph, "RotaryEmbedding", [xv, start, cv, sv], x.shape, { interleaved: { int: 0 } });
    },
    () => {
      const [a, b] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D]; // [B, H, T, dh/2] each
      return tf.concat([a.mul<tf.Tensor4D>(cos).sub(b.mul(sin)), b.mul<tf.Tensor4D>(cos).add(a.mul(sin))], 3);
    },
  );
}
