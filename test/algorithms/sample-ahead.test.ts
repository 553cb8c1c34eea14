import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { type SampleAheadOptions, sampleAhead } from "../../src/algorithms/sample-ahead.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { PolicyBatch } from "../../src/toolkit/objective.ts";
import { processedTokens, type RolloutInput, type Rollouts } from "../../src/toolkit/rollout.ts";
import { type Json, openSeam, type SeamSession } from "../../src/toolkit/seam.ts";
import { rolloutInput, writtenRollouts } from "../support/rollout-input.ts";
import { echoTask } from "../support/tiny-task.ts";
import { notFinite, trainedTwice } from "../support/trained-twice.ts";

const problems = echoTask.problems({ split: "train", count: 1, seed: 0 });
const letters = ["a", "b", "c", "d"];

/** Step s writes the s-th letter twice. */
function open(options: SampleAheadOptions, saved?: Json): SeamSession<RolloutInput, Rollouts> {
  const write = ({ sampling: { step } }: RolloutInput): Rollouts =>
    writtenRollouts(problems, [[(letters[step] ?? "e").repeat(2)]]);
  const { rollout } = compose({ ...grpo(), rollout: write }, sampleAhead(options));
  if (rollout === undefined) throw new Error("a rollout is there");
  return openSeam(rollout, saved);
}
const at = (step: number): RolloutInput => rolloutInput({ problems, step });

test("sample ahead: a step learns from what was sampled `age` steps before; the first ones only sample", async () => {
  const session = open({ age: 2 });
  const steps = [
    await session.next(at(0)),
    await session.next(at(1)),
    await session.next(at(2)),
    await session.next(at(3)),
  ];
  expect(steps.map(({ completions }) => completions)).toEqual([[], [], ["aa"], ["bb"]]);
  expect(steps.map(({ metrics }) => metrics?.policy_age)).toEqual([undefined, undefined, 2, 2]);
  expect(steps[0]?.events).toEqual(["sample ahead: 1 of 2 batches are there, learning starts after them"]);
  expect(steps[2]?.events).toEqual([]);
});

test("sample ahead: tokens count when they are sampled; rewards are those of that time", async () => {
  const session = open({ age: 1 });
  const [first, second] = [await session.next(at(0)), await session.next(at(1))];
  const tokens = processedTokens(writtenRollouts(problems, [["aa"]]));
  expect([first.rows, first.spentTokens, second.rows, second.spentTokens]).toEqual([0, tokens, 1, tokens]);
  expect([...(second.rewards?.values ?? [])]).toEqual([1]); // "aa" answers a=
});

test("sample ahead: rows are foreign, so that the trainer scores them anew; at age 0 they are the policy's own", async () => {
  const old = open({ age: 1 });
  await old.next(at(0));
  expect([...((await old.next(at(1))).foreign ?? [])]).toEqual([1]);
  const own = await open({ age: 0 }).next(at(0));
  expect(own.completions).toEqual(["aa"]);
  expect(own.foreign).toBeUndefined();
});

test("sample ahead: the batches between go over a checkpoint", async () => {
  const session = open({ age: 1 });
  await session.next(at(0));
  const again = await open({ age: 1 }, JSON.parse(JSON.stringify(session.save()))).next(at(1));
  expect(again.completions).toEqual(["aa"]);
  expect(() => open({}, { own: 3, inside: null })).toThrow("sampleAhead: the saved state is 3");
});

test("sample ahead: the ratio is to the sampler, or to the policy before the step", () => {
  const row = (...of: number[]): tf.Tensor2D => tf.tensor2d(of, [1, of.length]);
  const batch: PolicyBatch = {
    ...{ logProbs: row(-1), oldLogProbs: row(-1), sampleLogProbs: row(-1.1), advantages: row(2), mask: row(1) },
  };
  const loss = (options: SampleAheadOptions) =>
    compose(grpo(), sampleAhead(options)).objective.loss(batch).loss.arraySync();
  expect(loss({})).toBeCloseTo(-2 * Math.exp(0.1), 6);
  expect(loss({ ratioTo: "current" })).toBeCloseTo(-2, 6);
});

test.each(["sampler", "current"] as const)("sample ahead: in training, with the ratio to %s", async (ratioTo) => {
  const { records, before, after } = await trainedTwice(compose(grpo(), sampleAhead({ age: 2, ratioTo })), {
    steps: 5,
  });
  expect(notFinite(records)).toEqual([]);
  const learned = records.map(({ metrics }) => metrics.loss !== undefined);
  expect(learned).toEqual([false, false, true, true, true]);
  expect(records[0]?.events.map(({ kind }) => kind)).toEqual(["rollout", "skipped"]);
  expect(after[0]).not.toBe(before);
  expect(after[1]).toBe(after[0]);
  expect(() => sampleAhead({ age: -1 })).toThrow("sampleAhead: age is -1; pass a whole number from 0.");
});
