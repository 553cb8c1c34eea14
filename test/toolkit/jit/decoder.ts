/** A small decoder with a clipped policy-gradient loss, in plain TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { float, makeInput, whole } from "./kernels/case.ts";

const [B, T, V, d, H, f, layers] = [3, 6, 11, 16, 2, 24, 2] as const;

const shapes: Record<string, readonly number[]> = { embedding: [V, d], norm: [d], head: [d, V] };
for (let layer = 0; layer < layers; layer++) {
  for (const name of ["q", "k", "v", "o"]) shapes[`${layer}.${name}`] = [d, d];
  Object.assign(shapes, { [`${layer}.norm1`]: [d], [`${layer}.norm2`]: [d] });
  Object.assign(shapes, { [`${layer}.gate`]: [d, f], [`${layer}.up`]: [d, f], [`${layer}.down`]: [f, d] });
}

/** Names of the parameters, in the order of {@link decoderInputs}. */
export const parameterNames: readonly string[] = Object.keys(shapes);

/** Parameters, then ids [B, T + 1], old log-probabilities [B, T], advantages [B], mask [B, T]. */
export function decoderInputs(): tf.Tensor[] {
  const parameters = Object.entries(shapes).map(([name, shape], i) =>
    makeInput(name.includes("norm") ? float(shape, 0.8, 1.2) : float(shape, -0.3, 0.3), i),
  );
  const ids = makeInput(whole([B, T + 1], 0, V - 1), 100);
  const old = makeInput(float([B, T], -2.8, -2), 101);
  const mask = tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0], [B, T]);
  return [...parameters, ids, old, tf.tensor1d([1.2, -0.7, 0.4]), mask];
}

type Parameters = (name: string) => tf.Tensor;

const stopGradient = tf.customGrad((x: unknown) => {
  const value = (x as tf.Tensor).clone();
  return { value, gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) };
}) as (x: tf.Tensor) => tf.Tensor;

function rmsNorm(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return x.mul(x.square().mean(-1, true).add(1e-5).rsqrt()).mul(weight);
}

function heads(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const projected = x.reshape([B * T, d]).matMul(weight as tf.Tensor2D);
  return projected.reshape([B, T, H, d / H]).transpose([0, 2, 1, 3]); // [B, H, T, dh]
}

function attention(x: tf.Tensor, layer: number, p: Parameters): tf.Tensor {
  const [q, k, v] = ["q", "k", "v"].map((name) => heads(x, p(`${layer}.${name}`))) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const hidden = tf
    .scalar(1)
    .sub(tf.linalg.bandPart(tf.ones([T, T]), -1, 0))
    .mul(-1e9);
  const scores = tf
    .matMul(q, k, false, true)
    .mul(1 / Math.sqrt(d / H))
    .add(hidden);
  const mixed = tf
    .matMul(tf.softmax(scores), v)
    .transpose([0, 2, 1, 3])
    .reshape([B * T, d]);
  return mixed.matMul(p(`${layer}.o`) as tf.Tensor2D).reshape([B, T, d]);
}

function mlp(x: tf.Tensor, layer: number, p: Parameters): tf.Tensor {
  const rows = x.reshape<tf.Tensor2D>([B * T, d]);
  const gate = rows.matMul(p(`${layer}.gate`) as tf.Tensor2D);
  const up = rows.matMul(p(`${layer}.up`) as tf.Tensor2D);
  return gate
    .mul(gate.sigmoid())
    .mul<tf.Tensor2D>(up)
    .matMul(p(`${layer}.down`) as tf.Tensor2D)
    .reshape([B, T, d]);
}

function logits(ids: tf.Tensor, p: Parameters): tf.Tensor {
  let x = tf.gather(p("embedding"), ids.slice([0, 0], [B, T]) as tf.Tensor2D); // [B, T, d]
  for (let layer = 0; layer < layers; layer++) {
    x = x.add(attention(rmsNorm(x, p(`${layer}.norm1`)), layer, p));
    x = x.add(mlp(rmsNorm(x, p(`${layer}.norm2`)), layer, p));
  }
  return rmsNorm(x, p("norm"))
    .reshape([B * T, d])
    .matMul(p("head") as tf.Tensor2D); // [B T, V]
}

/** The loss: clipped ratio, KL to the old policy, and an entropy bonus whose weight gets no gradient. */
function decoderLoss(...inputs: tf.Tensor[]): tf.Scalar {
  return lossWith(stopGradient, inputs);
}

/** The same value, and a gradient that also flows through the bonus's weight. */
export function openLoss(...inputs: tf.Tensor[]): tf.Scalar {
  return lossWith((x) => x, inputs);
}

function lossWith(stop: (x: tf.Tensor) => tf.Tensor, inputs: readonly tf.Tensor[]): tf.Scalar {
  const p: Parameters = (name) => input(inputs, parameterNames.indexOf(name));
  const [ids, old, advantages, mask] = [0, 1, 2, 3].map((i) => input(inputs, parameterNames.length + i)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const all = tf.logSoftmax(logits(ids, p)); // [B T, V]
  const targets = tf.oneHot(ids.slice([0, 1], [B, T]).reshape([B * T]) as tf.Tensor1D, V).cast("float32");
  const logProbs = all.mul(targets).sum(-1).reshape([B, T]);
  const entropy = all.exp().mul(all).sum(-1).neg().reshape([B, T]);
  const delta = tf.where(mask.cast("bool"), logProbs.sub(old), 0);
  const ratio = delta.exp();
  const gains = advantages.reshape([B, 1]);
  const gain = ratio.mul(gains).minimum(ratio.clipByValue(0.8, 1.2).mul(gains));
  const bonus = entropy.mul(stop(ratio).maximum(0.5)).mul(0.01);
  const terms = gain.sub(delta.square().mul(0.05)).add(bonus).mul(mask);
  return terms.sum().div(mask.sum()).neg().asScalar();
}

function input(inputs: readonly tf.Tensor[], i: number): tf.Tensor {
  const tensor = inputs[i];
  if (tensor === undefined) throw new Error(`input ${i} is missing`);
  return tensor;
}

/** The loss and the gradient of every parameter. */
export function decoderGradients(...inputs: tf.Tensor[]): tf.Tensor[] {
  return valueAndGradients(decoderLoss, inputs);
}

/** {@link decoderGradients} of {@link openLoss}. */
export function openGradients(...inputs: tf.Tensor[]): tf.Tensor[] {
  return valueAndGradients(openLoss, inputs);
}

function valueAndGradients(loss: (...inputs: tf.Tensor[]) => tf.Scalar, inputs: readonly tf.Tensor[]): tf.Tensor[] {
  const [parameters, data] = [inputs.slice(0, parameterNames.length), inputs.slice(parameterNames.length)];
  const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => loss(...xs, ...data))(parameters);
  return [value, ...grads];
}
