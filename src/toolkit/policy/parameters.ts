/** The weights of a policy: Hugging Face's names and layout ([out, in] for matrices), and how they start. */
import type { HostTensor } from "../jit/host-tensor.ts";
import { refuse } from "../refuse.ts";
import { rng } from "../rng.ts";
import type { PolicyConfig } from "./config.ts";

/** Of the value head, [1, d], where a policy has one; no part of the Hugging Face layout. */
export const valueHeadName = "value_head.weight";
export const embeddingName = "model.embed_tokens.weight";
export const finalNormName = "model.norm.weight";
const headName = "lm_head.weight";

/** Names of one layer's weights. */
export interface LayerNames {
  readonly inputNorm: string;
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly o: string;
  readonly postNorm: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

export function layerNames(layer: number): LayerNames {
  const prefix = `model.layers.${layer}`;
  return {
    inputNorm: `${prefix}.input_layernorm.weight`,
    q: `${prefix}.self_attn.q_proj.weight`,
    k: `${prefix}.self_attn.k_proj.weight`,
    v: `${prefix}.self_attn.v_proj.weight`,
    o: `${prefix}.self_attn.o_proj.weight`,
    postNorm: `${prefix}.post_attention_layernorm.weight`,
    gate: `${prefix}.mlp.gate_proj.weight`,
    up: `${prefix}.mlp.up_proj.weight`,
    down: `${prefix}.mlp.down_proj.weight`,
  };
}

/** The matrix that turns the last hidden state into logits. */
export function outputName(config: PolicyConfig): string {
  return config.tie_word_embeddings ? embeddingName : headName;
}

/** Every weight's shape, in the order of the layers. */
export function parameterShapes(config: PolicyConfig): Record<string, readonly number[]> {
  const { hidden_size: d, intermediate_size: f, vocab_size: vocabulary, head_dim: dh } = config;
  const [qWidth, kvWidth] = [config.num_attention_heads * dh, config.num_key_value_heads * dh];
  const shapes: Record<string, readonly number[]> = { [embeddingName]: [vocabulary, d] };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const names = layerNames(layer);
    shapes[names.inputNorm] = [d];
    shapes[names.q] = [qWidth, d];
    shapes[names.k] = [kvWidth, d];
    shapes[names.v] = [kvWidth, d];
    shapes[names.o] = [d, qWidth];
    shapes[names.postNorm] = [d];
    shapes[names.gate] = [f, d];
    shapes[names.up] = [f, d];
    shapes[names.down] = [d, f];
  }
  shapes[finalNormName] = [d];
  if (!config.tie_word_embeddings) shapes[headName] = [vocabulary, d];
  return shapes;
}

/** Standard deviation of initial matrices: Llama's `initializer_range`. */
const SPREAD = 0.02;

/**
 * Initial weights: norms 1, matrices normal with deviation 0.02; the two that write to the residual stream (o, down)
 * are divided by √(2 · layers), as in GPT-2 (Radford et al. 2019, section 2.3), so that depth does not widen it.
 *
 * @param seed (seed, place of the weight) alone decides each number
 */
export function initParameters(config: PolicyConfig, seed: number): Record<string, HostTensor> {
  const residual = SPREAD / Math.sqrt(2 * config.num_hidden_layers);
  const parameters: Record<string, HostTensor> = {};
  for (const [row, [name, shape]] of Object.entries(parameterShapes(config)).entries()) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (shape.length === 1) data.fill(1);
    else fillNormal(data, { seed, row, deviation: /\.(o|down)_proj\./.test(name) ? residual : SPREAD });
    parameters[name] = { data, shape };
  }
  return parameters;
}

function fillNormal(data: Float32Array, options: { seed: number; row: number; deviation: number }): void {
  const { seed, row, deviation } = options;
  const random = rng({ seed, stream: "init", row });
  for (let i = 0; i < data.length; i++) data[i] = random.normal() * deviation;
}

/** @throws UsageError naming the first weight that is missing, too many, or of another shape or type than the config's */
export function checkParameters(
  where: string,
  config: PolicyConfig,
  tensors: Readonly<Record<string, { readonly shape: readonly number[] }>>,
): void {
  const shapes = parameterShapes(config);
  for (const [name, shape] of Object.entries(shapes)) {
    const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (found === undefined) refuse(where, `the weight ${name} is missing`, "save the whole policy again");
    else if (found.shape.join() !== shape.join()) {
      const given = `${name} is [${found.shape.join(", ")}], the config says [${shape.join(", ")}]`;
      refuse(where, given, "use the config.json that was saved with these weights");
    }
  }
  const extra = Object.keys(tensors).find((name) => !Object.hasOwn(shapes, name));
  if (extra !== undefined) {
    const hint =
      extra === headName ? "set tie_word_embeddings to false" : "use the config.json saved with these weights";
    refuse(where, `${extra} is no weight of this config`, hint);
  }
}
