import { expect, test } from "vitest";
import { packRollouts, unpackRollouts } from "../../src/toolkit/rollouts-json.ts";
import type { Json } from "../../src/toolkit/seam.ts";
import { writtenRollouts } from "../support/rollout-input.ts";
import { echoTask } from "../support/tiny-task.ts";

const { NaN: nan } = Number;
const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
const plain = writtenRollouts(problems, [["aa", "b"], ["d"]]);
const tokens = plain.rows * (plain.width - 1);
const verifier = { name: "t", version: "1" };
const rewards = {
  values: Float32Array.of(1 / 3, nan, 0),
  verdicts: [
    { score: 1, status: "correct" as const, reason: "right", parsed: "aa", ms: 0.5, verifier },
    { score: null, status: "failed" as const, reason: "broke", ms: 1, verifier },
    { score: 0, status: "wrong" as const, reason: "no", ms: 0, verifier },
  ],
  components: { a: Float32Array.of(1, nan, 2) },
  perToken: Float32Array.from({ length: tokens }, (_, i) => i / 7),
};
const full = {
  ...plain,
  foreign: Uint8Array.of(0, 1, 0),
  sampleLogProbs: plain.sampleLogProbs.map((x, i) => (i % 5 === 3 ? nan : x / 3)),
  columns: { row: Float32Array.of(0.1, 0.2, nan), step: 4 },
  rewards,
};

/** As a checkpoint holds it. */
const stored = (saved: Json): Json => JSON.parse(JSON.stringify(saved));

test("rollouts as JSON: they come back bit for bit, NaN too", () => {
  expect(unpackRollouts(stored(packRollouts(full)))).toEqual(full);
  expect(unpackRollouts(stored(packRollouts(plain)))).toEqual(plain);
});

test.each([
  ["nothing", null, "the saved rollouts is null"],
  ["a column of letters", { ...Object(packRollouts(plain)), ids: ["a"] }, 'the saved ids is "a"'],
  ["a column too short", { ...Object(packRollouts(plain)), ids: [1] }, "do not fit 3 rows of 6"],
  ["another finish", { ...Object(packRollouts(plain)), finish: ["eos", "eos", "end"] }, 'the saved finish is "end"'],
  ["no problem", { ...Object(packRollouts(plain)), problems: [{ id: 3 }] }, 'the saved problem is {"id":3}'],
  ["no rows", { ...Object(packRollouts(plain)), rows: -1 }, "the saved rows is -1"],
])("rollouts as JSON: %s is refused", (_, saved: Json, message) => {
  expect(() => unpackRollouts(saved)).toThrow(message);
});
