import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { type GrpoOptions, grpo } from "../../src/algorithms/grpo.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import type { PolicyBatch } from "../../src/toolkit/objective.ts";

const { NaN: nan } = Number;

// Row 0: log-ratios 0.1 and 0.3, A = 1. Row 1: log-ratio -0.4, A = -2, then padding that holds NaN. Row 2: nothing trained.
const batch: PolicyBatch = {
  logProbs: tf.tensor2d([-1.0, -0.5, -2.0, nan, -3, -3], [3, 2]),
  oldLogProbs: tf.tensor2d([-1.1, -0.8, -1.6, nan, -1, -1], [3, 2]),
  referenceLogProbs: tf.tensor2d([-1.2, -0.5, -2.5, nan, nan, nan], [3, 2]),
  entropies: tf.tensor2d([0.5, 0.25, 1, nan, nan, nan], [3, 2]),
  advantages: tf.tensor2d([1, 1, -2, nan, 5, 5], [3, 2]),
  mask: tf.tensor2d([1, 1, 1, 0, 0, 0], [3, 2]),
};
const [a, b, c] = [Math.exp(0.1), Math.exp(0.3), Math.exp(-0.4)]; // ratios: 1.105, 1.350 (above 1.2), 0.670 (below 0.8)

const lossOf = (options: GrpoOptions, of: PolicyBatch = batch): number =>
  grpo(options).objective.loss(of).loss.arraySync();

test.each([
  // min(1.105, 1.105), min(1.350, 1.2), min(0.670 x -2, 0.8 x -2) = 0.8 x -2; row 2 counts as a row with loss 0
  { name: "mean per completion, then over the 3", options: {}, loss: -((a + 1.2) / 2 + 0.8 * -2) / 3 },
  { name: "mean over the 3 tokens", options: { aggregation: "token-mean" }, loss: -(a + 1.2 + 0.8 * -2) / 3 },
  { name: "sum over 3 rows x 2 columns", options: { aggregation: "constant" }, loss: -(a + 1.2 + 0.8 * -2) / 6 },
  {
    name: "a wide clip keeps every ratio",
    options: { clipLow: 0.5, clipHigh: 0.5 },
    loss: -((a + b) / 2 + c * -2) / 3,
  },
  { name: "clipHigh alone", options: { clipHigh: 0.28 }, loss: -((a + 1.28) / 2 + 0.8 * -2) / 3 },
] as const)("grpo loss: $name", ({ options, loss }) => {
  expect(lossOf(options)).toBeCloseTo(loss, 6);
});

test("grpo loss: k3 against the reference is added with its coefficient", () => {
  const k3 = (d: number): number => Math.exp(d) - d - 1; // d = reference - policy: -0.2, 0, -0.5
  const result = grpo({ klCoefficient: 0.04 }).objective.loss(batch);
  const expected = lossOf({}) + 0.04 * (((k3(-0.2) + k3(0)) / 2 + k3(-0.5)) / 3);
  expect(result.loss.arraySync()).toBeCloseTo(expected, 6);
  expect(result.metrics.kl?.arraySync()).toBeCloseTo((k3(-0.2) + k3(0) + k3(-0.5)) / 3, 6);
});

test("grpo loss: the entropy bonus is subtracted with its coefficient", () => {
  expect(lossOf({ entropyCoefficient: 0.1 })).toBeCloseTo(lossOf({}) - 0.1 * (((0.5 + 0.25) / 2 + 1) / 3), 6);
});

test("grpo loss: clip shares count the tokens on which the clip acts", () => {
  const { metrics } = grpo().objective.loss(batch);
  const shares = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value.arraySync()]));
  expect(shares["clip_ratio/high_mean"]).toBeCloseTo(1 / 3, 6); // ratio 1.350 with A = 1
  expect(shares["clip_ratio/low_mean"]).toBeCloseTo(1 / 3, 6); // ratio 0.670 with A = -2
  expect(shares["clip_ratio/region_mean"]).toBeCloseTo(2 / 3, 6);
});

test("grpo gradient: ratio x advantage / (tokens x rows) inside the clip, 0 where clipped and on padding", () => {
  const gradient = tf.grad((x: tf.Tensor) => grpo().objective.loss({ ...batch, logProbs: x as tf.Tensor2D }).loss)(
    batch.logProbs,
  );
  const expected = [-a / 2 / 3, 0, 0, 0, 0, 0];
  for (const [i, value] of expected.entries()) expect(gradient.dataSync()[i]).toBeCloseTo(value, 6);
});

test.each([
  { name: "default", options: {} },
  { name: "token-mean with k3", options: { aggregation: "token-mean", klCoefficient: 0.3 } },
  { name: "constant, unclipped", options: { aggregation: "constant", clipLow: 0.9, clipHigh: 9 } },
] as const)("grpo gradient: agrees with finite differences ($name)", ({ options }) => {
  const objective = grpo(options).objective;
  const at = (x: Float32Array): PolicyBatch => ({ ...batch, logProbs: tf.tensor2d(x, [3, 2]) });
  const point = batch.logProbs.dataSync<"float32">();
  const gradient = tf.grad((x: tf.Tensor) => objective.loss({ ...batch, logProbs: x as tf.Tensor2D }).loss)(
    batch.logProbs,
  );
  for (const [i, value] of gradient.dataSync().entries()) {
    const [up, down] = [Float32Array.from(point), Float32Array.from(point)];
    const step = 1e-2; // error of the central difference about step^2; float32 leaves 1e-7 / step
    up[i] = (up[i] ?? 0) + step;
    down[i] = (down[i] ?? 0) - step;
    const slope = (objective.loss(at(up)).loss.arraySync() - objective.loss(at(down)).loss.arraySync()) / (2 * step);
    expect(Math.abs(slope - value), `token ${i}`).toBeLessThan(1e-4);
  }
});

test("grpo loss: an extreme ratio stays finite, in value and gradient", () => {
  const extreme: PolicyBatch = {
    logProbs: tf.tensor2d([-0.1, -200], [1, 2]),
    oldLogProbs: tf.tensor2d([-200, -0.1], [1, 2]),
    advantages: tf.tensor2d([-1, 1], [1, 2]),
    mask: tf.ones([1, 2]),
  };
  // min(e^20 x -1, 1.2 x -1) = -e^20: the log-ratio stops at 20; min(e^-20, 0.8) = e^-20
  expect(lossOf({}, extreme) / (Math.exp(20) / 2)).toBeCloseTo(1, 5);
  const gradient = tf.grad((x: tf.Tensor) => grpo().objective.loss({ ...extreme, logProbs: x as tf.Tensor2D }).loss);
  expect([...gradient(extreme.logProbs).dataSync()].every(Number.isFinite)).toBe(true);
});

test("grpo loss: an empty mask gives loss 0 and gradient 0, not NaN", () => {
  const empty: PolicyBatch = { ...batch, mask: tf.zeros([3, 2]) };
  for (const aggregation of ["seq-mean-token-mean", "token-mean", "constant"] as const) {
    expect(lossOf({ aggregation, klCoefficient: 1 }, empty)).toBeCloseTo(0, 12);
  }
  const gradient = tf.grad((x: tf.Tensor) => grpo().objective.loss({ ...empty, logProbs: x as tf.Tensor2D }).loss);
  expect([...gradient(batch.logProbs).dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("grpo loss: the order of the rows changes nothing, nor do columns of padding", () => {
  const totals = { rows: tf.scalar(3), tokens: tf.scalar(3), maxTokens: tf.scalar(2) };
  const columns = Object.entries(batch) as [keyof PolicyBatch, tf.Tensor2D][];
  const each = (change: (column: tf.Tensor2D, name: string) => tf.Tensor): PolicyBatch =>
    ({ ...Object.fromEntries(columns.map(([name, column]) => [name, change(column, name)])), totals }) as PolicyBatch;
  const turned = each((column) => column.gather([2, 0, 1]));
  const wider = each((column, name) =>
    column.pad(
      [
        [0, 0],
        [0, 2],
      ],
      name === "mask" ? 0 : nan,
    ),
  );
  for (const aggregation of ["seq-mean-token-mean", "token-mean", "constant"] as const) {
    const options = { aggregation, klCoefficient: 0.5, entropyCoefficient: 0.1 };
    expect(lossOf(options, turned)).toBeCloseTo(lossOf(options), 6);
    expect(lossOf(options, wider)).toBeCloseTo(lossOf(options), 6);
  }
});

test("grpo loss: micro-batches' losses add up to the batch's", () => {
  const totals = { rows: tf.scalar(3), tokens: tf.scalar(3), maxTokens: tf.scalar(2) };
  const part = (row: number): PolicyBatch => {
    const columns = Object.entries(batch) as [string, tf.Tensor2D][];
    return {
      ...Object.fromEntries(columns.map(([name, x]) => [name, x.slice([row, 0], [1, 2])])),
      totals,
    } as PolicyBatch;
  };
  for (const aggregation of ["seq-mean-token-mean", "token-mean", "constant"] as const) {
    const sum = [0, 1, 2].reduce((total, row) => total + lossOf({ aggregation }, part(row)), 0);
    expect(sum).toBeCloseTo(lossOf({ aggregation }), 6);
  }
});

test("grpo: shapes that disagree and missing columns are refused by name", () => {
  const narrow = { ...batch, advantages: tf.tensor2d([1, 1, 1], [3, 1]) };
  expect(() => lossOf({}, narrow)).toThrow(
    "grpo: advantages has shape [3,1], logProbs [3,2]; pass one number per token in both.",
  );
  const { referenceLogProbs: _, ...without } = batch;
  expect(() => lossOf({ klCoefficient: 0.1 }, without)).toThrow("the batch has no referenceLogProbs");
});

test.each([
  [{ clipLow: 1.5 }, "grpo: clipLow is 1.5; pass a number from 0 to 1."],
  [{ clipHihg: 0.2 }, 'grpo: there is no option "clipHihg"; did you mean "clipHigh"?.'],
  [{ scale: "batch" }, 'grpo: scale is "batch"; pass one of "group-std", "none".'],
  [{ klCoefficient: nan }, "grpo: klCoefficient is NaN; pass a number from 0."],
])("grpo: %o is refused", (options, message) => {
  expect(() => grpo(options as GrpoOptions)).toThrow(message);
});

test("grpo: describe lists each choice with its value and source, given ones as given", () => {
  const choices = describe(grpo({ clipHigh: 0.28 }));
  const find = (name: string) => choices.find((choice) => choice.name === name);
  expect(find("clipHigh")).toEqual({ seam: "objective", name: "clipHigh", value: 0.28, source: "given" });
  expect(find("clipLow")).toMatchObject({ value: 0.2, source: "arXiv:1707.06347, section 6.1" });
  expect(find("reward")).toMatchObject({ seam: "reward", value: "verifier's score" });
  expect(choices.map((choice) => choice.seam)).toEqual([...choices.map((choice) => choice.seam)].sort(bySeam));
});

const order = ["curriculum", "rollout", "reward", "advantage", "objective", "update"];
const bySeam = (x: string, y: string): number => order.indexOf(x) - order.indexOf(y);

test("grpo: needs the reference only with a KL term, the entropy's gradient only with a bonus", () => {
  expect(grpo().objective.needs).toEqual({ referenceLogProbs: false });
  expect(grpo({ klCoefficient: 0.1, entropyCoefficient: 0.1 }).objective.needs).toEqual({
    referenceLogProbs: true,
    entropy: "gradient",
  });
});
