/**
 * The Llama-style decoder that the benches measure, on fixed shapes: RMSNorm, rotary positions, grouped attention,
 * SwiGLU, tied to nothing but the library's ops, so that a change in the policy module does not move the figures.
 */
import * as tf from "@tensorflow/tfjs";
import type { HostTensor } from "../../src/toolkit/jit/host-tensor.ts";
import { attention, rmsNorm, rope, swiglu, tokenLogProbs } from "../../src/toolkit/jit/ops.ts";
import { rng } from "../../src/toolkit/rng.ts";

export interface DecoderSize {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly length: number;
}

/** d 128, L 4, 2048 tokens: the size that the speeds of training are stated for. */
export const STATED_SIZE: DecoderSize = {
  width: 128,
  layers: 4,
  heads: 4,
  keyValueHeads: 4,
  feedForward: 320,
  vocabulary: 256,
  batch: 32,
  length: 64,
};

/** Arrays of one update on sampled completions: ids [B, T + 1], the rest [B, T]. */
export interface DecoderBatch {
  readonly ids: tf.Tensor2D;
  readonly oldLogProbs: tf.Tensor2D;
  readonly advantages: tf.Tensor2D;
  readonly mask: tf.Tensor2D;
}

/** Weights [out, in], as in Hugging Face's Llama, drawn with standard deviation 1/√in. */
export function decoderParameters(size: DecoderSize, seed: number): Record<string, HostTensor> {
  const { width, layers, heads, keyValueHeads, feedForward, vocabulary } = size;
  const keyValue = (width / heads) * keyValueHeads;
  const shapes: Record<string, readonly number[]> = { embedding: [vocabulary, width], norm: [width] };
  for (let l = 0; l < layers; l++) {
    Object.assign(shapes, {
      [`${l}.norm1`]: [width],
      [`${l}.q`]: [width, width],
      [`${l}.k`]: [keyValue, width],
      [`${l}.v`]: [keyValue, width],
      [`${l}.o`]: [width, width],
      [`${l}.norm2`]: [width],
      [`${l}.gate`]: [feedForward, width],
      [`${l}.up`]: [feedForward, width],
      [`${l}.down`]: [width, feedForward],
    });
  }
  shapes.head = [vocabulary, width];
  const draw = (name: string, shape: readonly number[]): HostTensor => {
    const random = rng({ seed, stream: `init ${name}` });
    const count = shape.reduce((a, b) => a * b, 1);
    const scale = 1 / Math.sqrt(shape.at(-1) ?? 1);
    const value = shape.length === 1 ? () => 1 : () => scale * random.normal();
    return { data: Float32Array.from({ length: count }, value), shape };
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, draw(name, shape)]));
}

/** A batch whose policy has moved a little since it sampled: ratios on both sides of the clip range. */
export function decoderBatch(
  { batch, length, vocabulary }: DecoderSize,
  seed: number,
): Record<keyof DecoderBatch, HostTensor> {
  const random = rng({ seed, stream: "batch" });
  const shape = [batch, length];
  const floats = (value: (i: number) => number): HostTensor => ({
    data: Float32Array.from({ length: batch * length }, (_, i) => value(i)),
    shape,
  });
  const ids = Int32Array.from({ length: batch * (length + 1) }, () => random.integer(vocabulary));
  return {
    ids: { data: ids, shape: [batch, length + 1] },
    oldLogProbs: floats(() => -Math.log(vocabulary) + random.normal()),
    advantages: floats((i) => Math.sin(Math.floor(i / length) + 1)),
    mask: floats((i) => (i % length >= length / 4 ? 1 : 0)),
  };
}

/** Embeds by a gather, or by a product with one-hot rows for backends without the gather's gradient. */
export type Embedding = "gather" | "oneHot";

/** The clipped policy-gradient loss with an entropy bonus. */
export function decoderLoss(size: DecoderSize, embedding: Embedding = "gather") {
  return (p: Record<string, tf.Tensor>, { ids, oldLogProbs, advantages, mask }: DecoderBatch): { loss: tf.Scalar } => {
    const { batch, length } = size;
    const inputs = ids.slice([0, 0], [batch, length]).reshape<tf.Tensor1D>([batch * length]);
    const targets = ids.slice([0, 1], [batch, length]).reshape<tf.Tensor1D>([batch * length]);
    const { logProbs, entropy } = tokenLogProbs(decoderLogits(p, inputs, size, embedding), targets);
    const ratio = logProbs.reshape<tf.Tensor2D>([batch, length]).sub(oldLogProbs).exp(); // [B, T]
    const gain = tf.minimum(ratio.mul(advantages), ratio.clipByValue(0.8, 1.2).mul(advantages));
    const bonus = entropy.reshape<tf.Tensor2D>([batch, length]).mul(0.01);
    return { loss: gain.add(bonus).mul(mask).sum().div<tf.Scalar>(mask.sum()).neg() };
  };
}

function decoderLogits(
  p: Record<string, tf.Tensor>,
  ids: tf.Tensor1D,
  size: DecoderSize,
  embedding: Embedding,
): tf.Tensor2D {
  const weight = (name: string): tf.Tensor2D => p[name] as tf.Tensor2D;
  const linear = (x: tf.Tensor2D, name: string): tf.Tensor2D => tf.matMul(x, weight(name), false, true);
  const norm = (x: tf.Tensor2D, name: string): tf.Tensor2D => rmsNorm(x, p[name] as tf.Tensor1D, 1e-5);
  let x: tf.Tensor2D =
    embedding === "gather"
      ? tf.gather(weight("embedding"), ids)
      : tf.matMul(tf.oneHot(ids, size.vocabulary).cast("float32"), weight("embedding")); // [N, d]
  for (let l = 0; l < size.layers; l++) {
    const h = norm(x, `${l}.norm1`);
    const q = split(linear(h, `${l}.q`), size, size.heads);
    const k = split(linear(h, `${l}.k`), size, size.keyValueHeads);
    const v = split(linear(h, `${l}.v`), size, size.keyValueHeads);
    const mixed = attention(rotate(q), rotate(k), v).transpose([0, 2, 1, 3]).reshape<tf.Tensor2D>(x.shape);
    x = x.add(linear(mixed, `${l}.o`));
    const f = norm(x, `${l}.norm2`);
    x = x.add(linear(swiglu(linear(f, `${l}.gate`), linear(f, `${l}.up`)), `${l}.down`));
  }
  return linear(norm(x, "norm"), "head"); // [N, V]
}

function split(x: tf.Tensor2D, { batch, length, width, heads }: DecoderSize, count: number): tf.Tensor4D {
  return x.reshape([batch, length, count, width / heads]).transpose([0, 2, 1, 3]); // [B, count, T, dh]
}

/** Rotary positions with base 10 000: RoFormer, arXiv:2104.09864. */
function rotate(x: tf.Tensor4D): tf.Tensor4D {
  const [length, half] = [x.shape[2], x.shape[3] / 2];
  const angle = (i: number): number => Math.floor(i / half) * 10_000 ** (-(i % half) / half);
  const table = (f: (angle: number) => number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: length * half }, (_, i) => f(angle(i))),
      [length, half],
    );
  return rope(x, table(Math.cos), table(Math.sin));
}
