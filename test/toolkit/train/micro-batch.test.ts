import { expect, test } from "vitest";
import { type LearnColumns, microBatch, totalsOf } from "../../../src/toolkit/train/micro-batch.ts";

// Three rows of 2 + 1 ids; the last row's verifier failed; the advantage seam trains on one token of row 0 only.
const verdict = { reason: "", ms: 0, verifier: { name: "v", version: "1" }, score: 0, status: "wrong" } as const;
const columns: LearnColumns = {
  rollouts: {
    problems: [],
    rows: 3,
    width: 3,
    ids: Int32Array.of(1, 2, 3, 1, 4, 5, 1, 6, 7),
    promptLengths: Int32Array.of(1, 1, 1),
    completionLengths: Int32Array.of(2, 2, 2),
    group: Int32Array.of(0, 0, 0),
    sampleLogProbs: Float32Array.of(-1, -2, -3, -4, -5, -6),
    policyLogProbs: Float32Array.of(-10, -20, -30, -40, -50, -60),
    mask: Float32Array.of(1, 1, 1, 1, 1, 1),
    finish: ["eos", "eos", "eos"],
    completions: ["", "", ""],
    tokensPerSecond: 1,
  },
  rewards: { values: Float32Array.of(1, 0, Number.NaN), verdicts: [verdict, verdict, verdict] },
  advantages: { perToken: Float32Array.of(1, 1, -1, -1, 0, 0), mask: Float32Array.of(0, 1, 1, 1, 1, 1) },
  referenceLogProbs: Float32Array.of(-7, -7, -8, -8, -9, -9),
};

const cut = { shape: { rows: 3, tokens: 3 }, totals: { rows: 3, tokens: 5, maxTokens: 4 }, temperature: 1 };

test("microBatch: every column comes from its own source, picked, widened and filled up", () => {
  const batch = microBatch(columns, [2, 0], cut);
  const wide = (...data: number[]) => ({ data: Float32Array.from(data), shape: [3, 3] });
  expect(batch).toEqual({
    ids: { data: Int32Array.of(1, 6, 7, 0, 1, 2, 3, 0, 0, 0, 0, 0), shape: [3, 4] },
    oldLogProbs: wide(-50, -60, 0, -10, -20, 0, 0, 0, 0), // the policy's own, not the truncated sampler's
    sampleLogProbs: wide(-5, -6, 0, -1, -2, 0, 0, 0, 0),
    referenceLogProbs: wide(-9, -9, 0, -7, -7, 0, 0, 0, 0),
    advantages: wide(0, 0, 0, 1, 1, 0, 0, 0, 0),
    mask: wide(1, 1, 0, 0, 1, 0, 0, 0, 0), // the advantage seam's
    rewards: { data: Float32Array.of(0, 1, 0), shape: [3] }, // unscored is 0
    totals: {
      rows: { data: Float32Array.of(3), shape: [] },
      tokens: { data: Float32Array.of(5), shape: [] },
      maxTokens: { data: Float32Array.of(4), shape: [] },
    },
  });
});

test("microBatch: at another temperature the old log-probs are those of the tempered distribution", () => {
  const { oldLogProbs } = microBatch(columns, [2, 0], { ...cut, temperature: 0.7 });
  expect(oldLogProbs).toEqual({ data: Float32Array.of(-5, -6, 0, -1, -2, 0, 0, 0, 0), shape: [3, 3] });
});

test("totalsOf: rows and trained tokens of the rows given, over all micro-batches of an update", () => {
  expect(totalsOf(columns, [0, 1, 2], 4)).toEqual({ rows: 3, tokens: 5, maxTokens: 4 });
  expect(totalsOf(columns, [0], 4)).toEqual({ rows: 1, tokens: 1, maxTokens: 4 });
});
