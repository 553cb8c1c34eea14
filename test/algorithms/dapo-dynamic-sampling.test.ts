import { expect, test } from "vitest";
import { type DynamicSamplingOptions, dynamicSampling } from "../../src/algorithms/dapo-dynamic-sampling.ts";
import { grpo } from "../../src/algorithms/grpo.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { RolloutInput, Rollouts } from "../../src/toolkit/rollout.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import type { Task } from "../../src/toolkit/tasks/task.ts";
import { rolloutInput, writtenRollouts } from "../support/rollout-input.ts";
import { echoTask } from "../support/tiny-task.ts";
import { trainedTwice } from "../support/trained-twice.ts";

/** Right is what begins with "a"; "h" cannot be scored. */
const task: Task = {
  ...echoTask,
  verify: (problem, completion) => {
    const score = completion === "h" ? null : completion.startsWith("a") ? 1 : 0;
    return { ...echoTask.verify(problem, "a"), score };
  },
};
const problems = echoTask.problems({ split: "train", count: 3, seed: 0 });

/** Answers of each round, a list for each problem of the round; notes what was asked. */
async function drawn(
  rounds: readonly (readonly string[])[][],
  options: DynamicSamplingOptions = {},
  change: Partial<RolloutInput> = {},
): Promise<{ readonly rollouts: Rollouts; readonly asked: RolloutInput[] }> {
  const asked: RolloutInput[] = [];
  const rollout = (input: RolloutInput): Rollouts => {
    const answers = rounds[asked.length] ?? [];
    asked.push(input);
    return writtenRollouts(input.prompts.problems, answers);
  };
  const { rollout: wrapped } = compose({ ...grpo(), rollout }, dynamicSampling(options));
  if (wrapped === undefined) throw new Error("a rollout is there");
  const input = { ...rolloutInput({ problems, task }), ...change };
  return { rollouts: await openSeam(wrapped).next(input), asked };
}

test("dynamic sampling: groups all right or all wrong are drawn again, others kept, in the step's size", async () => {
  const { rollouts, asked } = await drawn([
    [
      ["a", "a"],
      ["a", "b"],
      ["b", "b"],
    ],
    [
      ["b", "a"],
      ["b", "b"],
    ],
    [["aa", "b"]],
  ]);
  expect(rollouts.completions).toEqual(["a", "b", "b", "a", "aa", "b"]);
  expect([...rollouts.group]).toEqual([0, 0, 1, 1, 2, 2]);
  expect(rollouts.problems).toHaveLength(3);
  expect(rollouts.problems[0]).toBe(problems[1]);
  expect([...(rollouts.rewards?.values ?? [])]).toEqual([1, 0, 0, 1, 1, 0]);
  expect(asked.map(({ prompts }) => prompts.samplesPerPrompt)).toEqual([2, [2, 2], [2]]);
  expect(new Set(asked.map(({ sampling }) => sampling.seed)).size).toBe(3); // other numbers each round
  expect(rollouts.events).toBeUndefined();
});

test("dynamic sampling: everything drawn is counted, with the reasons for dropping", async () => {
  const { rollouts } = await drawn([
    [
      ["a", "a"],
      ["a", "b"],
      ["h", "b"],
    ],
    [
      ["b", "b"],
      ["a", "b"],
    ],
    [["b", "aa"]],
  ]);
  // 12 rows, prompts of 3 tokens; one letter and EOS each, one more for "aa"
  expect(rollouts.spentTokens).toBe(12 * (3 + 2) + 1);
  expect(rollouts.metrics).toEqual({
    "dynamic_sampling/rounds": 3,
    "dynamic_sampling/groups_drawn": 6,
    "dynamic_sampling/groups_kept": 3,
    "dynamic_sampling/dropped_all_right": 1,
    "dynamic_sampling/dropped_all_wrong": 2, // one of them with an unscored completion
    "dynamic_sampling/dropped_other": 0,
    "dynamic_sampling/reward": 5 / 11,
  });
});

test("dynamic sampling: after the last round the step has fewer groups and says so, or stops", async () => {
  const rounds = [
    [
      ["a", "a"],
      ["a", "b"],
      ["b", "b"],
    ],
    [
      ["b", "b"],
      ["h", "h"],
    ],
  ];
  const { rollouts } = await drawn(rounds, { maxRounds: 2 });
  expect([rollouts.rows, rollouts.problems.length]).toEqual([2, 1]);
  const said = "1 of 3 groups are there after 2 draws, 5 groups in all";
  expect(rollouts.events).toEqual([`dynamic sampling: ${said}`]);
  expect(rollouts.metrics?.["dynamic_sampling/dropped_other"]).toBe(1); // none scored
  await expect(drawn(rounds, { maxRounds: 2, whenShort: "stop" })).rejects.toThrow(`dynamicSampling: ${said}; raise`);
});

test("dynamic sampling: with one round it filters; nothing kept is no rows", async () => {
  const { rollouts, asked } = await drawn([[["a", "a"], ["b", "b"], ["b"]]], { maxRounds: 1 });
  expect(asked).toHaveLength(1);
  expect([rollouts.rows, rollouts.spentTokens]).toEqual([0, 25]);
});

test("dynamic sampling: the same problems again, or new ones of their level", async () => {
  const rounds = [
    [
      ["a", "b"],
      ["a", "a"],
      ["b", "b"],
    ],
    [
      ["a", "b"],
      ["a", "b"],
    ],
  ];
  const same = await drawn(rounds, { redraw: "same" });
  expect(same.asked[1]?.prompts.problems).toEqual([problems[1], problems[2]]);
  const seeds: number[] = [];
  const noted: Task = {
    ...task,
    problems: (options) => {
      seeds.push(options.seed);
      expect(options).toMatchObject({ split: "train", count: 2, level: 1 });
      return task.problems(options);
    },
  };
  await drawn(rounds, {}, { task: noted });
  await drawn(rounds, {}, { task: noted });
  expect(seeds).toHaveLength(2);
  expect(seeds[0]).toBe(seeds[1]); // the same run draws the same problems
});

test("dynamic sampling: by scores, or by rewards with all that is added to them", async () => {
  const verify = async (rollouts: Rollouts) => {
    const { values, verdicts } = await rolloutInput({ problems, task }).verify(rollouts);
    return { verdicts, values: values.map((value, b) => value - (rollouts.completionLengths[b] ?? 0) / 10) };
  };
  const rounds = [
    [
      ["a", "aa"],
      ["b", "a"],
      ["b", "b"],
    ],
  ];
  const scores = await drawn(rounds, { maxRounds: 1 }, { verify });
  expect(scores.rollouts.completions).toEqual(["b", "a"]);
  const rewards = await drawn(rounds, { maxRounds: 1, by: "reward" }, { verify });
  expect(rewards.rollouts.completions).toEqual(["a", "aa", "b", "a"]);
});

test("dynamic sampling: in training, the record has cost and event", async () => {
  const { records } = await trainedTwice(compose(grpo(), dynamicSampling({ maxRounds: 2 })), { samplesPerPrompt: 2 });
  let spent = 0;
  for (const { metrics, events } of records) {
    const drawn = metrics["dynamic_sampling/groups_drawn"] ?? 0;
    expect(drawn).toBeGreaterThan(4); // pairs: more than a half of them are alike
    expect((metrics.num_tokens ?? 0) - spent).toBeGreaterThanOrEqual(drawn * 2 * (3 + 1));
    spent = metrics.num_tokens ?? 0;
    const short = (metrics["dynamic_sampling/groups_kept"] ?? 0) < 4;
    expect(events.some(({ kind }) => kind === "rollout")).toBe(short);
    if (short) continue;
    expect(metrics.frac_reward_zero_std).toBe(0);
  }
});

test("dynamic sampling: options out of range are refused", () => {
  expect(() => dynamicSampling({ maxRounds: 0 })).toThrow(
    "dynamicSampling: maxRounds is 0; pass a whole number from 1.",
  );
  expect(() => dynamicSampling(Object({ redraw: "old" }))).toThrow('redraw is "old"; pass one of "new", "same"');
});
