import { expect, test } from "vitest";
import type { TrainSettings } from "../../../../src/toolkit/train/options.ts";
import {
  batchArithmetic,
  explainArithmetic,
  rateFindings,
} from "../../../../src/toolkit/train/preflight/arithmetic.ts";

const settings = {
  ...{
    steps: 60,
    promptsPerStep: 32,
    samplesPerPrompt: 8,
    miniBatches: 4,
    microBatches: 3,
    innerEpochs: 2,
    tokens: 40,
  },
  learningRate: (step: number) => (step < 5 ? (step + 1) * 1e-4 : 4e-4),
} as unknown as TrainSettings;

test("batchArithmetic: prompts x group, mini, micro, updates and their age", () => {
  expect(batchArithmetic(settings)).toEqual({
    completionsPerStep: 256,
    completionsPerUpdate: 64,
    microBatchRows: 22, // ceil(64 / 3)
    microBatchesPerUpdate: 3,
    updatesPerStep: 8, // 2 inner epochs x 4 mini-batches
    updates: 480,
    oldest: 7,
    rate: { first: 1e-4, largest: 5e-4, last: 4e-4 },
  });
});

test("explainArithmetic: says the same in words, and how far an update moves a weight", () => {
  expect(explainArithmetic(settings, 0.02)).toEqual([
    "32 prompts x 8 completions = 256 completions a step",
    "2 inner epochs x 4 mini-batches = 8 updates a step, each on 64 completions; the last of them learns from completions of weights 7 updates older: off-policy",
    "an update is computed in 3 micro-batches of at most 22 rows x 40 positions; their number changes memory, not the result",
    "60 steps = 480 updates on 15360 completions, each learned from 2 times",
    "learning rate 0.0001 at first, 0.0005 at most, 0.0004 at last; Adam moves a weight by about that much an update, 2.5 % of a typical weight (0.02)",
  ]);
  const plain = explainArithmetic({ ...settings, miniBatches: 1, innerEpochs: 1 }, 0.02);
  expect(plain[1]).toContain(
    "1 inner epoch x 1 mini-batch = 1 update a step, each on 256 completions; the weights that learn",
  );
});

test("rateFindings: 0 is refused; a tenth of a typical weight an update is told", () => {
  const at = (largest: number) => ({ ...batchArithmetic(settings), rate: { first: largest, largest, last: largest } });
  expect(rateFindings(at(0), 0.02)[0]?.level).toBe("refusal");
  expect(rateFindings(at(0.002), 0.02)).toEqual([]);
  expect(rateFindings(at(0.0021), 0.02)[0]).toMatchObject({
    level: "warning",
    problem: "learning rate 0.0021 moves a typical weight (0.02) by 11 % an update",
  });
});
