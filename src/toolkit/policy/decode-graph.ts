/**
 * The two graphs of generation, with a split key-value cache.
 *
 * ONNX Runtime's Node binding hands inputs over as they are and copies outputs. So the cache is a plain input, and only
 * the keys and values of new tokens come out; attention reads both parts:
 *
 *     softmax([q K_cacheᵀ + mask, q k_new]) [V_cache; v_new]
 *
 * Prompts lie from the left: slot t of a row's cache holds position t, so that rows of any length share a step (the mask
 * hides the slots that a row has not reached) and a rotary angle depends on the slot alone.
 */
import { GraphBuilder, type GraphModel, type Value } from "../jit/graph.ts";
import type { PolicyConfig } from "./config.ts";
import {
  add,
  type Decoder,
  decoder,
  embed,
  feedForward,
  float,
  head,
  int64,
  norm,
  project,
  reshape,
  rotate,
  softmax,
  times,
  timesTransposed,
  transpose,
} from "./decoder-nodes.ts";
import type { Sampling } from "./generation.ts";
import { type LayerNames, layerNames } from "./parameters.ts";
import { rotaryAngles } from "./rotary.ts";
import { drawNodes } from "./sampling-nodes.ts";

/** Added to the score of a hidden slot: far below any score, and finite, so that no NaN can come from it. */
export const hiddenScore = -1e9;

/** Names of a layer's cache inputs and of the prefill graph's outputs. */
export const cacheNames = (layer: number): readonly [key: string, value: string] => [`key.${layer}`, `value.${layer}`];

/**
 * Keys and values of prompts.
 *
 * Input `ids` [P, T] int32, padded on the right. Outputs `key.N` and `value.N`, [P, KV, T, dh]; what stands at a row's
 * padding means nothing. The last layer ends at its keys and values: nothing after them is needed.
 */
export function prefillGraph(config: PolicyConfig, { rows, tokens }: { rows: number; tokens: number }): GraphModel {
  const graph = new GraphBuilder("prefill");
  const parts = decoder(graph, config);
  const ids = graph.input("ids", "int32", [rows, tokens]);
  const angles = angleTables(parts, tokens);
  let x = embed(parts, reshape(parts, ids, [rows * tokens])); // [P · T, d]
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const names = layerNames(layer);
    const h = norm(parts, x, names.inputNorm);
    const heads = (name: string, count: number): Value => {
      const split = reshape(parts, project(parts, h, name), [rows, tokens, count, config.head_dim]);
      return transpose(parts, split, [0, 2, 1, 3]);
    };
    const first = int64(parts, [0]);
    const key = rotate(parts, heads(names.k, config.num_key_value_heads), first, angles.key); // [P, KV, T, dh]
    const value = heads(names.v, config.num_key_value_heads);
    const [keyName, valueName] = cacheNames(layer);
    graph.output(keyName, key);
    graph.output(valueName, value);
    if (layer === config.num_hidden_layers - 1) break;
    const query = rotate(parts, heads(names.q, config.num_attention_heads), first, angles.query);
    x = project(parts, causalAttention(parts, query, key, value), names.o, x);
    x = feedForward(parts, x, names);
  }
  return graph.build();
}

/** Returns [P · T, H · dh]. */
function causalAttention(parts: Decoder, query: Value, key: Value, value: Value): Value {
  const [rows = 0, heads = 0, tokens = 0, width = 0] = query.shape;
  const kvHeads = parts.config.num_key_value_heads;
  const height = (heads / kvHeads) * tokens;
  const mask = new Float32Array(height * tokens); // [G · T, T]
  for (let row = 0; row < height; row++) mask.fill(hiddenScore, row * tokens + (row % tokens) + 1, (row + 1) * tokens);
  const stacked = reshape(parts, query, [rows, kvHeads, height, width]);
  const scores = add(parts, timesTransposed(parts, stacked, key), parts.graph.constant(mask, [height, tokens]));
  const mixed = reshape(parts, times(parts, softmax(parts, scores), value), [rows, heads, tokens, width]);
  return reshape(parts, transpose(parts, mixed, [0, 2, 1, 3]), [rows * tokens, heads * width]);
}

/** Shape and kind of a decode graph. */
export interface DecodeShape {
  /** B. */
  readonly rows: number;
  /** S, cached positions per row. */
  readonly slots: number;
  readonly sampling: Sampling;
}

/**
 * One token for each row.
 *
 * Inputs: `tokens` and `positions` [B] int32, `mask` [B, 1, 1, S] (0 or {@link hiddenScore}), `key.N` and `value.N`
 * [B, KV, S, dh], and those of {@link drawNodes}. Outputs: `drawn` [B, 3] (see there) and `rows` [2L, B, KV · dh], the
 * new keys and values, layer by layer.
 */
export function decodeGraph(config: PolicyConfig, { rows, slots, sampling }: DecodeShape): GraphModel {
  const graph = new GraphBuilder("decode");
  const parts = decoder(graph, config);
  const tokens = graph.input("tokens", "int32", [rows]);
  const positions = reshape(parts, graph.input("positions", "int32", [rows]), [rows, 1]);
  const context: DecodeContext = {
    parts,
    rows,
    slots,
    mask: graph.input("mask", "float32", [rows, 1, 1, slots]),
    positions: graph.node("Cast", [positions], { dtype: "int64", shape: [rows, 1] }, { attributes: { to: 7 } }),
    angles: angleTables(parts, config.max_position_embeddings),
    created: [],
  };
  let x = embed(parts, tokens); // [B, d]
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const names = layerNames(layer);
    x = project(parts, cachedAttention(context, x, layer, names), names.o, x);
    x = feedForward(parts, x, names);
  }
  graph.output("drawn", drawNodes(parts, head(parts, x), sampling));
  const { num_hidden_layers: layers, num_key_value_heads: kvHeads, head_dim: width } = config;
  graph.output(
    "rows",
    float(parts, "Concat", context.created, [2 * layers, rows, kvHeads * width], { attributes: { axis: 0 } }),
  );
  return graph.build();
}

interface DecodeContext {
  readonly parts: Decoder;
  readonly rows: number;
  readonly slots: number;
  readonly mask: Value;
  readonly positions: Value;
  readonly angles: Angles;
  /** New keys and values, each [1, B, KV · dh]. */
  readonly created: Value[];
}

/** Returns [B, H · dh]. */
function cachedAttention(context: DecodeContext, x: Value, layer: number, names: LayerNames): Value {
  const { parts, rows, slots, mask, positions, angles, created } = context;
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: width } = parts.config;
  const groups = heads / kvHeads;
  const h = norm(parts, x, names.inputNorm);
  const split = (name: string, count: number): Value =>
    reshape(parts, project(parts, h, name), [rows, count, 1, width]);
  const key = rotate(parts, split(names.k, kvHeads), positions, angles.key);
  const value = split(names.v, kvHeads);
  for (const fresh of [key, value]) created.push(reshape(parts, fresh, [1, rows, kvHeads * width]));
  const turned = rotate(parts, split(names.q, heads), positions, angles.query);
  const query = reshape(parts, turned, [rows, kvHeads, groups, width]); // [B, KV, G, dh]

  const [keyName, valueName] = cacheNames(layer);
  const cacheShape = [rows, kvHeads, slots, width];
  const keys = parts.graph.input(keyName, "float32", cacheShape);
  const values = parts.graph.input(valueName, "float32", cacheShape);
  const cached = add(parts, timesTransposed(parts, query, keys), mask); // [B, KV, G, S]
  const own = timesTransposed(parts, query, key); // [B, KV, G, 1]
  const axis = { attributes: { axis: -1 } };
  const scores = float(parts, "Concat", [cached, own], [rows, kvHeads, groups, slots + 1], axis);
  const [onCache, onOwn] = parts.graph.nodes(
    "Split",
    [softmax(parts, scores), int64(parts, [slots, 1])],
    [cached.shape, own.shape].map((shape) => ({ dtype: "float32", shape })),
    axis,
  );
  if (onCache === undefined || onOwn === undefined) throw new Error("internal: Split has two results");
  const fromOwn = float(parts, "Mul", [onOwn, value], query.shape);
  return reshape(parts, add(parts, times(parts, onCache, values), fromOwn), [rows, heads * width]);
}

/** Cosines and sines, each [length, dh / 2]. */
interface Angles {
  readonly key: readonly [cos: Value, sin: Value];
  /**
   * Divided by √dh: turning a query scales it, too. (As a factor of the product it would cost the matrix kernels their
   * fast path for a single row.)
   */
  readonly query: readonly [cos: Value, sin: Value];
}

function angleTables({ graph, config }: Decoder, length: number): Angles {
  const { cos, sin } = rotaryAngles(config, length);
  const shape = [length, config.head_dim / 2];
  const scale = 1 / Math.sqrt(config.head_dim);
  const scaled = (table: Float32Array): Value =>
    graph.constant(
      table.map((value) => value * scale),
      shape,
    );
  return {
    key: [graph.constant(cos, shape), graph.constant(sin, shape)],
    query: [scaled(cos), scaled(sin)],
  };
}
