import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { modularChain } from "../../../src/toolkit/tasks/modular-chain.ts";

const task = modularChain();
const problem = {
  id: "x",
  prompt: "%23:7*3+5-9=",
  answer: "17",
  level: 3,
  data: {
    start: 7,
    steps: [
      { operator: "*", operand: 3 },
      { operator: "+", operand: 5 },
      { operator: "-", operand: 9 },
    ],
  },
};

test("modular chain: steps are worked out from left to right", () => {
  // 7·3 = 21; 21 + 5 = 26 = 3 mod 23; 3 − 9 = −6 = 17 mod 23
  const completion = task.demonstration(problem, rng({ seed: 1, stream: "d" }), { flawed: false });
  expect(completion).toBe("7*3=21;21+5=3;3-9=17;#17");
  expect(task.verify(problem, completion)).toMatchObject({ score: 1, status: "correct" });
});

test("modular chain: right demonstrations are right, flawed ones wrong, within alphabet and bounds", () => {
  const r = rng({ seed: 1, stream: "demonstrations" });
  for (const one of [modularChain({ modulus: 2 }), task, modularChain({ steps: 8, modulus: 97 })]) {
    for (const level of one.levels) {
      for (const p of one.problems({ split: "train", count: Math.min(20, 2 * level + 2), seed: 2, level })) {
        const right = one.demonstration(p, r, { flawed: false });
        const flawed = one.demonstration(p, r, { flawed: true });
        expect(one.verify(p, right).status, right).toBe("correct");
        expect(one.verify(p, flawed).status, p.prompt + flawed).toBe("wrong");
        for (const text of [right, flawed]) {
          expect(text.length + 1).toBeLessThanOrEqual(one.maxCompletionTokens);
          expect([...(p.prompt + text)].every((character) => one.alphabet.includes(character))).toBe(true);
        }
        expect(p.prompt.length + 1).toBeLessThanOrEqual(one.maxPromptTokens);
      }
    }
  }
});

test("modular chain: single steps modulo 5 are 75, split without rest", () => {
  const one = modularChain({ steps: 1, modulus: 5 });
  expect((one.available({ split: "train" }) ?? 0) + (one.available({ split: "test" }) ?? 0)).toBe(5 * 3 * 5);
});

test.each([
  ["", "unparsed"],
  ["17", "unparsed"],
  ["#017", "unparsed"],
  ["#17 ", "unparsed"],
  ["#17#17", "unparsed"],
  ["#-6", "unparsed"],
  ["#40", "wrong"],
  ["#16", "wrong"],
  ["#17", "correct"],
])("modular chain: %j is %s", (completion, status) => {
  expect(task.verify(problem, completion).status).toBe(status);
});

test("modular chain: mutated completions never throw and are right only with the right answer", () => {
  const r = rng({ seed: 5, stream: "mutations" });
  for (let i = 0; i < 10_000; i++) {
    const letters = [...task.demonstration(problem, r, { flawed: i % 2 === 0 })];
    for (let edit = r.integer(4); edit >= 0; edit--) {
      letters.splice(r.integer(letters.length + 1), r.integer(3), r.pick([...task.alphabet, " "]));
    }
    const completion = letters.join("");
    expect(task.verify(problem, completion).status === "correct").toBe(/^[^#]*#17$/.test(completion));
  }
});

test("modular chain: bad options, and problems of another task, are named", () => {
  expect(() => modularChain({ steps: 9 })).toThrow("modularChain: steps is 9; pass 1 to 8.");
  expect(() => modularChain({ modulus: 1 })).toThrow("modulus is 1");
  expect(task.verify({ ...problem, data: {} }, "#17")).toMatchObject({ status: "failed", score: null });
});
