import { expect, test } from "vitest";
import { type LearnColumns, microBatch, oldLogProbs, totalsOf } from "../../../src/toolkit/train/micro-batch.ts";

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
    group: Int32Array.of(0, 0, 1),
    sampleLogProbs: Float32Array.of(-1, -2, -3, -4, -5, -6),
    policyLogProbs: Float32Array.of(-10, -20, -30, -40, -50, -60),
    mask: Float32Array.of(1, 1, 1, 1, 1, 1),
    finish: ["eos", "eos", "eos"],
    completions: ["", "", ""],
    tokensPerSecond: 1,
  },
  rewards: { values: Float32Array.of(1, 0, Number.NaN), verdicts: [verdict, verdict, verdict] },
  advantages: { perToken: Float32Array.of(1, 1, -1, -1, 0, 0), mask: Float32Array.of(0, 1, 1, 1, 1, 1) },
  oldLogProbs: Float32Array.of(-10, -20, -30, -40, -50, -60),
  referenceLogProbs: Float32Array.of(-7, -7, -8, -8, -9, -9),
  statistics: { sure: Float32Array.of(1, 2, 3, 4, 5, 6) },
};

const cut = {
  algorithm: { name: "mine" },
  shape: { rows: 3, tokens: 3 },
  totals: { rows: 3, tokens: 5, maxTokens: 4, groups: 2 },
  needs: {},
  vocabulary: 2,
};

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
    group: { data: Int32Array.of(1, 0, -1), shape: [3] },
    rowMask: { data: Float32Array.of(1, 1, 0), shape: [3] },
    columns: {},
    totals: {
      rows: { data: Float32Array.of(3), shape: [] },
      tokens: { data: Float32Array.of(5), shape: [] },
      maxTokens: { data: Float32Array.of(4), shape: [] },
      groups: { data: Float32Array.of(2), shape: [] },
    },
  });
});

test("oldLogProbs: at another temperature they are those of the tempered distribution", () => {
  expect(oldLogProbs(columns.rollouts, 1)).toBe(columns.rollouts.policyLogProbs);
  expect(oldLogProbs(columns.rollouts, 0.7)).toBe(columns.rollouts.sampleLogProbs);
});

test("microBatch: columns of the method's own are found by name, in advantages before rollouts before statistics", () => {
  const made: LearnColumns = {
    ...columns,
    rollouts: {
      ...columns.rollouts,
      columns: { kind: Float32Array.of(7, 8, 9), rate: 0.5, sure: new Float32Array(6) },
    },
    advantages: {
      ...columns.advantages,
      columns: { rate: 0.25, teacher: Float32Array.from({ length: 12 }, (_, i) => i) },
    },
  };
  const needs = { columns: { kind: "row", rate: "step", teacher: "vocabulary", sure: "token" } } as const;
  expect(microBatch(made, [2], { ...cut, shape: { rows: 1, tokens: 3 }, needs }).columns).toEqual({
    kind: { data: Float32Array.of(9), shape: [1] },
    rate: { data: Float32Array.of(0.25), shape: [] }, // the advantage's hides the rollout's
    teacher: { data: Float32Array.of(8, 9, 10, 11, 0, 0), shape: [1, 3, 2] },
    sure: { data: Float32Array.of(0, 0, 0), shape: [1, 3] }, // the rollout's hides the statistic
  });
});

test("microBatch: a column that is missing, or of another size, is refused with its name", () => {
  const needing = (kind: "row" | "token") => () =>
    microBatch(columns, [0], { ...cut, needs: { columns: { sure: kind } } });
  expect(needing("token")).not.toThrow();
  expect(needing("row")).toThrow('mine: column "sure" is 6 numbers; one per row is needed: 3.');
  const absent = { ...cut, needs: { columns: { hint: "row" } } } as const;
  expect(() => microBatch(columns, [0], absent)).toThrow('mine: nothing gives its column "hint"');
});

test("microBatch: a number that is not finite at a trained token is refused with column and value", () => {
  const withAdvantage = (value: number, row: number) => () => {
    const perToken = columns.advantages.perToken.slice();
    perToken[row * 2] = value;
    return microBatch({ ...columns, advantages: { ...columns.advantages, perToken } }, [row], {
      ...cut,
      shape: { rows: 1, tokens: 2 },
    });
  };
  expect(withAdvantage(Number.NaN, 1)).toThrow("mine: advantages is NaN at position 0 of the mask");
  expect(withAdvantage(Number.NaN, 0)).not.toThrow(); // masked
  const old = { ...columns, oldLogProbs: Float32Array.of(-1, -1, -Infinity, -1, -1, -1) };
  expect(() => microBatch(old, [1], cut)).toThrow("mine: oldLogProbs is -Infinity");
  const own = { ...columns, statistics: { sure: Float32Array.of(1, 1, 1, Number.NaN, 1, 1) } };
  const needs = { columns: { sure: "token" } } as const;
  expect(() => microBatch(own, [1], { ...cut, needs })).toThrow("mine: sure is NaN");
});

test("microBatch: columns of another length, which would be read past their end, are refused", () => {
  const given = (advantages: LearnColumns["advantages"]) => () => microBatch({ ...columns, advantages }, [0], cut);
  const three = { perToken: new Float32Array(3) }; // one per row: the natural mistake
  expect(given(three)).toThrow("mine: advantages has 3 numbers, 3 rows of 3 ids need 6; pass as many.");
  expect(given({ perToken: new Float32Array(6), mask: new Float32Array(2) })).toThrow(
    "mine: advantages' mask has 2 numbers",
  );
  const rollouts = { ...columns.rollouts, mask: new Float32Array(5) };
  expect(() => microBatch({ ...columns, rollouts }, [0], cut)).toThrow("mine: rollouts' mask has 5 numbers");
});

test("microBatch: no token is trained that is of no completion", () => {
  const rollouts = { ...columns.rollouts, mask: Float32Array.of(0, 1, 1, 1, 1, 1) };
  const all = { ...columns.advantages, mask: new Float32Array(6).fill(1) };
  expect(() => microBatch({ ...columns, rollouts, advantages: all }, [1, 0], cut)).toThrow(
    "mine: the advantages' mask is 1 at row 1, position 0 of the batch, where the rollouts' is 0; train on tokens",
  );
});

test("microBatch: a mask with anything but 0 and 1 is refused", () => {
  const half = { ...columns.advantages, mask: Float32Array.of(1, 0.5, 1, 1, 1, 1) };
  expect(() => microBatch({ ...columns, advantages: half }, [0], cut)).toThrow("mine: the mask is 0.5");
});

test("totalsOf: rows and trained tokens of the rows given, over all micro-batches of an update", () => {
  expect(totalsOf(columns, [0, 1, 2], 4)).toEqual({ rows: 3, tokens: 5, maxTokens: 4, groups: 2 });
  expect(totalsOf(columns, [0], 4)).toEqual({ rows: 1, tokens: 1, maxTokens: 4, groups: 1 });
});
