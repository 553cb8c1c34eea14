import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { jit } from "../../../src/toolkit/jit/jit.ts";
import { forward } from "../../../src/toolkit/policy/forward.ts";
import { scoreTokens } from "../../../src/toolkit/policy/score.ts";
import { logSoftmax, randomWeights, referenceLogits, tinyConfig } from "./reference.ts";

const variants = [
  { name: "two query heads per key-value head, own output head", change: {} },
  { name: "tied head", change: { tie_word_embeddings: true } },
  { name: "one key-value head for all", change: { num_key_value_heads: 1 } },
  { name: "as many key-value heads as query heads", change: { num_key_value_heads: 4 } },
] as const;
const rows = [
  [1, 5, 9, 3, 3, 12, 7],
  [1, 4, 4, 11, 2, 0, 6],
];
const ids = (): tf.Tensor2D => tf.tensor2d(rows, [2, 7], "int32");

function tensors(weights: ReturnType<typeof randomWeights>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
}

test.each(variants)("forward: logits equal the float64 reference ($name)", async ({ change }) => {
  const config = tinyConfig(change);
  const weights = randomWeights(config, 1);
  const expected = rows.flatMap((row) => referenceLogits(config, weights, row)).flat();
  const eager = tf.tidy(() => forward(tensors(weights), ids(), config).dataSync());
  const store = await Engine.shared().parameters(weights);
  const compiled = jit((p: Record<string, tf.Tensor>, x: tf.Tensor2D) => forward(p, x, config));
  const traced = await (await compiled(store, ids())).data();
  const spread = Math.max(...expected) - Math.min(...expected);
  expect(spread).toBeGreaterThan(2); // a comparison of numbers that are all near 0 would show nothing
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((eager[i] ?? Number.NaN) - value)).toBeLessThan(2e-5);
    expect(Math.abs((traced[i] ?? Number.NaN) - value)).toBeLessThan(2e-5);
  }
});

test.each(variants)("scoreTokens: log-probs and entropies equal the float64 reference ($name)", ({ change }) => {
  const config = tinyConfig(change);
  const weights = randomWeights(config, 2);
  const { logProbs, entropy } = scoreTokens(tensors(weights), ids(), config);
  expect(logProbs.shape).toEqual([2, 6]);
  expect(entropy.shape).toEqual([2, 6]);
  const [scores, entropies] = [logProbs.arraySync(), entropy.arraySync()];
  for (const [b, row] of rows.entries()) {
    const all = referenceLogits(config, weights, row).map(logSoftmax);
    for (let t = 0; t < 6; t++) {
      const distribution = all[t] ?? [];
      expect(scores[b]?.[t]).toBeCloseTo(distribution[row[t + 1] ?? 0] ?? 0, 4);
      expect(entropies[b]?.[t]).toBeCloseTo(-distribution.reduce((sum, l) => sum + Math.exp(l) * l, 0), 4);
    }
  }
});

test("scoreTokens: gradients equal finite differences of the float64 reference", () => {
  const config = tinyConfig({ num_hidden_layers: 1 });
  const weights = randomWeights(config, 3);
  const row = rows[0] ?? [];
  const loss = (changed: typeof weights): number =>
    referenceLogits(config, changed, row)
      .map(logSoftmax)
      .slice(0, -1)
      .reduce((sum, distribution, t) => sum + (distribution[row[t + 1] ?? 0] ?? 0), 0);
  const names = Object.keys(weights);
  const gradients = tf.tidy(() => {
    const values = tensors(weights);
    const given = tf.tensor2d([row], [1, row.length], "int32");
    const f = (...parts: tf.Tensor[]): tf.Scalar =>
      scoreTokens(Object.fromEntries(names.map((name, i) => [name, parts[i] ?? tf.scalar(0)])), given, config)
        .logProbs.sum()
        .asScalar();
    return tf
      .grads(f)(names.map((name) => values[name] ?? tf.scalar(0)))
      .map((gradient) => gradient.dataSync());
  });
  for (const [i, name] of names.entries()) {
    const { data, shape } = weights[name] ?? { data: new Float32Array(), shape: [] };
    const at = (7 * i) % data.length; // one entry of each weight
    const moved = (by: number): typeof weights => {
      const copy = Float64Array.from(data);
      copy[at] = (copy[at] ?? 0) + by;
      return { ...weights, [name]: { data: copy as never, shape } };
    };
    const slope = (loss(moved(1e-5)) - loss(moved(-1e-5))) / 2e-5;
    expect(Math.abs((gradients[i]?.[at] ?? Number.NaN) - slope), name).toBeLessThan(
      1e-4 * Math.max(1, Math.abs(slope)),
    );
  }
});

test("forward: more positions than the config has are refused", () => {
  const config = tinyConfig({ max_position_embeddings: 6 });
  expect(() => forward({}, ids(), config)).toThrow("ids have 7 positions, max_position_embeddings is 6; shorten");
});
