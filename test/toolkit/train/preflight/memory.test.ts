import { expect, test } from "vitest";
import { grpo } from "../../../../src/algorithms/grpo.ts";
import type { TrainSettings } from "../../../../src/toolkit/train/options.ts";
import { memoryFindings, memoryForecast } from "../../../../src/toolkit/train/preflight/memory.ts";
import { tinyConfig } from "../../../support/tiny-policy.ts";

const settings = {
  ...{ steps: 1, promptsPerStep: 4, samplesPerPrompt: 4, miniBatches: 1, microBatches: 1, innerEpochs: 1, tokens: 8 },
  learningRate: 1e-3,
} as unknown as TrainSettings;

test("memoryForecast: weights count six times, the cache holds keys and values of all rows", () => {
  const { weights, cache, activations, total, columns } = memoryForecast(settings, tinyConfig, grpo());
  // 12 x 16 embedding; 2 layers of 4 x 16 x 16, 3 x 16 x 32 and two norms of 16; a last norm of 16.
  expect(weights).toBe(4 * 6 * (192 + 2 * (1024 + 1536 + 32) + 16));
  expect(cache).toBe(4 * 16 * 9 * 2 * 2 * 16); // 16 rows, 9 positions, 2 layers, keys and values of 2 heads of 8
  expect(total).toBe(weights + cache + activations + columns);
});

test("memoryForecast: micro-batches divide the activations; a reference's logits add to the columns", () => {
  const whole = memoryForecast(settings, tinyConfig, grpo());
  const halves = memoryForecast({ ...settings, microBatches: 2 }, tinyConfig, grpo());
  expect(halves.activations).toBe(whole.activations / 2);
  const plain = grpo();
  const needing = { objective: { ...plain.objective, needs: { ...plain.objective.needs, referenceLogits: true } } };
  const wide = memoryForecast(settings, tinyConfig, needing);
  expect(wide.columns - whole.columns).toBe(4 * 16 * 8 * 2 * 12); // twice [16, 8, V = 12]
});

test("memoryFindings: what is free is enough; above it a warning, above all there is a refusal with the setting", () => {
  const there = { limit: 2 ** 30, free: 2 ** 29 };
  const of = (total: number, activations: number) => memoryFindings({ ...zero, total, activations }, there);
  expect(of(2 ** 29, 0)).toEqual([]);
  expect(of(2 ** 29 + 1, 1)[0]).toMatchObject({ level: "warning", remedy: "raise microBatches, or lower maxTokens" });
  expect(of(2 ** 31, 0)[0]).toMatchObject({
    level: "refusal",
    problem: "the run takes about 2 GiB, this machine has 1 GiB",
  });
});

const zero = { weights: 0, activations: 0, cache: 0, columns: 0, total: 0 };
