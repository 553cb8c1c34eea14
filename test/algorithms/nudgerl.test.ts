import { expect, test } from "vitest";
import { interIntraAdvantage, nudgePlan, nudgeRl, warnOfEmptyRows } from "../../src/algorithms/index.ts";
import { modelOf } from "../../src/toolkit/policy/model.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { verifiedReward } from "../../src/toolkit/reward.ts";
import { rng } from "../../src/toolkit/rng.ts";
import type { RolloutInput } from "../../src/toolkit/rollout.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { answerProbabilities, trainTabular } from "../../src/toolkit/tabular.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const pool = ["first", "second", "third"];
const plan = (step: number, more: object = {}) =>
  nudgePlan({
    ...{ pool, contexts: 2, samples: 4, dropProbability: 0.5, sampler: "random" as const },
    random: rng({ seed: 1, stream: "plan", step }),
    ...more,
  });

/** Warnings of the process while `act` runs, with their kind. */
async function warningsOf(act: () => void): Promise<string[]> {
  const told: string[] = [];
  const hear = (warning: Error): unknown => told.push(`${warning.name}: ${warning.message}`);
  process.on("warning", hear);
  act();
  await new Promise(setImmediate);
  process.off("warning", hear);
  return told;
}

test("nudgePlan: counts sum to M K, empty groups are left out, a share of pDrop goes to the plain prompt", () => {
  let dropped = 0;
  for (let step = 0; step < 500; step++) {
    const groups = plan(step);
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(8);
    expect(groups.every(({ count }) => count > 0)).toBe(true);
    dropped += groups.find(({ contextId }) => contextId === null)?.count ?? 0;
  }
  expect(dropped / 4000).toBeCloseTo(0.5, 1);
  expect(plan(0, { dropProbability: 0, sampler: "sequential" })).toEqual([
    { contextId: 0, count: 4 },
    { contextId: 1, count: 4 },
  ]);
  expect(plan(0, { dropProbability: 1 })).toEqual([{ contextId: null, count: 8 }]);
  expect(() => plan(0, { contexts: 4 })).toThrow("nudgePlan: the pool has 3 hints for 4; pass a larger pool");
});

test("interIntraAdvantage: a right rollout never scores below a wrong one for lambda in [0, 2]", () => {
  const random = rng({ seed: 2, stream: "order" });
  for (let n = 0; n < 300; n++) {
    const lambda = 2 * random.uniform();
    const rewards = Array.from({ length: 8 }, () => random.integer(2));
    const ids = rewards.map(() => 1 + random.integer(3));
    const { preNormalised } = interIntraAdvantage(rewards, ids, { lambda });
    const of = (reward: number) => preNormalised.filter((_, i) => rewards[i] === reward);
    if (of(1).length > 0 && of(0).length > 0)
      expect(Math.min(...of(1))).toBeGreaterThanOrEqual(Math.max(...of(0)) - 1e-12);
  }
});

test("interIntraAdvantage: the plain prompt is measured against the whole prompt, a hint against its group", () => {
  const { preNormalised } = interIntraAdvantage([1, 0, 1, 1], [null, 5, 5, 5], { lambda: 0 });
  expect(preNormalised).toEqual([1 - 0.75, 0 - 2 / 3, 1 - 2 / 3, 1 - 2 / 3]);
});

test("interIntraAdvantage: a lambda that may put a right rollout below a wrong one is warned of, others are not", async () => {
  const told = await warningsOf(() => {
    for (const lambda of [0, 2, 2.5]) interIntraAdvantage([1, 0], [0, null], { lambda });
  });
  expect(told).toEqual([expect.stringContaining("NudgeRl: interIntraAdvantage: lambda is 2.5, outside [0, 2]")]);
});

test("warnOfEmptyRows: a row that adds nothing is told of, others are not", async () => {
  const told = await warningsOf(() => warnOfEmptyRows([1, 0, 0, 0, 0, 1], 3));
  expect(told).toEqual(["NudgeRl: nudgeRl: row 1 has no token to train on and adds 0; leave such rows out."]);
});

test("nudgeRl: takes the first hints of the pool unless told to draw them, as the released code does", () => {
  const sampler = nudgeRl().choices.find(({ name }) => name === "sampler");
  expect(sampler).toMatchObject({ value: "sequential", source: "arXiv:2605.15726, released code" });
});

test("interIntraAdvantage: a hint that is no number is refused", () => {
  expect(() => interIntraAdvantage([1, 0], [Number.NaN, 0])).toThrow("interIntraAdvantage: rollout 0 has hint NaN");
});

test("nudgeRl: every completion stands in the batch twice, after its hint and after the plain prompt", async () => {
  const tokenizer = charTokenizer(echoTask.alphabet);
  const policy = await Policy.create({ config: tinyConfig, tokenizer, seed: 1 });
  const model = modelOf(policy, { temperature: 1 });
  const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
  const { rollout, advantage } = nudgeRl({ contexts: ({ answer }) => [answer, "h"] });
  if (rollout === undefined) throw new Error("no rollout");
  const input: RolloutInput = {
    prompts: { problems, samplesPerPrompt: 8 },
    ...{ sampler: policy, sampling: { maxTokens: 4, temperature: 1, seed: 3, step: 0 }, task: echoTask, steps: 9 },
    models: { policy: model, reference: model },
    verify: (rollouts) => verifiedReward({ task: echoTask, rollouts }),
  };
  const rollouts = await openSeam(rollout).next(input);
  expect([rollouts.rows, rollouts.rewards?.values.length]).toEqual([32, 32]);
  const hints = rollouts.columns?.nudgeHint as Float32Array;
  expect(new Set(hints)).toEqual(new Set([-1, 0, 1]));
  for (let b = 0; b < 16; b++) {
    const prompt = (row: number) =>
      tokenizer.decode(
        rollouts.ids.slice(row * rollouts.width, row * rollouts.width + (rollouts.promptLengths[row] ?? 0)),
      );
    const plain = problems[rollouts.group[b] ?? -1];
    const hint = ["", plain?.answer, "h"][(hints[b] ?? -1) + 1];
    expect([prompt(b), prompt(b + 16)]).toEqual([`${hint}${plain?.prompt}`, plain?.prompt]);
    expect(rollouts.completions[b + 16]).toBe(rollouts.completions[b]);
    expect([rollouts.foreign?.[b], rollouts.foreign?.[b + 16]]).toEqual([0, 1]);
    expect(rollouts.rewards?.values[b + 16]).toBeNaN();
  }
  const values = rollouts.rewards?.values.map((value, b) => (Number.isNaN(value) ? value : b % 3 === 0 ? 1 : 0));
  const rewards = { values: values ?? new Float32Array(), verdicts: [] };
  const { perToken } = await openSeam(advantage).next({ rollouts, rewards, step: 0, steps: 9 });
  const perRow = Array.from({ length: 32 }, (_, b) => perToken[b * (rollouts.width - 1)] ?? 0);
  expect(perRow.slice(16)).toEqual(perRow.slice(0, 16));
  expect(perRow[0]).toBeGreaterThan(0);
  await policy.dispose();
});

test("nudgeRl: hints and distillation reach a strategy that plain sampling hardly finds", async () => {
  // One prompt in each context, 20 strategies, the wrong first one far ahead; a hint lifts its strategy.
  const [contexts, symbols] = [8, 20];
  const problem = {
    contexts,
    symbols,
    reward: (context: number, [answer = 0]: readonly number[]) => (answer === context + 1 ? 1 : 0),
    initial: () => Array.from({ length: symbols }, (_, answer) => (answer === 0 ? 5 : 0)),
    noted: (note: string) => Array.from({ length: symbols }, (_, answer) => (answer === Number(note) ? 7 : 0)),
  };
  const solved = async (distillCoefficient: number, hinted: boolean): Promise<number> => {
    const hints = ({ id }: { readonly id: string }) => {
      const right = Number(/\d+/.exec(id)?.[0] ?? 0) + 1;
      return [String(right), String((right % (symbols - 1)) + 1)];
    };
    const algorithm = nudgeRl({
      distillCoefficient,
      ...(hinted && { contexts: hints, place: (note: string, prompt: string) => `${note}${prompt}` }),
    });
    const sizes = { steps: 40, samplesPerPrompt: 8, seed: 1, learningRate: 8, measureEvery: 40 };
    const { policy } = await trainTabular({ problem, algorithm, ...sizes });
    const shares = Array.from({ length: contexts }, (_, c) => answerProbabilities(policy, c)[c + 1] ?? 0);
    return shares.reduce((sum, share) => sum + share, 0) / contexts;
  };
  const [nudged, undistilled, plain] = [await solved(0.1, true), await solved(0, true), await solved(0.1, false)];
  expect(nudged).toBeGreaterThan(plain + 0.1);
  expect(nudged).toBeGreaterThan(undistilled);
});
