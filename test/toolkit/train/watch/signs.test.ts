/** Each sign on a step made by hand: it speaks where it should, and not a hair before. */
import { expect, test } from "vitest";
import { fromRows, type Row } from "../../../../src/toolkit/rows.ts";
import type { StepEvent } from "../../../../src/toolkit/train/record.ts";
import { repeatedGrams } from "../../../../src/toolkit/train/watch/signs.ts";
import { createWatch, type WatchedStep } from "../../../../src/toolkit/train/watch/watch.ts";
import type { VerdictStatus } from "../../../../src/toolkit/verify/verifier.ts";

interface Given {
  readonly text: string;
  readonly reward: number;
  readonly group?: number;
  readonly status?: VerdictStatus;
  readonly ms?: number;
}

const problems = ["a", "b", "c", "d"].map((id) => ({ id, prompt: `${id}=`, answer: id, level: 1, data: {} }));

/** A step whose tokens are the characters' codes. */
function stepOf(
  step: number,
  given: readonly Given[],
  metrics: Record<string, number> = {},
): Omit<WatchedStep, "history"> {
  const rows = given.map(({ text, group = 0 }): Row => {
    const completionIds = Int32Array.from(text, (character) => character.charCodeAt(0));
    const logProbs = new Float32Array(text.length).fill(-1);
    return {
      ...{ group, promptIds: Int32Array.of(1), completionIds, completion: text, finish: "eos", foreign: false },
      ...{ sampleLogProbs: logProbs, policyLogProbs: logProbs },
    };
  });
  const verifier = { name: "v", version: "1" };
  return {
    step,
    metrics: {
      "completions/mean_length": given.reduce((sum, { text }) => sum + text.length, 0) / given.length,
      ...metrics,
    },
    timing: { rollout: 1, verify: 1, score: 1, train: 1 },
    rollouts: fromRows(rows, { problems, padId: 0 }),
    rewards: {
      values: Float32Array.from(given, ({ reward }) => reward),
      verdicts: given.map(({ reward, status = reward > 0 ? "correct" : "wrong", ms = 0 }) => ({
        ...{ score: reward, status, reason: "", ms, verifier },
      })),
    },
  };
}

const kinds = (events: readonly StepEvent[]): string[] => events.map(({ kind }) => kind);
const plain: readonly Given[] = [
  { text: "abcdefgh", reward: 1 },
  { text: "hgfedcba", reward: 0 },
];

/** Kinds at the second of two steps. */
function second(first: ReturnType<typeof stepOf>, then: ReturnType<typeof stepOf>): string[] {
  const watch = createWatch();
  watch.look(first);
  return kinds(watch.look(then));
}

test.each([
  ["entropy", 0.101, 1, []],
  ["entropy", 0.099, 1, ["entropy-collapse"]],
  ["entropy", 1.99, 1, []],
  ["entropy", 2.01, 1, ["entropy-explosion"]],
  ["completions/mean_length", 19, 10, []],
  ["completions/mean_length", 21, 10, ["length-explosion"]],
  ["completions/clipped_ratio", 0.49, 0, []],
  ["completions/clipped_ratio", 0.5, 0, ["truncation"]],
])("watch: %s of %d after %d gives %j", (name, now, before, expected) => {
  expect(second(stepOf(0, plain, { [name]: before }), stepOf(1, plain, { [name]: now }))).toEqual(expected);
});

test("watch: a sign is told when it comes, not while it stays, and again when it comes back", () => {
  const watch = createWatch();
  const told = [1, 0.05, 0.04, 0.5, 0.05].map((entropy, step) => kinds(watch.look(stepOf(step, plain, { entropy }))));
  expect(told).toEqual([[], ["entropy-collapse"], [], [], ["entropy-collapse"]]);
});

test("watch: its saved state goes on where it was", () => {
  const before = createWatch();
  before.look(stepOf(0, plain, { entropy: 1 }));
  before.look(stepOf(1, plain, { entropy: 0.05 }));
  const after = createWatch({}, before.save());
  expect(kinds(after.look(stepOf(2, plain, { entropy: 0.05 })))).toEqual([]); // still there
  expect(kinds(after.look(stepOf(3, plain, { entropy: 1 })))).toEqual([]);
  expect(kinds(after.look(stepOf(4, plain, { entropy: 0.09 })))).toEqual(["entropy-collapse"]); // of the first, 1
  expect(() => createWatch({}, { first: 3 })).toThrow("the saved state of the watch is damaged");
});

test("repeatedGrams: the share of 4-grams that were there before", () => {
  expect(repeatedGrams([1, 2, 3])).toBe(0);
  expect(repeatedGrams([1, 2, 3, 4, 5])).toBe(0);
  expect(repeatedGrams([1, 1, 1, 1, 1, 1, 1])).toBe(3 / 4); // four of them, one distinct
  expect(repeatedGrams([1, 2, 1, 2, 1, 2])).toBeCloseTo(1 / 3, 12); // 1212, 2121, 1212
});

test("watch: rewarded completions that begin to repeat themselves; others may", () => {
  const repeating: Given[] = [
    { text: "aaaaaaaa", reward: 1 },
    { text: "hgfedcba", reward: 0 },
  ];
  expect(second(stepOf(0, plain), stepOf(1, repeating))).toEqual(["repetition"]);
  expect(
    second(
      stepOf(0, plain),
      stepOf(
        1,
        repeating.map((row) => ({ ...row, reward: 1 - row.reward })),
      ),
    ),
  ).toEqual([]);
  expect(second(stepOf(0, repeating), stepOf(1, repeating))).toEqual([]); // as it was from the start
});

test("watch: longer completions that earn more within their group, once completions grow", () => {
  const longer: Given[] = [
    { text: "abcdefghijklmn", reward: 1 },
    { text: "hgfedcba", reward: 0 },
    { text: "abcdefghijklm", reward: 1, group: 1 },
    { text: "abcdefghi", reward: 0, group: 1 },
  ];
  const events = createWatch();
  events.look(stepOf(0, plain));
  const [event] = events.look(stepOf(1, longer)); // mean length 11, of 8 before
  expect(event?.kind).toBe("reward-follows-length");
  expect(event?.message).toContain("correlate by 0.981"); // (3 + 2) / sqrt(1 * (18 + 8)), halves by group
  expect(event?.samples?.map(({ row }) => row)).toEqual([0, 2]);
  expect(second(stepOf(0, longer), stepOf(1, longer))).toEqual([]); // as long as at the start
});

test("watch: one text that is rewarded whatever was asked", () => {
  const same = (n: number): Given[] => [
    ...Array.from({ length: n }, (_, group) => ({ text: "#", reward: 1, group })),
    { text: "abcd", reward: 1, group: 3 },
  ];
  const [event] = createWatch().look(stepOf(0, same(3)));
  expect(event?.kind).toBe("one-answer-for-all");
  expect(event?.message).toContain("75 % of the rewarded completions are one text");
  expect(createWatch().look(stepOf(0, same(2)))).toEqual([]); // two problems may share an answer
});

test("watch: rewarded above the mean and unreadable to the verifier", () => {
  const one = (unread: number): Given[] =>
    Array.from({ length: 20 }, (_, i) => ({
      text: `abc${String.fromCharCode(97 + i)}`,
      reward: i < 10 ? 1 : 0,
      status: i < unread ? "unparsed" : i < 10 ? "correct" : "wrong",
    }));
  expect(kinds(createWatch().look(stepOf(0, one(1))))).toEqual(["rewarded-unread"]); // 1 of 10
  expect(createWatch().look(stepOf(0, one(0)))).toEqual([]);
});
