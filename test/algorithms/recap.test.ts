import { expect, test } from "vitest";
import {
  combineLosses,
  type RecapOptions,
  recap,
  recapFigures,
  recapWeights,
  recordLosses,
  replayBatch,
} from "../../src/algorithms/index.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { stepOf } from "../support/step.ts";

test("recapWeights: an objective that gets worse weighs more than one that improves; they sum to K", () => {
  const weights = recapWeights({ worse: [1, 1, 2, 2], better: [2, 2, 1, 1] }, { window: 2, temperature: 1 });
  // c = 2 and 1/2, no spread: 2 e^2 / (e^2 + e^0.5)
  expect(weights.worse).toBeCloseTo((2 * Math.exp(2)) / (Math.exp(2) + Math.exp(0.5)), 12);
  expect((weights.worse ?? 0) + (weights.better ?? 0)).toBeCloseTo(2, 12);
});

test("recapFigures: instability is the spread over both windows' means; none before 2 W losses", () => {
  const figures = recapFigures({ a: [9, 9, 0.5, 0.5, 0, 1] }, { window: 2 });
  expect(figures?.a).toEqual({ mu: 0.5, muPrevious: 0.5, sigma: 0.5, c: 1, i: 0.5, s: 1.5 });
  expect(recapFigures({ a: [1, 1, 1] }, { window: 2 })).toBeUndefined();
  expect(recapWeights({ a: [1, 1, 1], b: [1, 1, 1] }, { window: 2 })).toEqual({ a: 1, b: 1 });
});

test("recapFigures: a loss that was nothing is divided by the floor, not by 0", () => {
  const figures = recapFigures({ a: [0, 0, 0, 0] }, { window: 2 });
  expect(figures?.a).toMatchObject({ c: 0, i: 0, s: 0 });
});

test("recordLosses: keeps the latest 2 W of each; all objectives or none", () => {
  const after = recordLosses({ a: [1, 2, 3, 4], b: [] }, { a: 5, b: 0 }, { window: 2 });
  expect(after).toEqual({ a: [2, 3, 4, 5], b: [0] });
  expect(() => recordLosses({ a: [] }, { c: 1 })).toThrow('recap: there is no objective "c"');
  expect(() => recordLosses({ a: [], b: [] }, { a: 1 })).toThrow('recap: the loss of "b" is missing');
  expect(() => recordLosses({ a: [] }, { a: -1 })).toThrow('recap: objective "a" has loss -1');
});

test("combineLosses: the mean of the products", () => {
  expect(combineLosses([0.4, 0.2], [0.5, 1.5])).toBeCloseTo((0.2 + 0.3) / 2, 12);
  expect(() => combineLosses([1], [1, 2])).toThrow("recap: 1 losses, 2 weights");
});

test("replayBatch: every source alike, however many items it has", () => {
  const drawn = replayBatch([["a"], ["b", "c", "d"]], 4000, rng({ seed: 1, stream: "replay" }));
  expect(drawn.filter((item) => item === "a").length / 4000).toBeCloseTo(0.5, 1);
  expect(() => replayBatch([["a"], []], 1, rng({ seed: 1, stream: "r" }))).toThrow("recap: source 1 is empty");
});

test("recap: each objective's advantage is its own, times its weight over K", async () => {
  const options: RecapOptions = { objectives: ["right", "form"], window: 2, temperature: 0.5 };
  const session = openSeam(recap(options).advantage);
  const components = { right: [1, 0, 0, 0], form: [1, 1, 1, 0] };
  const step = stepOf({ group: [0, 0, 0, 0], rewards: [1, 0.5, 0.5, 0], components });
  const first = await session.next(step);
  // weights 1 at first: (A_right + A_form) / 2; row 0: 1.5 and 0.5 (mean 3/4, deviation 1/2), row 3: -0.5 and -1.5
  expect(first.perToken[0]).toBeCloseTo((1.5 + 0.5) / 2, 4);
  expect(first.perToken[3]).toBeCloseTo((-0.5 - 1.5) / 2, 4);
  // Then the form is learned and rightness is not: losses of "form" fall from 1/4 to 0, of "right" stay at 3/4.
  const learned = stepOf({
    group: [0, 0, 0, 0],
    rewards: [1, 1, 1, 1],
    components: { right: [1, 0, 0, 0], form: [1, 1, 1, 1] },
  });
  await session.next(step);
  await session.next(learned);
  const { metrics } = await session.next(learned);
  expect(metrics?.["recap/weight/right"]).toBeCloseTo((2 * Math.exp(2)) / (Math.exp(2) + 1), 6); // s = 1 and 0
  expect(session.save()).toEqual({ right: [0.75, 0.75, 0.75, 0.75], form: [0.25, 0.25, 0, 0] });
});

test("recap: an objective that no reward has, a mean reward above 1 and a stranger's state are refused", async () => {
  const step = stepOf({ group: [0, 0], rewards: [1, 0] });
  const missing = openSeam(recap({ objectives: ["form"] }).advantage);
  await expect(async () => missing.next(step)).rejects.toThrow('recap: the rewards have no component "form"');
  const large = openSeam(recap().advantage);
  await expect(async () => large.next(stepOf({ group: [0, 0], rewards: [3, 0] }))).rejects.toThrow(
    'recap: the mean of "reward" is 1.5; pass rewards of at most 1.',
  );
  expect(() => openSeam(recap().advantage, { other: [] })).toThrow("recap: the saved state has objectives other");
  expect(() => recap({ objectives: ["replay"] })).toThrow('recap: an objective is named "replay"');
});
