import { expect, test } from "vitest";
import {
  checkAnswerKept,
  dgaeAdvantage,
  dgpoAdvantage,
  dqwWeights,
  grpo,
  type MqrOptions,
  mathforgeDgpo,
  mqr,
  reformulate,
} from "../../src/algorithms/index.ts";
import type { Advantages } from "../../src/toolkit/advantage.ts";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { CurriculumInput } from "../../src/toolkit/curriculum.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { answerProbabilities, trainTabular } from "../../src/toolkit/tabular.ts";
import { train } from "../../src/toolkit/train/train.ts";
import { stepOf } from "../support/step.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const four = Int32Array.of(0, 0, 0, 0);

test("dgaeAdvantage: one right of four gets G / 2, the others share the rest, whatever the rewards' scale", () => {
  // mean 1/4; differences 3/4 and three of 1/4: their sum is 3/2; 4 * 0.75 / 1.5 = 2
  const found = dgaeAdvantage({ rewards: [1, 0, 0, 0], groups: four }, { epsilon: 0 });
  expect([...found]).toEqual([2, -2 / 3, -2 / 3, -2 / 3]);
  expect([...dgaeAdvantage({ rewards: [10, 4, 4, 4], groups: four }, { epsilon: 0 })]).toEqual([...found]);
});

test("dgaeAdvantage: the sum of sizes is G for every success rate, where GRPO's is 2 G sqrt(p (1 - p))", () => {
  for (const right of [1, 2, 4, 6, 7]) {
    const rewards = Array.from({ length: 8 }, (_, i) => (i < right ? 1 : 0));
    const sum = dgaeAdvantage({ rewards, groups: new Int32Array(8) }).reduce((total, a) => total + Math.abs(a), 0);
    expect(sum).toBeCloseTo(8, 3); // up to 1e-4 in the divisor
  }
});

test("dqwWeights: valid questions average 1, a harder one weighs more, e^(1/T) at most", () => {
  const weights = dqwWeights([0.25, 0.75, 1], [true, true, false]);
  const [a, b] = [Math.exp(-0.125), Math.exp(-0.375)];
  expect([...weights]).toEqual([(2 * a) / (a + b), (2 * b) / (a + b), 1]);
  const [hard = 0, easy = 1] = dqwWeights([1e-9, 1], [true, true], { temperature: 2 });
  expect(hard / easy).toBeCloseTo(Math.exp(0.5), 8);
});

test("dgpoAdvantage: a question solved by nobody, with other rewards, weighs least", () => {
  const rows = { rewards: [0.5, 0.2, 1.2, 0.2], accuracy: [0, 0, 1, 0], groups: [0, 0, 1, 1], lengths: [1, 1, 1, 1] };
  const { lambda } = dgpoAdvantage(rows);
  expect(lambda[0]).toBeLessThan(lambda[1] ?? 0); // accuracy 0 counts as 1
});

test("mathforgeDgpo: unscored rows get 0 and do not count; a reward component named accuracy weighs questions", async () => {
  const { advantage } = { ...mathforgeDgpo().replaces };
  if (advantage === undefined) throw new Error("no advantage");
  const step = stepOf({ group: [0, 0, 0, 1, 1], rewards: [1, 0, Number.NaN, 1, 1], lengths: [2, 1, 3, 2, 2] });
  const { perToken, metrics }: Advantages = await openSeam(advantage).next(step);
  const perRow = [0, 1, 2, 3, 4].map((b) => perToken[b * 3]);
  // group 0: differences 1/2 and 1/2, G = 2: +-1 (minus epsilon); tokens 7 scored, 3 of the valid question
  const size = (2 * 0.5) / (1 + 1e-4);
  const expected = [size * (7 / 3), -size * (7 / 3), 0, 0, 0];
  for (const [b, value] of perRow.entries()) expect(value).toBeCloseTo(expected[b] ?? Number.NaN, 5);
  expect(metrics?.["dgpo/zero_mask_ratio"]).toBeCloseTo(7 / 3, 6);
});

test.each([
  [() => mathforgeDgpo({ temperature: 0 }), "mathforgeDgpo: temperature is 0; pass"],
  [() => dqwWeights([0.5], [true], { temperature: -1 }), "dqwWeights: temperature is -1; pass a number above 0."],
  [() => dgpoAdvantage({ rewards: [1], groups: [0], lengths: [1] }), "dgpoAdvantage: a group has 1 row; sample"],
  [
    () => dgpoAdvantage({ rewards: [1, 0], groups: [0, 0], lengths: [1, 0] }),
    "dgpoAdvantage: row 1 has 0 tokens; pass at least 1.",
  ],
  [
    () => dgpoAdvantage({ rewards: [1, Number.NaN], groups: [0, 0], lengths: [1, 1] }),
    "dgpoAdvantage: rewards[1] is NaN; pass finite numbers.",
  ],
  [() => mqr({ aspects: ["song" as never] }), 'mqr: there is no aspect "song"'],
  [() => mqr({ aspects: [] }), "mqr: aspects are []; pass at least one, each once."],
  [() => mqr({ aspects: ["term", "term"] }), "mqr: aspects are [term, term]; pass at least one, each once."],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});

/** Value of a question of sums and differences of whole numbers, as written or reworded. */
function solve(question: string): string {
  const plain = question
    .replace(/^.*: /, "")
    .replace(/^Let .*?\. /, "")
    .replaceAll("blend", "+");
  const flat = plain.replaceAll(/[()\s=]/g, "");
  return String(flat.split("+").reduce((sum, part) => sum + Number(part), 0));
}

test("reformulate: each aspect changes the words and keeps the answer", () => {
  for (let seed = 0; seed < 50; seed++) {
    for (const aspect of ["background", "term", "sub-problem"] as const) {
      const version = reformulate("12+7=", aspect, rng({ seed, stream: "test" }));
      expect(version).not.toBe("12+7=");
      expect(solve(version)).toBe("19");
      expect(() => checkAnswerKept("12+7=", version, solve)).not.toThrow();
    }
  }
  expect(() => checkAnswerKept("12+7=", "12+8=", solve)).toThrow('mqr: the answer was 19 and is 20 of "12+8="');
  expect(() => reformulate("what?", "term", rng({ seed: 0, stream: "t" }))).toThrow("none of the signs");
});

test("mqr: each question is followed by its versions, which are verified as the question", async () => {
  const wrap = mqr({ reformulate: (question, aspect) => `${aspect[0]}${question}` }).wraps?.curriculum;
  if (wrap === undefined) throw new Error("no curriculum");
  const problems = echoTask.problems({ split: "train", count: 2, seed: 0 });
  const seam = wrap(() => ({ problems, samplesPerPrompt: [3, 5] }));
  const batch = await openSeam(seam).next({ seed: 1, step: 0 } as CurriculumInput);
  expect(batch.problems.map(({ prompt }) => prompt)).toEqual(["a=", "ba=", "ta=", "sa=", "d=", "bd=", "td=", "sd="]);
  expect(batch.problems.map(({ answer }) => answer)).toEqual(["aa", "aa", "aa", "aa", "dd", "dd", "dd", "dd"]);
  expect(batch.samplesPerPrompt).toEqual([3, 3, 3, 3, 5, 5, 5, 5]);
});

test("mqr: a version that is no text, or changes the answer, is refused with the question", async () => {
  const problems = echoTask.problems({ split: "train", count: 1, seed: 0 });
  const batchOf = async (options: MqrOptions): Promise<unknown> => {
    const wrap = mqr({ aspects: ["term"], ...options }).wraps?.curriculum;
    if (wrap === undefined) throw new Error("no curriculum");
    const seam = wrap(() => ({ problems, samplesPerPrompt: 2 }));
    return openSeam(seam).next({ seed: 1, step: 0 } as CurriculumInput);
  };
  await expect(batchOf({ reformulate: () => " " })).rejects.toThrow('mqr: the term version of "a=" is " "; have');
  await expect(batchOf({ reformulate: () => undefined as never })).rejects.toThrow("is undefined; have reformulate");
  const other: MqrOptions = { reformulate: () => "b=", solve: (question) => question };
  await expect(batchOf(other)).rejects.toThrow('mqr: the answer was a= and is b= of "b="');
});

test("mathforgeDgpo: hard questions rise faster than under DGAE alone, GRPO and Dr. GRPO, in this order", async () => {
  const [contexts, symbols] = [60, 20];
  const random = rng({ seed: 3, stream: "bank" });
  const first = Array.from({ length: contexts }, () => 0.02 * 45 ** random.uniform()); // log-uniform in 0.02 to 0.9
  const problem = {
    contexts,
    symbols,
    reward: (_: number, [answer]: readonly number[]) => (answer === 0 ? 1 : 0),
    initial: (context: number) => {
      const p = first[context] ?? 0.5;
      return Array.from({ length: symbols }, (_, answer) => Math.log(answer === 0 ? p : (1 - p) / (symbols - 1)));
    },
  };
  const hard = first.flatMap((p, context) => (p < 0.08 ? [context] : []));
  const solvedHard = async (algorithm: Algorithm): Promise<number> => {
    const sizes = { steps: 25, samplesPerPrompt: 8, seed: 1, learningRate: 0.3 * contexts, measureEvery: 25 };
    const { policy } = await trainTabular({ problem, algorithm, ...sizes });
    return hard.reduce((sum, context) => sum + (answerProbabilities(policy, context)[0] ?? 0), 0) / hard.length;
  };
  const tokenMean = { aggregation: "token-mean" } as const;
  const drGrpo = await solvedHard(grpo({ ...tokenMean, scale: "none" }));
  const plain = await solvedHard(grpo(tokenMean));
  const dgae = await solvedHard(compose(grpo(tokenMean), mathforgeDgpo({ useDqw: false, validTokenAveraging: false })));
  const dgpo = await solvedHard(compose(grpo(tokenMean), mathforgeDgpo()));
  expect([drGrpo, plain, dgae, dgpo].toSorted((a, b) => a - b)).toEqual([drGrpo, plain, dgae, dgpo]);
  expect(dgpo - plain).toBeGreaterThan(0.1);
});

test("mqr: words that the task's policy does not know are refused before the run, with the remedy", async () => {
  const policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  const run = (options: MqrOptions) => () => {
    const algorithm = compose(grpo(), mqr(options));
    return train({ policy, task: echoTask, algorithm, steps: 1, promptsPerStep: 1, samplesPerPrompt: 2, seed: 1 });
  };
  expect(run({})).toThrow('mqr: the background version of "a=", ');
  expect(run({})).toThrow(
    "has characters that the policy does not know; pass a reformulate that keeps to the task's own",
  );
  expect(run({ reformulate: (question) => `hh${question}` })).toThrow(
    'the background version of "a=", "hha=", has 5 tokens, the run is made for 3; set extraPromptTokens to 2 or more.',
  );
  const { policy: trained } = await run({ reformulate: (q) => q, aspects: ["term"] })().finished;
  await trained.dispose();
  await policy.dispose();
});
