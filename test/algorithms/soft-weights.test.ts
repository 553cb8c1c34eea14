/** CISPO, SAPO and VESPO: three ways to weigh a token by its ratio without PPO's clip, on one batch. */
import { expect, test } from "vitest";
import { cispo } from "../../src/algorithms/cispo.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { sapo } from "../../src/algorithms/sapo.ts";
import { vespo } from "../../src/algorithms/vespo.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

const { log, exp } = Math;
const { NaN: nan } = Number;

// Ratios 8 and 0.5 with A = 1 (w = 4); 2 with A = -1, then padding.
const batch = {
  logProbs: [[log(0.8), log(0.3)], [log(0.4), nan]], // biome-ignore format: rows
  oldLogProbs: [[log(0.1), log(0.6)], [log(0.2), nan]], // biome-ignore format: rows
  advantages: [1, -1],
  mask: [[1, 1], [1, 0]], // biome-ignore format: rows
};
const onPolicy = { ...batch, oldLogProbs: batch.logProbs };
const of = (change: AlgorithmChange, on = batch) => lossAndGradient(compose(grpo(), change).objective, on);
const near = (found: readonly number[][], expected: readonly number[]) => {
  for (const [i, value] of expected.entries()) expect(found.flat()[i]).toBeCloseTo(value, 6);
};

test("cispo: weights of 5, 0.5 and 2, as constants", () => {
  const { loss, gradient, metrics } = of(cispo());
  expect(loss).toBeCloseTo(-(5 * log(0.8) + 0.5 * log(0.3) - 2 * log(0.4)) / 3, 6);
  near(gradient, [-5 / 3, -0.5 / 3, 2 / 3, 0]);
  expect(metrics.cispo_clip_ratio).toBeCloseTo(1 / 3, 6);
  near(of(cispo({ weightLow: 0.9, weightHigh: 1.1 })).gradient, [-1.1 / 3, -0.9 / 3, 1.1 / 3, 0]);
  near(of(cispo({ level: "sequence" })).gradient, [-2 / 3, -2 / 3, 2 / 3, 0]); // sqrt(8 x 0.5) = 2
});

test("sapo: the gate's slope, by the sign of the advantage", () => {
  const gate = (r: number, tau: number) => 1 / (1 + exp(-tau * (r - 1)));
  const slope = (r: number, tau: number) => 4 * gate(r, tau) * (1 - gate(r, tau)) * r;
  const { loss, gradient } = of(sapo({ tauNegative: 2 }));
  expect(loss).toBeCloseTo(-((4 * gate(8, 1) + 4 * gate(0.5, 1)) / 2 - 2 * gate(2, 2)) / 2, 6);
  near(gradient, [-slope(8, 1) / 4, -slope(0.5, 1) / 4, slope(2, 2) / 2, 0]);
  near(of(sapo(), onPolicy).gradient, [-1 / 4, -1 / 4, 1 / 2, 0]); // f'(1) = 1
});

test("vespo: phi of the whole completion's weight", () => {
  const phi = (w: number, k: number, lambda: number) => w ** k * exp(lambda * (1 - w));
  const { gradient, metrics } = of(vespo());
  near(gradient, [-phi(4, 2, 3) / 3, -phi(4, 2, 3) / 3, phi(2, 3, 2) / 3, 0]);
  expect(metrics["vespo/phi_seq_mean"]).toBeCloseTo((2 * phi(4, 2, 3) + phi(2, 3, 2)) / 3, 6);
  near(of(vespo(), onPolicy).gradient, [-1 / 3, -1 / 3, 1 / 3, 0]); // phi(1) = 1
});

test("vespo: a hopeless weight gives 0, not NaN", () => {
  const far = { ...batch, oldLogProbs: [[-60, -60], [-60, nan]] }; // biome-ignore format: rows
  near(of(vespo(), far).gradient, [0, 0, 0, 0]);
});

test("soft weights: options out of range are refused", () => {
  expect(() => cispo({ weightHigh: 0 })).toThrow("cispo: weightHigh is 0; pass a number above 0.");
  expect(() => cispo({ weightLow: 2, weightHigh: 1 })).toThrow("cispo: weightLow is 2, weightHigh 1");
  expect(() => sapo({ tauNegative: 0 })).toThrow("sapo: tauNegative is 0; pass a number above 0.");
  expect(() => vespo({ kPositive: -1 })).toThrow("vespo: kPositive is -1; pass a number from 0.");
});
