import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entropyChange, entropyLedger, negativeInterference } from "../../../src/analysis/index.ts";
import { configOf } from "../../../src/toolkit/policy/config.ts";
import { forward } from "../../../src/toolkit/policy/forward.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import {
  encodeSequences,
  gradientAlignment,
  logitChange,
  tokenProbe,
  withTruncatedDelta,
} from "../../../src/toolkit/probe.ts";
import { rng } from "../../../src/toolkit/rng.ts";

const tokenizer = charTokenizer("0123456789+=; ");
const tiny = {
  ...configOf("nano", tokenizer),
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
};
const continuations = [
  { prompt: "1+2=", completion: "3" },
  { prompt: "12+3=", completion: "5; 15" },
  { prompt: "9+9=", completion: "18" },
];
const sequences = encodeSequences(tokenizer, continuations);
let policy: Policy;
let moved: Policy;

beforeAll(async () => {
  policy = await Policy.create({ config: tiny, tokenizer, seed: 1 });
  moved = await policy.clone();
  const random = rng({ seed: 2, stream: "test" });
  const weights = await policy.parameters.read();
  await moved.parameters.write(
    Object.fromEntries(
      Object.entries(weights).map(([name, { data, shape }]) => [
        name,
        { data: Float32Array.from(data, (x) => x + 1e-3 * random.normal()), shape },
      ]),
    ),
  );
});
afterAll(async () => {
  await Promise.all([policy.dispose(), moved.dispose()]);
});

/** [B · T, V] log-probs by plain TensorFlow.js. */
async function eagerRows(of: Policy): Promise<number[][]> {
  const weights = await of.parameters.read();
  return tf.tidy(() => {
    const p = Object.fromEntries(
      Object.entries(weights).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape], "float32")]),
    );
    const ids = tf.tensor2d(sequences.ids, [sequences.rows, sequences.width], "int32");
    const contexts = ids.slice([0, 0], [sequences.rows, sequences.width - 1]);
    return tf.logSoftmax(forward(p, contexts, of.config)).arraySync() as number[][];
  });
}

test("tokenProbe: distributions, log-probs and entropies agree with plain TensorFlow.js", async () => {
  const probe = await tokenProbe(policy, sequences);
  const expected = await eagerRows(policy);
  const vocabulary = policy.config.vocab_size;
  expect(probe.tokens).toHaveLength(2 + 6 + 3);
  for (const [n, cell] of probe.cells.entries()) {
    const logs = expected[cell] ?? [];
    for (const [v, log] of logs.entries()) expect(probe.rows?.[n * vocabulary + v]).toBeCloseTo(log, 4);
    expect(probe.logProbs[n]).toBeCloseTo(logs[probe.tokens[n] ?? 0] ?? Number.NaN, 4);
    expect(probe.entropies[n]).toBeCloseTo(-logs.reduce((sum, log) => sum + Math.exp(log) * log, 0), 4);
  }
});

test("tokenProbe: tokens carry their position, row and class", async () => {
  const probe = await tokenProbe(policy, sequences, { vocabulary: false });
  expect(tokenizer.decode(probe.tokens)).toBe("35; 1518");
  expect(Array.from(probe.positions)).toEqual([0, 1, 0, 1, 2, 3, 4, 5, 0, 1, 2]);
  expect(Array.from(probe.sequences)).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
  expect(probe.classes.slice(2, 8)).toEqual(["digit", "separator", "separator", "digit", "digit", "eos"]);
  expect(probe).not.toHaveProperty("rows");
  const named = await tokenProbe(policy, sequences, { vocabulary: false, classOf: (text) => `<${text}>` });
  expect(named.classes.slice(0, 3)).toEqual(["<3>", "eos", "<5>"]);
});

test("tokenProbe: more rows than a block give what each row gives alone", async () => {
  const many = encodeSequences(
    tokenizer,
    Array.from({ length: 70 }, (_, i) => continuations[i % 3] ?? { prompt: "", completion: "" }),
  );
  const [all, alone] = [await tokenProbe(policy, many), await tokenProbe(policy, sequences)];
  const last = all.sequences.indexOf(69); // 69 is a multiple of 3: the first continuation
  expect(all.tokens.length).toBe(23 * 11 + 2);
  for (const n of [0, 1]) {
    expect(all.logProbs[last + n]).toBeCloseTo(alone.logProbs[n] ?? Number.NaN, 5);
    expect(all.rows?.[(last + n) * policy.config.vocab_size + 5]).toBeCloseTo(
      alone.rows?.[n * policy.config.vocab_size + 5] ?? 0,
      5,
    );
  }
});

test("tokenProbe: two probes of a small change are explained to first order", async () => {
  const [before, after] = [await tokenProbe(policy, sequences), await tokenProbe(moved, sequences)];
  const { overall, byClass, perToken } = entropyChange(before, after);
  expect(overall.tokens).toBe(11);
  expect(byClass.map(({ name }) => name)).toContain("eos");
  const largest = Math.max(...perToken.change.map(Math.abs));
  expect(largest).toBeGreaterThan(1e-4);
  for (const [n, change] of perToken.change.entries()) {
    const left = change - (perToken.firstOrder?.[n] ?? 0) - (perToken.curvature?.[n] ?? 0);
    expect(Math.abs(left)).toBeLessThan(0.02 * largest);
  }
});

test("tokenProbe: sequences that do not fit, or mark nothing, are refused", async () => {
  await expect(tokenProbe(policy, { ...sequences, rows: 2 })).rejects.toThrow("2 rows of width");
  await expect(tokenProbe(policy, { ...sequences, mask: sequences.mask.map(() => 0) })).rejects.toThrow("0 everywhere");
});

test("gradientAlignment: log-likelihoods and inner products are those of plain TensorFlow.js", async () => {
  const answers = continuations.map((continuation, i) => ({ ...continuation, id: i === 1 ? "b" : "a" }));
  const { ids, gram, logLikelihoods } = await gradientAlignment(policy, answers);
  expect(ids).toEqual(["a", "b"]);
  const [a = [], b = []] = await eagerGradients([[0, 2], [1]]);
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0);
  expect(dot(a, a)).toBeGreaterThan(1);
  for (const [at, product] of [dot(a, a), dot(a, b), dot(b, a), dot(b, b)].entries()) {
    expect((gram[at] ?? 0) / product).toBeCloseTo(1, 4);
  }
  const { logProbs } = await tokenProbe(policy, sequences, { vocabulary: false });
  const sum = (from: number, to: number): number => logProbs.subarray(from, to).reduce((total, x) => total + x, 0);
  expect(logLikelihoods[0]).toBeCloseTo(sum(0, 2) + sum(8, 11), 3);
  expect(logLikelihoods[1]).toBeCloseTo(sum(2, 8), 3);
  const both = [logLikelihoods, logLikelihoods];
  const { alignment } = negativeInterference({ ids, steps: [0, 1], logLikelihoods: both, gradients: { ids, gram } });
  expect(alignment?.cosine[1]).toBeCloseTo(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), 4);
});

test("gradientAlignment: a weight scales a problem's gradient", async () => {
  const answers = continuations.slice(0, 2).map((continuation, i) => ({ ...continuation, id: `p${i}` }));
  const plain = await gradientAlignment(policy, answers);
  const scaled = await gradientAlignment(
    policy,
    answers.map((answer, i) => ({ ...answer, weight: i === 0 ? -2 : 1 })),
  );
  const [a = 0, b = 0, , c = 0] = plain.gram;
  expect(scaled.gram[0]).toBeCloseTo(4 * a, 3);
  expect(scaled.gram[1]).toBeCloseTo(-2 * b, 3);
  expect(scaled.gram[3]).toBeCloseTo(c, 3);
});

/** Gradient of the log-likelihood of some rows' marked tokens, by plain TensorFlow.js. */
async function eagerGradients(groups: readonly (readonly number[])[]): Promise<number[][]> {
  const weights = await policy.parameters.read();
  const names = Object.keys(policy.parameters.shapes);
  const { rows, width, ids, mask } = sequences;
  return groups.map((group) =>
    tf.tidy(() => {
      const values = names.map((name) =>
        tf.tensor(weights[name]?.data ?? [], [...(weights[name]?.shape ?? [])], "float32"),
      );
      const all = tf.tensor2d(ids, [rows, width], "int32");
      const contexts = all.slice([0, 0], [rows, width - 1]);
      const targets = tf.oneHot(
        all
          .slice([0, 1], [rows, width - 1])
          .reshape([-1])
          .toInt(),
        policy.config.vocab_size,
      );
      const marked = tf.tensor1d(
        mask.map((value, cell) => (group.includes(Math.floor(cell / (width - 1))) ? value : 0)),
      );
      const logLikelihood = (...p: tf.Tensor[]): tf.Scalar => {
        const named = Object.fromEntries(names.map((name, i) => [name, p[i] as tf.Tensor]));
        return tf
          .logSoftmax(forward(named, contexts, policy.config))
          .mul(targets)
          .sum(1)
          .mul(marked)
          .sum()
          .asScalar();
      };
      return tf
        .grads(logLikelihood)(values)
        .flatMap((gradient) => Array.from(gradient.dataSync()));
    }),
  );
}

test("withTruncatedDelta: rank 0 is the base, full rank the trained policy, and between lies part of the change", async () => {
  const none = await withTruncatedDelta(policy, moved, 0);
  const all = await withTruncatedDelta(policy, moved, 1000);
  const some = await withTruncatedDelta(policy, moved, 2);
  expect(await none.fingerprint()).toBe(await policy.fingerprint());
  expect(await all.fingerprint()).toBe(await moved.fingerprint());
  const prints = new Set([await none.fingerprint(), await all.fingerprint(), await some.fingerprint()]);
  expect(prints.size).toBe(3);
  await Promise.all([none.dispose(), all.dispose(), some.dispose()]);
});

test("logitChange: is linear, leaves the policy as it was, and takes a network's update apart for the ledger", async () => {
  const [before, after] = [await policy.parameters.read(), await moved.parameters.read()];
  const change = Object.entries(after).map(([name, { data }]): [string, Float64Array] => [
    name,
    Float64Array.from(data, (x, i) => x - (before[name]?.data[i] ?? 0)),
  ]);
  const upTo = Math.floor(change.length / 2);
  const part = (entries: readonly [string, Float64Array][]) =>
    logitChange(policy, sequences, Object.fromEntries(entries));
  const [whole, first, second] = [
    await part(change),
    await part(change.slice(0, upTo)),
    await part(change.slice(upTo)),
  ];
  for (const [i, x] of whole.entries()) expect((first[i] ?? 0) + (second[i] ?? 0)).toBeCloseTo(x, 4);
  const [left, right] = [await tokenProbe(policy, sequences), await tokenProbe(moved, sequences)];
  const exact = Array.from(right.rows ?? [], (log, i) => log - (left.rows?.[i] ?? 0));
  expect(Math.max(...exact.map(Math.abs))).toBeGreaterThan(1e-3);
  const missed = exact.map((x, i) => x - (whole[i] ?? Number.NaN)); // by the second order
  expect(Math.hypot(...missed)).toBeLessThan(0.1 * Math.hypot(...exact));
  const step = { before: left, after: right, parts: { positive: first, optimizer: second } };
  const { byClass } = entropyLedger([step], { resamples: 10 }).total;
  const explained = byClass.map(({ measured, rest }) => measured - rest);
  const firstOrder = entropyChange(left, right, { resamples: 10 }).byClass.map((row) => row.firstOrder?.value ?? 0);
  expect(Math.hypot(...explained.map((x, i) => x - (firstOrder[i] ?? 0)))).toBeLessThan(
    0.2 * Math.hypot(...firstOrder),
  );
  expect(await policy.parameters.read()).toEqual(before);
  await expect(logitChange(policy, sequences, { none: [1] })).rejects.toThrow('no weight "none"');
  await expect(logitChange(policy, sequences, {}, { scale: 0 })).rejects.toThrow("scale is 0");
});
