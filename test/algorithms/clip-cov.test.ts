import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { clipCov, klCov } from "../../src/algorithms/clip-cov.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { lossAndGradient } from "../support/loss-and-gradient.ts";

// Four tokens, mean log-prob -2, mean advantage 0: covariances 1 x 2, 0 x -2, -1 x 1, 0 x -1. On policy.
const batch = {
  logProbs: [[-1, -2], [-3, -2]], // biome-ignore format: rows
  oldLogProbs: [[-1, -2], [-3, -2]], // biome-ignore format: rows
  advantages: [[2, -2], [1, -1]], // biome-ignore format: rows
  mask: [[1, 1], [1, 1]], // biome-ignore format: rows
};

test("clip-cov: the one candidate is left out, and stays in the divisor", () => {
  const { objective } = compose(grpo(), clipCov({ share: 0.25 }));
  const columns = { clipCovOrder: tf.tensor2d([[0.1, 0.9], [0.8, 0.7]]) }; // biome-ignore format: rows
  const { loss, gradient, metrics } = lossAndGradient(objective, { ...batch, columns });
  expect(gradient).toEqual([[0, 2 / 4], [-1 / 4, 1 / 4]]); // biome-ignore format: rows
  expect(loss).toBeCloseTo(-(-2 + 1 - 1) / 4, 6);
  expect(metrics["clip_cov/left_out"]).toBe(0.25);
  expect(metrics["clip_cov/covariance"]).toBeCloseTo((2 - 1) / 4, 6);
});

test("clip-cov: of more candidates than wanted those of the largest number go; a clipped token is none", () => {
  const { objective } = compose(grpo(), clipCov({ share: 0.25, covLow: -3 })); // all four
  const columns = { clipCovOrder: tf.tensor2d([[0.1, 0.9], [0.8, 0.7]]) }; // biome-ignore format: rows
  expect(lossAndGradient(objective, { ...batch, columns }).gradient[0]).toEqual([-2 / 4, 0]);
  const moved = { ...batch, oldLogProbs: [[-1, -1], [-3, -2]] }; // biome-ignore format: rows
  const clipped = lossAndGradient(objective, { ...moved, columns }).gradient; // e^-1 < 0.8 with A < 0: no candidate
  expect(clipped[0]?.[1]).toBe(0); // the clip's doing
  expect(clipped[1]?.[0]).toBe(0); // the next in order is left out instead
});

test("clip-cov: the numbers that decide come from the run's seed and the step", async () => {
  const seam = (): ReturnType<typeof openSeam<never, never>> => openSeam(compose(grpo(), clipCov()).advantage) as never;
  const input = advantageInput({ lengths: [2, 2], rewards: [1, 0] });
  const at = async (step: number) => (await seam().next({ ...input, seed: 3, step } as never)) as { columns: object };
  expect(await at(0)).toEqual(await at(0));
  expect((await at(1)).columns).not.toEqual((await at(0)).columns);
});

test("kl-cov: the token of largest covariance is held, no token is clipped", () => {
  const { objective } = compose(grpo(), klCov({ share: 0.25, klCoefficient: 0.5 }));
  const off = { ...batch, oldLogProbs: [[-1.5, -2], [-3, -2.5]] }; // biome-ignore format: rows
  const { loss, gradient } = lossAndGradient(objective, off);
  const up = Math.exp(0.5);
  expect(loss).toBeCloseTo((-2 * up + 0.5 * 0.5 + 2 - 1 + up) / 4, 6);
  const expected = [(-2 * up + 0.5) / 4, 2 / 4, -1 / 4, up / 4];
  for (const [i, value] of expected.entries()) expect(gradient.flat()[i]).toBeCloseTo(value, 6);
});

test("clip-cov, kl-cov: refusals", () => {
  expect(() => clipCov({ covLow: 5 })).toThrow("clipCov: covLow is 5, covHigh 5; pass a covLow below covHigh.");
  expect(() => klCov({ share: 0 })).toThrow("klCov: share is 0; pass a number above 0, at most 1.");
});
