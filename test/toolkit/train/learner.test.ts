import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { complete } from "../../../src/toolkit/algorithm.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import type { Rollouts } from "../../../src/toolkit/rollout.ts";
import { createLearner, type LearnSettings } from "../../../src/toolkit/train/learner.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

let policy: Policy;
let rollouts: Rollouts;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const sampling = { maxTokens: 4, samplesPerPrompt: 6, seed: 3 };
  rollouts = { ...(await policy.generate(["a="], sampling)), problems: echoTask.problems(drawn) };
});
afterAll(() => policy.dispose());

const drawn = { split: "train", count: 1, seed: 0 } as const;
const plain = { step: 0, seed: 0, learningRate: 1e-3, maxGradNorm: 1, innerEpochs: 1, miniBatches: 1 };

/** Learns from six rows in pieces of two, and aborts when the piece of that number (from 1) is put together. */
async function learnAborting(at: number, more: Partial<LearnSettings> = {}) {
  const controller = new AbortController();
  const learning = await policy.clone();
  const before = await learning.fingerprint();
  const shape = { rows: 2, tokens: 8 };
  const learner = createLearner({
    policy: learning,
    algorithm: complete(grpo()),
    shape,
    maxTokens: 4,
    temperature: 1,
    optimizer: {},
  });
  let pieces = 0;
  const perToken = rollouts.mask.map((on, i) => on * (i % 3));
  const advantages = {
    get perToken() {
      if (++pieces === at) controller.abort(new Error("enough"));
      return perToken;
    },
  };
  const rewards = { values: new Float32Array(6), verdicts: [] };
  const outcome = await learner
    .learn(
      { rollouts, rewards, advantages, oldLogProbs: rollouts.policyLogProbs, statistics: {} },
      { ...plain, ...more, signal: controller.signal },
    )
    .then(() => "learned", String);
  const changed = (await learning.fingerprint()) !== before;
  await learner.dispose();
  await learning.dispose();
  return { outcome, pieces, changed };
}

test("learner: a signal stops it between micro-batches, before any weight has changed", async () => {
  expect(await learnAborting(2)).toEqual({ outcome: "Error: enough", pieces: 2, changed: false }); // of 3
  expect(await learnAborting(0)).toEqual({ outcome: "learned", pieces: 3, changed: true });
});

test("learner: once weights have changed, the step is finished", async () => {
  expect(await learnAborting(5, { innerEpochs: 2 })).toEqual({ outcome: "learned", pieces: 6, changed: true });
});
