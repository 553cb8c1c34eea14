/**
 * Drawing a token, as ONNX nodes: exact inverse-CDF sampling from one uniform number a row.
 *
 * With weights w over the tokens (in the order of ids, or sorted when some are cut off) and u uniform in [0, 1), the
 * token drawn is the first whose running sum exceeds u · Σ w. A token of weight 0 cannot be drawn, since the running sum
 * does not move at it.
 */
import type { Value } from "../jit/graph.ts";
import { type Decoder, float, int64 } from "./decoder-nodes.ts";
import type { Sampling } from "./generation.ts";

/** Names of the inputs that set the drawing; a graph has those that its kind of sampling uses. */
export type SamplingInput = "uniforms" | "temperature" | "topK" | "topP" | "minP";

/** Which inputs a kind of sampling uses, in terms of the graph alone (values do not matter). */
export function samplingInputs({ greedy, temperature, topK, topP, minP }: Sampling): SamplingInput[] {
  if (greedy) return [];
  return [
    "uniforms",
    ...(temperature === 1 ? [] : (["temperature"] as const)),
    ...(topK === undefined ? [] : (["topK"] as const)),
    ...(topP === undefined ? [] : (["topP"] as const)),
    ...(minP === undefined ? [] : (["minP"] as const)),
  ];
}

type Graph = Pick<Decoder, "graph">;

/** Token and log-prob in the order of a distribution. */
interface Drawn {
  /** [B, 1] int64. */
  readonly token: Value;
  /** Under the distribution drawn from, [B, 1]. */
  readonly logProb: Value;
}

/**
 * Adds the drawing to a graph.
 *
 * Inputs it declares: `uniforms` [B, 1], `temperature`, `topP`, `minP` [1, 1], `topK` [1] int32 (k − 1).
 *
 * @param logits [B, V]
 * @returns [B, 3]: the token's id, its log-prob under the sampling distribution (0 when greedy), its log-prob under the
 *   policy itself
 */
export function drawNodes(graph: Graph, logits: Value, sampling: Sampling): Value {
  const [rows = 0] = logits.shape;
  const policy = logSoftmax(graph, logits); // [B, V]
  const { token, logProb } = draw(graph, logits, policy, sampling);
  const policyLogProb = pick(graph, policy, token);
  const id = graph.graph.node("Cast", [token], { dtype: "float32", shape: [rows, 1] }, { attributes: { to: 1 } });
  return float(graph, "Concat", [id, logProb, policyLogProb], [rows, 3], { attributes: { axis: 1 } });
}

function draw(graph: Graph, logits: Value, policy: Value, sampling: Sampling): Drawn {
  const [rows = 0, vocabulary = 0] = logits.shape;
  if (sampling.greedy) {
    const options = { attributes: { axis: 1, keepdims: 1, select_last_index: 0 } };
    const token = graph.graph.node("ArgMax", [logits], { dtype: "int64", shape: [rows, 1] }, options);
    return { token, logProb: graph.graph.constant(new Float32Array(rows), [rows, 1]) };
  }
  const inputs = new Set(samplingInputs(sampling));
  const uniforms = graph.graph.input("uniforms", "float32", [rows, 1]);
  const cool = inputs.has("temperature");
  const scaled = cool ? float(graph, "Div", [logits, scalarInput(graph, "temperature")], logits.shape) : logits;
  if (inputs.has("topK") || inputs.has("topP") || inputs.has("minP")) {
    return drawTruncated(graph, scaled, uniforms, inputs);
  }
  const logProbs = cool ? logSoftmax(graph, scaled) : policy;
  const token = firstAbove(graph, float(graph, "Exp", [logProbs], [rows, vocabulary]), uniforms);
  return { token, logProb: pick(graph, logProbs, token) };
}

/** Draws among what top-k, top-p and min-p leave, in the order of falling scores (equal ones by id). */
function drawTruncated(graph: Graph, scores: Value, uniforms: Value, inputs: ReadonlySet<SamplingInput>): Drawn {
  const [rows = 0, vocabulary = 0] = scores.shape;
  const shape = [rows, vocabulary];
  const [sorted, ids] = graph.graph.nodes(
    "TopK",
    [scores, int64(graph, [vocabulary])],
    [
      { dtype: "float32", shape },
      { dtype: "int64", shape },
    ],
    { attributes: { axis: -1, largest: 1, sorted: 1 } },
  );
  if (sorted === undefined || ids === undefined) throw new Error("internal: TopK has two results");
  const best = slice(graph, sorted, 0); // [B, 1]
  const share = float(graph, "Exp", [float(graph, "Sub", [sorted, best], shape)], shape); // of the likeliest's
  const total = (weights: Value): Value =>
    float(graph, "ReduceSum", [weights, int64(graph, [1])], [rows, 1], { attributes: { keepdims: 1 } });
  let weights = share;
  const keep = (op: "GreaterOrEqual" | "Less", value: Value, bound: Value): void => {
    const kept = graph.graph.node(op, [value, bound], { dtype: "bool", shape });
    weights = float(graph, "Where", [kept, weights, graph.graph.scalar(0)], shape);
  };
  if (inputs.has("topK")) {
    const last = graph.graph.input("topK", "int32", [1]);
    keep("GreaterOrEqual", sorted, float(graph, "Gather", [sorted, last], [rows, 1], { attributes: { axis: 1 } }));
  }
  if (inputs.has("topP")) {
    const likelier = runningSum(graph, weights, true); // mass of the tokens before
    keep("Less", likelier, float(graph, "Mul", [total(weights), scalarInput(graph, "topP")], [rows, 1]));
  }
  if (inputs.has("minP")) keep("GreaterOrEqual", share, scalarInput(graph, "minP"));
  const place = firstAbove(graph, weights, uniforms);
  const above = float(graph, "Sub", [pick(graph, sorted, place), best], [rows, 1]);
  const logTotal = float(graph, "Log", [total(weights)], [rows, 1]);
  const token = graph.graph.node(
    "GatherElements",
    [ids, place],
    { dtype: "int64", shape: [rows, 1] },
    {
      attributes: { axis: 1 },
    },
  );
  return { token, logProb: float(graph, "Sub", [above, logTotal], [rows, 1]) };
}

/** Index of the first token whose running sum exceeds u · total, [B, 1] int64. */
function firstAbove(graph: Graph, weights: Value, uniforms: Value): Value {
  const [rows = 0, vocabulary = 0] = weights.shape;
  const sums = runningSum(graph, weights, false);
  const target = float(graph, "Mul", [uniforms, slice(graph, sums, vocabulary - 1)], [rows, 1]);
  const bool = { dtype: "bool", shape: [rows, vocabulary] } as const;
  const passed = graph.graph.node("LessOrEqual", [sums, target], bool);
  const ones = graph.graph.node("Cast", [passed], { dtype: "float32", shape: bool.shape }, { attributes: { to: 1 } });
  const count = float(graph, "ReduceSum", [ones, int64(graph, [1])], [rows, 1], { attributes: { keepdims: 1 } });
  return graph.graph.node("Cast", [count], { dtype: "int64", shape: [rows, 1] }, { attributes: { to: 7 } });
}

function runningSum(graph: Graph, weights: Value, exclusive: boolean): Value {
  const attributes = { exclusive: exclusive ? 1 : 0 };
  return float(graph, "CumSum", [weights, graph.graph.scalar(1, "int64")], weights.shape, { attributes });
}

/** Column `at` of [B, V], as [B, 1]. */
function slice(graph: Graph, x: Value, at: number): Value {
  const bounds = [[at], [at + 1], [1]].map((values) => int64(graph, values));
  return float(graph, "Slice", [x, ...bounds], [x.shape[0] ?? 0, 1]);
}

function pick(graph: Graph, values: Value, index: Value): Value {
  return float(graph, "GatherElements", [values, index], index.shape, { attributes: { axis: 1 } });
}

function logSoftmax(graph: Graph, logits: Value): Value {
  return float(graph, "LogSoftmax", [logits], logits.shape, { attributes: { axis: -1 } });
}

function scalarInput({ graph }: Graph, name: SamplingInput): Value {
  return graph.input(name, "float32", [1, 1]);
}
