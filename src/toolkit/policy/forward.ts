/**
 * The policy as TensorFlow.js operations: a decoder of the Llama family.
 *
 *     x ← embed(ids);  per layer: x ← x + attention(norm(x)) Wo, x ← x + swiglu(norm(x)) Wdown;  logits = norm(x) Whead
 *
 * Zhang & Sennrich 2019 (RMSNorm), Su et al. 2021 (rotary positions, rotate-half), Shazeer 2020 (SwiGLU), Ainslie et
 * al. 2023 (grouped key-value heads). Eager it runs on any backend, inside `jit` or `gradientStep` it is compiled.
 */
import * as tf from "@tensorflow/tfjs";
import { attention, rmsNorm, rope, swiglu } from "../jit/ops.ts";
import { refuse } from "../refuse.ts";
import type { PolicyConfig } from "./config.ts";
import { embeddingName, finalNormName, type LayerNames, layerNames, outputName } from "./parameters.ts";
import { rotaryAngles } from "./rotary.ts";

/** Weights inside a tensor function, by Hugging Face's names. */
export type ParameterTensors = Readonly<Record<string, tf.Tensor>>;

interface Context {
  readonly parameters: ParameterTensors;
  readonly config: PolicyConfig;
  readonly batch: number;
  readonly length: number;
  readonly cos: tf.Tensor2D; // [T, dh/2]
  readonly sin: tf.Tensor2D; // [T, dh/2]
}

/**
 * Logits of the token after each position.
 *
 * @param ids [B, T] int32
 * @returns [B · T, V]
 */
export function forward(parameters: ParameterTensors, ids: tf.Tensor2D, config: PolicyConfig): tf.Tensor2D {
  return projectHidden(parameters, hiddenStates(parameters, ids, config), config);
}

/** Logits of hidden states: [N, d] to [N, V]. */
export function projectHidden(parameters: ParameterTensors, hidden: tf.Tensor2D, config: PolicyConfig): tf.Tensor2D {
  return tf.matMul(hidden, matrix(parameters, outputName(config)), false, true);
}

/**
 * Last hidden states, normalised: what the logits are made of.
 *
 * @param ids [B, T] int32
 * @returns [B · T, d]
 */
export function hiddenStates(parameters: ParameterTensors, ids: tf.Tensor2D, config: PolicyConfig): tf.Tensor2D {
  if (ids.rank !== 2 || ids.dtype !== "int32") {
    refuse("forward", `ids are ${ids.dtype} [${ids.shape}]`, "pass int32 [B, T]");
  }
  const [batch, length] = ids.shape;
  if (length > config.max_position_embeddings) {
    const limit = `max_position_embeddings is ${config.max_position_embeddings}`;
    refuse("forward", `ids have ${length} positions, ${limit}`, "shorten prompts or completions");
  }
  const { cos, sin } = rotaryAngles(config, length);
  const half: [number, number] = [length, config.head_dim / 2];
  const context = { parameters, config, batch, length, cos: tf.tensor2d(cos, half), sin: tf.tensor2d(sin, half) };
  let x = tf.gather(matrix(parameters, embeddingName), ids.reshape([batch * length])) as tf.Tensor2D; // [N, d]
  for (let layer = 0; layer < config.num_hidden_layers; layer++) x = decoderLayer(x, layerNames(layer), context);
  return norm(x, finalNormName, context); // [N, d]
}

function decoderLayer(x: tf.Tensor2D, names: LayerNames, context: Context): tf.Tensor2D {
  const mixed = x.add<tf.Tensor2D>(selfAttention(norm(x, names.inputNorm, context), names, context)); // [N, d]
  const h = norm(mixed, names.postNorm, context);
  const hidden = swiglu(project(h, names.gate, context), project(h, names.up, context)); // [N, f]
  return mixed.add<tf.Tensor2D>(project(hidden, names.down, context));
}

function selfAttention(h: tf.Tensor2D, names: LayerNames, context: Context): tf.Tensor2D {
  const { config, batch, length, cos, sin } = context;
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: width } = config;
  const split = (name: string, count: number): tf.Tensor4D =>
    project(h, name, context).reshape([batch, length, count, width]).transpose<tf.Tensor4D>([0, 2, 1, 3]); // [B, H, T, dh]
  const q = rope(split(names.q, heads), cos, sin);
  const k = rope(split(names.k, kvHeads), cos, sin);
  const mixed = attention(q, k, split(names.v, kvHeads)); // [B, H, T, dh]
  return project(mixed.transpose([0, 2, 1, 3]).reshape([batch * length, heads * width]), names.o, context);
}

function norm(x: tf.Tensor2D, name: string, { parameters, config }: Context): tf.Tensor2D {
  return rmsNorm(x, weight(parameters, name) as tf.Tensor1D, config.rms_norm_eps);
}

/** x Wᵀ: weights lie as [out, in]. */
function project(x: tf.Tensor2D, name: string, { parameters }: Context): tf.Tensor2D {
  return tf.matMul(x, matrix(parameters, name), false, true);
}

function matrix(parameters: ParameterTensors, name: string): tf.Tensor2D {
  return weight(parameters, name) as tf.Tensor2D;
}

function weight(parameters: ParameterTensors, name: string): tf.Tensor {
  return parameters[name] ?? refuse("forward", `there is no weight ${name}`, "pass the weights of this config");
}
