import { afterAll, beforeAll, expect, test } from "vitest";
import { cepo, cepoAdvantages, grpo, pickContrastPair } from "../../src/algorithms/index.ts";
import { compose } from "../../src/toolkit/compose.ts";
import { logProb } from "../../src/toolkit/models.ts";
import { logProbsAfter } from "../../src/toolkit/other-prompt.ts";
import { modelOf } from "../../src/toolkit/policy/model.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { Rollouts } from "../../src/toolkit/rollout.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

let policy: Policy;
let rollouts: Rollouts;
const tokenizer = charTokenizer(echoTask.alphabet);
const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer, seed: 1 });
  const prompts = problems.map(({ prompt }) => prompt);
  rollouts = { ...(await policy.generate(prompts, { maxTokens: 4, samplesPerPrompt: 3, seed: 3 })), problems };
});
afterAll(() => policy.dispose());

test("pickContrastPair: the lowest score below one half, the first of equals, none where all are right", () => {
  const picked = pickContrastPair([0.4, 0, 0, 1, 0.5, 1], [5, 5, 5, 5, 8, 8]);
  expect([...picked]).toEqual([
    [5, 1],
    [8, null],
  ]);
  expect(pickContrastPair([Number.NaN, 0.3], [1, 1]).get(1)).toBe(1);
});

test("cepoAdvantages: a token that the right answer makes likelier weighs more when right, less when wrong", () => {
  const columns = { mask: [1, 1], positive: [-1, -1], negative: [-2, -1], tokens: 2 };
  const options = { lambda: 1, epsW: 0.9 };
  const right = cepoAdvantages({ ...columns, advantages: [1, 1] }, options);
  expect([...right.advantages]).toEqual([1.9, 1]); // e^1 is cut to 1.9; no evidence, no change
  const wrong = cepoAdvantages({ ...columns, advantages: [-1, -1] }, options);
  expect(wrong.advantages[0]).toBeCloseTo(-Math.exp(-1), 12);
  const half = cepoAdvantages({ ...columns, advantages: [1, 1] }, { lambda: 0.5, epsW: 0.9 });
  expect(half.advantages[0]).toBeCloseTo(0.5 + 0.5 * 1.9, 12);
});

test("logProbsAfter: the completions' own tokens under another prompt, in the rollouts' places", async () => {
  const model = modelOf(policy, { temperature: 1 });
  const other = Int32Array.from(tokenizer.encodePrompt("ch="));
  const found = await logProbsAfter("t", model, rollouts, () => other);
  const [b, width] = [4, rollouts.width];
  const [prompt, length] = [rollouts.promptLengths[b] ?? 0, rollouts.completionLengths[b] ?? 0];
  const completion = rollouts.ids.slice(b * width + prompt, b * width + prompt + length);
  const ids = Int32Array.from([...other, ...completion]);
  const alone = await model.measure({ rows: 1, width: ids.length, ids }, { logProb });
  const start = b * (width - 1) + prompt - 1;
  for (let t = 0; t < length; t++) expect(found[start + t]).toBeCloseTo(alone.logProb[other.length - 1 + t] ?? 0, 5);
  expect(found[start - 1]).toBe(0);
  const long = Int32Array.from({ length: 40 }, () => 3);
  await expect(logProbsAfter("t", model, rollouts, () => long)).rejects.toThrow("the policy 32 positions; shorten");
});

function input(rewards: readonly number[], step = 0) {
  const verdicts = rewards.map((score) => {
    const verifier = { name: "t", version: "1" };
    return {
      score,
      status: score === 1 ? "correct" : "wrong",
      parsed: score === 1 ? "" : "b",
      reason: "",
      ms: 0,
      verifier,
    } as const;
  });
  const model = modelOf(policy, { temperature: 1 });
  const asked = { count: 0 };
  const counting = {
    ...model,
    measure: ((...of: Parameters<typeof model.measure>) => {
      asked.count++;
      return model.measure(...of);
    }) as typeof model.measure,
  };
  const models = { policy: counting, reference: counting };
  return {
    asked,
    given: { rollouts, rewards: { values: Float32Array.from(rewards), verdicts }, step, steps: 30, models },
  };
}

test("cepo: weights are of the answers behind the prompt; a group without a wrong one is left as it is", async () => {
  const { advantage } = compose(grpo({ scale: "none" }), cepo({ lambda0: 1, epsW: 0.99 }));
  const { given, asked } = input([1, 0, 0, 1, 1, 1]);
  const plain = await openSeam(grpo({ scale: "none" }).advantage).next(given);
  const { perToken, metrics } = await openSeam(advantage).next(given);
  expect(asked.count).toBe(2);
  const model = modelOf(policy, { temperature: 1 });
  const after = (answer: string) =>
    logProbsAfter("t", model, rollouts, () =>
      Int32Array.from([...tokenizer.encodePrompt("a="), ...tokenizer.encode(answer)]),
    );
  const [positive, negative] = [await after("aa"), await after("b")];
  const tokens = rollouts.width - 1;
  for (let i = 0; i < 3 * tokens; i++) {
    if (rollouts.mask[i] === 0) continue;
    const weight = Math.exp(Math.sign(plain.perToken[i] ?? 0) * ((positive[i] ?? 0) - (negative[i] ?? 0)));
    expect(perToken[i]).toBeCloseTo((plain.perToken[i] ?? 0) * Math.min(1.99, Math.max(0.01, weight)), 5);
  }
  for (let i = 3 * tokens; i < 6 * tokens; i++) expect(Math.abs(perToken[i] ?? 1)).toBe(0);
  expect(metrics?.["cepo/lambda"]).toBe(1);
});

test("cepo: its metrics tell what the answers say of tokens pushed up and of those pushed down", async () => {
  const { advantage } = compose(grpo({ scale: "none" }), cepo({ lambda0: 1, epsW: 0.99 }));
  const { given } = input([1, 0, 0, 1, 1, 1]);
  const { metrics } = await openSeam(advantage).next(given);
  const plain = await openSeam(grpo({ scale: "none" }).advantage).next(given);
  const model = modelOf(policy, { temperature: 1 });
  const after = (answer: string) =>
    logProbsAfter("t", model, rollouts, () =>
      Int32Array.from([...tokenizer.encodePrompt("a="), ...tokenizer.encode(answer)]),
    );
  const [positive, negative] = [await after("aa"), await after("b")];
  const tokens = rollouts.width - 1;
  const mean = (sign: number): number => {
    const at = Array.from({ length: 3 * tokens }, (_, i) => i).filter(
      (i) => rollouts.mask[i] === 1 && Math.sign(plain.perToken[i] ?? 0) === sign,
    );
    return at.reduce((sum, i) => sum + (positive[i] ?? 0) - (negative[i] ?? 0), 0) / at.length;
  };
  expect(metrics?.["cepo/delta_right"]).toBeCloseTo(mean(1), 5);
  expect(metrics?.["cepo/delta_wrong"]).toBeCloseTo(mean(-1), 5);
});

test("cepo: no scoring once lambda is 0", async () => {
  const { advantage } = compose(grpo(), cepo({ warmupSteps: 5 }));
  const { given, asked } = input([1, 0, 0, 1, 1, 0], 5); // step 6 of the schedule
  await openSeam(advantage).next(given);
  expect(asked.count).toBe(0);
});

test.each([
  [() => cepo({ lambda0: 2 }), "cepo: lambda0 is 2"],
  [() => cepo({ epsW: 1 }), "cepo: epsW is 1; pass a bound below 1"],
  [
    () =>
      cepoAdvantages(
        { advantages: [1, -1], mask: [1, 1], positive: [0, 0], negative: [0, 0], tokens: 2 },
        { lambda: 1, epsW: 0.5 },
      ),
    "cepoAdvantages: row 0 has advantages of both signs",
  ],
  [() => pickContrastPair([1], [1, 2]), "pickContrastPair: 1 scores for 2 groups"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});
