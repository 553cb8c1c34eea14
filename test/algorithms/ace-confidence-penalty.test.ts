import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { type AceOptions, aceAdvantage, aceConfidencePenalty } from "../../src/algorithms/ace-confidence-penalty.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { negativeSampleReinforcement } from "../../src/algorithms/negative-sample-reinforcement.ts";
import { type Algorithm, describe } from "../../src/toolkit/algorithm.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { wrapSeam } from "../../src/toolkit/seam.ts";
import { openTabular } from "../../src/toolkit/tabular/collect.ts";
import { objectiveGradient } from "../../src/toolkit/tabular/gradient.ts";
import { answerProbabilities, expectedReward, type TabularProblem, tabularPolicy } from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;
// c: 0.4 + 0.4 - 0.1 = 0.7; 1 + 0.8 = 1.8, then padding; -1.5; 0
const input = {
  advantages: [1.5, -0.5, -0.5, -0.5],
  correct: [1, 0, 0, 0],
  logProbs: [-0.1, -0.2, -0.3, -0.4, -0.1, nan, -2, -1.5, -1, -0.7, -0.6, -0.5],
  refLogProbs: [-0.5, -0.6, -0.2, -1.4, -0.9, nan, -1, -1.2, -0.8, -0.7, -0.6, -0.5],
  mask: [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
};
const softplus = (x: number): number => Math.log(1 + Math.exp(x));

test.each([
  { name: "alpha 1", options: {}, factors: [1 + softplus(1.8), 1 + softplus(-1.5), 1 + Math.LN2] },
  {
    name: "alpha 0.5",
    options: { strength: 0.5 },
    factors: [1 + softplus(1.8) / 2, 1 + softplus(-1.5) / 2, 1 + Math.LN2 / 2],
  },
  {
    name: "per token",
    options: { lengthNormalise: true },
    factors: [1 + softplus(0.9), 1 + softplus(-0.5), 1 + Math.LN2],
  },
  { name: "relu", options: { gate: "relu" }, factors: [2.8, 1, 1] },
  { name: "a cap of 1", options: { maxShift: 1 }, factors: [1 + softplus(1), 1 + softplus(-1.5), 1 + Math.LN2] },
] as const satisfies readonly { name: string; options: AceOptions; factors: number[] }[])(
  "ace: $name",
  ({ options, factors }) => {
    const { advantages, stats } = aceAdvantage(input, options);
    expect(advantages[0]).toBe(1.5);
    for (const [i, factor] of factors.entries()) expect(advantages[i + 1]).toBeCloseTo(-0.5 * factor, 6);
    expect(stats.overconfidentFraction).toBeCloseTo(1 / 3, 12);
    expect(stats.maxFactor).toBeCloseTo(Math.max(...factors), 6);
  },
);

test("ace: the factor is per token where advantages are, and only where they are below 0", () => {
  const perToken = [1, 1, 1, -1, 2, -1, -1, 0, -1, 1, 1, 1];
  const { advantages } = aceAdvantage({ ...input, advantages: perToken });
  const expected = [
    1,
    1,
    1,
    -1 - softplus(1.8),
    2,
    -1 - softplus(1.8),
    -1 - softplus(-1.5),
    0,
    -1 - softplus(-1.5),
    1,
    1,
    1,
  ];
  for (const [i, value] of expected.entries()) expect(advantages[i], `token ${i}`).toBeCloseTo(value, 5);
});

test("ace: the gate neither overflows nor vanishes early; a row without tokens has c = 0", () => {
  const at = (c: number) =>
    aceAdvantage({ advantages: [-1], correct: [0], logProbs: [c], refLogProbs: [0], mask: [1] }).gateValue[0] ?? nan;
  for (const [c, value] of [
    [-800, 0],
    [-30, 9.35762297e-14],
    [-1, 0.313261688],
    [0, Math.LN2],
    [30, 30],
    [800, 800],
  ] as const) {
    expect(Math.abs(at(c) - value)).toBeLessThanOrEqual(1e-8 * Math.max(value, 1e-14));
  }
  expect([...aceAdvantage({ ...input, mask: Array(12).fill(0) }).shift]).toEqual([0, 0, 0, 0]);
});

test("ace: all right, all wrong and rows that are not scored stay as they are", () => {
  expect([...aceAdvantage({ ...input, correct: [1, 1, 1, 1] }).advantages]).toEqual(input.advantages);
  expect([...aceAdvantage({ ...input, advantages: [0, 0, 0, 0], correct: [0, 0, 0, 0] }).advantages]).toEqual([
    0, 0, 0, 0,
  ]);
  const unscored = aceAdvantage({ ...input, correct: [1, nan, 0, 0] }, { unscored: "left out" });
  expect(unscored.advantages[1]).toBe(-0.5);
  expect(unscored.stats.overconfidentFraction).toBe(0);
});

test("ace: what it cannot take is refused with its value", () => {
  const name = "aceConfidencePenalty";
  expect(() => aceAdvantage({ ...input, correct: [1, 0.5, 0, 0] })).toThrow(
    `${name}: row 1 has reward 0.5; pass 1 for right and 0 for wrong.`,
  );
  expect(() => aceAdvantage({ ...input, refLogProbs: [] })).toThrow(`${name}: refLogProbs has 0 numbers, mask 12`);
  expect(() => aceAdvantage({ ...input, logProbs: input.logProbs.with(0, nan) })).toThrow(`${name}: logProbs is NaN`);
  expect(() => aceAdvantage({ ...input, advantages: [1, nan, -1, -1] })).toThrow(`${name}: advantages[1] is NaN`);
  expect(() => aceAdvantage({ ...input, advantages: [1, -1, -1] })).toThrow(`${name}: 3 advantages and 12 masked`);
  expect(() => aceConfidencePenalty({ strength: -1 })).toThrow(`${name}: strength is -1; pass a number from 0.`);
  expect(() => aceConfidencePenalty({ ...{ alpha: 1, gate: "relu" } })).toThrow(`${name}: there is no option "alpha"`);
});

test("ace: composes with any host, and its choices bear its name", () => {
  const names = describe(compose(negativeSampleReinforcement(), aceConfidencePenalty())).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["mode", "ace-confidence-penalty.strength"]));
});

test("ace: the gradient of the selective regulariser is its term and a bounded remainder", () => {
  const [z, reference] = [tf.tensor1d([0.3, -0.2, 0.5, 0.1]), tf.tensor1d([0, 0.1, -0.4, 0.2])];
  const wrong = tf.tensor1d([0, 1, 1, 0]);
  const log = (logits: tf.Tensor): tf.Tensor => tf.logSoftmax(logits);
  const shift = log(z).sub(log(reference));
  const fixed = tf.softmax(z).mul(wrong);
  const weighted = (weight: tf.Tensor) =>
    tf
      .grad((x: tf.Tensor) => fixed.mul(weight).mul(log(x)).sum())(z)
      .dataSync();
  const S = (x: tf.Tensor): tf.Tensor =>
    tf
      .softmax(x)
      .mul(wrong)
      .mul(tf.softplus(log(x).sub(log(reference))))
      .sum();
  const whole = tf.grad(S)(z).dataSync();
  const [open, rest] = [weighted(tf.softplus(shift)), weighted(tf.sigmoid(shift))];
  for (const [i, value] of [-0.1222967, 0.004154487, 0.2182703, -0.1001281].entries()) {
    expect(open[i]).toBeCloseTo(value, 6);
    expect(whole[i]).toBeCloseTo((open[i] ?? nan) + (rest[i] ?? nan), 6);
  }
  // aceAdvantage's own factor gives the first of the two
  const { gateValue } = aceAdvantage({
    ...{ advantages: [-1, -1, -1, -1], correct: [1, 0, 0, 1], mask: [1, 1, 1, 1] },
    ...{ logProbs: log(z).dataSync(), refLogProbs: log(reference).dataSync() },
  });
  const again = weighted(tf.tensor1d(Float32Array.from(gateValue)));
  for (const [i, value] of open.entries()) expect(again[i]).toBeCloseTo(value, 6);
});

test("ace: the verifier's verdict can say what is wrong where rewards are graded", async () => {
  const problem: TabularProblem = { contexts: 2, symbols: 4, reward: (_, [path = 0]) => path / 3 };
  const policy = tabularPolicy(problem);
  const collect = (by: "reward" | "verdict") => {
    const algorithm = compose(grpo(), aceConfidencePenalty({ correct: by }));
    return openTabular({ algorithm, steps: 1, seed: 3 }, policy, policy).collect(0);
  };
  await expect(collect("reward")).rejects.toThrow(/aceConfidencePenalty: row \d+ has reward 0.\d+; pass 1 for right/);
  const { columns } = await collect("verdict");
  expect(columns?.advantages.scaledBy).toBe("ace-confidence-penalty");
});

// Paths that the policy is sure of and that are wrong: the prior is the reference, 2.5 nats are put on one wrong path.
const [PROMPTS, PATHS, PLANTED] = [60, 40, 3];
const random = rng({ seed: 9, stream: "prior" });
const prior = Array.from({ length: PROMPTS }, () => Array.from({ length: PATHS }, () => random.normal()));
const problem: TabularProblem = {
  ...{ contexts: PROMPTS, symbols: PATHS },
  reward: (_, [path = 0]) => Number(path < PLANTED),
  initial: (context) => prior[context] ?? [],
};
const overconfident: TabularProblem = {
  ...problem,
  initial: (context) => (prior[context] ?? []).map((logit, path) => logit + (path === PLANTED ? 2.5 : 0)),
};

/** Every wrong completion weighs 1.9 as much: what is left of the method when it selects nothing. */
const constantFactor: AlgorithmChange = {
  name: "constant-factor",
  wraps: {
    advantage: (inner) =>
      wrapSeam(inner, async (given, next) => {
        const base = await next(given);
        return { ...base, perToken: base.perToken.map((a) => (a < 0 ? 1.9 * a : a)) };
      }),
  },
  choices: [],
};

/** Mass of the planted path after some steps of plain gradient, 0.5 a prompt; mean over prompts. */
async function plantedMass(algorithm: Algorithm, steps: number, seed: number): Promise<number> {
  const [policy, reference] = [tabularPolicy(overconfident), tabularPolicy(problem)];
  const seams = openTabular({ algorithm, steps, seed }, policy, reference);
  for (let step = 0; step < steps; step++) {
    const { columns } = await seams.collect(step);
    if (columns === undefined) continue;
    const rows = Array.from({ length: columns.rollouts.rows }, (_, b) => b);
    const { gradient } = objectiveGradient(policy, algorithm.objective, columns, { rows, temperature: 1 });
    for (const [i, slope] of gradient.entries()) policy.logits[i] = (policy.logits[i] ?? 0) - 0.5 * PROMPTS * slope;
  }
  expect(expectedReward(policy)).toBeGreaterThan(expectedReward(tabularPolicy(overconfident)));
  const masses = Array.from({ length: PROMPTS }, (_, c) => answerProbabilities(policy, c)[PLANTED] ?? nan);
  return masses.reduce((sum, mass) => sum + mass, 0) / PROMPTS;
}

test("ace: an overconfident error fades faster than under GRPO, and than under a factor on all that is wrong", async () => {
  const mean = async (algorithm: Algorithm): Promise<number> => {
    const masses = await Promise.all([1, 2].map((seed) => plantedMass(algorithm, 20, seed)));
    return masses.reduce((a, b) => a + b, 0) / masses.length;
  };
  const plain = await mean(grpo());
  const selective = await mean(compose(grpo(), aceConfidencePenalty()));
  const constant = await mean(compose(grpo(), constantFactor));
  expect(selective).toBeLessThan(constant);
  expect(constant).toBeLessThan(plain);
});
