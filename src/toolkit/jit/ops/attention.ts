/**
 * Causal scaled dot-product attention: Vaswani et al. 2017, arXiv:1706.03762, eq. 1, with grouped key-value heads
 * (Ainslie et al. 2023, arXiv:2305.13245).
 *
 *     P = softmax(Q Kᵀ / √dh + causal mask),   O = P V
 *     ∂V = Pᵀ ∂O,   ∂S = P ⊙ (∂O Vᵀ − rowsum(∂O ⊙ O)),   ∂Q = ∂S K / √dh,   ∂K = ∂Sᵀ Q / √dh
 *
 * The G = H / KV query heads of a key-value head are stacked along the rows, so keys and values are never repeated.
 */
import * as tf from "@tensorflow/tfjs";
import { refuse } from "../../refuse.ts";
import { customOp, emitOr, floatNode, microsoftNode } from "./custom-gradient.ts";

/** Added to the score of a later position: far below any score, and finite, so that no NaN can come from it. */
const hidden = -1e9;

/**
 * Each position attends to itself and the positions before it.
 *
 * @param q [B, H, T, dh]
 * @param k [B, KV, T, dh]; head h of q reads key-value head floor(h / (H / KV))
 * @param v [B, KV, T, dh]
 * @returns [B, H, T, dh]
 */
export function attention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D): tf.Tensor4D {
  const [batch, heads, length, width] = q.shape;
  const groups = checkShapes(q, k, v);
  const stacked: Shape = [batch, heads / groups, groups * length, width];
  const alpha = 1 / Math.sqrt(width);
  const rows = q.reshape<tf.Tensor4D>(stacked);
  const output = customOp({
    inputs: [rows, k, v],
    forward: (save) => {
      const scores = product(rows, k, { transposeB: true, alpha }).add<tf.Tensor4D>(causalMask(length, groups));
      const weights = softmax(scores); // [B, KV, G·T, T]
      const value = product(weights, v);
      save([rows, k, v, weights, value]);
      return value; // [B, KV, G·T, dh]
    },
    backward: (dy, saved) => {
      const [queries, keys, values, weights, value] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const dot = dy.mul(value).sum(3, true); // [B, KV, G·T, 1]
      const dScores = product(dy, values, { transposeB: true }).sub(dot).mul<tf.Tensor4D>(weights);
      return [
        product(dScores, keys, { alpha }),
        product(dScores, queries, { transposeA: true, alpha }),
        product(weights, dy, { transposeA: true }),
      ];
    },
  });
  return output.reshape([batch, heads, length, width]);
}

type Tensor = tf.Tensor4D;
type Shape = [number, number, number, number];

/** Returns G, the query heads of one key-value head. */
function checkShapes(q: Tensor, k: Tensor, v: Tensor): number {
  const [batch, heads, length, width] = q.shape;
  const fits = k.rank === 4 && k.shape[0] === batch && k.shape[2] === length && k.shape[3] === width;
  if (q.rank !== 4 || !fits || k.shape.join() !== v.shape.join() || heads % k.shape[1] !== 0) {
    const given = `q is [${q.shape}], k [${k.shape}] and v [${v.shape}]`;
    refuse("attention", given, "pass q [B, H, T, dh], k and v [B, KV, T, dh] with H a multiple of KV");
  }
  return heads / k.shape[1];
}

function causalMask(length: number, groups: number): tf.Tensor2D {
  const mask = new Float32Array(groups * length * length); // [G·T, T]
  for (let row = 0; row < groups * length; row++) {
    mask.fill(hidden, row * length + (row % length) + 1, (row + 1) * length);
  }
  return emitOr(
    [],
    (graph) => graph.constant(mask, [groups * length, length]),
    () => tf.tensor2d(mask, [groups * length, length]),
  );
}

interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor on the result. Default 1. */
  readonly alpha?: number;
}

function product(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, alpha = 1 }: ProductOptions = {},
): Tensor {
  const shape: Shape = [a.shape[0], a.shape[1], a.shape[transposeA ? 3 : 2], b.shape[transposeB ? 2 : 3]];
  const attributes = {
    alpha: { float: alpha },
    transA: { int: transposeA ? 1 : 0 },
    transB: { int: transposeB ? 1 : 0 },
  };
  return emitOr(
    [a, b],
    (graph, ...inputs) => microsoftNode(graph, "FusedMatMul", inputs, shape, attributes),
    () => tf.matMul(a, b, transposeA, transposeB).mul<tf.Tensor4D>(alpha),
  );
}

function softmax(scores: Tensor): Tensor {
  return emitOr(
    [scores],
    (graph, value) => floatNode(graph, "Softmax", [value], scores.shape, { axis: { int: -1 } }),
    () => tf.softmax(scores),
  );
}
