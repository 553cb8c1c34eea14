import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { type DhpoOptions, dhpo, dhpoLoss, dhpoMixWeight } from "../../src/algorithms/dhpo.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { luspo } from "../../src/algorithms/luspo.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { Objective, PolicyBatch } from "../../src/toolkit/objective.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { trainTabular } from "../../src/toolkit/tabular.ts";
import { advantageInput } from "../support/advantage-input.ts";

const { NaN: nan } = Number;

// Row 0: log-ratios 0.3 and -0.1, A = 1. Row 1: -0.4, A = -2, then padding that holds NaN. Row 2: nothing trained.
const batch: PolicyBatch = {
  logProbs: tf.tensor2d([-1.0, -0.5, -2.0, nan, -3, -3], [3, 2]),
  oldLogProbs: tf.tensor2d([-1.3, -0.4, -1.6, nan, -1, -1], [3, 2]),
  advantages: tf.tensor2d([1, 1, -2, nan, 5, 5], [3, 2]),
  mask: tf.tensor2d([1, 1, 1, 0, 0, 0], [3, 2]),
};
const [r1, r2, r3] = [Math.exp(0.3), Math.exp(-0.1), Math.exp(-0.4)]; // 1.350, 0.905, 0.670
const s = Math.exp(0.1); // of row 0; row 1's is r3

function gradient(objective: Pick<Objective, "loss">): number[] {
  const f = (x: tf.Tensor) => objective.loss({ ...batch, logProbs: x as tf.Tensor2D }).loss;
  return [...tf.grad(f)(batch.logProbs).dataSync()];
}
const near = (found: ArrayLike<number>, expected: readonly number[], digits = 6) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, digits);
};

test("dhpo loss: each ratio is clipped in its own range, then mixed", () => {
  // row 0: min(m, mc): token 1 both above: (1.2 + 1.0004) / 2; token 2: r inside, s above: (r2 + 1.0004) / 2 < (r2 + s) / 2
  // row 1, A = -2: max of 2 m and 2 mc: r 0.670 -> 0.8, s 0.670 -> 0.9997
  const expected = (-((1.2 + 1.0004) / 2 + (r2 + 1.0004) / 2) / 2 + 0.8 + 0.9997) / 3;
  const { loss, clipFracToken, clipFracSeq, tokenLoss } = dhpoLoss(batch);
  expect(loss.arraySync()).toBeCloseTo(expected, 6);
  expect(clipFracToken.arraySync()).toBeCloseTo(2 / 3, 6); // r1 and r3 of three tokens
  expect(clipFracSeq.arraySync()).toBeCloseTo(2 / 3, 6); // rows 0 and 1 of three
  near(tokenLoss.dataSync().slice(2), [0.8 + 0.9997, 0, 0, 0]);
});

test("dhpo gradient: a branch that is clipped gives none, the sequence's is s for every token", () => {
  // token 1: clipped in both. Token 2: only r. Row 1: A < 0 and below both ranges.
  near(gradient(dhpo().replaces?.objective ?? grpo().objective), [0, -r2 / 2 / 2 / 3, 0, 0, 0, 0]);
  // wide ranges: (r + s) / 2 over 2 tokens and 3 rows; row 1 has r = s = r3, times 2
  const wide = { tokenClipLow: 0.9, tokenClipHigh: 9, sequenceClipLow: 0.9, sequenceClipHigh: 9 };
  const open = { loss: (given: PolicyBatch) => dhpoLoss(given, wide) };
  near(gradient(open), [-(r1 + s) / 12, -(r2 + s) / 12, (2 * r3) / 3, 0, 0, 0]);
});

test.each(["mix-min", "branch-min"] as const)(
  "dhpo %s: weight 1 is GRPO, weight 0 GSPO, in value and gradient",
  (form) => {
    const ranges = { tokenClipLow: 0.2, tokenClipHigh: 0.28, sequenceClipLow: 0.05, sequenceClipHigh: 0.06 };
    const at = (tokenWeight: number) => ({ loss: (x: PolicyBatch) => dhpoLoss(x, { ...ranges, form, tokenWeight }) });
    const others = [
      [1, grpo({ clipLow: 0.2, clipHigh: 0.28 }).objective],
      [0, compose(grpo(), luspo({ clipLow: 0.05, clipHigh: 0.06, lengthScaled: false })).objective],
    ] as const;
    for (const [weight, objective] of others) {
      expect(at(weight).loss(batch).loss.arraySync()).toBeCloseTo(objective.loss(batch).loss.arraySync(), 6);
      near(gradient(at(weight)), gradient(objective));
    }
  },
);

test("dhpo: the two forms differ where one branch alone is clipped upwards", () => {
  const only = { tokenClipLow: 0.5, tokenClipHigh: 0.5, sequenceClipLow: 0.5, sequenceClipHigh: 1e-4 };
  // row 0, A = 1: token 2 has r below 1 inside its range, s above its own: equal. Both forms: (r + 1.0001) / 2
  const [mix, branch] = (["mix-min", "branch-min"] as const).map((form) => dhpoLoss(batch, { ...only, form }).loss);
  expect(mix?.arraySync()).toBeCloseTo(branch?.arraySync() ?? nan, 6);
  // r3 = 0.670 is below 0.8 where A > 0: mix takes the lower mixture, branch each branch's lower
  const up = { ...batch, advantages: tf.ones([3, 2]) as tf.Tensor2D };
  const [a, b] = (["mix-min", "branch-min"] as const).map((form) => dhpoLoss(up, { sequenceClipLow: 0.5, form }));
  expect(a?.tokenLoss.dataSync()[0]).toBeCloseTo(-(1.2 + 1.0004) / 2, 6);
  expect(b?.tokenLoss.dataSync()[2]).toBeCloseTo(-r3, 6);
});

test("dhpo mix: entropies between a row's least and largest; 0.5 where they are one; the mask's alone", () => {
  const tokens = { entropy: [0.4, 1.6, 1.0, 0.7, 0.7, 9, nan, nan, nan], mask: [1, 1, 1, 1, 1, 0, 0, 0, 0], rows: 3 };
  near(dhpoMixWeight(tokens), [0, 1, 0.5, 0.5, 0.5, 0, 0, 0, 0], 12);
  near(dhpoMixWeight(tokens, { direction: "high-to-sequence" }), [1, 0, 0.5, 0.5, 0.5, 0, 0, 0, 0], 12);
  const spread = { entropy: [1, 1 + 5e-9], mask: [1, 1], rows: 1 };
  near(dhpoMixWeight(spread), [0.5, 0.5], 12); // below 1e-8
});

test("dhpo: with mix entropy the weight comes with the advantages, from the policy that sampled", async () => {
  const change = dhpo({ mix: "entropy" });
  const inner = () => ({ perToken: new Float32Array(4), mask: Float32Array.of(1, 1, 1, 0), columns: { kept: 3 } });
  const seam = openSeam(change.wraps?.advantage?.(inner) ?? inner);
  const statistics = { entropy: Float32Array.of(0.2, 0.6, 0.3, 5) };
  const input = advantageInput({ lengths: [2, 2], rewards: [1, 0], statistics });
  const { columns } = await seam.next(input);
  expect(columns).toEqual({ kept: 3, mixWeight: Float32Array.of(0, 1, 0.5, 0) });
  expect(change.replaces?.objective?.needs).toEqual({ columns: { mixWeight: "token" } });
});

test.each([
  [{ tokenWeight: -0.1 }, "dhpo: tokenWeight is -0.1; pass a number from 0 to 1."],
  [{ tokenClipLow: 1 }, "dhpo: tokenClipLow is 1; pass a number above 0, below 1."],
  [{ sequenceClipHigh: 0 }, "dhpo: sequenceClipHigh is 0; pass a number above 0."],
  [{ mix: "mean" }, 'dhpo: mix is "mean"; pass one of "avg", "entropy".'],
])("dhpo: %o is refused", (options, message) => {
  expect(() => dhpo(options as DhpoOptions)).toThrow(message);
});

test("dhpo: entropies below 0, of another size or missing are refused", () => {
  expect(() => dhpoMixWeight({ entropy: [1, -0.5], mask: [1, 1], rows: 1 })).toThrow(
    "dhpo: the entropy is -0.5 at position 1",
  );
  expect(() => dhpoMixWeight({ entropy: [1, nan], mask: [1, 1], rows: 1 })).toThrow("dhpo: row 0 has entropy NaN");
  expect(() => dhpoMixWeight({ entropy: [1], mask: [1, 1], rows: 1 })).toThrow("dhpo: there are 1 entropies for 2");
  expect(() => dhpoLoss(batch, { mix: "entropy" })).toThrow('dhpo: the batch has no column "mixWeight"');
});

test("dhpo: learns the tabular task with several updates a step, as far as GRPO does", async () => {
  const problem = {
    ...{ contexts: 3, symbols: 4, length: 2 },
    reward: (context: number, [a = 0, b = 0]: readonly number[]) => ((a + b) % 4 === context ? 1 : 0),
  };
  for (const mix of ["avg", "entropy"] as const) {
    const algorithm = compose(grpo(), dhpo({ mix }));
    const run = { problem, algorithm, steps: 40, samplesPerPrompt: 16, innerEpochs: 3, learningRate: 4, seed: 3 };
    const { steps } = await trainTabular({ ...run, measureEvery: 39 });
    expect(steps.at(-1)?.expected_reward, mix).toBeGreaterThan(0.9); // from 0.25
    expect(steps.some((step) => (step["clip_ratio/sequence_mean"] ?? 0) > 0)).toBe(true);
  }
});
