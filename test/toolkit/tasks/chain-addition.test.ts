import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { chainAddition } from "../../../src/toolkit/tasks/chain-addition.ts";
import { splitOf } from "../../../src/toolkit/tasks/stream.ts";

const task = chainAddition({ digits: 3 });
const random = (): ReturnType<typeof rng> => rng({ seed: 1, stream: "demonstrations" });
const problem = (a: number, b: number) => ({
  id: `chain-addition:${Math.min(a, b)}+${Math.max(a, b)}`,
  prompt: `${a}+${b}=`,
  answer: String(a + b),
  level: 3,
  data: { terms: [a, b] },
});

test.each([
  [347, 585, "7+5=12;4+8+1=13;3+5+1=9;#932"],
  [500, 500, "0+0=0;0+0=0;5+5=10;#1000"],
  [999, 999, "9+9=18;9+9+1=19;9+9+1=19;#1998"],
])("chain addition: %i + %i is worked out column by column", (a, b, completion) => {
  expect(task.demonstration(problem(a, b), random(), { flawed: false })).toBe(completion);
  expect(task.verify(problem(a, b), completion)).toMatchObject({ score: 1, status: "correct" });
});

test("chain addition: right demonstrations are right and flawed ones wrong, for every shape of sum", () => {
  const r = random();
  for (const options of [{ digits: 1 }, { digits: 3 }, { digits: 5, terms: 4 }]) {
    const one = chainAddition(options);
    for (const level of one.levels) {
      for (const p of one.problems({ split: "train", count: 25, seed: 2, level })) {
        const right = one.demonstration(p, r, { flawed: false });
        expect(one.verify(p, right), right).toMatchObject({ status: "correct", score: 1 });
        for (let i = 0; i < 8; i++) {
          const flawed = one.demonstration(p, r, { flawed: true });
          expect(one.verify(p, flawed), `${p.prompt}${flawed}`).toMatchObject({ status: "wrong", score: 0 });
          for (const text of [right, flawed]) {
            expect(text.length + 1).toBeLessThanOrEqual(one.maxCompletionTokens);
            expect([...(p.prompt + text)].every((character) => one.alphabet.includes(character))).toBe(true);
          }
        }
        expect(p.prompt.length + 1).toBeLessThanOrEqual(one.maxPromptTokens);
      }
    }
  }
});

test("chain addition: the splits share no content, whatever the seed and the order of terms", () => {
  const ids = (split: "train" | "test") =>
    [1, 2, 3].flatMap((seed) => task.problems({ split, count: 2000, seed }).map(({ id }) => id));
  const train = new Set(ids("train"));
  expect(ids("test").filter((id) => train.has(id))).toEqual([]);
  expect(task.problems({ split: "test", count: 50, seed: 1 }).every(({ id }) => splitOf(id) === "test")).toBe(true);
  const [ordered] = task.problems({ split: "train", count: 1, seed: 1 });
  const [a, b] = String(ordered?.prompt.slice(0, -1)).split("+").map(Number);
  expect(problem(Number(b), Number(a)).id).toBe(ordered?.id);
});

test("chain addition: one digit has 55 sums, split in two parts without rest", () => {
  const one = chainAddition({ digits: 1 });
  const [train = 0, test = 0] = (["train", "test"] as const).map((split) => one.available({ split }) ?? 0);
  expect(train + test).toBe(55); // 10 * 11 / 2 unordered pairs
  const all = one.problems({ split: "train", count: train, seed: 4 });
  expect(new Set(all.map(({ id }) => id)).size).toBe(train);
  expect(() => one.problems({ split: "train", count: 56, seed: 4 })).toThrow(
    `count is 56, and the train split of this level has ${train}; ask for fewer, or another level.`,
  );
  expect(task.available({ split: "test", level: 3 })).toBeUndefined();
});

test("chain addition: a stream goes on at an offset, repeats by seed and has no duplicates", () => {
  const all = task.problems({ split: "train", count: 300, seed: 9 });
  expect(task.problems({ split: "train", count: 100, seed: 9, offset: 200 })).toEqual(all.slice(200));
  expect(new Set(all.map(({ id }) => id)).size).toBe(300);
  expect(task.problems({ split: "train", count: 300, seed: 10 })).not.toEqual(all);
});

test.each([
  ["", "unparsed"],
  ["932", "unparsed"],
  ["#", "unparsed"],
  ["#932 ", "unparsed"],
  ["#0932", "unparsed"],
  ["#-932", "unparsed"],
  ["#932.0", "unparsed"],
  ["#٩٣٢", "unparsed"],
  ["#932#932", "unparsed"],
  ["#931#932", "unparsed"],
  ["#1 #932", "unparsed"],
  ["#931", "wrong"],
  ["#9320", "wrong"],
  ["7+5=12;4+8+1=13;3+5+1=9;#933", "wrong"],
  ["#932", "correct"],
  ["nonsense#932", "correct"],
])("chain addition: %j is %s", (completion, status) => {
  expect(task.verify(problem(347, 585), completion).status).toBe(status);
});

test("chain addition: huge completions are unparsed", () => {
  for (const huge of [`#${"9".repeat(5000)}`, "#932".repeat(5000)]) {
    expect(task.verify(problem(347, 585), huge).status).toBe("unparsed");
  }
});

test("chain addition: with the working in the reward, a bare answer is partial", () => {
  const strict = chainAddition({ reward: "working" });
  expect(strict.verify(problem(347, 585), "#932")).toMatchObject({ score: 0.5, status: "partial" });
  expect(strict.verify(problem(347, 585), "7+5=12;4+8+1=13;3+5+1=9;#932")).toMatchObject({ status: "correct" });
});

test("chain addition: a broken problem is the verifier's failure, not a wrong answer", () => {
  const verdict = task.verify({ ...problem(1, 2), data: {} }, "#3");
  expect(verdict).toMatchObject({ score: null, status: "failed" });
  expect(verdict.reason).toContain("has no terms");
});

test("chain addition: mutated completions never throw and are right only with the right answer", () => {
  const r = rng({ seed: 5, stream: "mutations" });
  const p = problem(347, 585);
  const alphabet = [...task.alphabet, " ", "-", "é", "\0", "９"];
  for (let i = 0; i < 10_000; i++) {
    const letters = [...task.demonstration(p, r, { flawed: i % 2 === 0 })];
    for (let edit = r.integer(4); edit >= 0; edit--) {
      letters.splice(r.integer(letters.length + 1), r.integer(3), r.pick(alphabet));
    }
    const completion = letters.join("");
    const { status } = task.verify(p, completion);
    expect(status).not.toBe("failed");
    expect(status === "correct", completion).toBe(/^[^#]*#932$/s.test(completion));
  }
});

test.each([
  [{ digits: 0 }, "chainAddition: digits is 0; pass 1 to 9."],
  [{ digits: 2.5 }, "digits is 2.5"],
  [{ terms: 9 }, "terms is 9"],
])("chain addition: %j is refused", (options, message) => {
  expect(() => chainAddition(options)).toThrow(message);
});

test("chain addition: a level, split or count that does not exist is refused", () => {
  expect(() => task.problems({ split: "train", count: 1, seed: 1, level: 4 })).toThrow(
    "level is 4; pass one of 1, 2, 3",
  );
  expect(() => task.problems({ split: "train", count: -1, seed: 1 })).toThrow("count is -1");
  expect(() => task.problems({ split: "dev" as "test", count: 1, seed: 1 })).toThrow('split is "dev"');
});
