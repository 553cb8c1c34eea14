import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { selfConfidence, type UcasOptions, type UcasRows, ucas, ucasAdvantages } from "../../src/algorithms/ucas.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { sumFigures } from "../support/sum-task.ts";

const { NaN: nan } = Number;

// One group: a right answer of confidence 3, a wrong one of 1; logits 0 to 4.
const rows: UcasRows = {
  rewards: [1, 0],
  confidence: [1, 2, 1, nan],
  tokenLogits: [4, 1, 0, nan],
  mask: [1, 1, 1, 0],
  group: [7, 7],
};
const root = Math.SQRT1_2; // z-scores of two: 1/2 / (sqrt(1/2)) = 0.7071
const near = (found: ArrayLike<number>, expected: readonly number[], digits = 5) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, digits);
};

test("ucas: a confident right answer gets less, an uncertain wrong one loses less, high logits a little less", () => {
  const found = ucasAdvantages(rows);
  near(found.groupAdvantage, [root, -root]);
  near(found.confidenceZ, [root, -root]);
  const [right, wrong] = [root * Math.exp(-0.25 * root), -root * Math.exp(-0.35 * root)];
  near(found.advantages, [right - 0.05, right - 0.05 / 4, wrong, 0]);
});

test("ucas: with both betas 0 stage 2 is left, with lambda 0 stage 1", () => {
  near(ucasAdvantages(rows, { betaPos: 0, betaNeg: 0, lambda: 0.1 }).advantages, [root - 0.1, root - 0.025, -root, 0]);
  const { advantages, modulation } = ucasAdvantages(rows, { lambda: 0 });
  near(advantages, [root * (modulation[0] ?? 0), root * (modulation[0] ?? 0), -root * (modulation[1] ?? 0), 0]);
});

test("ucas: a right answer is never punished, an all-right group is pushed down by lambda at most", () => {
  near(ucasAdvantages(rows, { lambda: 9 }).advantages.slice(0, 2), [0, 0]);
  near(ucasAdvantages({ ...rows, rewards: [1, 1] }).advantages, [-0.05, -0.0125, 0, 0]);
});

test("ucas: confidence by mean takes length out; a group of one has mean 0 and deviation 1", () => {
  near(ucasAdvantages(rows, { confidenceAgg: "mean", normByStd: false }).confidenceZ, [0.25, -0.25]); // 1.5 and 1
  const alone = ucasAdvantages({ ...rows, group: [0, 1] }, { betaPos: 1, lambda: 0 });
  near(alone.groupAdvantage, [1, 0]);
  near(alone.confidenceZ, [3, 1]);
  near(alone.advantages, [Math.exp(-3), Math.exp(-3), 0, 0]);
});

test("ucas: shifting rewards, or scaling confidences, changes nothing but epsilon's share", () => {
  const plain = [...ucasAdvantages(rows).advantages];
  near(ucasAdvantages({ ...rows, rewards: [6, 5] }).advantages, plain, 6);
  near(ucasAdvantages({ ...rows, confidence: [10, 20, 10, nan] }).advantages, plain, 5);
});

test("ucas: an unscored row gets 0 and moves neither its group nor the range of logits", () => {
  const given = { ...rows, rewards: [1, nan], tokenLogits: [4, 1, -9, nan] };
  const { advantages, confidenceZ } = ucasAdvantages(given, { betaPos: 0 });
  near(advantages, [1 - 0.05, 1, 0, 0]);
  expect(confidenceZ[1]).toBe(0);
});

test("ucas: self-confidence is KL from the uniform distribution plus ln V", () => {
  const logits = tf.tensor2d([2, 0, -1, 0.5, 0, 0, 0, 0], [2, 4]);
  const p = [2, 0, -1, 0.5].map((z) => Math.exp(z) / (Math.exp(2) + 1 + Math.exp(-1) + Math.exp(0.5)));
  const kl = p.reduce((sum, x) => sum + 0.25 * Math.log(0.25 / x), 0);
  near(selfConfidence(logits).dataSync(), [kl + Math.log(4), Math.log(4)]);
});

test("ucas: as a seam it reads its statistics, and says that its scale is fixed", async () => {
  const seam = openSeam(ucas().replaces?.advantage ?? grpo().advantage);
  const statistics = { selfConfidence: Float32Array.of(1, 2, 1, nan), tokenLogit: Float32Array.of(4, 1, 0, nan) };
  const input = advantageInput({ lengths: [2, 1], rewards: [1, 0], statistics });
  const { perToken, scaledBy } = await seam.next(input);
  near(perToken, [...ucasAdvantages(rows).advantages]);
  expect(scaledBy).toBe("ucas");
});

test.each([
  [{ betaPos: -0.1 }, "ucas: betaPos is -0.1; pass a number from 0."],
  [{ lambda: nan }, "ucas: lambda is NaN; pass a number from 0."],
  [{ confidenceAgg: "max" }, 'ucas: confidenceAgg is "max"; pass one of "sum", "mean".'],
])("ucas: %o is refused", (options, message) => {
  expect(() => ucas(options as UcasOptions)).toThrow(message);
});

test("ucas: no tokens, numbers that are none, and columns of unlike size are refused", () => {
  expect(() => ucasAdvantages({ ...rows, mask: [0, 0, 0, 0] })).toThrow("ucas: no token is trained");
  expect(() => ucasAdvantages({ ...rows, tokenLogits: [4, nan, 0, 0] })).toThrow("tokenLogits is NaN at position 1");
  expect(() => ucasAdvantages({ ...rows, confidence: [1] })).toThrow("confidence has 1 numbers, mask 4");
  expect(() => ucasAdvantages({ ...rows, group: [0] })).toThrow("2 rewards, 1 group ids and 4 masked positions");
  expect(() => ucasAdvantages({ ...rows, confidence: [2, 1, 1, 0] }, { betaNeg: 1e9 })).not.toThrow(); // exp(-large) is 0
  expect(() => ucasAdvantages({ ...rows, confidence: [0, 0, 1, 0] }, { betaNeg: 1e9 })).toThrow(
    "ucas: modulation[1] is Infinity",
  );
});

test("ucas: stage 1 keeps more entropy and more right answers than GRPO, both stages the most", async () => {
  const base = grpo({ clipHigh: 0.28, aggregation: "token-mean" });
  const figures = (options: UcasOptions) => sumFigures(compose(base, ucas(options)), { steps: 40 });
  const plain = await sumFigures(base, { steps: 40 });
  const [stage1, both] = [await figures({ lambda: 0 }), await figures({})];
  expect(stage1.entropy).toBeGreaterThan(2 * plain.entropy); // 0.47 and 0.13 nats a token; stage 2 alone: 0.13
  expect(both.entropy).toBeGreaterThan(1.2 * stage1.entropy); // 0.71
  expect(stage1.distinct).toBeGreaterThan(1.5 * plain.distinct); // 5.2 and 2.2
  expect(both.success).toBeGreaterThan(0.85); // on its way: GRPO's is 0.98
});
