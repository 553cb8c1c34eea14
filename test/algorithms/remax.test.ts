import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { remax, remaxAdvantages } from "../../src/algorithms/remax.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { advantageInput } from "../support/advantage-input.ts";
import { expectNear } from "../support/near.ts";
import { rolloutInput, writtenRollouts } from "../support/rollout-input.ts";
import { echoTask } from "../support/tiny-task.ts";

const { NaN: nan } = Number;

test("remax: what is still to come less the greedy completion's reward", () => {
  const input = advantageInput({ lengths: [2, 1, 1], rewards: [1, 0, nan], group: [0, 1, 1] });
  expectNear(remaxAdvantages(input, Float32Array.of(0.25, 1, 1)), [0.75, 0.75, -1, 0, 0, 0]);
  const rewards = { ...input.rewards, perToken: Float32Array.of(-0.5, 0, 0, 0, 0, 0) }; // then 1.5 on the last
  expectNear(remaxAdvantages({ ...input, rewards }, Float32Array.of(0.25, nan, 1)), [0.75, 1.25, 0, 0, 0, 0]);
  expect(() => remaxAdvantages(input, Float32Array.of(1))).toThrow("remax: rewards has 3 entries, baselines 1");
});

test("remax: one greedy completion for each problem, verified, counted, and held against its group", async () => {
  const problems = echoTask.problems({ split: "train", count: 2, seed: 0 }); // a and d
  const asked: boolean[] = [];
  const input = rolloutInput({
    problems,
    write: (prompt, { greedy }) => {
      asked.push(greedy === true);
      return prompt === "a=" ? "aa" : "b"; // right for the first, wrong for the second
    },
  });
  const algorithm = compose({ ...grpo(), rollout: () => writtenRollouts(problems, [["aa", "b"], ["dd"]]) }, remax());
  if (algorithm.rollout === undefined) throw new Error("a rollout is there");
  const rollouts = await openSeam(algorithm.rollout).next(input);
  expect(asked).toEqual([true, true]);
  // prompts of 3 tokens (BOS, letter, =); completions with EOS: 3 + 2 + 3, greedy 3 + 2
  expect(rollouts.spentTokens).toBe(3 * 3 + 8 + 2 * 3 + 5);
  expect(rollouts.metrics).toEqual({ greedy_reward: 0.5 });
  const rewards = { values: Float32Array.of(1, 0, 1), verdicts: [] };
  const { perToken } = await openSeam(algorithm.advantage).next({ rollouts, rewards, step: 0, steps: 1 });
  const tokens = rollouts.width - 1;
  expect([0, 1, 2].map((b) => perToken[b * tokens + 2])).toEqual([0, -1, 1]);
});

test("remax: without its rollout function it says so", () => {
  const { advantage } = remax().replaces ?? {};
  if (typeof advantage !== "function") throw new Error("a function is there");
  const input = advantageInput({ lengths: [1], rewards: [1] });
  expect(() => advantage(input)).toThrow('remax: there is no column "remax baseline"; keep the rollout function');
});
