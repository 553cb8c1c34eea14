import { performance } from "node:perf_hooks";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type DecoderBatch,
  type DecoderSize,
  decoderBatch,
  decoderLoss,
  decoderParameters,
} from "../../../bench/support/decoder.ts";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { gradientStep } from "../../../src/toolkit/jit/gradient-step.ts";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { rng } from "../../../src/toolkit/rng.ts";

const engine = new Engine({ threads: 2 });
beforeAll(() => tf.setBackend("cpu"));
afterAll(() => engine.close());

const tiny: DecoderSize = {
  width: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 24,
  vocabulary: 11,
  batch: 3,
  length: 6,
};

const vector = (...values: number[]): HostTensor => ({ data: Float32Array.from(values), shape: [values.length] });

/** Σ w x², whose gradient in w is x² and in `unused` is none. */
const squares = (p: Record<string, tf.Tensor>, { x }: { x: tf.Tensor }) => {
  const terms = (p.w as tf.Tensor).mul(x.square());
  return { loss: terms.sum(), metrics: { terms, largest: terms.max() } };
};

async function squaresStep(optimizer = {}) {
  const parameters = await engine.parameters({ w: vector(1, -2), unused: vector(5) });
  return gradientStep(squares, { parameters, optimizer });
}

test("gradientStep: loss, metrics and gradients of one batch; a parameter that plays no part has none", async () => {
  const step = await squaresStep();
  const { loss, metrics, gradients } = await step.gradients({ x: vector(3, 2) });
  expect(loss).toBe(1 * 9 - 2 * 4);
  expect(metrics).toEqual({ terms: vector(9, -8), largest: { data: Float32Array.of(9), shape: [] } });
  expect(gradients).toEqual({ w: vector(9, 4) });
});

test("gradientStep: micro-batches add up with their weights, the norm is clipped, AdamW moves the weights", async () => {
  const step = await squaresStep({ beta1: 0, beta2: 0, epsilon: 1 });
  expect(await step.accumulate({ x: vector(3, 2) }, 0.5)).toMatchObject({ loss: 1 });
  expect(await step.accumulate({ x: vector(1, 0) }, 2)).toMatchObject({ loss: 1 });
  const gradient = [0.5 * 9 + 2 * 1, 0.5 * 4]; // 6.5, 2
  const norm = Math.hypot(...gradient);
  const { gradNorm, updateNorm } = await step.apply({ learningRate: 0.1, maxGradNorm: 1 });
  expect(gradNorm).toBeCloseTo(norm, 5);
  // With β1 = β2 = 0 and ε = 1 the change is 0.1 g / (|g| + 1), of the clipped g.
  const change = gradient.map((g) => (0.1 * g) / norm / (g / norm + 1));
  const { w, unused } = await step.parameters.read();
  expect(w?.data[0]).toBeCloseTo(1 - (change[0] ?? 0), 6);
  expect(w?.data[1]).toBeCloseTo(-2 - (change[1] ?? 0), 6);
  expect(updateNorm).toBeCloseTo(Math.hypot(...change), 6);
  expect(unused).toEqual(vector(5));
  await expect(step.apply({ learningRate: 0.1 })).rejects.toThrow("no gradient was accumulated");
});

test("gradientStep: a NaN is reported as the loss and refused as an update, which changes nothing", async () => {
  const step = await squaresStep();
  expect((await step.accumulate({ x: vector(Number.NaN, 1) })).loss).toBeNaN();
  await expect(step.apply({ learningRate: 0.1 })).rejects.toThrow("the gradient of w is not finite");
  expect(await step.parameters.read()).toEqual({ w: vector(1, -2), unused: vector(5) });
  await step.accumulate({ x: vector(1, 1) });
  await step.discard();
  await expect(step.apply({ learningRate: 0.1 })).rejects.toThrow("no gradient was accumulated");
});

test("gradientStep: bad arguments are refused", async () => {
  const step = await squaresStep();
  await expect(step.accumulate({ x: vector(1, 1) }, Number.NaN)).rejects.toThrow("the weight is NaN");
  await expect(step.apply({ learningRate: -1 })).rejects.toThrow("learningRate is -1");
  await expect(step.apply({ learningRate: 1, maxGradNorm: 0 })).rejects.toThrow("maxGradNorm is 0");
  const vectorLoss = gradientStep((p: Record<string, tf.Tensor>, _: object) => ({ loss: p.w as tf.Tensor }), {
    parameters: step.parameters,
    optimizer: {},
  });
  await expect(vectorLoss.accumulate({})).rejects.toThrow("the loss has shape [2]; return one number");
});

async function decoderStep(seed = 1) {
  const parameters = await engine.parameters(decoderParameters(tiny, seed));
  return gradientStep(decoderLoss(tiny), { parameters, optimizer: { weightDecay: 0.1 }, name: "decoder" });
}

function eagerDecoder(weights: Record<string, HostTensor>): { loss: number; gradients: Record<string, HostTensor> } {
  const leaf = ({ data, shape }: HostTensor) =>
    tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
  const names = Object.keys(weights);
  const entries = Object.entries(decoderBatch(tiny, 2)).map(([name, value]) => [name, leaf(value)]);
  const batch: DecoderBatch = Object.fromEntries(entries);
  const loss = (...x: tf.Tensor[]) =>
    decoderLoss(tiny)(Object.fromEntries(names.map((name, i) => [name, x[i] as tf.Tensor])), batch).loss;
  const { value, grads } = tf.valueAndGrads(loss)(Object.values(weights).map(leaf));
  const gradients = grads.map((x, i) => [names[i], { data: x.dataSync(), shape: x.shape }] as const);
  return { loss: value.arraySync(), gradients: Object.fromEntries(gradients) };
}

test("gradientStep: a decoder's clipped policy-gradient loss equals tfjs-cpu's, in value and in every gradient", async () => {
  const weights = decoderParameters(tiny, 1);
  const compiled = await (await decoderStep()).gradients(decoderBatch(tiny, 2));
  const eager = eagerDecoder(weights);
  expect(compiled.loss).toBeCloseTo(eager.loss, 6);
  expect(Object.keys(compiled.gradients)).toEqual(Object.keys(weights));
  for (const [name, { data, shape }] of Object.entries(compiled.gradients)) {
    const reference = eager.gradients[name];
    expect(shape).toEqual(weights[name]?.shape);
    const scale = Math.max(...Array.from(reference?.data ?? [], Math.abs));
    const worst = Math.max(...Array.from(data, (x, i) => Math.abs(x - (reference?.data[i] ?? Number.NaN))));
    expect(worst / scale, name).toBeLessThan(5e-6);
  }
});

test("gradientStep: the decoder's gradients equal central differences along random directions", async () => {
  const step = await decoderStep();
  const weights = await step.parameters.read();
  const batch = decoderBatch(tiny, 2);
  const { gradients } = await step.gradients(batch);
  const width = 2e-3;
  for (const [name, { data, shape }] of Object.entries(weights)) {
    const random = rng({ seed: 3, stream: name });
    const direction = Float32Array.from(data, () => random.normal());
    const shifted = async (by: number): Promise<number> => {
      await step.parameters.write({
        [name]: { data: data.map((x, i) => x + by * (direction[i] ?? 0)), shape } as HostTensor,
      });
      return (await step.gradients(batch)).loss;
    };
    const difference = ((await shifted(width)) - (await shifted(-width))) / (2 * width);
    await step.parameters.write({ [name]: { data, shape } });
    const slope = direction.reduce((sum, x, i) => sum + x * (gradients[name]?.data[i] ?? Number.NaN), 0);
    // A float32 loss of about 0.1 has a rounding of 1e-8, which the division makes 1e-5; the curvature adds the rest.
    expect(Math.abs(difference - slope), name).toBeLessThan(2e-4 + 0.01 * Math.abs(slope));
  }
});

test("gradientStep: the same calls give the same bits, and a restored state continues bit for bit", async () => {
  const run = async (steps: number, from?: Awaited<ReturnType<typeof decoderStep>>) => {
    const step = from ?? (await decoderStep());
    for (let i = 0; i < steps; i++) {
      await step.accumulate(decoderBatch(tiny, 2), 0.5);
      await step.accumulate(decoderBatch(tiny, 3), 0.5);
      await step.apply({ learningRate: 1e-2, maxGradNorm: 0.5 });
    }
    return step;
  };
  const [whole, half] = [await run(4), await run(2)];
  const resumed = await decoderStep(9);
  await resumed.parameters.write(await half.parameters.read());
  await resumed.restore(await half.state());
  await run(2, resumed);
  const expected = await whole.parameters.fingerprint();
  expect(await half.parameters.fingerprint()).not.toBe(expected);
  expect(await resumed.parameters.fingerprint()).toBe(expected);
  expect(await resumed.state()).toEqual(await whole.state());
  expect((await resumed.state()).step).toBe(4);
});

test("gradientStep: a state of other parameters is refused", async () => {
  const state = await (await squaresStep()).state();
  await expect((await decoderStep()).restore(state)).rejects.toThrow("the state has no moments of embedding");
  const step = await squaresStep();
  await expect(step.restore({ ...state, step: -1 })).rejects.toThrow("the state's step is -1");
  const first = { ...state.first, w: vector(1, 2, 3) };
  await expect(step.restore({ ...state, first })).rejects.toThrow("the moments of w have shape [3]");
});

test("gradientStep: training lowers the loss", async () => {
  const step = await decoderStep();
  const batch = decoderBatch(tiny, 2);
  const losses: number[] = [];
  for (let i = 0; i < 20; i++) {
    losses.push((await step.accumulate(batch)).loss);
    await step.apply({ learningRate: 1e-2 });
  }
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.05);
});

test("gradientStep: a step of a 0.8 M policy on 2048 tokens leaves the main thread free", async () => {
  const size = { ...tiny, width: 128, layers: 4, feedForward: 320, vocabulary: 256, batch: 32, length: 64 };
  const parameters = await engine.parameters(decoderParameters(size, 1));
  const step = gradientStep(decoderLoss(size), { parameters, optimizer: {} });
  const batch = decoderBatch(size, 1);
  await step.prepare(batch);
  const train = async (): Promise<void> => {
    await step.accumulate(batch);
    await step.apply({ learningRate: 1e-3, maxGradNorm: 1 });
  };
  await train();
  const before = performance.eventLoopUtilization();
  for (let i = 0; i < 5; i++) await train();
  const { active, idle } = performance.eventLoopUtilization(before);
  // Time in which this thread ran anything at all, per step. Computed here, a step would take all of it.
  expect(active / 5).toBeLessThan(20);
  expect(active / (active + idle)).toBeLessThan(0.3);
});

test("gradientStep.explain: counts nodes and work, and times the operators", async () => {
  const step = await decoderStep();
  const { nodes, flops, ops } = await step.explain(decoderBatch(tiny, 2));
  expect(nodes).toBeGreaterThan(100);
  expect(ops.map(({ op }) => op)).toContain("SimplifiedLayerNormalization");
  // Rows times weights of all products, forward once and backward twice, is the least there can be.
  const { width, layers, feedForward, vocabulary, batch, length } = tiny;
  const weights = layers * (2 * width ** 2 + 2 * width * (width / 2) + 3 * width * feedForward) + vocabulary * width;
  expect(flops).toBeGreaterThanOrEqual(3 * 2 * batch * length * weights);
});

test("gradientStep: the graphs of the 64 shapes used last are kept", async () => {
  let traces = 0;
  const parameters = await engine.parameters({ w: vector(2) });
  const loss = (p: Record<string, tf.Tensor>, { x }: { x: tf.Tensor }) => {
    traces++;
    return { loss: (p.w as tf.Tensor).mul(x).sum() };
  };
  const step = gradientStep(loss, { parameters, optimizer: {} });
  const run = (size: number) => step.gradients({ x: { data: new Float32Array(size).fill(1), shape: [size] } });
  for (let size = 1; size <= 65; size++) await run(size);
  await run(65);
  expect(traces).toBe(65);
  expect((await run(1)).loss).toBe(2); // the first one went
  expect(traces).toBe(66);
});
