import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { checkRlPlus, type RlPlusBatch, rlPlus, rlPlusLoss } from "../../src/algorithms/rl-plus.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { expectedReward, type TabularProblem, tabularPolicy, trainTabular } from "../../src/toolkit/tabular.ts";

const logs = (rows: number[][]): tf.Tensor2D => tf.tensor2d(rows).log();
const ours = { mask: tf.tensor2d([[1, 1, 1], [1, 1, 0]]), externalMask: tf.tensor2d([[0, 0, 0], [1, 1, 1]]) }; // biome-ignore format: rows
const batch: RlPlusBatch = {
  logProbs: logs([[0.5, 0.2, 0.9], [0.6, 0.1, 0.3]]), // biome-ignore format: rows
  oldLogProbs: logs([[0.4, 0.25, 0.9], [0.3, 0.02, 0.3]]), // biome-ignore format: rows
  advantages: tf.tensor1d([-0.5, 0.5]),
  ...ours,
};
const mean = { aggregation: "token-mean" } as const;

test("rl-plus loss: own tokens are p / p_old, external ones 2 p / (1.5 p_old + 0.5) times sqrt(1 - p)", () => {
  const { tokenLoss, misWeight, loss } = rlPlusLoss(batch, mean);
  const external = [
    -0.5 * (1.2 / (1.5 * 0.3 + 0.5)) * Math.sqrt(0.4),
    -0.5 * (0.2 / (1.5 * 0.02 + 0.5)) * Math.sqrt(0.9),
  ];
  const expected = [0.5 * (0.5 / 0.4), 0.5 * (0.2 / 0.25), 0.5, ...external, 0];
  for (const [i, value] of tokenLoss.dataSync().entries()) expect(value).toBeCloseTo(expected[i] ?? 9, 6);
  expect(misWeight.dataSync()[3]).toBeCloseTo(1.2 / 0.95, 6);
  expect(loss.dataSync()[0]).toBeCloseTo(expected.reduce((a, b) => a + b, 0) / 5, 6);
  expect(rlPlusLoss(batch).loss.dataSync()[0]).toBeCloseTo(expected.reduce((a, b) => a + b, 0) / 3, 6); // T = 3
});

test("rl-plus gradient: -w A C of an external token, C held", () => {
  const at = (x: tf.Tensor) => rlPlusLoss({ ...batch, logProbs: x as tf.Tensor2D }, mean).loss;
  const slope = tf.grad(at)(batch.logProbs).dataSync();
  expect(slope[3]).toBeCloseTo(-0.0798891198, 6);
  expect(slope[4]).toBeCloseTo(-0.0357993697, 6);
  expect(slope[0]).toBeCloseTo((0.5 * 1.25) / 5, 6);
  expect(slope[5]).toBeCloseTo(0, 12);
});

test("rl-plus loss: the weight is at most 4, where the old policy had nothing and the new one all", () => {
  const one = tf.tensor2d([[1]]);
  const of = (old: number) =>
    rlPlusLoss({
      ...{ logProbs: tf.tensor2d([[0]]), oldLogProbs: tf.tensor2d([[old]]), mask: one, externalMask: one },
      advantages: tf.tensor1d([1]),
    }).misWeight.dataSync()[0] ?? 0;
  expect(of(-1000)).toBeCloseTo(4, 6);
  expect(of(0)).toBeCloseTo(1, 6);
});

test("rl-plus: what has no meaning is refused with its place and value", () => {
  const columns = { logProbs: [-1], oldLogProbs: [-1], advantages: [1], externalMask: [0] };
  checkRlPlus(columns, [1]);
  expect(() => checkRlPlus({ ...columns, logProbs: [0.1] }, [1])).toThrow("rl-plus: logProbs has 0.1 at 0");
  expect(() => checkRlPlus({ ...columns, oldLogProbs: [-Infinity] }, [1])).toThrow("oldLogProbs has -Infinity");
  checkRlPlus({ ...columns, oldLogProbs: [-Infinity], externalMask: [1] }, [1]);
  expect(() => checkRlPlus({ ...columns, externalMask: [2] }, [1])).toThrow(
    "rl-plus: externalMask[0] is 2; pass 1 or 0.",
  );
  expect(() => checkRlPlus(columns, [Number.NaN])).toThrow("rl-plus: mask[0] is NaN; pass 1 or 0.");
  expect(() => checkRlPlus({ ...columns, advantages: [1, 2] }, [1])).toThrow("advantages has 2 numbers, mask 1");
  expect(() => rlPlusLoss({ ...batch, externalMask: tf.zeros([2, 2]) })).toThrow("externalMask has shape [2,2]");
  expect(() => rlPlus({ uniformMass: 2 })).toThrow("rl-plus: uniformMass is 2; pass a number above 0, at most 1.");
});

test("rl-plus: its choices carry value and source", () => {
  const choices = describe(rlPlus({ gamma: 1 }));
  expect(choices.find(({ name }) => name === "gamma")).toMatchObject({ value: 1, source: "given" });
  expect(choices.find(({ name }) => name === "clip")).toMatchObject({ value: "none" });
});

test("rl-plus: right answers that groups of 8 never hold are learned from demonstrations, by GRPO they are not", async () => {
  const answers = [
    [1, 6, 2, 5],
    [3, 0, 7, 4],
  ];
  const problem: TabularProblem = {
    ...{ contexts: 2, symbols: 8, length: 4, states: "position" },
    reward: (context, answer) => (answer.every((s, i) => s === answers[context]?.[i]) ? 1 : 0),
    initial: (context, { length }) => Array.from({ length: 8 }, (_, s) => (s === answers[context]?.[length] ? -1 : 0)),
  };
  const text = (symbols: readonly number[]): string => String.fromCodePoint(...symbols.map((s) => 0x61 + s));
  const demonstrations = ({ data }: { data: Readonly<Record<string, unknown>> }): string =>
    text(answers[Number(data.context)] ?? []);
  const options = { problem, steps: 60, seed: 2, learningRate: 2, measureEvery: 60 };
  const success = async (algorithm: Parameters<typeof trainTabular>[0]["algorithm"]): Promise<number> =>
    (await trainTabular({ ...options, algorithm })).steps.at(-1)?.expected_reward ?? Number.NaN;
  expect(expectedReward(tabularPolicy(problem))).toBeLessThan(1e-5);
  expect(await success(grpo())).toBeLessThan(1e-4);
  expect(await success(rlPlus({ demonstrations }))).toBeGreaterThan(0.9);
});
