import { afterAll, beforeAll, expect, test } from "vitest";
import { mergeExternal, samplesOf, sampleWithDemonstrations } from "../../src/toolkit/demonstrations.ts";
import type { Statistic } from "../../src/toolkit/models.ts";
import { statisticsAfter } from "../../src/toolkit/other-prompt.ts";
import { modelOf } from "../../src/toolkit/policy/model.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import type { RolloutInput } from "../../src/toolkit/rollout.ts";
import { begunRow, foreignRow, fromRows, type Row, rowsOf } from "../../src/toolkit/rows.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const tokenizer = charTokenizer(echoTask.alphabet);
const problems = echoTask.problems({ split: "train", count: 2, seed: 0 }); // a and d
let policy: Policy;
let input: RolloutInput;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer, seed: 1 });
  const model = modelOf(policy, { temperature: 1 });
  input = {
    ...{ prompts: { problems, samplesPerPrompt: 3 }, sampler: policy, task: echoTask, steps: 1 },
    sampling: { maxTokens: 4, temperature: 1, seed: 3, step: 0 },
    models: { policy: model, reference: model },
    verify: () => Promise.reject(new Error("not asked")),
  };
});
afterAll(() => policy.dispose());

test("demonstrations: the last of each group is the task's solution, every token of it external", async () => {
  const made = await sampleWithDemonstrations(input);
  expect([...made.group]).toEqual([0, 0, 0, 1, 1, 1]);
  expect([...(made.foreign ?? [])]).toEqual([0, 0, 1, 0, 0, 1]);
  expect([made.completions[2], made.completions[5]]).toEqual(["aa", "dd"]);
  const external = made.columns?.external as Float32Array;
  const perRow = rowsOf(made).map((_, b) => [...external.subarray(b * (made.width - 1), (b + 1) * (made.width - 1))]);
  expect(perRow[0]?.every((one) => one === 0)).toBe(true);
  expect(perRow[2]?.slice(0, 6)).toEqual([0, 0, 1, 1, 1, 0].slice(0, made.width - 1)); // BOS a = | a a EOS
});

test("demonstrations: a begun one is given up to its share, the rest is the policy's", async () => {
  const made = await sampleWithDemonstrations(input, { solutions: () => "abc", prefixRatio: 0.5 });
  const external = made.columns?.external as Float32Array;
  for (const b of [2, 5]) {
    expect(made.completions[b]?.slice(0, 2)).toBe("ab"); // ceil(3 x 0.5) tokens
    expect(made.promptLengths[b]).toBe(3);
    const given = [...external.subarray(b * (made.width - 1), (b + 1) * (made.width - 1))];
    expect(given.slice(0, 5)).toEqual([0, 0, 1, 1, 0]);
  }
});

test("demonstrations: a begun one is no longer than the run allows", async () => {
  const solutions = (): string => "abcabc"; // 3 of its tokens are given, 4 allowed in all
  const made = await sampleWithDemonstrations(input, { solutions, prefixRatio: 0.5 });
  for (const b of [2, 5]) {
    expect(made.completionLengths[b]).toBeLessThanOrEqual(4);
    expect(made.completions[b]?.startsWith("abc")).toBe(true);
  }
  expect([...made.completionLengths]).toContain(4);
});

test("demonstrations: a problem without one keeps all its own; a group of one is refused", async () => {
  const made = await sampleWithDemonstrations(input, { solutions: ({ id }) => (id === "a" ? "aa" : undefined) });
  expect([...(made.foreign ?? [])]).toEqual([0, 0, 1, 0, 0, 0]);
  const one = { ...input, prompts: { problems, samplesPerPrompt: 1 } };
  await expect(sampleWithDemonstrations(one)).rejects.toThrow("problem 0 gets 1 completion; sample at least 2");
  expect(() => samplesOf({ problems, samplesPerPrompt: [1] })).toThrow("samplesPerPrompt [1] for 2 problems");
});

test("mergeExternal: in a completion's place or after all; other places and groups are refused", () => {
  const row = (group: number, text: string): Row => foreignRow(tokenizer, group, "a=", text);
  const [group, shown] = [[row(0, "a"), row(0, "b")], row(0, "aa")];
  const texts = (rows: readonly Row[]): string[] => rows.map(({ completion }) => completion);
  expect(texts(mergeExternal(group, shown, { replaceIndex: 0 }))).toEqual(["aa", "b"]);
  expect(texts(mergeExternal(group, shown, { append: true }))).toEqual(["a", "b", "aa"]);
  expect(() => mergeExternal(group, shown, { replaceIndex: 2 })).toThrow("replaceIndex is 2 for 2 rows");
  expect(() => mergeExternal(group, row(1, "aa"), { append: true })).toThrow("a demonstration of group 1");
});

test("begunRow: the beginning moves from the prompt to the completion; another prompt is refused", () => {
  const row = { ...foreignRow(tokenizer, 0, "a=ab", "c"), foreign: false };
  const { promptIds, completionIds, completion, foreign, sampleLogProbs } = begunRow(tokenizer, row, "a=");
  expect([...promptIds]).toEqual(tokenizer.encodePrompt("a="));
  expect([...completionIds]).toEqual([...tokenizer.encode("abc"), tokenizer.eosId]);
  expect([completion, foreign, sampleLogProbs.length]).toEqual(["abc", true, 4]);
  expect(() => begunRow(tokenizer, row, "b=")).toThrow('a prompt does not begin with "b="');
});

test("statisticsAfter: n numbers a token after another prompt stand at the tokens' own places", async () => {
  const rows = [foreignRow(tokenizer, 0, "a=", "bc"), foreignRow(tokenizer, 1, "d=", "e")];
  const rollouts = fromRows(rows, { problems, padId: 0 });
  const { policy: model } = input.models;
  const prompts = ["abcda=", "d="].map((text) => Int32Array.from(tokenizer.encodePrompt(text)));
  const logits: Statistic = (view) => view.logits;
  const { found } = await statisticsAfter("t", model, rollouts, (b) => prompts[b] ?? new Int32Array(), {
    found: logits,
  });
  const moved = fromRows([foreignRow(tokenizer, 0, "abcda=", "bc")], { problems, padId: 0 });
  const { all } = await model.measure(moved, { all: logits });
  const V = tinyConfig.vocab_size;
  const T = rollouts.width - 1; // 5: BOS and two of the prompt, two letters, EOS
  expect(found).toHaveLength(2 * T * V);
  const gaps = Array.from({ length: 3 * V }, (_, i) => Math.abs((found[2 * V + i] ?? 9) - (all[6 * V + i] ?? 0)));
  expect(Math.max(...gaps)).toBeLessThan(1e-5);
  expect([...found.subarray(0, 2 * V)].every((x) => x === 0)).toBe(true);
});
