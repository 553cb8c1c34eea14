/**
 * A whole training step (loss, gradients, clipping, AdamW) of a 0.8 M decoder on 2048 tokens, against
 *
 * - `gemm`: ONNX Runtime's own rate at the step's matrix products alone: forward, input gradient and weight gradient
 *   of every weight of the model, in one graph. A step counts its products, attention's included (three times the
 *   forward pass); elementwise work, optimizer and calls count as nothing.
 * - `tfjs-wasm`: loss and gradients of the same function run eagerly on TensorFlow.js's WebAssembly backend (its
 *   embedding as a product with one-hot rows: it lacks the gather's gradient).
 *
 * Repetitions of a step and of the products alternate, so that both meet the same load of the machine. wasm: the
 * better of two.
 */
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { Engine } from "../src/toolkit/jit/engine.ts";
import { gradientStep } from "../src/toolkit/jit/gradient-step.ts";
import { GraphBuilder, type GraphModel, type Value } from "../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../src/toolkit/jit/host-tensor.ts";
import { type DecoderBatch, decoderBatch, decoderLoss, decoderParameters, STATED_SIZE } from "./support/decoder.ts";
import { best, median, report } from "./support/figure.ts";

const size = STATED_SIZE;
const tokens = size.batch * size.length;
const rounds = 40;

/** Floating-point operations of a step's matrix products: forward, and twice that for the two gradients of each. */
function stepFlops(): number {
  const { width, layers, feedForward, vocabulary, length } = size;
  const layer = 4 * width ** 2 + 3 * width * feedForward + 2 * length * width;
  return 3 * 2 * tokens * (layers * layer + width * vocabulary);
}

/**
 * The step's own products and nothing else: a network of linear layers with the decoder's weight shapes, its input
 * gradients and its weight gradients. Only the largest entry of each weight gradient leaves the graph.
 */
function linearNetwork(): { readonly graph: GraphModel; readonly feeds: Record<string, HostTensor> } {
  const { width: d, feedForward: f, vocabulary: v, layers } = size;
  // As many products d to d, and between d and f, as the model has; chained, so half of the latter go up and half down.
  const square = Array.from({ length: 4 * layers }, () => d);
  const upAndDown = Array.from({ length: (3 * layers) / 2 }, () => [f, d]).flat();
  const widths = [d, ...square, ...upAndDown, v];
  const graph = new GraphBuilder("linear network");
  const gemm = (a: Value, b: Value, shape: number[], attributes: Record<string, number>): Value =>
    graph.node("Gemm", [a, b], { dtype: "float32", shape }, { attributes });
  const weights = widths.slice(1).map((out, i) => graph.input(`w${i}`, "float32", [out, widths[i] ?? d]));
  const activations = [graph.input("x", "float32", [tokens, d])];
  for (const weight of weights) {
    const [out = d] = weight.shape;
    activations.push(gemm(activations.at(-1) as Value, weight, [tokens, out], { transB: 1 }));
  }
  let gradient = activations.at(-1) as Value;
  for (let i = weights.length - 1; i >= 0; i--) {
    const [input, weight] = [activations[i] as Value, weights[i] as Value];
    const change = gemm(gradient, input, [...weight.shape], { transA: 1 });
    graph.output(`largest${i}`, graph.node("ReduceMax", [change], { dtype: "float32", shape: [1, 1] }));
    if (i > 0) gradient = gemm(gradient, weight, [...input.shape], {});
  }
  const feeds: Record<string, HostTensor> = { x: filled([tokens, d], 1) };
  for (const { name, shape } of weights) feeds[name] = filled(shape, 1.4 / Math.sqrt(shape[1] ?? 1));
  return { graph: graph.build(), feeds };
}

/** Waves, of a size that keeps a chain of products from running into denormals or infinities. */
function filled(shape: readonly number[], scale: number): HostTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1.7 * i)), shape };
}

async function timed(run: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Eager loss and gradients on the wasm backend, in ms. */
async function wasmStep(
  weights: Record<string, HostTensor>,
  batch: Record<keyof DecoderBatch, HostTensor>,
): Promise<number> {
  setWasmPaths(join(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm")), sep));
  await tf.setBackend("wasm");
  const leaf = ({ data, shape }: HostTensor) =>
    tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
  const names = Object.keys(weights);
  const loss = decoderLoss(size, "oneHot");
  const values = Object.values(weights).map(leaf);
  const { ids, oldLogProbs, advantages, mask } = batch;
  const fed = { ids: leaf(ids), oldLogProbs: leaf(oldLogProbs), advantages: leaf(advantages), mask: leaf(mask) };
  const step = (): void =>
    tf.tidy(() => {
      const named = (x: tf.Tensor[]) => Object.fromEntries(names.map((name, i) => [name, x[i] as tf.Tensor]));
      const { value, grads } = tf.valueAndGrads((...x: tf.Tensor[]) => loss(named(x), fed as DecoderBatch).loss)(
        values,
      );
      for (const tensor of [value, ...grads]) tensor.dataSync();
    });
  step();
  return Math.min(await timed(step), await timed(step));
}

await tf.setBackend("cpu");
const engine = Engine.shared();
const weights = decoderParameters(size, 1);
const batch = decoderBatch(size, 1);
const parameters = await engine.parameters(weights);
const step = gradientStep(decoderLoss(size), { parameters, optimizer: {}, name: "bench" });
const train = async (): Promise<void> => {
  await step.accumulate(batch);
  await step.apply({ learningRate: 1e-4, maxGradNorm: 1 });
};
const network = linearNetwork();
const products = () => engine.run(network.graph, network.feeds);
await timed(train);
await timed(products);

const stepMs: number[] = [];
const productMs: number[] = [];
for (let i = 0; i < rounds; i++) {
  productMs.push(await timed(products));
  stepMs.push(await timed(train));
}
const bench = "engine";
for (const [what, choose] of [["median", median] as const, ["best", best] as const]) {
  report({
    bench,
    name: `training step d128 L4, 2048 tokens, ${what} of ${rounds}`,
    value: stepFlops() / choose(stepMs) / 1e6,
    unit: "GFLOP/s",
    against: "gemm",
    reference: network.graph.flops / choose(productMs) / 1e6,
  });
}
report({
  bench,
  name: `training step d128 L4, 2048 tokens, best of ${rounds}`,
  value: (1000 * tokens) / best(stepMs),
  unit: "tokens/s",
  against: "tfjs-wasm",
  reference: (1000 * tokens) / (await wasmStep(weights, batch)),
});
