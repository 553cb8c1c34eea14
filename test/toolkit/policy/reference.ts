/** A second implementation to compare with: the decoder in float64, one sequence at a time, in plain loops. */
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { checkConfig, type PolicyConfig } from "../../../src/toolkit/policy/config.ts";
import { parameterShapes } from "../../../src/toolkit/policy/parameters.ts";
import { rng } from "../../../src/toolkit/rng.ts";

export type Weights = Readonly<Record<string, HostTensor>>;

/** A small policy whose every size differs from the others, so that a mixed-up axis cannot go unseen. */
export function tinyConfig(change: Partial<PolicyConfig> = {}): PolicyConfig {
  return checkConfig("tinyConfig", {
    model_type: "llama",
    vocab_size: 13,
    hidden_size: 20,
    intermediate_size: 28,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 6,
    max_position_embeddings: 96,
    rms_norm_eps: 1e-5,
    rope_theta: 100,
    tie_word_embeddings: false,
    pad_token_id: 0,
    bos_token_id: 1,
    eos_token_id: 2,
    ...change,
  });
}

/** Weights large enough for distributions that are far from uniform, and norms that are not 1. */
export function randomWeights(config: PolicyConfig, seed: number): Record<string, HostTensor> {
  const random = rng({ seed, stream: "test-weights" });
  const draw = ([rows = 0, columns]: readonly number[]): Float32Array => {
    if (columns === undefined) return Float32Array.from({ length: rows }, () => 1 + 0.3 * random.normal());
    return Float32Array.from({ length: rows * columns }, () => (random.normal() * 1.2) / Math.sqrt(columns));
  };
  const shapes = Object.entries(parameterShapes(config));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, { data: draw(shape), shape }]));
}

/** Logits after each position of one sequence, [T][V]. */
export function referenceLogits(config: PolicyConfig, weights: Weights, ids: readonly number[]): number[][] {
  const tensor = (name: string): HostTensor => {
    const found = weights[name];
    if (found === undefined) throw new Error(`no weight ${name}`);
    return found;
  };
  const row = (name: string, i: number): number[] => {
    const { data, shape } = tensor(name);
    const width = shape[1] ?? 1;
    return Array.from(data.slice(i * width, (i + 1) * width));
  };
  const apply = (name: string, x: readonly number[]): number[] =>
    Array.from({ length: tensor(name).shape[0] ?? 0 }, (_, i) => dot(row(name, i), x));
  const norm = (name: string, x: readonly number[]): number[] => {
    const r = 1 / Math.sqrt(dot(x, x) / x.length + config.rms_norm_eps);
    return x.map((value, i) => value * r * (tensor(name).data[i] ?? 0));
  };
  let xs = ids.map((id) => row("model.embed_tokens.weight", id));
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const name = (part: string): string => `model.layers.${layer}.${part}.weight`;
    const hs = xs.map((x) => norm(name("input_layernorm"), x));
    const qs = hs.map((h, t) => turnHeads(apply(name("self_attn.q_proj"), h), t, config));
    const ks = hs.map((h, t) => turnHeads(apply(name("self_attn.k_proj"), h), t, config));
    const vs = hs.map((h) => heads(apply(name("self_attn.v_proj"), h), config.head_dim));
    const mixed = hs.map((_, t) => apply(name("self_attn.o_proj"), attend(config, qs, ks, vs, t)));
    xs = xs.map((x, t) => plus(x, mixed[t] ?? []));
    xs = xs.map((x) => {
      const h = norm(name("post_attention_layernorm"), x);
      const up = apply(name("mlp.up_proj"), h);
      const hidden = apply(name("mlp.gate_proj"), h).map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] ?? 0));
      return plus(x, apply(name("mlp.down_proj"), hidden));
    });
  }
  const output = config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  return xs.map((x) => apply(output, norm("model.norm.weight", x)));
}

/** log softmax in float64. */
export function logSoftmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const total = most + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - most), 0));
  return logits.map((z) => z - total);
}

/** What position t reads, the heads one after another. */
function attend(config: PolicyConfig, qs: number[][][], ks: number[][][], vs: number[][][], t: number): number[] {
  const { num_attention_heads: count, num_key_value_heads: kvCount, head_dim: width } = config;
  return Array.from({ length: count }, (_, head) => {
    const shared = Math.floor(head / (count / kvCount));
    const scores = Array.from(
      { length: t + 1 },
      (_, s) => dot(qs[t]?.[head] ?? [], ks[s]?.[shared] ?? []) / Math.sqrt(width),
    );
    const shares = logSoftmax(scores).map(Math.exp);
    return Array.from({ length: width }, (_, i) =>
      shares.reduce((sum, p, s) => sum + p * (vs[s]?.[shared]?.[i] ?? 0), 0),
    );
  }).flat();
}

/** Rotate-half: [a, b] → [a cos − b sin, b cos + a sin] with pairs (i, i + dh / 2). */
function turnHeads(
  x: readonly number[],
  position: number,
  { head_dim: width, rope_theta: theta }: PolicyConfig,
): number[][] {
  return heads(x, width).map((head) =>
    head.map((value, i) => {
      const pair = i % (width / 2);
      const angle = position / theta ** ((2 * pair) / width);
      const partner = i < width / 2 ? -(head[i + width / 2] ?? 0) : (head[i - width / 2] ?? 0);
      return value * Math.cos(angle) + partner * Math.sin(angle);
    }),
  );
}

function heads(x: readonly number[], width: number): number[][] {
  return Array.from({ length: x.length / width }, (_, h) => x.slice(h * width, (h + 1) * width));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);
}

function plus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + (b[i] ?? Number.NaN));
}
