import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { gspo } from "../../src/algorithms/gspo.ts";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { wrapSeam } from "../../src/toolkit/seam.ts";
import { train } from "../../src/toolkit/train/train.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

/** Takes one step, of 2 prompts with 2 completions of up to 4 tokens. */
async function stepOf(algorithm: Algorithm): Promise<void> {
  const sizes = { steps: 1, promptsPerStep: 2, samplesPerPrompt: 2, seed: 1, preflight: "off" } as const;
  const { policy: trained } = await train({ policy, task: echoTask, algorithm, ...sizes }).finished;
  await trained.dispose();
}

const nothing = () => undefined as never;
const zeros = (rows: number, width: number) => new Float32Array(rows * (width - 1));

test.each<[string, Partial<Algorithm>, string]>([
  ["curriculum", { curriculum: nothing }, "the curriculum of mine: it returned undefined; return an object: was a"],
  [
    "problems",
    { curriculum: () => ({ samplesPerPrompt: 2 }) as never },
    "the curriculum of mine: problems is undefined",
  ],
  ["rollout", { rollout: nothing }, "the rollout of mine: it returned undefined; return an object: was a return"],
  [
    "reward",
    { reward: ({ rollouts }) => ({ values: Array.from(rollouts.finish, () => 0) as never, verdicts: [] }) },
    "the reward of mine: values is a list of 4; return a Float32Array.",
  ],
  [
    "verdicts",
    { reward: ({ rollouts }) => ({ values: new Float32Array(rollouts.rows), verdicts: [] }) },
    "the reward of mine: verdicts has 0 entries for 4 rows; return one for each row.",
  ],
  ["advantage", { advantage: nothing }, "the advantage of mine: it returned undefined; return an object"],
  [
    "one per row",
    { advantage: ({ rollouts }) => ({ perToken: new Float32Array(rollouts.rows) }) },
    "the advantage of mine: perToken has 4 numbers; return ",
  ],
  [
    "column",
    {
      advantage: ({ rollouts: { rows, width } }) => ({
        perToken: zeros(rows, width),
        columns: { hint: [1, 2, 3, 4] as never },
      }),
    },
    'the advantage of mine: column "hint" is a list of 4; return a Float32Array, or one number for the step.',
  ],
  [
    "column's size",
    {
      advantage: ({ rollouts: { rows, width } }) => ({
        perToken: zeros(rows, width),
        columns: { hint: new Float32Array(3) },
      }),
    },
    'the advantage of mine: column "hint" has 3 numbers for 4 rows; return as many for each row.',
  ],
  ["loss", { objective: { needs: {}, loss: nothing } }, "the objective of mine: the loss is undefined; return { loss"],
  [
    "loss per row",
    { objective: { needs: {}, loss: ({ logProbs }) => ({ loss: logProbs.sum(1) as never, metrics: {} }) } },
    "the objective of mine: the loss has shape [4]; return one number: sum it, or aggregate.",
  ],
  [
    "metrics",
    { objective: { needs: {}, loss: () => ({ loss: tf.scalar(0), metrics: { kl: 3 as never } }) } },
    'the objective of mine: metric "kl" is 3; return a scalar tensor.',
  ],
  ["update", { update: nothing }, "the update of mine: it returned undefined; return an object"],
])("a seam's result that is none names seam and method: %s", async (_, part, message) => {
  await expect(stepOf({ ...grpo(), name: "mine", ...part })).rejects.toThrow(message);
});

/** Advantages that differ between a row's tokens, without saying so. */
const rising: AlgorithmChange = {
  name: "rising",
  wraps: {
    advantage: (inner) =>
      wrapSeam(inner, async (input, next) => ({ perToken: (await next(input)).perToken.map((_, i) => i) })),
  },
  choices: [],
};

test("an objective of rows on advantages of tokens: refused at the first step, naming both", async () => {
  await expect(stepOf(compose(grpo(), gspo(), rising))).rejects.toThrow(
    "the objective of gspo on advantages of grpo, rising: row 0 has advantages",
  );
});
