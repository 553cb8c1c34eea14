import { expect, test } from "vitest";
import {
  appealRate,
  backwardReward,
  estimatorDiagnostics,
  forwardWeights,
  grpo,
  leaveOneOut,
  type NoisyVerifierOptions,
  noisyTask,
  noisyVerifierCorrection,
} from "../../src/algorithms/index.ts";
import { groupAdvantages } from "../../src/toolkit/advantage.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { stepOf } from "../support/step.ts";
import { echoTask } from "../support/tiny-task.ts";

function session(options: NoisyVerifierOptions, saved?: Parameters<typeof openSeam>[1]) {
  return openSeam(compose(grpo(), noisyVerifierCorrection(options)).advantage, saved);
}

test("backward: the mean of the corrected reward is the true one, for right and for wrong", () => {
  const [rho0, rho1] = [0.1, 0.2];
  const [ofZero = 0, ofOne = 0] = backwardReward([0, 1], { rho0, rho1 });
  expect((1 - rho1) * ofOne + rho1 * ofZero).toBeCloseTo(1, 12);
  expect(rho0 * ofOne + (1 - rho0) * ofZero).toBeCloseTo(0, 12);
  expect([...backwardReward([1, 0], { rho0: 0.4, rho1: 0.5, clip: 5 })]).toEqual(
    [5, -4].map((x) => expect.closeTo(x, 9)),
  );
});

test("forward: the mean weight is J (r - 1), needing rho1 alone", () => {
  const [rho0, rho1] = [0.1, 0.2];
  const [ofZero = 0, ofOne = 0] = forwardWeights([0, 1], { rho1 });
  expect((1 - rho1) * ofOne + rho1 * ofZero).toBeCloseTo(0, 12);
  expect(rho0 * ofOne + (1 - rho0) * ofZero).toBeCloseTo(-(1 - rho0 - rho1), 12);
});

test("a z-score undoes the correction, which is why the advantages are marked as scaled", async () => {
  const observed = [1, 0, 0, 1];
  const group = new Int32Array(4);
  const options = { scale: "group-std", deviation: "population", epsilon: 0 } as const;
  const plain = groupAdvantages(Float32Array.from(observed), group, options);
  const corrected = Float32Array.from(backwardReward(observed, { rho0: 0.1, rho1: 0.2 }));
  const again = groupAdvantages(corrected, group, options);
  for (const [b, value] of plain.entries()) expect(again[b]).toBeCloseTo(value, 5);
  const { scaledBy } = await session({}).next(stepOf({ group: [0, 0], rewards: [1, 0] }));
  expect(scaledBy).toBe("noisyVerifierCorrection");
});

test("noisyVerifierCorrection: backward is the corrected reward minus the others' mean; forward the weight itself", async () => {
  const step = stepOf({ group: [0, 0, 1, 1, 2], rewards: [1, 0, 1, Number.NaN, 1] });
  // J = 0.7: (1 - 0.1) / 0.7 and -0.1 / 0.7 differ by 1 / 0.7; a row left alone has no others
  const { perToken } = await session({ mode: "backward", rho0: 0.1, rho1: 0.2 }).next(step);
  expect([...perToken]).toEqual([1 / 0.7, -1 / 0.7, 0, 0, 0].map((x) => expect.closeTo(x, 6)));
  const forward = await session({ rho1: 0.2 }).next(step);
  expect([...forward.perToken]).toEqual([0.2, -0.8, 0.2, 0, 0.2].map((x) => expect.closeTo(x, 6)));
});

test("noisyVerifierCorrection: the scale follows the coefficients' deviation, and goes on from a checkpoint", async () => {
  const step = stepOf({ group: [0, 0], rewards: [1, 0] }); // weights 0.2 and -0.8: deviation 0.5
  const run = session({ rho1: 0.2, scale: "ema" });
  const first = await run.next(step);
  expect(first.metrics?.["verifier/scale"]).toBeCloseTo(0.99 + 0.01 * 0.5, 12);
  const second = await run.next(step);
  expect(second.metrics?.["verifier/scale"]).toBeCloseTo(0.99 * 0.995 + 0.005, 12);
  const resumed = session({ rho1: 0.2, scale: "ema" }, { rho1: 0.2, scale: 0.995 });
  expect((await resumed.next(step)).perToken).toEqual(second.perToken);
  expect(() => session({}, { rho1: "x" })).toThrow("noisyVerifierCorrection: the saved state is not its own");
});

test("appeals: overturned verdicts estimate rho1 by Horvitz and Thompson, not by their share", () => {
  expect(appealRate({ overturned: 3, q: 0.25, rulePositives: 24 })).toEqual({ falseNegatives: 12, rho1: 1 / 3 });
});

test("appeals: the estimate approaches the true rate, and overturned completions count as right", async () => {
  const rho1 = 0.3;
  const appeal = (_: unknown, completion: string): boolean => completion === "right";
  const run = session({ appeal, appealProbability: 0.5 });
  let estimate = 0;
  for (let step = 0; step < 60; step++) {
    const random = rng({ seed: 4, stream: "verifier", step });
    const completions = Array.from({ length: 64 }, (_, b) => (b % 2 === 0 ? "right" : "wrong"));
    const rewards = completions.map((text) => (text === "right" && random.uniform() >= rho1 ? 1 : 0));
    const group = completions.map((_, b) => Math.floor(b / 8));
    const { metrics } = await run.next(stepOf({ group, rewards, completions, more: { step, seed: 1 } }));
    estimate = metrics?.["verifier/rho1"] ?? Number.NaN;
  }
  expect(estimate).toBeGreaterThan(0.22);
  expect(estimate).toBeLessThan(0.38);
  const all = session({ appeal, appealProbability: 1, rho1: 0.2 });
  const { perToken } = await all.next(stepOf({ group: [0, 0], rewards: [0, 0], completions: ["right", "wrong"] }));
  const seen = 0.9 * 0.2 + 0.1 * 1; // one false negative, no rule positive: the batch says 1
  expect([...perToken]).toEqual([seen, seen - 1].map((x) => expect.closeTo(x, 6)));
});

test("estimators: all point the clean way; their lengths are J, 1 and J, and backward's variance is the greatest", () => {
  // Ten arms, softmax, one right: the gradient of its probability by the logits.
  const p = Array.from({ length: 10 }, (_, i) => (i + 1) / 55);
  const clean = p.map((value, i) => (p[3] ?? 0) * ((i === 3 ? 1 : 0) - value));
  const [rho0, rho1, samples] = [0.3, 0.4, 8];
  const random = rng({ seed: 9, stream: "arms" });
  const draw = (): number => {
    const drawn = random.uniform();
    const arm = p.findIndex((_, i) => drawn < p.slice(0, i + 1).reduce((sum, value) => sum + value, 0));
    return arm < 0 ? 9 : arm; // rounding of the sum
  };
  const estimates = { raw: [] as number[][], backward: [] as number[][], forward: [] as number[][] };
  for (let n = 0; n < 20_000; n++) {
    const arms = Array.from({ length: samples }, draw);
    const seen = arms.map((arm) => (random.uniform() < (arm === 3 ? 1 - rho1 : rho0) ? 1 : 0));
    const weigh = (weights: ArrayLike<number>): number[] =>
      p.map(
        (value, i) =>
          arms.reduce((sum, arm, s) => sum + (weights[s] ?? 0) * ((i === arm ? 1 : 0) - value), 0) / samples,
      );
    estimates.raw.push(weigh(leaveOneOut(seen)));
    estimates.backward.push(weigh(leaveOneOut(backwardReward(seen, { rho0, rho1 }))));
    estimates.forward.push(weigh(forwardWeights(seen, { rho1 })));
  }
  const raw = estimatorDiagnostics(clean, estimates.raw);
  const backward = estimatorDiagnostics(clean, estimates.backward);
  const forward = estimatorDiagnostics(clean, estimates.forward);
  for (const { cosine } of [raw, backward, forward]) expect(cosine).toBeGreaterThan(0.97);
  expect(raw.normRatio).toBeCloseTo(0.3, 1);
  expect(backward.normRatio).toBeCloseTo(1, 1);
  expect(forward.normRatio).toBeCloseTo(0.3, 1);
  expect(backward.variance / raw.variance).toBeCloseTo(1 / 0.3 ** 2, 1);
  expect(forward.variance).toBeLessThan(backward.variance / 5);
});

test("noisyTask: verdicts flip at the given rates, the same ones every time", () => {
  const noisy = noisyTask(echoTask, { rho0: 0.2, rho1: 0.4, seed: 1 });
  const problems = Array.from({ length: 2000 }, (_, i) => ({
    id: `q${i}`,
    prompt: "a=",
    answer: "aa",
    level: 1,
    data: {},
  }));
  const share = (text: string): number =>
    problems.filter((problem) => noisy.verify(problem, text).score === 1).length / problems.length;
  expect(share("aa")).toBeCloseTo(0.6, 1);
  expect(share("bb")).toBeCloseTo(0.2, 1);
  const [first] = problems;
  if (first === undefined) throw new Error("no problem");
  expect(noisy.verify(first, "aa")).toMatchObject({ score: noisy.verify(first, "aa").score });
  expect(noisyTask(echoTask, { rho0: 0.5, rho1: 0, seed: 1 }).verify(first, "").score).not.toBe(null);
});

test.each([
  [() => noisyVerifierCorrection({ rho0: 0.5, rho1: 0.5 }), "noisyVerifierCorrection: rho0 + rho1 is 1"],
  [() => noisyVerifierCorrection({ appealProbability: 0 }), "noisyVerifierCorrection: appealProbability is 0"],
  [() => backwardReward([1, 0.5], { rho0: 0, rho1: 0 }), "backwardReward: row 1 has reward 0.5"],
  [() => backwardReward([1], { rho0: 1, rho1: 0 }), "backwardReward: rho0 is 1; pass a rate from 0 to below 1."],
  [() => leaveOneOut([1]), "leaveOneOut: 1 numbers have no others"],
  [() => appealRate({ overturned: 0, q: 0.5, rulePositives: 0 }), "appealRate: no completion was right by either"],
  [() => noisyTask(echoTask, { rho0: 0.6, rho1: 0.4, seed: 0 }), "noisyTask: rho0 + rho1 is 1"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});
