import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import {
  forkingMask,
  percentileMask,
  scheduledEntropyAdvantage,
  scheduleValue,
  type TemporalScheduleOptions,
  temporalSchedule,
} from "../../src/algorithms/temporal-schedule.ts";
import { describe } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { trainTabular } from "../../src/toolkit/tabular.ts";
import { advantageInput } from "../support/advantage-input.ts";

const { NaN: nan } = Number;
const near = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
};

test("temporal-schedule: rho falls from the magnitude to 0 between its two steps, in three shapes", () => {
  const at = (step: number, mode: "linear" | "gamma" | "sigmoid") =>
    scheduleValue({ step, totalSteps: 200 }, { mode, minRatio: 0.1, maxRatio: 0.5, magnitude: 0.8 });
  const logistic = (u: number): number => 1 / (1 + Math.exp(8 * (u - 0.5)));
  for (const mode of ["linear", "sigmoid"] as const) {
    near([at(1, mode), at(20, mode), at(60, mode), at(100, mode), at(200, mode)], [0.8, 0.8, 0.4, 0, 0]);
  }
  near([at(1, "gamma"), at(60, "gamma"), at(100, "gamma")], [0.64, 0.16, 0]); // the magnitude is inside of the square
  const [start, end] = [logistic(0), logistic(1)];
  near([at(40, "sigmoid")], [(0.8 * (logistic(0.25) - end)) / (start - end)]);
});

test("temporal-schedule: percentiles drop the beginning and leave the last token, whatever surrounds the row", () => {
  const mask = [0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0];
  expect([...percentileMask({ mask, rows: 2 }, 0.5)]).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0]);
  expect([...percentileMask({ mask, rows: 2 }, 0.99)]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]);
  expect([...percentileMask({ mask, rows: 2 }, 0)]).toEqual(mask);
});

test("temporal-schedule: forking keeps the tokens of highest entropy, the earlier of two that tie", () => {
  const mask = [1, 1, 1, 1, 0, 1, 1, 0];
  const entropy = [0.2, 0.9, 0.9, 0.1, nan, 0.3, 0.3, nan];
  expect([...forkingMask({ mask, entropy, rows: 2 }, 0.75)]).toEqual([0, 1, 0, 0, 0, 1, 0, 0]); // ceil(1), ceil(0.75)
  expect([...forkingMask({ mask, entropy, rows: 2 }, 0.4)]).toEqual([1, 1, 1, 0, 0, 1, 1, 0]); // ceil(2.4), ceil(1.8)
});

test("temporal-schedule: the entropy bonus has a ceiling, and never turns a sign", () => {
  const given = { advantages: [1, 1, -0.6, nan], entropy: [0.3, 2, 5, nan], mask: [1, 1, 1, 0] };
  // 1 + min(0.4 x 0.3, 1 / 2), 1 + min(0.8, 1 / 2), -0.6 + min(2, 0.3)
  near(scheduledEntropyAdvantage(given, { rho: 1 }), [1.12, 1.5, -0.3, 0]);
  near(scheduledEntropyAdvantage(given, { rho: 0 }), [1, 1, -0.6, 0]);
});

const entropy = Float32Array.of(0.1, 0.9, 0.5, 0.2);
const input = (step: number, steps = 10) =>
  advantageInput({ lengths: [4], rewards: [1], statistics: { entropy }, step, steps });
const inner = () => ({ perToken: Float32Array.of(1, 1, 1, 1), metrics: { kept: 1 } });
const at = (options: TemporalScheduleOptions, step: number) =>
  openSeam(temporalSchedule(options).wraps?.advantage?.(inner) ?? inner).next(input(step));

test("temporal-schedule: as a seam it counts steps from 1 and changes mask or advantages", async () => {
  const first = await at({}, 0); // step 1 of 8: rho 0.99 x 7 / 8 = 0.866; floor(4 x 0.866) = 3
  expect([...(first.mask ?? [])]).toEqual([0, 0, 0, 1]);
  expect(first.metrics?.["schedule/held_back"]).toBeCloseTo(0.86625, 6);
  expect(first.metrics?.kept).toBe(1);
  expect([...((await at({}, 3)).mask ?? [])]).toEqual([0, 1, 1, 1]); // step 4: rho 0.495, floor 1.98
  expect([...((await at({}, 7)).mask ?? [])]).toEqual([1, 1, 1, 1]);
  expect([...((await at({ criterion: "forking" }, 3)).mask ?? [])]).toEqual([0, 1, 1, 1]); // ceil(4 x 0.505) = 3
  const bonus = await at({ criterion: "entropy-advantage", magnitude: 1 }, 3);
  near(bonus.perToken, [1.02, 1.18, 1.1, 1.04]); // rho 0.5: 1 + 0.5 x 0.4 H
  const reverse = (tokens: { readonly mask: Float32Array }, rho: number) => ({
    mask: percentileMask({ mask: tokens.mask.toReversed(), rows: 1 }, rho).toReversed(),
  });
  expect([...((await at({ criterion: reverse }, 0)).mask ?? [])]).toEqual([1, 0, 0, 0]);
});

test("temporal-schedule: percentiles ask for no entropies; a rule of one's own is shown by its name", () => {
  expect(temporalSchedule().statistics).toBeUndefined();
  const firstTokens = () => ({});
  const choices = describe(compose(grpo(), temporalSchedule({ criterion: firstTokens })));
  expect(choices.find(({ name }) => name === "temporal-schedule.criterion")?.value).toBe("firstTokens");
});

test.each([
  [{ magnitude: 1.1 }, "temporal-schedule: magnitude is 1.1; pass a number from 0 to 1."],
  [{ maxRatio: -0.1 }, "temporal-schedule: maxRatio is -0.1; pass a number from 0 to 1."],
  [{ kappa: 0 }, "temporal-schedule: kappa is 0; pass a number above 0."],
  [{ criterion: "suffix" }, 'pass one of "percentile", "forking", "entropy-advantage".'],
])("temporal-schedule: %o is refused", (options, message) => {
  expect(() => temporalSchedule(options as TemporalScheduleOptions)).toThrow(message);
});

test("temporal-schedule: a run too short for its ratios, and shares beyond 0 to 1, are refused", async () => {
  expect(() => scheduleValue({ step: 1, totalSteps: 1 })).toThrow(
    "temporal-schedule: the schedule runs from step 0 to 0 of 1; raise maxRatio, lower minRatio, or take more steps.",
  );
  expect(() => percentileMask({ mask: [1], rows: 1 }, 1.5)).toThrow("rho is 1.5; pass a share from 0 to 1");
  expect(() => forkingMask({ mask: [1, 1], entropy: [1, nan], rows: 1 }, 0.5)).toThrow("entropy is NaN at position 1");
});

test("temporal-schedule: the last symbol is learned first, and all of the answer by the end", async () => {
  // Right: three times symbol 2, with a reward for each; a position's probability of it tells what has been trained.
  const problem = {
    ...{ contexts: 1, symbols: 3, length: 3, states: "position" as const },
    reward: (_: number, answer: readonly number[]) => answer.filter((symbol) => symbol === 2).length / 3,
  };
  const algorithm = compose(grpo(), temporalSchedule());
  const moved = async (steps: number, taken: number) => {
    const stop = (step: number): number => (step < taken ? 2 : 0); // the rate: what a longer run's first steps do
    const run = { problem, algorithm, steps, samplesPerPrompt: 32, learningRate: stop, seed: 1, measureEvery: steps };
    const { logits } = (await trainTabular(run)).policy;
    return [0, 1, 2].map((t) => (logits[3 * t + 2] ?? 0) - (logits[3 * t] ?? 0));
  };
  const early = await moved(50, 10); // rho >= 0.74: two of three symbols are left out
  expect(early.slice(0, 2)).toEqual([0, 0]);
  expect(early[2]).toBeGreaterThan(0.5);
  for (const gap of await moved(50, 50)) expect(gap).toBeGreaterThan(1);
});
