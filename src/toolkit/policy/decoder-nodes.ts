/** The parts that the decode graphs share, as ONNX nodes. Weights are inputs under their Hugging Face names. */
import type { GraphBuilder, Value } from "../jit/graph.ts";
import type { PolicyConfig } from "./config.ts";
import { embeddingName, finalNormName, outputName, parameterShapes } from "./parameters.ts";

/** A graph under construction together with the policy it computes. */
export interface Decoder {
  readonly graph: GraphBuilder;
  readonly config: PolicyConfig;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly weights: Map<string, Value>;
}

export function decoder(graph: GraphBuilder, config: PolicyConfig): Decoder {
  return { graph, config, shapes: parameterShapes(config), weights: new Map() };
}

/** An input that holds a weight, declared at first use. */
function weight({ graph, shapes, weights }: Decoder, name: string): Value {
  let value = weights.get(name);
  if (value === undefined) {
    const shape = shapes[name];
    if (shape === undefined) throw new Error(`internal: the config has no weight ${name}`);
    value = graph.input(name, "float32", shape);
    weights.set(name, value);
  }
  return value;
}

/** A node with one float32 result. */
export function float(
  { graph }: Pick<Decoder, "graph">,
  op: string,
  inputs: readonly Value[],
  shape: readonly number[],
  options: Parameters<GraphBuilder["node"]>[3] = {},
): Value {
  return graph.node(op, inputs, { dtype: "float32", shape }, options);
}

/** A constant list of int64, as ONNX wants axes and shapes. */
export function int64({ graph }: Pick<Decoder, "graph">, values: readonly number[]): Value {
  return graph.constant([...values], [values.length], "int64");
}

export function reshape(decoder: Pick<Decoder, "graph">, x: Value, shape: readonly number[]): Value {
  return decoder.graph.node("Reshape", [x, int64(decoder, shape)], { dtype: x.dtype, shape });
}

export function transpose(decoder: Decoder, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis] ?? 0);
  return float(decoder, "Transpose", [x], shape, { attributes: { perm: order } });
}

/** x Wᵀ (+ residual): x [N, in], the weight [out, in]. The residual is added inside the product. */
export function project(decoder: Decoder, x: Value, name: string, residual?: Value): Value {
  const matrix = weight(decoder, name);
  const shape = [x.shape[0] ?? 0, matrix.shape[0] ?? 0];
  const inputs = residual === undefined ? [x, matrix] : [x, matrix, residual];
  return float(decoder, "Gemm", inputs, shape, { attributes: { transB: 1 } });
}

/** RMSNorm of rows. */
export function norm(decoder: Decoder, x: Value, name: string): Value {
  const attributes = { axis: -1, epsilon: { float: decoder.config.rms_norm_eps }, stash_type: 1 };
  return float(decoder, "SimplifiedLayerNormalization", [x, weight(decoder, name)], x.shape, { attributes });
}

/** Rotates heads x [B, H, T, dh] by the angles of `positions`, int64 [B, T], or [1] for the first of T in a row. */
export function rotate(decoder: Decoder, x: Value, positions: Value, angles: readonly [cos: Value, sin: Value]): Value {
  const options = { domain: "com.microsoft", attributes: { interleaved: 0 } } as const;
  return float(decoder, "RotaryEmbedding", [x, positions, ...angles], x.shape, options);
}

/** a bᵀ over the last two axes. */
export function timesTransposed(decoder: Decoder, a: Value, b: Value): Value {
  const shape = [...a.shape.slice(0, -1), b.shape.at(-2) ?? 0];
  return float(decoder, "FusedMatMul", [a, b], shape, { domain: "com.microsoft", attributes: { transB: 1 } });
}

/** a b over the last two axes. */
export function times(decoder: Decoder, a: Value, b: Value): Value {
  return float(decoder, "MatMul", [a, b], [...a.shape.slice(0, -1), b.shape.at(-1) ?? 0]);
}

export function add(decoder: Decoder, a: Value, b: Value): Value {
  return float(decoder, "Add", [a, b], a.shape);
}

function multiply(decoder: Decoder, a: Value, b: Value): Value {
  return float(decoder, "Mul", [a, b], a.shape);
}

export function softmax(decoder: Decoder, x: Value): Value {
  return float(decoder, "Softmax", [x], x.shape, { attributes: { axis: -1 } });
}

/** Rows of the embedding for int32 ids [N]. */
export function embed(decoder: Decoder, ids: Value): Value {
  return float(
    decoder,
    "Gather",
    [weight(decoder, embeddingName), ids],
    [ids.shape[0] ?? 0, decoder.config.hidden_size],
  );
}

/** x + Wdown (silu(Wgate h) ⊙ Wup h) with h = norm(x). */
export function feedForward(
  decoder: Decoder,
  x: Value,
  names: { readonly postNorm: string; readonly gate: string; readonly up: string; readonly down: string },
): Value {
  const h = norm(decoder, x, names.postNorm);
  const gate = project(decoder, h, names.gate);
  const options = { domain: "com.microsoft", attributes: { alpha: { float: 1 } } } as const;
  const activation = float(decoder, "QuickGelu", [gate], gate.shape, options);
  return project(decoder, multiply(decoder, activation, project(decoder, h, names.up)), names.down, x);
}

/** Logits [N, V] of the last layer's rows. */
export function head(decoder: Decoder, x: Value): Value {
  return project(decoder, norm(decoder, x, finalNormName), outputName(decoder.config));
}
