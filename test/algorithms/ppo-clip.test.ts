import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type PpoClipOptions, ppoClip } from "../../src/algorithms/ppo-clip.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

const { NaN: nan } = Number;
const log = Math.log;

// Ratios 1.5 and 0.5 with A = 1; 1.5 and 4 with A = -1; a padded column.
const batch = {
  logProbs: [[log(0.6), log(0.2), nan], [log(0.6), log(0.8), nan]], // biome-ignore format: rows
  oldLogProbs: [[log(0.4), log(0.4), nan], [log(0.4), log(0.2), nan]], // biome-ignore format: rows
  advantages: [1, -1],
  mask: [[1, 1, 0], [1, 1, 0]], // biome-ignore format: rows
};
const of = (options: PpoClipOptions) => lossAndGradient(compose(grpo(), ppoClip(options)).objective, batch);

test.each([
  // -(1.2 + 0.5 - 1.5 - 4) / 4
  { name: "one eps", options: {}, loss: 3.8 / 4, gradient: [0, -0.5 / 4, 0, 1.5 / 4, 4 / 4, 0] },
  { name: "clip-higher", options: { clipHigh: 0.28 }, loss: 3.72 / 4, gradient: [0, -0.5 / 4, 0, 1.5 / 4, 4 / 4, 0] },
  // the last gain is -3 in place of -4, and has no slope
  { name: "dual clip", options: { dualClip: 3 }, loss: 2.8 / 4, gradient: [0, -0.5 / 4, 0, 1.5 / 4, 0, 0] },
  { name: "two-sided", options: { twoSidedClip: 3 }, loss: 2.8 / 4, gradient: [0, -0.5 / 4, 0, 1.5 / 4, 0, 0] },
  {
    name: "sum over tokens",
    options: { aggregation: "seq-mean-token-sum" as const },
    loss: 3.8 / 2,
    gradient: [0, -0.5 / 2, 0, 1.5 / 2, 4 / 2, 0],
  },
])("ppo clip: $name", ({ options, loss, gradient }) => {
  const found = of(options);
  expect(found.loss).toBeCloseTo(loss, 6);
  for (const [i, value] of gradient.entries()) expect(found.gradient.flat()[i]).toBeCloseTo(value, 6);
});

test("ppo clip: shares of the tokens on which a bound acts", () => {
  const { metrics } = of({ dualClip: 3 });
  expect(metrics["clip_ratio/high_mean"]).toBeCloseTo(1 / 4, 6);
  expect(metrics["clip_ratio/low_mean"]).toBe(0); // 0.5 has A > 0
  expect(metrics["clip_ratio/bounded_mean"]).toBeCloseTo(1 / 4, 6);
  expect(of({}).metrics).not.toHaveProperty("clip_ratio/bounded_mean");
});

test("ppo clip: a two-sided clip below the upper clip bounds positive advantages too, as in TRL", () => {
  expect(of({ twoSidedClip: 1.1 }).loss).toBeCloseTo(-(1.1 + 0.5 - 1.2 - 1.2) / 4, 6); // A < 0: max(1.1, clip(r))
});

test("ppo clip: grpo with the same bounds is the same objective, averaged by completion", () => {
  const settings = { clipHigh: 0.28, dualClip: 3 };
  const own = lossAndGradient(grpo(settings).objective, batch);
  expect(own).toEqual(of({ ...settings, aggregation: "seq-mean-token-mean" }));
});

test.each([
  [{ dualClip: 1 }, "ppoClip: dualClip is 1; pass a number above 1."],
  [{ clipLow: 1.5 }, "ppoClip: clipLow is 1.5; pass a number from 0 to 1."],
  [{ delta: 4 }, 'ppoClip: there is no option "delta"'],
])("ppo clip: %o is refused", (options, message) => {
  expect(() => ppoClip(options as PpoClipOptions)).toThrow(message);
});
