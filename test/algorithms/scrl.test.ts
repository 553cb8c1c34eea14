import { expect, test } from "vitest";
import {
  type BlockParser,
  blockOfTokens,
  grpo,
  mixedGroup,
  parseBlocks,
  parseSteps,
  scrl,
  scrlAdvantages,
  scrlRewards,
  separatedBlocks,
  stepAnswers,
} from "../../src/algorithms/index.ts";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { complete } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { CurriculumInput } from "../../src/toolkit/curriculum.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { fromRows } from "../../src/toolkit/rows.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { answerProbabilities, type TabularPolicy, trainTabular } from "../../src/toolkit/tabular.ts";
import { chainAddition } from "../../src/toolkit/tasks/chain-addition.ts";
import type { Problem } from "../../src/toolkit/tasks/task.ts";
import { echoTask } from "../support/tiny-task.ts";

const tagged = "first <p1>2+2 is \\boxed{4}</p1> so <p2>\\boxed{\\frac{1}{2}} or \\boxed{8}</p2>";

test("parseBlocks: K tags in order, the last balanced box of each; anything else is a bad format", () => {
  const { valid, blocks } = parseBlocks(tagged, 2);
  expect(valid).toBe(true);
  expect(blocks.map(({ answer }) => answer)).toEqual(["4", "8"]);
  expect(blocks.map(({ start, end }) => tagged.slice(start, end))[0]).toBe("2+2 is \\boxed{4}");
  for (const [text, count] of [
    [tagged, 3],
    ["<p2>\\boxed{1}</p2><p1>\\boxed{2}</p1>", 2],
    ["<p1>\\boxed{1}</p1><p1>\\boxed{1}</p1><p2>\\boxed{2}</p2>", 2],
    ["<p1>\\boxed{1}</p1><p2>\\boxed{2}", 2],
    ["", 2],
  ] as const) {
    expect(parseBlocks(text, count)).toEqual({ valid: false, blocks: [] });
  }
  expect(parseBlocks("<p1>none</p1><p2>\\boxed{2</p2>", 2).blocks.map(({ answer }) => answer)).toEqual([
    undefined,
    undefined,
  ]);
  expect(() => parseBlocks("", 1)).toThrow("parseBlocks: there are 1 blocks; pass 2 or more.");
});

test("blockOfTokens: a token is of a block when all of its characters are; separators and EOS are of none", () => {
  const tokenizer = charTokenizer(echoTask.alphabet);
  const { blocks } = separatedBlocks("=")("ab=c", 2);
  const ids = [...tokenizer.encode("ab=c"), tokenizer.eosId];
  expect(blockOfTokens(tokenizer, ids, blocks)).toEqual([1, 1, 0, 2, 0]);
  expect(separatedBlocks("=")("abc", 2).valid).toBe(false);
  const overlapping = [
    { start: 0, end: 3, answer: "" },
    { start: 2, end: 4, answer: "" },
  ];
  expect(() => blockOfTokens(tokenizer, ids, overlapping)).toThrow("scrl: block 2 is [2, 4)");
});

test("scrl: the prefix gate keeps a policy from farming later links", () => {
  const { progress, rewards } = scrlRewards(
    [
      [0, 1, 1],
      [1, 1, 0],
    ],
    [1, 1],
  );
  expect(progress).toEqual([0, 2]);
  expect(rewards).toEqual([
    [0, 0, 0],
    [1, 1, 0],
  ]);
  const advantages = scrlAdvantages({ rewards, formatValid: [1, 1] }, { epsilon: 0 });
  expect(advantages).toEqual(
    [
      [-Math.SQRT1_2, -Math.SQRT1_2, 0],
      [Math.SQRT1_2, Math.SQRT1_2, 0],
    ].map((row) => row.map((x) => expect.closeTo(x, 12))),
  );
});

const chain = ({ answer }: Problem) => ({ prompt: `=${answer[0]}=`, answers: [answer[0] ?? "", answer] });
const method = compose(grpo({ scale: "none" }), scrl({ subproblems: chain, blocks: separatedBlocks("=") }));

test("scrl: a problem with a chain is asked twice, with half of the completions each; an odd budget is refused", async () => {
  const input = (samplesPerPrompt: number): CurriculumInput => ({
    ...{ task: echoTask, seed: 1, step: 0, steps: 9, level: undefined, promptsPerStep: 2, samplesPerPrompt },
    previous: undefined,
  });
  if (method.curriculum === undefined) throw new Error("no curriculum");
  const { problems, samplesPerPrompt } = await openSeam(method.curriculum).next(input(8));
  const [first, second] = problems;
  expect(first?.prompt).toBe(`=${second?.prompt}`);
  expect(samplesPerPrompt).toEqual([4, 4, 4, 4]);
  await expect(async () =>
    openSeam(method.curriculum ?? (() => ({ problems: [], samplesPerPrompt: 1 }))).next(input(5)),
  ).rejects.toThrow("mixedGroup: the budget is 5; pass an even number of completions, 4 or more.");
  expect(mixedGroup(6)).toEqual({ curriculum: 3, plain: 3 });
});

test("scrl: chains are rewarded by their solved prefix and credited block by block; plain rows as ever", async () => {
  const tokenizer = charTokenizer(echoTask.alphabet);
  const [problem] = echoTask.problems({ split: "train", count: 1, seed: 0 }); // a, answer aa
  if (problem === undefined || method.reward === undefined) throw new Error("no problem or reward");
  const asked: Problem = { ...problem, prompt: "=a=", data: { scrlAnswers: ["a", "aa"] } };
  const texts = ["a=aa", "a=b", "b=aa", "a", "aa", "b"];
  const rows = texts.map((completion, b) => {
    const completionIds = Int32Array.from([...tokenizer.encode(completion), tokenizer.eosId]);
    const logProbs = new Float32Array(completionIds.length);
    const promptIds = Int32Array.from(tokenizer.encodePrompt(b < 4 ? "=a=" : "a="));
    return {
      ...{ group: b < 4 ? 0 : 1, promptIds, completionIds, completion, finish: "eos" as const, foreign: false },
      ...{ sampleLogProbs: logProbs, policyLogProbs: logProbs },
    };
  });
  const rollouts = fromRows(rows, { problems: [asked, problem], padId: 0 });
  const rewards = await openSeam(method.reward).next({ task: echoTask, rollouts });
  expect([...rewards.values]).toEqual([1, 0.5, 0, 0, 1, 0]);
  expect(rewards.verdicts.map(({ status }) => status)).toEqual([
    "correct",
    "partial",
    "wrong",
    "unparsed",
    "correct",
    "wrong",
  ]);
  expect(rewards.metrics).toEqual({ "scrl/format_valid": 0.75, "scrl/progress": 0.375 });
  const models = { policy: { tokenizer }, reference: { tokenizer } } as never;
  const { perToken } = await openSeam(method.advantage).next({ rollouts, rewards, step: 0, steps: 9, models });
  const tokens = rollouts.width - 1;
  const row = (b: number): number[] => {
    const start = b * tokens + (rollouts.promptLengths[b] ?? 0) - 1;
    return [...perToken.subarray(start, start + (rollouts.completionLengths[b] ?? 0))];
  };
  const credit = scrlAdvantages({
    rewards: [
      [1, 1],
      [1, 0],
      [0, 0],
      [0, 0],
    ],
    formatValid: [1, 1, 1, 0],
  });
  const [one = 0, two = 0] = credit[0] ?? [];
  expect(row(0)).toEqual([one, 0, two, two, 0].map((x) => expect.closeTo(x, 6)));
  expect(row(2)).toEqual(
    [credit[2]?.[0] ?? 0, 0, credit[2]?.[1] ?? 0, credit[2]?.[1] ?? 0, 0].map((x) => expect.closeTo(x, 6)),
  );
  expect(row(3)).toEqual([0, 0]);
  expect(row(4)).toEqual([0.5, 0.5, 0.5]);
});

test("scrl: without the gate later links earn credit on their own (the paper's ablation)", () => {
  const raw = [
    [1, 1, 0, 1],
    [1, 0, 0, 0],
    [1, 1, 1, 1],
    [0, 1, 0, 0],
  ];
  const third = (scores: readonly (readonly number[])[]) =>
    scrlAdvantages({ rewards: scores, formatValid: [1, 1, 1, 1] }).map((row) => row[3] ?? 0);
  const near = (values: readonly number[]) => values.map((x) => expect.closeTo(x, 6));
  // Ungated, the fourth column is 1 0 1 0: +-0.5 / (0.577350 + 1e-6); gated, it is 0 0 1 0.
  expect(third(raw)).toEqual(near([0.866023904, -0.866023904, 0.866023904, -0.866023904]));
  expect(third(scrlRewards(raw, [1, 1, 1, 1]).rewards)).toEqual(near([-0.499999, -0.499999, 1.499997, -0.499999]));
});

test("scrl: half of the rollouts on chains find final answers sooner than all of them on the answer alone", async () => {
  // 20 problems, four links of 8 choices, a final answer in 150 right at first ((2.79 / 9.79)^4 = 0.66 %).
  const [contexts, symbols, length] = [20, 8, 4];
  const right = (context: number): number[] => [0, 1, 2, 3].map((j) => (context * 3 + j * 5) % symbols);
  const problem = {
    ...{ contexts, symbols, length, states: "position" as const },
    reward: (c: number, answer: readonly number[]) => (answer.every((s, j) => s === right(c)[j]) ? 1 : 0),
    initial: (c: number, { length: place }: readonly number[]) =>
      Array.from({ length: symbols }, (_, s) => (s === right(c)[place] ? Math.log(2.79) : 0)),
  };
  const subproblems = ({ prompt }: Problem) => ({
    prompt,
    answers: right(Number(prompt.slice(1))).map((s) => String.fromCharCode(97 + s)),
  });
  const blocks: BlockParser = (text, count) => ({
    valid: text.length === count,
    blocks: [...text].map((answer, start) => ({ start, end: start + 1, answer })),
  });
  const host = grpo({ aggregation: "seq-mean-token-sum" });
  // A rate of 1 for each problem: the loss is a mean over the rows of 20.
  const sizes = { steps: 75, samplesPerPrompt: 8, learningRate: 20, measureEvery: 25 };
  const solved = async (algorithm: Algorithm, seed: number): Promise<number[]> => {
    const measure = (policy: TabularPolicy) => {
      const share = (c: number) =>
        answerProbabilities(policy, c)[right(c).reduce((at, s) => at * symbols + s, 0)] ?? Number.NaN;
      return { solved: Array.from({ length: contexts }, (_, c) => share(c)).reduce((a, b) => a + b, 0) / contexts };
    };
    const { steps } = await trainTabular({ problem, algorithm, ...sizes, seed, measure });
    return steps.flatMap((step) => step.solved ?? []);
  };
  for (const seed of [1, 2, 3, 4, 5]) {
    const chains = await solved(compose(host, scrl({ subproblems, blocks })), seed);
    const plain = await solved(host, seed);
    expect(chains[0]).toBeLessThan(0.02);
    expect(chains[1]).toBeGreaterThan((plain[1] ?? 1) + 0.3); // after 26 steps
    expect(chains.at(-1)).toBeGreaterThan((plain.at(-1) ?? 1) + 0.05); // after 75
  }
});

test.each([
  [() => scrl({ subproblem: () => undefined } as never), 'scrl: there is no option "subproblem"'],
  [() => scrlRewards([[1, 0]], [1]), "scrlRewards: there are 1 rollouts"],
  [() => scrlRewards([[1], [0]], [1, 1]), "scrlRewards: there are 1 subproblems"],
  [
    () =>
      scrlRewards(
        [
          [1, 0],
          [1, 2],
        ],
        [1, 1],
      ),
    "scrlRewards: row 1 has score 2 at subproblem 2",
  ],
  [() => separatedBlocks(""), "separatedBlocks: the separator is empty"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});

test("parseSteps: worked steps of the bundled tasks; the steps of a solution are the default chain", () => {
  const { blocks } = parseSteps("7+5=12;4+8+1=13;#132", 3);
  expect(blocks.map(({ answer }) => answer)).toEqual(["12", "13", "132"]);
  expect(blocks.map(({ start, end }) => [start, end])).toEqual([[0, 7], [7, 16], [16, 20]]); // biome-ignore format: spans
  expect(parseSteps("7+5=12;;#1", 3).blocks[1]?.answer).toBeUndefined();
  for (const other of ["7+5=12;#132", "7+5=12;4=4;5=5", "", "1=1;#1;#1;"])
    expect(parseSteps(other, 3).valid).toBe(false);
  expect(() => parseSteps("#1", 1)).toThrow("parseSteps: there are 1 blocks; pass 2 or more.");
  expect(stepAnswers("3*5=15;15+7=22;#3*5+7")).toEqual(["15", "22", "3*5+7"]);
  expect(stepAnswers("aa")).toBeUndefined();
});

test("scrl: without options half a group is asked for the steps of the worked solution", async () => {
  const task = chainAddition({ digits: 2 });
  const { curriculum } = complete(compose(grpo(), scrl()));
  const asked = { task, seed: 0, step: 0, steps: 1, level: undefined, promptsPerStep: 1, samplesPerPrompt: 4 };
  const { problems, samplesPerPrompt } = await openSeam(curriculum).next({ ...asked, previous: undefined });
  const [chain, plain] = problems;
  expect(samplesPerPrompt).toEqual([2, 2]);
  expect(chain?.prompt).toBe(plain?.prompt);
  const [ones, tens, answer] = (chain?.data.scrlAnswers ?? []) as string[];
  expect(answer).toBe(plain?.answer);
  expect(`${tens}${ones?.at(-1)}`).toBe(plain?.answer);
});
