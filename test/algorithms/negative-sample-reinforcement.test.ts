import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import {
  applyKeep,
  type NegativeSampleReinforcementOptions,
  negativeSampleReinforcement,
  sampleWeights,
} from "../../src/algorithms/negative-sample-reinforcement.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { exactPassAtK, type TabularProblem, trainTabular } from "../../src/toolkit/tabular.ts";

const { NaN: nan } = Number;
const correct = [1, 0, 0, 1];
const mask = [1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 0];

test.each([
  { mode: "psr", advantages: [1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0], keep: [1, 0, 0, 1] },
  { mode: "nsr", advantages: [0, 0, 0, -1, -1, 0, -1, 0, 0, 0, 0, 0], keep: [0, 1, 1, 0] },
  { mode: "weighted", advantages: [0.5, 0.5, 0.5, -1, -1, 0, -1, 0, 0, 0.5, 0.5, 0], keep: [1, 1, 1, 1] },
  { mode: "rlvr", advantages: [1, 1, 1, -1, -1, 0, -1, 0, 0, 1, 1, 0], keep: [1, 1, 1, 1] },
] as const)("sample weights: $mode", ({ mode, advantages, keep }) => {
  const found = sampleWeights({ correct, mask }, { mode, positiveWeight: 0.5 });
  expect([...found.advantages].map((x) => x + 0)).toEqual(advantages);
  expect([...found.keep]).toEqual(keep);
});

test("sample weights: the loss does not count the tokens of rows that are dropped", () => {
  const columns = (log: number[]) => tf.tensor2d(log, [4, 3]);
  const old = columns([-0.6, -0.3, -0.25, -0.7, -0.5, nan, -1.5, nan, nan, -0.6, -1.1, nan]);
  const logProbs = columns([-0.5, -0.3, -0.2, -1, -0.4, nan, -2, nan, nan, -0.6, -0.7, nan]);
  const loss = (mode: "psr" | "nsr"): number => {
    const { advantages, keep } = sampleWeights({ correct, mask }, { mode });
    const kept = applyKeep(mask, keep);
    if (kept.kind === "no update") throw new Error(kept.reason);
    const batch = { logProbs, oldLogProbs: old, advantages: columns([...advantages]), mask: columns([...kept.mask]) };
    return negativeSampleReinforcement({ mode }).objective.loss(batch).loss.arraySync();
  };
  // psr: five tokens, e^0.1, 1, e^0.05, 1 and e^0.4 clipped to 1.2
  expect(loss("psr")).toBeCloseTo(-(Math.exp(0.1) + 1 + Math.exp(0.05) + 1 + 1.2) / 5, 6);
  // nsr: three, e^-0.3 and e^-0.5 clipped to 0.8 (the larger loss), e^0.1
  expect(loss("nsr")).toBeCloseTo((0.8 + Math.exp(0.1) + 0.8) / 3, 6);
});

test("applyKeep: where no row is kept there is no update, and a run skips the step", async () => {
  expect(applyKeep([1, 1], Uint8Array.of(0, 0))).toEqual({ kind: "no update", reason: "no row is kept" });
  const right: TabularProblem = { contexts: 2, symbols: 3, reward: () => 1 };
  const { policy, initial, steps } = await trainTabular({
    ...{ problem: right, algorithm: negativeSampleReinforcement({ mode: "nsr" }), steps: 2, learningRate: 1 },
  });
  expect(policy.logits).toEqual(initial.logits);
  expect(steps.map(({ kept_fraction, loss }) => [kept_fraction, loss])).toEqual([
    [0, undefined],
    [0, undefined],
  ]);
});

/** Probabilities after one step of size 1 up the gradient of log p or of p, for or against the second of four tokens. */
function stepped(mode: "psr" | "nsr", byProbability: boolean): number[] {
  const p = tf.tensor1d([0.6, 0.25, 0.1, 0.05]);
  const { objective } = negativeSampleReinforcement({ mode });
  const loss = (logits: tf.Tensor): tf.Scalar => {
    const logProbs = tf.logSoftmax(logits).slice([1], [1]).reshape<tf.Tensor2D>([1, 1]);
    const advantages = tf.tensor2d([[(mode === "psr" ? 1 : -1) * (byProbability ? 0.25 : 1)]]); // grad p = p grad log p
    return objective.loss({ logProbs, oldLogProbs: tf.log(tf.tensor2d([[0.25]])), advantages, mask: tf.ones([1, 1]) })
      .loss;
  };
  const logits = p.log();
  return [...tf.softmax(logits.sub(tf.grad(loss)(logits))).dataSync()];
}

test.each([
  ["psr", true, [0.535214991, 0.312529786, 0.101079673, 0.0511755495]],
  ["nsr", true, [0.659185351, 0.195984587, 0.0969548385, 0.0478752231]],
  ["psr", false, [0.330416279, 0.531065079, 0.0907940578, 0.0477245844]],
  ["nsr", false, [0.79542828, 0.0859195977, 0.0804086065, 0.0382435163]],
] as const)(
  "logits: one step of %s (of p: %s) moves the others in proportion to their probability",
  (mode, of, expected) => {
    for (const [i, value] of stepped(mode, of).entries()) expect(value).toBeCloseTo(expected[i] ?? nan, 6);
  },
);

test("negative-sample-reinforcement: what it cannot take is refused with its value", () => {
  const name = "negativeSampleReinforcement";
  expect(() => sampleWeights({ correct: [1, 0.5], mask: [1, 1] })).toThrow(`${name}: row 1 has reward 0.5;`);
  expect(() => sampleWeights({ correct: [1, nan], mask: [1, 1] })).toThrow(`${name}: row 1 has reward NaN`);
  expect([...sampleWeights({ correct: [1, nan], mask: [1, 1] }, { unscored: "left out" }).keep]).toEqual([1, 0]);
  expect(() => sampleWeights({ correct: [1, 0], mask: [1, 1, 1] })).toThrow(`${name}: 3 masked positions for 2 rows`);
  expect(() => negativeSampleReinforcement({ positiveWeight: -1 })).toThrow(
    `${name}: positiveWeight is -1; pass a number`,
  );
  const choices = describe(negativeSampleReinforcement({ positiveWeight: 0 }));
  expect(choices.find((choice) => choice.name === "positiveWeight")).toMatchObject({ value: 0, source: "given" });
});

// Twenty prompts of 40 paths, 8 right and likely from the start; a second verifier takes 2 of the 8 alone.
const PATHS = 40;
const noise = rng({ seed: 4, stream: "prior" });
const prior = Array.from({ length: 20 }, () =>
  Array.from({ length: PATHS }, (_, path) => 0.3 * noise.normal() + (path < 8 ? 4 : 0)),
);
const problem: TabularProblem = {
  ...{ contexts: 20, symbols: PATHS },
  reward: (_, [path = 0]) => Number(path < 8),
  initial: (context) => prior[context] ?? [],
};

async function variantPassAtK(options: NegativeSampleReinforcementOptions) {
  const algorithm = negativeSampleReinforcement(options);
  const sizes = { steps: 300, learningRate: 20, measureEvery: 300, seed: 1 }; // 1 per prompt: the mean is over 20 of them
  const { policy, initial, steps } = await trainTabular({ problem, algorithm, ...sizes });
  const strict = (k: number, of = policy): number => exactPassAtK(of, k, (_, [path = 0]) => path < 2);
  return { accuracy: steps.at(-1)?.expected_reward ?? 0, at16: strict(16), base: strict(16, initial) };
}

test("negative-sample-reinforcement: rewarding alone narrows the answers, punishing keeps them", async () => {
  const positive = await variantPassAtK({ mode: "psr" });
  const negative = await variantPassAtK({ mode: "weighted", positiveWeight: 0 });
  const weighted = await variantPassAtK({ mode: "weighted" });
  for (const { accuracy } of [positive, negative, weighted]) expect(accuracy).toBeGreaterThan(0.97); // from 0.93
  expect(positive.at16).toBeLessThan(negative.at16 - 0.1);
  expect(positive.at16).toBeLessThan(weighted.at16 - 0.1);
  expect(positive.at16).toBeLessThan(positive.base);
});
