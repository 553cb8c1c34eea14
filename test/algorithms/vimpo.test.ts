import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { vimpo } from "../../src/algorithms/vimpo.ts";
import { vimpoActorAdvantage, vimpoTargets } from "../../src/algorithms/vimpo-advantage.ts";
import { flipGroups, groupFlips } from "../../src/algorithms/vimpo-noise.ts";
import { exactTokenKl, vimpoValueLoss } from "../../src/algorithms/vimpo-value.ts";
import { type Algorithm, describe } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { sampledExactKl } from "../../src/toolkit/exact-kl.ts";
import type { PolicyBatch } from "../../src/toolkit/objective.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { type TabularProblem, trainTabular } from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;

// Row 0: log-ratios to the reference 0.2 and -0.2, KL 0.05 and 0.02: S = 0.5 x -0.07. Row 1: 0.3 less 0.1, then padding.
const terms = {
  logProbs: tf.tensor2d([-0.5, -1.2, -0.6, nan], [2, 2]),
  refLogProbs: tf.tensor2d([-0.7, -1, -0.9, nan], [2, 2]),
  tokenKl: tf.tensor2d([0.05, 0.02, 0.1, nan], [2, 2]),
  mask: tf.tensor2d([1, 1, 1, 0], [2, 2]),
  target: tf.tensor1d([0.5, -0.5]),
  rows: tf.scalar(2),
};
const residuals = [0.5 * -0.07 - 0.5, 0.5 * 0.2 + 0.5]; // -0.535, 0.6

test("vimpo value loss: half the squared distance of S from the target, over the rows", () => {
  const { loss, terminalValue, residual } = vimpoValueLoss(terms, { valueScale: 0.5 });
  const [a = 0, b = 0] = residuals;
  expect(loss.arraySync()).toBeCloseTo((a ** 2 + b ** 2) / 4, 6);
  for (const [i, value] of [-0.035, 0.1].entries()) expect(terminalValue.dataSync()[i]).toBeCloseTo(value, 6);
  for (const [i, value] of residuals.entries()) expect(residual.dataSync()[i]).toBeCloseTo(value, 6);
});

test("vimpo value loss: linear beyond the Huber delta", () => {
  const [a = 0, b = 0] = residuals;
  const huber = vimpoValueLoss(terms, { valueScale: 0.5, huberDelta: 0.55 }).loss.arraySync();
  expect(huber).toBeCloseTo((a ** 2 / 2 + 0.55 * (b - 0.55 / 2)) / 2, 6);
});

test("vimpo gradient: beta x residual / rows on each token, none on padding; bounded by delta", () => {
  const slope = (huberDelta?: number) =>
    tf
      .grad(
        (x: tf.Tensor) =>
          vimpoValueLoss({ ...terms, logProbs: x as tf.Tensor2D }, { valueScale: 0.5, huberDelta }).loss,
      )(terms.logProbs)
      .dataSync();
  const [a = 0, b = 0] = residuals.map((r) => (0.5 * r) / 2);
  for (const [i, value] of [a, a, b, 0].entries()) expect(slope()[i]).toBeCloseTo(value, 6);
  for (const [i, value] of [-0.025, -0.025, 0.025, 0].entries()) expect(slope(0.1)[i]).toBeCloseTo(value, 6);
});

test("vimpo KL: over the whole vocabulary, and none through which the loss could pull", () => {
  const [z, y] = [tf.tensor3d([2, 0.5, -1], [1, 1, 3]), tf.tensor3d([1, 1, -0.5], [1, 1, 3])];
  expect(exactTokenKl(z, y).dataSync()[0]).toBeCloseTo(0.2360004401, 6);
  expect(exactTokenKl(z, z).dataSync()[0]).toBeCloseTo(0, 6);
  expect(() => exactTokenKl(z, tf.zeros<tf.Rank.R3>([1, 1, 2]))).toThrow("vimpo: policy logits have shape [1,1,3]");
  const batch: PolicyBatch = {
    ...{
      logProbs: tf.tensor2d([[-0.5]]),
      oldLogProbs: tf.tensor2d([[-0.6]]),
      referenceLogProbs: tf.tensor2d([[-0.7]]),
    },
    ...{ advantages: tf.tensor2d([[1]]), mask: tf.tensor2d([[1]]), logits: z, referenceLogits: y },
    columns: { target: tf.tensor1d([1]), targetSquare: tf.scalar(1) },
  };
  const { loss } = vimpo({ valueScale: 1 }).objective;
  expect(
    [
      ...tf
        .grad((x: tf.Tensor) => loss({ ...batch, logits: x as tf.Tensor3D }).loss)(z)
        .dataSync(),
    ].map(Math.abs),
  ).toEqual([0, 0, 0]);
  const S = 0.2 - 0.2360004401;
  const actor = -Math.exp(0.1); // inside the clip
  expect(loss(batch).loss.arraySync()).toBeCloseTo((S - 1) ** 2 / 2 + 5e-3 * actor, 5);
});

test("vimpo KL: the one of the sample is the loss's, where the mask is 1; logits of 1000 are no matter", () => {
  const random = rng({ seed: 2, stream: "logits" });
  const logits = () => Float32Array.from({ length: 2 * 3 * 5 }, () => 3 * random.normal());
  const [policy, reference] = [logits(), logits()];
  policy[0] = 1000;
  const found = sampledExactKl("vimpo", policy, reference, Float32Array.of(1, 1, 0, 1, 1, 1));
  const inLoss = exactTokenKl(tf.tensor3d(policy, [2, 3, 5]), tf.tensor3d(reference, [2, 3, 5])).dataSync();
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(i === 2 ? 0 : (inLoss[i] ?? nan), 5);
  expect(() => sampledExactKl("vimpo", policy, reference, new Float32Array(7))).toThrow(
    "vimpo: 30 and 30 logits for 7 positions",
  );
});

test("vimpo targets: the centred reward; with soft values the KL of the sample counts", () => {
  const rows = { rewards: [1, 0, 1, 1], group: [0, 0, 1, 1], tokenKl: [0.15, 0.11, 0.07, 0.18], mask: [1, 1, 1, 1] };
  expect([...vimpoTargets(rows, { value: "raw", valueScale: 0.5 }).target]).toEqual([0.5, -0.5, 0, 0]);
  const { v0, target } = vimpoTargets(rows, { value: "soft", valueScale: 0.5 });
  for (const [i, value] of [0.435, 0.435, 0.9375, 0.9375].entries()) {
    expect(v0[i]).toBeCloseTo(value, 6); // (0.925 - 0.055) / 2, (0.965 + 0.91) / 2
    expect(target[i]).toBeCloseTo((rows.rewards[i] ?? nan) - value, 6);
  }
  const unscored = { ...rows, rewards: [1, nan, 0, 1] };
  expect([...vimpoTargets(unscored, { value: "raw", valueScale: 1 }, "left out").target]).toEqual([0, 0, -0.5, 0.5]);
  expect(() => vimpoTargets(unscored, { value: "raw", valueScale: 1 })).toThrow("vimpo: row 1 has reward NaN");
});

test("vimpo advantage: discounted sums of the rest of the row, over what is not masked", () => {
  const input = {
    ...{ logProbs: [-1, -1, -1, -1], refLogProbs: [-1.1, nan, -1.3, -1], tokenKl: [0, 0, 0, 0.2] },
    ...{ mask: [1, 0, 1, 1], tokens: 4 },
  };
  const { raw, whitened } = vimpoActorAdvantage(input, { valueScale: 1, lambda: 0.5, whiten: true });
  const expected = [0.1 + 0.5 * 0.2, 0, 0.3 - 0.5 * 0.2, -0.2];
  for (const [i, value] of expected.entries()) expect(raw[i]).toBeCloseTo(value, 12);
  const deviation = Math.sqrt((2 * (2 / 15) ** 2 + (4 / 15) ** 2) / 2 + 1e-8); // 0.2, 0.2, -0.2: mean 1/15
  for (const [i, value] of [2 / 15, 0, 2 / 15, -4 / 15].entries()) {
    expect(whitened[i]).toBeCloseTo(value / deviation, 10);
  }
  const still = { ...input, refLogProbs: input.logProbs, tokenKl: [0, 0, 0, 0] };
  expect([...vimpoActorAdvantage(still, { valueScale: 1, lambda: 1, whiten: true }).whitened]).toEqual([0, 0, 0, 0]);
});

test("vimpo: what it cannot take is refused with its value", () => {
  const one = { logProbs: [-1], refLogProbs: [-1], tokenKl: [0], mask: [1], tokens: 1 };
  const settings = { valueScale: 1, lambda: 1, whiten: true };
  expect(() => vimpoActorAdvantage(one, settings)).toThrow("vimpo: there are 1 tokens to whiten over; pass 2 or more");
  expect(() => vimpoActorAdvantage({ ...one, refLogProbs: [nan] }, settings)).toThrow("vimpo: refLogProbs is NaN");
  expect(() => vimpo({ ...{ kl: "k1" as "k2" } })).toThrow('vimpo: kl is "k1", which makes every token\'s term 0');
  expect(() => vimpo({ valueScale: 0 })).toThrow("vimpo: valueScale is 0; pass a number above 0.");
  expect(() => vimpo({ lambda: 1.01 })).toThrow("vimpo: lambda is 1.01; pass a number from 0 to 1.");
  expect(() => vimpo({ huberDelta: 0 })).toThrow("vimpo: huberDelta is 0");
  expect(describe(vimpo()).find(({ name }) => name === "valueScale")).toMatchObject({ value: 5e-4, seam: "objective" });
});

test("group flips: whole groups turn round, as often as asked, the same ones for a seed", () => {
  const [rewards, group] = [Float32Array.of(1, 0, nan, 1), Int32Array.of(0, 0, 1, 1)];
  const all = flipGroups(rewards, group, { probability: 1, seed: 1, step: 0 });
  expect(all).toEqual({ values: Float32Array.of(0, 1, nan, 0), flipped: 1 });
  expect(flipGroups(rewards, group, { probability: 0, seed: 1, step: 0 }).values).toEqual(rewards);
  const many = Int32Array.from({ length: 4000 }, (_, b) => b);
  const share = (step: number) => flipGroups(new Float32Array(4000), many, { probability: 0.2, seed: 1, step });
  expect(Math.abs(share(0).flipped - 0.2)).toBeLessThan(4 * Math.sqrt(0.16 / 4000)); // 4 standard errors
  expect(share(0)).toEqual(share(0));
  expect(share(0)).not.toEqual(share(1));
  expect(() => flipGroups(Float32Array.of(0.5), Int32Array.of(0), { probability: 1, seed: 1, step: 0 })).toThrow(
    "groupFlips: row 0 has reward 0.5; pass 1 for right and 0 for wrong.",
  );
  expect(() => groupFlips({ probability: 2 })).toThrow("groupFlips: probability is 2; pass a number from 0 to 1.");
});

test("vimpo: a step whose targets are all 0 is skipped where the loss is divided by their mean square", async () => {
  const problem: TabularProblem = { contexts: 2, symbols: 3, reward: () => 1 };
  const { steps, policy, initial } = await trainTabular({
    ...{ problem, steps: 2, algorithm: vimpo({ normaliseValue: true }) },
  });
  expect(steps.every(({ loss }) => loss === undefined)).toBe(true);
  expect(policy.logits).toEqual(initial.logits);
});

test("vimpo: learns strings in which two positions count, also where a fifth of the groups is turned round", async () => {
  const problem: TabularProblem = {
    ...{ contexts: 4, symbols: 4, length: 4 },
    reward: (context, [, second = 0, , last = 0]) => Number((second + last) % 4 === context),
  };
  /** Mean success over steps 40 to 60. */
  const success = async (algorithm: Algorithm): Promise<number> => {
    const { steps } = await trainTabular({ problem, algorithm, steps: 60, learningRate: 400, seed: 1 });
    return steps.slice(40).reduce((sum, { expected_reward = nan }) => sum + expected_reward, 0) / 20;
  };
  const flips = groupFlips({ probability: 0.2 });
  const [full, valueAlone] = [0.05, 0].map((actorCoefficient) => vimpo({ valueScale: 0.05, actorCoefficient }));
  if (full === undefined || valueAlone === undefined) throw new Error("two of them");
  expect(await success(full)).toBeGreaterThan(0.98);
  expect(await success(compose(full, flips))).toBeGreaterThan(0.97);
  const [clean, noisy] = [await success(valueAlone), await success(compose(valueAlone, flips))];
  expect(clean).toBeGreaterThan(0.9);
  expect(noisy).toBeLessThan(clean - 0.05); // the actor's term is what noise does not reach
});
