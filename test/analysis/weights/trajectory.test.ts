import { expect, test } from "vitest";
import {
  combineChanges,
  extrapolationWeights,
  fitTrajectory,
  fitTrajectoryGram,
  projectionWeights,
} from "../../../src/analysis/index.ts";

// M = [1, 2, 3]ᵀ [0.5, −0.25]: one direction, S = |[1, 2, 3]| · |[0.5, −0.25]| = √14 · √0.3125 = √4.375.
const straight = [
  [0.5, -0.25],
  [1, -0.5],
  [1.5, -0.75],
];

// Four points near a line, three numbers each; values below from the equations in float64 (numpy).
const bent = [
  [0.1, 0, -0.02],
  [0.21, 0.02, -0.05],
  [0.29, 0.01, -0.06],
  [0.41, 0.03, -0.09],
];

const near = (actual: ArrayLike<number>, expected: readonly number[], digits = 9): void => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, digits);
};

test("trajectory: a straight one of rank 1 goes on as it went", () => {
  const fit = fitTrajectory(straight, [1, 2, 3]);
  expect(fit.explained).toEqual([1]);
  expect(fit.directions[0]?.singularValue).toBeCloseTo(Math.sqrt(4.375), 12);
  expect(fit.directions[0]?.r2).toBeCloseTo(1, 12);
  near(combineChanges(straight, extrapolationWeights(fit, 10)), [10 * 0.5, 10 * -0.25]);
  near(combineChanges(straight, extrapolationWeights(fit, 10, { scale: 0.5 })), [2.5, -1.25]);
});

test("trajectory: a bent one has the explained share, line and forecast of the equations", () => {
  const fit = fitTrajectory(bent, [1, 2, 3, 4]);
  const [direction] = fit.directions;
  expect(fit.explained[0]).toBeCloseTo(0.9993820687, 9);
  expect(direction?.singularValue).toBeCloseTo(0.5675392856, 9);
  const sign = Math.sign(direction?.slope ?? 0);
  near(direction?.coefficients.map((c) => sign * c) ?? [], [0.1017698548, 0.2166551562, 0.2961764028, 0.4208132829]);
  expect(sign * (direction?.slope ?? 0)).toBeCloseTo(0.1036651531, 9);
  expect(sign * (direction?.intercept ?? 0)).toBeCloseTo(-0.0003092085, 9);
  expect(direction?.r2).toBeCloseTo(0.9935720653, 9);
  near(combineChanges(bent, extrapolationWeights(fit, 20)), [2.021496279, 0.1281974773, -0.4409327801]);
  near(combineChanges(bent, projectionWeights(fit, 4)), [0.4103593864, 0.0260238115, -0.0895084037]);
});

test("trajectory: all directions together give each checkpoint back", () => {
  const fit = fitTrajectory(bent, [1, 2, 3, 4], { rank: 9 });
  expect(fit.directions.length).toBe(4);
  near(combineChanges(bent, projectionWeights(fit, 3)), bent[2] ?? []);
});

test("trajectory: uneven steps are regressed on as they are, and a window leaves the early ones out", () => {
  // One number: 1, 4, 6 at steps 0, 10, 20. Through the last two: 2 + 0.2 s, so 10 at 40.
  const moved = [[1], [4], [6]];
  const fit = fitTrajectory(moved, [0, 10, 20], { window: 2 });
  near(combineChanges(moved, extrapolationWeights(fit, 40)), [10]);
  // All three: mean 11/3, slope (−10 · (1 − 11/3) + 10 · (6 − 11/3)) / 200 = 1/4, so 11/3 + 30/4 at 40.
  near(combineChanges(moved, extrapolationWeights(fitTrajectory(moved, [0, 10, 20]), 40)), [11 / 3 + 30 / 4]);
});

test("trajectory: what never moved stays, with nothing explained", () => {
  const still = [
    [0, 0],
    [0, 0],
  ];
  const fit = fitTrajectory(still, [1, 2]);
  expect(fit.explained).toEqual([0]);
  expect(fit.directions[0]?.r2).toBe(0);
  expect([...combineChanges(still, extrapolationWeights(fit, 9))]).toEqual([0, 0]);
});

test("trajectory: refusals", () => {
  expect(() => fitTrajectory([[1]], [1])).toThrow("there are 1 checkpoints");
  expect(() => fitTrajectory([[1], [2]], [2, 2])).toThrow("step 2 comes after 2");
  expect(() => fitTrajectory([[1], [2, 3]], [1, 2])).toThrow("change 1 has 2 numbers, the first 1");
  expect(() => fitTrajectory([[1], [Number.NaN]], [1, 2])).toThrow("pass finite weights");
  expect(() => fitTrajectory([[1], [2]], [1, 2], { rank: 0 })).toThrow("rank");
  expect(() => fitTrajectory([[1], [2]], [1, 2], { window: 3 })).toThrow("window is 3 of 2 checkpoints");
  expect(() => fitTrajectoryGram([1, 2, 3], [1, 2])).toThrow("changes and 2 steps");
  const fit = fitTrajectory(straight, [1, 2, 3]);
  expect(() => extrapolationWeights(fit, 3)).toThrow("the step is 3, the last observed 3");
  expect(() => projectionWeights(fit, 7)).toThrow("there is no checkpoint of step 7");
  expect(() => combineChanges(straight, [1])).toThrow("3 changes and 1 weights");
});
