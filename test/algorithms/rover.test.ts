import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { centredRewards, rover } from "../../src/algorithms/rover.ts";
import { softmaxPolicy, uniformQ, type ValueTree, valueAndBound } from "../../src/algorithms/rover-tree.ts";
import { type Algorithm, describe } from "../../src/toolkit/algorithm.ts";
import type { PolicyBatch } from "../../src/toolkit/objective.ts";
import {
  answerProbabilities,
  type TabularPolicy,
  type TabularProblem,
  trainTabular,
} from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;

// Two rows over three entries: log-ratios 0.2 and -0.1; 0.3 and padding. mbar of [z, 0, 0] is z / 3 - log(e^z + 2).
const mbar = (z: number): number => z / 3 - Math.log(Math.exp(z) + 2);
const batch: PolicyBatch = {
  logProbs: tf.tensor2d([-1, -1.1, -0.7, nan], [2, 2]),
  oldLogProbs: tf.tensor2d([-1.2, -1, -1, nan], [2, 2]),
  logits: tf.tensor3d([1, 0, 0, 2, 0, 0, 0, 0, 0, nan, nan, nan], [2, 2, 3]),
  advantages: tf.tensor2d([0.5, 0.5, -0.5, nan], [2, 2]),
  mask: tf.tensor2d([1, 1, 1, 0], [2, 2]),
  columns: { oldMeanLogProb: tf.tensor2d([-1.5, -1.4, -1.3, nan], [2, 2]) },
};
const next = mbar(2) - -1.4; // the second token's, under new and old weights

test("rover loss: squared distance of Q from the reward plus the next state's value, per completion", () => {
  const expected = ((0.2 - (0.5 + next)) ** 2 + (-0.1 - 0.5) ** 2) / 2 + (0.3 - -0.5) ** 2;
  expect(rover().objective.loss(batch).loss.arraySync()).toBeCloseTo(expected / 2, 5);
  const scaled = (0.1 - (0.5 + 0.2 * 0.5 * next)) ** 2 + (-0.05 - 0.5) ** 2 + (0.15 + 0.5) ** 2;
  const options = { scale: 0.5, successorWeight: 0.2, aggregation: "token-mean" } as const;
  expect(rover(options).objective.loss(batch).loss.arraySync()).toBeCloseTo(scaled / 3, 5);
});

test("rover loss: one-sided clip, and one error a response", () => {
  const clipped = (Math.log(1.1) - 0.5) ** 2 + (-0.1 - 0.5) ** 2 + (0.3 + 0.5) ** 2; // 0.2 is above log 1.1
  const options = { successorWeight: 0, clip: 0.1, aggregation: "token-mean" } as const;
  expect(rover(options).objective.loss(batch).loss.arraySync()).toBeCloseTo(clipped / 3, 5);
  const response = rover({ level: "response" }).objective.loss(batch).loss.arraySync();
  expect(response).toBeCloseTo(((0.05 - 0.5) ** 2 + (0.3 + 0.5) ** 2) / 2, 5);
});

test("rover gradient: on policy it is centred REINFORCE, -2 rho r over the row's tokens and the rows", () => {
  const old = tf.where(batch.mask.cast("bool"), batch.logProbs, 0) as tf.Tensor2D;
  const same = { ...batch, logProbs: old, oldLogProbs: old.clone() };
  const { loss } = rover({ successorWeight: 0, scale: 3 }).objective;
  const slope = tf
    .grad((x: tf.Tensor) => loss({ ...same, logProbs: x as tf.Tensor2D }).loss)(old)
    .dataSync();
  for (const [i, value] of [-0.75, -0.75, 1.5, 0].entries()) expect(slope[i]).toBeCloseTo(value, 5); // 2 x 3 x 0.5 / 2 / 2
});

test("rover: means over the vocabulary survive logits of 1000", () => {
  const logits = tf.tensor3d([1, 0, 0, 1000, 0, -1000, 0, 0, 0, 0, 0, 0], [2, 2, 3]);
  const oldMeanLogProb = tf.tensor2d([0, -1000.5, 0, 0], [2, 2]);
  const { metrics } = rover().objective.loss({ ...batch, logits, columns: { oldMeanLogProb } });
  expect(metrics["rover/next"]?.arraySync()).toBeCloseTo(0.5 / 3, 4);
});

test("rover rewards: centred in the group, by value; a row alone keeps its reward, an unscored one has none", () => {
  expect([...centredRewards([1, 0, 0, 1], [4, 4, 7, 7])]).toEqual([0.5, -0.5, -0.5, 0.5]);
  expect([...centredRewards([1, 1, 0.25], [0, 0, 1])]).toEqual([0, 0, 0.25]);
  expect([...centredRewards([1, nan, 0, nan], [0, 0, 0, 1], { unscored: "left out" })]).toEqual([0.5, 0, -0.5, 0]);
  expect(centredRewards([1, 0], [0, 0], { normalise: "group-std" })[0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-6), 6);
  expect(() => centredRewards([1, nan], [0, 0])).toThrow("rover: row 1 has reward NaN; leave unscored rows out.");
});

test("rover: settings and batches that it cannot take are refused", () => {
  expect(() => rover({ scale: 0 })).toThrow("rover: scale is 0; pass a number above 0.");
  expect(() => rover({ clip: 1 })).toThrow("rover: clip is 1");
  const narrow = { ...batch, logits: tf.zeros<tf.Rank.R3>([2, 2, 1]) };
  expect(() => rover().objective.loss(narrow)).toThrow("rover: logits have shape [2,2,1]; pass at least 2 entries");
  const choices = describe(rover());
  expect(choices.find(({ name }) => name === "clip")).toMatchObject({ value: "none" });
});

// The paper's tree: four actions, depth 3, right are ACD, BDC, CAB and DBA.
const RIGHT = ["ACD", "BDC", "CAB", "DBA"];
const tree = (prefix: string): ValueTree[] =>
  [..."ABCD"].map((a) => {
    const path = prefix + a;
    return path.length === 3 ? Number(RIGHT.includes(path)) : tree(path);
  });

test("rover tree: values of the uniform policy, and the softmax policy's worth, are the paper's", () => {
  expect(uniformQ(tree(""))).toEqual([1 / 16, 1 / 16, 1 / 16, 1 / 16]);
  expect(uniformQ(tree("A"))).toEqual([0, 0, 0.25, 0]);
  expect(uniformQ(tree("AC"))).toEqual([0, 0, 0, 1]);
  for (const [rho, second, third, value] of [
    [1, 0.299724043, 0.475366886, 0.142478885],
    [0.1, 0.802404005, 0.999863819, 0.802294733],
    [0.05, 0.980186663, 0.999999994, 0.980186657],
  ] as const) {
    expect(softmaxPolicy(uniformQ(tree("A")), rho)[2]).toBeCloseTo(second, 8);
    expect(softmaxPolicy(uniformQ(tree("AC")), rho)[3]).toBeCloseTo(third, 8);
    const found = valueAndBound(tree(""), rho);
    expect(found.value).toBeCloseTo(value, 8);
    expect(found.bound).toBeCloseTo(value, 8); // tight here
  }
});

test("rover tree: acting greedily is optimal, and the bound is below the value where a leaf is right", () => {
  const uneven: ValueTree[] = [[0, 0, 1], [[1, 0], 0], 0];
  expect(uniformQ(uneven)).toEqual([1 / 3, 1 / 4, 0]);
  const { value, bound } = valueAndBound(uneven, 0.3);
  expect(bound).toBeLessThan(value);
  expect(valueAndBound(uneven, 0.01).value).toBeCloseTo(1, 6);
  expect(() => uniformQ([])).toThrow("uniformQ: a state has no actions");
  expect(() => uniformQ([nan])).toThrow("uniformQ: a leaf's reward is NaN");
  expect(() => softmaxPolicy([0, 1], 0)).toThrow("softmaxPolicy: rho is 0; pass a number above 0.");
  expect(() => valueAndBound([0.5, 1], 1)).toThrow("valueAndBound: a leaf's reward is 0.5; pass 0 or 1.");
});

/** exp of the entropy of the distribution over right answers. */
function effectiveModes(policy: TabularPolicy): number {
  const p = [...answerProbabilities(policy, 0)].filter(
    (_, i) => policy.layout.problem.reward(0, policy.layout.answers[i]?.symbols ?? []) > 0,
  );
  const sum = p.reduce((a, b) => a + b, 0);
  return Math.exp(-p.reduce((total, x) => total + (x > 0 ? (x / sum) * Math.log(x / sum) : 0), 0));
}

test("rover: on the paper's tree it finds right leaves, and keeps more of them than clipped GRPO", async () => {
  const problem: TabularProblem = {
    ...{ contexts: 1, symbols: 4, length: 3 },
    reward: (_, answer) => Number(RIGHT.includes(answer.map((s) => "ABCD"[s]).join(""))),
  };
  const learn = async (algorithm: Algorithm, seed: number) => {
    const sizes = { steps: 24, samplesPerPrompt: 16, innerEpochs: 4, learningRate: 4, measureEvery: 24 };
    const { policy, steps } = await trainTabular({ problem, algorithm, seed, ...sizes });
    expect(steps.at(-1)?.expected_reward).toBeGreaterThan(0.85); // of 4 / 64
    return effectiveModes(policy);
  };
  const mean = async (algorithm: Algorithm): Promise<number> => {
    const modes = await Promise.all([1, 2, 3].map((seed) => learn(algorithm, seed)));
    return modes.reduce((a, b) => a + b, 0) / modes.length;
  };
  const [ours, theirs] = [await mean(rover()), await mean(grpo())];
  expect(ours).toBeGreaterThan(theirs);
  expect(ours).toBeLessThan(4); // it does not cover all four, as softmax on exact values does
});
