/** GRPO's loss through a whole policy: compiled against eager tfjs, and against finite differences. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { gradientStep, type LossAndGradients } from "../../src/toolkit/jit/gradient-step.ts";
import type { HostTensor } from "../../src/toolkit/jit/host-tensor.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { scoreTokens } from "../../src/toolkit/policy/score.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { tinyConfig } from "../support/tiny-policy.ts";

const [B, T] = [3, 6];
const { objective } = grpo({ klCoefficient: 0.1, entropyCoefficient: 0.01, clipLow: 0.9, clipHigh: 9 });

interface Batch {
  readonly ids: tf.Tensor2D;
  readonly oldLogProbs: tf.Tensor2D;
  readonly referenceLogProbs: tf.Tensor2D;
  readonly advantages: tf.Tensor2D;
  readonly mask: tf.Tensor2D;
}

function loss(parameters: Record<string, tf.Tensor>, { ids, ...columns }: Batch): { loss: tf.Scalar } {
  const { logProbs, entropy } = scoreTokens(parameters, ids, tinyConfig);
  return { loss: objective.loss({ ...columns, logProbs, entropies: entropy }).loss };
}

const random = rng({ seed: 1, stream: "grpo-policy" });
const column = (next: () => number): HostTensor => ({
  data: Float32Array.from({ length: B * T }, next),
  shape: [B, T],
});
const host = {
  ids: { data: Int32Array.from({ length: B * (T + 1) }, () => 3 + random.integer(9)), shape: [B, T + 1] },
  oldLogProbs: column(() => -2.4 - 0.2 * random.uniform()),
  referenceLogProbs: column(() => -2.4 - 0.4 * random.uniform()),
  advantages: column(() => random.normal()),
  mask: column(() => (random.uniform() < 0.7 ? 1 : 0)),
};
const eager: Batch = {
  ids: tf.tensor2d(host.ids.data, [B, T + 1], "int32"),
  oldLogProbs: tf.tensor2d(host.oldLogProbs.data, [B, T]),
  referenceLogProbs: tf.tensor2d(host.referenceLogProbs.data, [B, T]),
  advantages: tf.tensor2d(host.advantages.data, [B, T]),
  mask: tf.tensor2d(host.mask.data, [B, T]),
};

let policy: Policy;
let weights: Record<string, HostTensor>;
let compiled: LossAndGradients;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer("abcdefgh="), seed: 1 });
  const initial = await policy.parameters.read();
  const louder = Object.entries(initial).map(([name, { data, shape }]) => {
    const scale = shape.length === 2 ? 10 : 1; // initial matrices are so small that gradients would test little
    return [name, { data: Float32Array.from(data, (x) => x * scale), shape }] as const;
  });
  await policy.parameters.write(Object.fromEntries(louder));
  weights = await policy.parameters.read();
  compiled = await gradientStep(loss, { parameters: policy.parameters, optimizer: {} }).gradients(host);
});
afterAll(() => policy.dispose());

const tensorsOf = (values: Record<string, HostTensor>): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(values).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));

test("grpo through a policy: compiled loss and gradients equal tfjs-cpu's to 5e-6", () => {
  const names = Object.keys(weights);
  const tensors = Object.values(tensorsOf(weights));
  const of = (...given: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, i) => [name, given[i] as tf.Tensor])), eager).loss;
  const { value, grads } = tf.valueAndGrads(of)(tensors);
  expect(Math.abs(compiled.loss - (value.dataSync()[0] ?? Number.NaN))).toBeLessThan(5e-6);
  for (const [i, name] of names.entries()) {
    const expected = grads[i]?.dataSync() ?? [];
    const found = compiled.gradients[name]?.data ?? [];
    let largest = 0;
    for (const [k, gradient] of expected.entries())
      largest = Math.max(largest, Math.abs(gradient - (found[k] ?? Number.NaN)));
    expect(largest, name).toBeLessThan(5e-6);
  }
});

test("grpo through a policy: gradients agree with finite differences along random directions", () => {
  for (const [n, name] of Object.keys(weights).entries()) {
    const { data, shape } = weights[name] ?? { data: new Float32Array(), shape: [] };
    const drawn = rng({ seed: 2, stream: "direction", row: n });
    const direction = Float32Array.from(data, () => drawn.normal());
    const step = 5e-4; // curvature leaves step^2, rounding 1e-7 / step
    const at = (sign: number): number => {
      const moved = { data: data.map((x, k) => x + sign * step * (direction[k] ?? 0)), shape };
      return loss(tensorsOf({ ...weights, [name]: moved }), eager).loss.arraySync();
    };
    const slope = (at(1) - at(-1)) / (2 * step);
    const gradient = compiled.gradients[name]?.data ?? [];
    const expected = direction.reduce((sum, d, k) => sum + d * (gradient[k] ?? Number.NaN), 0);
    expect(Math.abs(slope - expected), name).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
  }
});
