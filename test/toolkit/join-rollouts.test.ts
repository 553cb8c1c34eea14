import { expect, test } from "vitest";
import { joinRollouts, selectGroups } from "../../src/toolkit/join-rollouts.ts";
import type { Rollouts } from "../../src/toolkit/rollout.ts";
import { letterTokenizer, writtenRollouts } from "../support/rollout-input.ts";
import { echoTask } from "../support/tiny-task.ts";

const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
const { padId } = letterTokenizer;

/** Numbers for each row and token; rewards with a component and a part per token. */
function withColumns(rollouts: Rollouts, from: number): Rollouts {
  const tokens = rollouts.rows * (rollouts.width - 1);
  const perRow = Float32Array.from({ length: rollouts.rows }, (_, b) => from + b);
  const perToken = Float32Array.from({ length: tokens }, (_, i) => from + i / 100);
  const verdict = { score: 1, status: "correct" as const, reason: "", ms: 0, verifier: { name: "t", version: "1" } };
  const verdicts = rollouts.completions.map(() => verdict);
  const rewards = { values: perRow, verdicts, components: { a: perRow }, perToken };
  return { ...rollouts, columns: { row: perRow, token: perToken, step: 3 }, rewards };
}

const short = withColumns(writtenRollouts(problems, [["a"], ["b"]]), 10); // width 5: BOS, letter, =, letter, EOS
const long = withColumns(writtenRollouts(problems, [[], ["abc"]]), 20); // width 7

test("join: rows in order, problems one after the other, per-token columns widened", () => {
  const joined = joinRollouts([short, long], padId);
  expect(joined.completions).toEqual(["a", "b", "abc"]);
  expect([...joined.group]).toEqual([0, 1, 3]);
  expect(joined.problems).toEqual([...problems, ...problems]);
  expect(joined.columns?.row).toEqual(Float32Array.of(10, 11, 20));
  expect(joined.columns?.step).toBe(3);
  const expected = [
    10, 10.01, 10.02, 10.03, 0, 0, 10.04, 10.05, 10.06, 10.07, 0, 0, 20, 20.01, 20.02, 20.03, 20.04, 20.05,
  ];
  expect(joined.columns?.token).toEqual(Float32Array.from(expected));
  expect(joined.rewards?.perToken).toEqual(Float32Array.from(expected));
  expect(joined.rewards?.values).toEqual(Float32Array.of(10, 11, 20));
  expect(joined.rewards?.components?.a).toEqual(Float32Array.of(10, 11, 20));
  expect(joined.rewards?.verdicts).toHaveLength(3);
});

test("join: nothing is no rows; a part without rows has nothing to give", () => {
  expect(joinRollouts([], padId)).toMatchObject({ rows: 0, problems: [] });
  const empty = writtenRollouts(problems, []);
  const joined = joinRollouts([empty, short], padId);
  expect([...joined.group]).toEqual([2, 3]);
  expect(joined.columns?.row).toEqual(Float32Array.of(10, 11));
});

test("join: what is there in some draws only is refused", () => {
  const bare = writtenRollouts(problems, [["a"]]);
  expect(() => joinRollouts([short, bare], padId)).toThrow('some of the draws have no column "row"; give it in all');
  const { columns: _, ...rewarded } = short;
  expect(() => joinRollouts([rewarded, bare], padId)).toThrow("some of the draws have no rewards");
  const other = { ...long, columns: { ...long.columns, step: 4 } };
  expect(() => joinRollouts([short, other], padId)).toThrow('column "step" is 3 and 4; give a number per row');
});

test("select groups: their rows with columns and rewards, numbered anew", () => {
  const picked = selectGroups(joinRollouts([short, long], padId), [3, 0], padId);
  expect(picked.completions).toEqual(["a", "abc"]);
  expect([...picked.group]).toEqual([1, 0]);
  expect(picked.problems).toEqual([problems[1], problems[0]]);
  expect(picked.columns?.row).toEqual(Float32Array.of(10, 20));
  expect(() => selectGroups(short, [5], padId)).toThrow("rollouts: there is no problem 5");
});
