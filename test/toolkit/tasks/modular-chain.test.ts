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

test("modular chain: single steps modulo 5 are 55 contents, split without rest", () => {
  const one = modularChain({ steps: 1, modulus: 5 });
  expect((one.available({ split: "train" }) ?? 0) + (one.available({ split: "test" }) ?? 0)).toBe(
    15 + 25 + 15, // + and * in either order: 5 * 6 / 2 each; - in one: 5 * 5
  );
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

test("modular chain: steps that can change places are one content, others are not", () => {
  const one = modularChain({ steps: 2, modulus: 5 });
  const count = (["train", "test"] as const).map((split) => one.available({ split }) ?? Number.NaN);
  const all = (["train", "test"] as const).flatMap((split, i) =>
    one.problems({ split, count: count[i] ?? 0, seed: 1 }),
  );
  // Rows of one kind: start and two additive steps are sets of three signed numbers with a + start, products likewise.
  const contents = new Map<string, number>();
  for (const { prompt, answer } of all) {
    const [, a, p, b, q, c] = /^%5:(\d)([-+*])(\d)([-+*])(\d)=$/.exec(prompt) ?? [];
    const [x, y, z] = [Number(a), Number(b), Number(c)];
    const additive = p !== "*";
    const key =
      additive === (q !== "*")
        ? [additive ? `+${x}` : `*${x}`, p + String(y), q + String(z)].sort().join("")
        : `${[additive ? `+${x}` : `*${x}`, p + String(y)].sort().join("")},${q}${z}`;
    contents.set(key, (contents.get(key) ?? 0) + 1);
    const first = p === "+" ? x + y : p === "-" ? x - y : x * y;
    const second = q === "+" ? first + z : q === "-" ? first - z : first * z;
    expect(Number(answer)).toBe(((second % 5) + 5) % 5);
  }
  expect(Math.max(...contents.values())).toBe(1);
  // ++ 35 sets of three (5·6·7/6), +- 15 pairs with one of 5, -- one of 5 with 15 pairs, ** 35, and of mixed kinds:
  // additive first (15 + 25 contents) before 5 products, product first (15) before 10 additive steps.
  expect(all.length).toBe(35 + 75 + 75 + 35 + 40 * 5 + 15 * 10);
});
