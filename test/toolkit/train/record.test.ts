import { expect, test } from "vitest";
import type { Rewards } from "../../../src/toolkit/reward.ts";
import { fromRows } from "../../../src/toolkit/rows.ts";
import { rolloutMetrics, stepEvents } from "../../../src/toolkit/train/record.ts";

// Group 0: 1, 0 and one unscored. Group 1: 1, 1.
const values = Float32Array.of(1, 0, Number.NaN, 1, 1);
const verdict = { reason: "", ms: 0, verifier: { name: "v", version: "1" } };
const rewards: Rewards = {
  values,
  verdicts: [
    { ...verdict, score: 1, status: "correct" },
    { ...verdict, score: 0, status: "unparsed" },
    { ...verdict, score: null, status: "failed" },
    { ...verdict, score: 1, status: "correct" },
    { ...verdict, score: 1, status: "correct" },
  ],
};
const rollouts = {
  group: Int32Array.of(0, 0, 0, 1, 1),
  completionLengths: Int32Array.of(2, 4, 6, 8, 10),
  finish: ["eos", "length", "eos", "eos", "eos"],
  tokensPerSecond: 100,
} as const;

test("rolloutMetrics: unscored rows count in no reward figure", () => {
  const metrics = rolloutMetrics(rollouts, rewards);
  expect(metrics.reward).toBe(3 / 4);
  expect(metrics.reward_std).toBeCloseTo((Math.sqrt(0.5) + 0) / 2, 12); // sample deviation of 1, 0; of 1, 1
  expect(metrics).toMatchObject({
    frac_reward_zero_std: 1 / 2,
    "completions/mean_length": 6,
    "completions/min_length": 2,
    "completions/max_length": 10,
    "completions/clipped_ratio": 1 / 5,
    unparsed_ratio: 1 / 5,
    unscored_ratio: 1 / 5,
  });
});

test("rolloutMetrics: rows that others wrote count when they were verified, and are left out when not", () => {
  const two = { group: Int32Array.of(0, 0, 0), completionLengths: Int32Array.of(2, 8, 4), tokensPerSecond: 1 };
  const verifier = { name: "t", version: "1" };
  const verdict = (score: number | null) => ({ score, status: "wrong" as const, reason: "", ms: 0, verifier });
  const finish = ["eos", "length", "eos"] as const;
  const metrics = rolloutMetrics(
    { ...two, finish, foreign: Uint8Array.of(0, 1, 1) },
    { values: Float32Array.of(1, Number.NaN, 0), verdicts: [verdict(1), verdict(null), verdict(0)] },
  );
  expect(metrics).toMatchObject({
    reward: 0.5,
    unscored_ratio: 0,
    "completions/max_length": 4,
    "completions/clipped_ratio": 0,
  });
});

test("stepEvents: a step without gradient, unscored rows and completions all cut off are each told, with samples", () => {
  const problems = ["a", "b"].map((id) => ({ id, prompt: `${id}=`, answer: id, level: 1, data: {} }));
  const completions = ["x", "y", "z", "u", "v"];
  const of = {
    rollouts: { ...fromRows([], { problems, padId: 0 }), ...rollouts, completions },
    rewards,
    noAdvantage: true,
  };
  const metrics = { frac_reward_zero_std: 1, "completions/clipped_ratio": 1 };
  const events = stepEvents(metrics, of);
  expect(events.map(({ kind }) => kind)).toEqual(["no-gradient", "unscored", "all-cut-off"]);
  expect(events[1]?.message).toBe("the verifier failed on 1 of 5 completions");
  expect(events[1]?.samples).toEqual([{ row: 2, problem: "a", prompt: "a=", completion: "z", reward: null, note: "" }]);
  const scored = {
    values: values.map((value) => value || 0),
    verdicts: rewards.verdicts.toSpliced(2, 1, rewards.verdicts[0] ?? ({} as never)),
  };
  expect(stepEvents({ frac_reward_zero_std: 0.9 }, { ...of, rewards: scored })).toEqual([]);
  const equal = { frac_reward_zero_std: 1 };
  expect(stepEvents(equal, { ...of, rewards: scored, noAdvantage: false })).toEqual([]); // negatives alone teach something
  const alone = { ...of.rollouts, rows: 5, group: Int32Array.of(0, 1, 2, 3, 4) };
  expect(stepEvents(equal, { ...of, rewards: scored, rollouts: alone })[0]?.message).toMatch(
    /; raise samplesPerPrompt$/,
  );
});
