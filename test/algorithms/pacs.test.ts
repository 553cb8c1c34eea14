import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { type PacsOptions, pacs, pacsRows, pacsScore } from "../../src/algorithms/pacs.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { exactPassAtK, type TabularProblem, trainTabular } from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;
const group = tf.tensor1d([0, 0, 0, 0], "int32");
const old = tf.tensor2d([-1, -1.2, -0.5, -1, -0.7, -0.4, -0.6, -1.7, -0.8, -1.5, -0.4, nan], [4, 3]);
const logProbs = tf.tensor2d([-0.9, -1.1, -0.4, -1.2, -0.7, -0.3, -0.5, -2, -0.8, -1.6, -0.2, nan], [4, 3]);
const mask = tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], [4, 3]);

/** Loss and gradient for rewards of the four rows, log-ratios 0.3, -0.1, -0.2 and 0.1. */
function at(rewards: number[], options: PacsOptions = {}, policy: tf.Tensor2D = logProbs) {
  const { label, weight, scored } = pacsRows({ rewards, group: [0, 0, 0, 0], mask: mask.dataSync() }, options);
  const columns = { label: tf.tensor1d(label), weight: tf.tensor1d(weight), scored: tf.tensor1d(scored) };
  const batch = { oldLogProbs: old, advantages: tf.zeros<tf.Rank.R2>([4, 3]), mask, group, columns };
  const lossOf = (x: tf.Tensor) => pacs(options).objective.loss({ ...batch, logProbs: x as tf.Tensor2D }).loss;
  return { loss: lossOf(policy).arraySync(), gradient: [...tf.grad(lossOf)(policy).dataSync()] };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const psi = [1.1 / 3, -0.5 / 3, -0.3, 0.1]; // 0.3 - (-0.1 - 0.2 + 0.1) / 3 = 0.3667, and so on

test("pacs loss: the weighted cross-entropy of leave-one-out scores, over the rows", () => {
  const [a = 0, b = 0, c = 0, d = 0] = psi;
  const wrong = (x: number): number => Math.log(1 + Math.exp(x));
  const expected = (2 * (wrong(a) - a) + (2 / 3) * (wrong(b) + wrong(c) + wrong(d))) / 4; // 4 / (2 x 1), 4 / (2 x 3)
  expect(at([1, 0, 0, 0]).loss).toBeCloseTo(expected, 6);
});

test("pacs gradient: flows through the others' mean too, evenly over a row's tokens, none on padding", () => {
  const g = psi.map((x, i) => ((i === 0 ? 2 : 2 / 3) * (sigmoid(x) - (i === 0 ? 1 : 0))) / 4);
  const total = g.reduce((sum, x) => sum + x, 0);
  const expected = g.map((x) => x - (total - x) / 3);
  const { gradient } = at([1, 0, 0, 0]);
  for (const [i, value] of gradient.entries()) {
    expect(value, `token ${i}`).toBeCloseTo(i === 11 ? 0 : (expected[Math.floor(i / 3)] ?? nan), 6);
  }
});

test("pacs: all right or all wrong, on policy: log 2 and no gradient; off policy there is one", () => {
  for (const reward of [0, 1]) {
    const { loss, gradient } = at(Array(4).fill(reward), {}, old);
    expect(loss).toBeCloseTo(Math.log(2), 6);
    for (const value of gradient) expect(Math.abs(value)).toBeLessThan(1e-7);
    expect(Math.max(...at(Array(4).fill(reward)).gradient)).toBeGreaterThan(0.01);
  }
});

test("pacs score: grpo divides by the deviation, which may be 0", () => {
  const rows = { group, scored: tf.ones<tf.Rank.R1>([4]) };
  const settings = { estimator: "grpo", divideByDeviation: true } as const;
  const score = (x: number[]) => [...pacsScore(tf.tensor1d(x), rows, settings).dataSync()];
  const deviation = Math.sqrt((4 * 0.25) / 3) + 1e-6;
  for (const value of score([1, 0, 1, 0])) expect(Math.abs(value)).toBeCloseTo(0.5 / deviation, 5);
  expect(score([0, 0, 0, 0])).toEqual([0, 0, 0, 0]);
  const slope = tf.grad((x: tf.Tensor) => pacsScore(x as tf.Tensor1D, rows, settings).square())(tf.zeros([4]));
  expect([...slope.dataSync()].every(Number.isFinite)).toBe(true);
});

test("pacs rows: class weights of a mixed group, 1 in others; an unscored row is out, and so is one left alone", () => {
  const rows = (rewards: number[], of: number[]) =>
    pacsRows({ rewards, group: of, mask: rewards.map(() => 1) }, { unscored: "left out" });
  expect([...rows([1, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1]).weight]).toEqual([
    2,
    ...Array(3).fill(Math.fround(2 / 3)),
    1,
    1,
  ]);
  expect(rows([1, 0, nan, 1, nan], [0, 0, 0, 1, 1])).toEqual({
    label: Float32Array.of(1, 0, 0, 0, 0),
    weight: Float32Array.of(1, 1, 0, 0, 0),
    scored: Float32Array.of(1, 1, 0, 0, 0),
  });
});

test("pacs: what it cannot take is refused with its value", () => {
  const rows = { rewards: [1, 0.5], group: [0, 0], mask: [1, 0] };
  expect(() => pacsRows(rows)).toThrow(
    'pacs: row 1 has reward 0.5; pass 1 for right and 0 for wrong, or weights: "none".',
  );
  expect([...pacsRows(rows, { weights: "none" }).label]).toEqual([1, 0.5]);
  expect(() => pacsRows({ ...rows, rewards: [1, 1.5] }, { weights: "none" })).toThrow("pass labels from 0 to 1");
  expect(() => pacsRows({ ...rows, rewards: [1, nan] })).toThrow("pacs: row 1 has reward NaN");
  expect(() => pacsRows({ ...rows, rewards: [1, 0], group: [0, 1] })).toThrow(
    'group 0 has one row, and "rloo" compares',
  );
  expect(() => pacsRows({ ...rows, rewards: [1, 0] }, { proxy: "mean-log-prob" })).toThrow("pacs: row 1 has no tokens");
  expect(() => pacsRows({ ...rows, rewards: [1] })).toThrow("pacs: 1 rewards for 2 group ids");
  expect(() => pacs({ logitScale: 0 })).toThrow("pacs: logitScale is 0; pass a number above 0.");
});

test("pacs: its choices carry value and source", () => {
  const [first] = describe(pacs({ weights: "none" })).filter(({ name }) => name === "weights");
  expect(first).toEqual({ seam: "advantage", name: "weights", value: "none", source: "given" });
});

test("pacs: learns, and tells right from wrong ever better", async () => {
  const problem: TabularProblem = {
    ...{ contexts: 6, symbols: 8 },
    reward: (context, [path]) => (path === context || path === 7 ? 1 : 0),
  };
  const shared = {
    problem,
    steps: 30,
    innerEpochs: 4,
    learningRate: 2,
    samplesPerPrompt: 8,
    measureEvery: 29,
    seed: 2,
  };
  const { steps, policy } = await trainTabular({ ...shared, algorithm: pacs() });
  expect(steps.at(-1)?.expected_reward).toBeGreaterThan(0.8); // from 2 / 8
  expect(exactPassAtK(policy, 8)).toBeGreaterThan(0.95);
  expect(steps[0]?.["pacs/error"]).toBeLessThan(0.5); // after three updates on the same rows
});
