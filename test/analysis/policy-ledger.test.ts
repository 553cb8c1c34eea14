import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entropyBonus, grpo, pacs } from "../../src/algorithms/index.ts";
import { type EntropyLedger, policyLedger } from "../../src/analysis/index.ts";
import {
  type Algorithm,
  compose,
  Policy,
  type RewardedRollouts,
  readRun,
  recompute,
  storedStep,
  train,
} from "../../src/index.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { Task } from "../../src/toolkit/tasks/task.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const task: Task = {
  ...echoTask,
  verify: (problem, completion) => {
    const verdict = echoTask.verify(problem, completion);
    return completion.includes("a") ? { ...verdict, score: 1, status: "correct" } : { ...verdict, score: 0 };
  },
};
const steps = 10;
const policies: Policy[] = [];
let stored: RewardedRollouts[] = [];

/** The policy after `done` steps. */
const at = (done: number): Policy => policies[done - 1] ?? fail();
function fail(): never {
  throw new Error("no such policy or step");
}

beforeAll(async () => {
  const policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const folder = join(mkdtempSync(join(tmpdir(), "rlvr-ledger-")), "run");
  const preflight = "off" as const; // which finds, rightly, that the task pays for any answer with an a
  const how = { policy, task, algorithm: grpo(), steps, seed: 1, promptsPerStep: 4, learningRate: 3e-3, preflight };
  const { policy: last } = await train({ ...how, runFolder: folder, checkpointEvery: 1 }).finished;
  for (const one of [policy, last]) await one.dispose();
  const run = await readRun(folder);
  policies.push(...(await Promise.all(run.checkpoints.map((path) => Policy.load(path)))));
  const { padId } = at(1).tokenizer;
  stored = await Promise.all(run.records.map(({ step }) => storedStep(run, step, padId)));
});
afterAll(async () => {
  for (const policy of policies) await policy.dispose();
});

const stepAt = (step: number): RewardedRollouts => stored[step] ?? fail();

/** Largest gap between what is measured and the sum of the entries, over all rows. */
function gap({ steps: entries, total }: EntropyLedger): number {
  const rows = [...entries, total].flatMap(({ overall, byClass }) => [overall, ...byClass]);
  const gaps = rows.map(({ before, after, parts, restOf }) =>
    Math.abs(after - before - [...Object.values(parts), ...Object.values(restOf)].reduce((sum, part) => sum + part, 0)),
  );
  return Math.max(...gaps);
}

test("policyLedger: the updates of a real run, Adam's: entries add up at every step and class, and explain what moved", async () => {
  const updates = [8, 9].map((step) => ({ before: at(step), after: at(step + 1), step: stepAt(step) }));
  const ledger = await policyLedger(updates, grpo(), { resamples: 200 });
  expect(gap(ledger)).toBeLessThan(1e-12);
  expect(ledger.steps.map(({ step }) => step)).toEqual([8, 9]);
  const { overall } = ledger.total;
  expect(Math.abs(overall.measured)).toBeGreaterThan(0.003);
  expect(ledger.unexplained).toBeLessThan(0.05);
  // What no part holds is a small share of what the parts do: taken apart, they are the whole update.
  const booked = Object.values(overall.parts).reduce((sum, part) => sum + Math.abs(part), 0);
  expect(Math.abs(overall.restOf.unattributed)).toBeLessThan(0.02 * booked);
  expect(Math.abs(overall.parts.optimizer)).toBeGreaterThan(0.1 * Math.abs(overall.measured)); // Adam is no plain descent
  expect(Math.abs(overall.parts.clip)).toBeLessThan(1e-9);
  expect(overall.intervals?.measured.low).toBeLessThanOrEqual(overall.measured);
  expect(overall.intervals?.measured.high).toBeGreaterThanOrEqual(overall.measured);
});

/** A policy one plain step of this length along the algorithm's gradient away. */
async function plainStep(
  before: Policy,
  algorithm: Algorithm,
  length: number,
  step: RewardedRollouts,
): Promise<Policy> {
  const { gradient, gradientNorm } = await recompute(step, algorithm, { policy: before });
  const there = await before.clone();
  const weights = await before.parameters.read();
  const moved = Object.entries(gradient).map(([name, { data, shape }]) => {
    const from = weights[name]?.data ?? new Float32Array();
    const by = length / gradientNorm;
    return [name, { data: Float32Array.from(from, (value, i) => value - by * (data[i] ?? 0)), shape }] as const;
  });
  await there.parameters.write(Object.fromEntries(moved));
  return there;
}

test("policyLedger: under plain descent the optimizer does nothing, and right and wrong samples are the whole first order", async () => {
  const after = await plainStep(at(8), grpo(), 0.05, stepAt(8));
  const { overall } = (await policyLedger([{ before: at(8), after, step: stepAt(8) }], grpo(), { resamples: 200 }))
    .total;
  await after.dispose();
  expect(Math.abs(overall.parts.optimizer)).toBeLessThan(0.01 * Math.abs(overall.measured));
  expect(overall.predicted).toBeCloseTo(overall.measured - overall.rest, 3);
  expect(overall.parts.positive * overall.parts.negative).not.toBe(0);
});

test("policyLedger: an entropy bonus is the regularizer's, and raises the entropy", async () => {
  const algorithm = compose(grpo(), entropyBonus({ coefficient: 0.5 }));
  const after = await plainStep(at(8), algorithm, 0.05, stepAt(8));
  const { overall } = (await policyLedger([{ before: at(8), after, step: stepAt(8) }], algorithm, { resamples: 200 }))
    .total;
  await after.dispose();
  expect(overall.parts.regularizer).toBeGreaterThan(1e-4);
  expect(overall.parts.regularizer).toBeGreaterThan(10 * Math.abs(overall.parts.optimizer));
});

test("policyLedger: off policy, what the clip holds back is booked once its loss without clip is given", async () => {
  const tight = grpo({ clipLow: 0.01, clipHigh: 0.01 });
  const unclipped = grpo({ clipLow: 0.999, clipHigh: 1e6 }).objective;
  const after = await plainStep(at(10), tight, 0.05, stepAt(8)); // two updates after the completions of step 8 were drawn
  const update = { before: at(10), after, step: stepAt(8) };
  const taken = await policyLedger([update], tight, { unclipped, resamples: 200 });
  await after.dispose();
  expect(gap(taken)).toBeLessThan(1e-12);
  const { clip, positive, negative } = taken.total.overall.parts;
  expect(Math.abs(clip)).toBeGreaterThan(0.05 * (Math.abs(positive) + Math.abs(negative)));
});

test("policyLedger: says what it cannot take apart", async () => {
  await expect(policyLedger([], grpo())).rejects.toThrow("there are no updates");
  const update = { before: at(8), after: at(9), step: stepAt(8) };
  await expect(policyLedger([update], pacs())).rejects.toThrow("learns from more than its advantages");
  const narrow = await Policy.create({
    config: { ...tinyConfig, num_hidden_layers: 1 },
    tokenizer: charTokenizer(echoTask.alphabet),
    seed: 1,
  });
  await expect(policyLedger([{ ...update, after: narrow }], grpo())).rejects.toThrow(
    /"model\.layers\.1\..*missing after/,
  );
  await narrow.dispose();
});
