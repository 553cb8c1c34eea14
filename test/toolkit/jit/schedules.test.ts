import { expect, test } from "vitest";
import { constant, cosine, linearWarmup } from "../../../src/toolkit/jit/schedules.ts";

const values = (schedule: (step: number) => number, steps: number) =>
  Array.from({ length: steps }, (_, step) => Number(schedule(step).toFixed(9)));

test("schedules: constant, and a warm-up whose last step reaches the rate", () => {
  expect(values(constant(0.3), 2)).toEqual([0.3, 0.3]);
  expect(values(linearWarmup(1, { warmupSteps: 4 }), 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  expect(values(linearWarmup(1, { warmupSteps: 0 }), 2)).toEqual([1, 1]);
});

test("schedules: the cosine starts at the peak after its warm-up, is half way in the middle, ends at its share", () => {
  // 2 steps of warm-up, then 5: (1 + cos(π i / 4)) / 2 for i = 0 … 4
  const quarter = (1 + Math.SQRT1_2) / 2;
  const expected = [0.5, 1, 1, quarter, 0.5, 1 - quarter, 0, 0].map((x) => Number(x.toFixed(9)));
  expect(values(cosine(1, { steps: 7, warmupSteps: 2 }), 8)).toEqual(expected);
  expect(values(cosine(2, { steps: 3, finalShare: 0.1 }), 3)).toEqual([2, 1.1, 0.2]);
  expect(values(cosine(2, { steps: 1 }), 2)).toEqual([2, 0]);
});

test("schedules: rates and steps that make no sense are refused", () => {
  expect(() => constant(-1)).toThrow("constant: the rate is -1; pass a finite rate, 0 or more.");
  expect(() => linearWarmup(1, { warmupSteps: 1.5 })).toThrow("linearWarmup: warmupSteps is 1.5");
  expect(() => cosine(1, { steps: 3, warmupSteps: 4 })).toThrow("cosine: warmupSteps is 4 of 3 steps");
  expect(() => cosine(1, { steps: 3, finalShare: 2 })).toThrow("cosine: finalShare is 2");
});
