import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { countdown } from "../../../src/toolkit/tasks/countdown.ts";
import { given, type Step, solve, step } from "../../../src/toolkit/tasks/countdown-solver.ts";

const task = countdown();
const problem = { id: "x", prompt: "3,7,5>26:", answer: "3*7+5", level: 3, data: { numbers: [3, 7, 5], target: 26 } };
const of = (numbers: number[], target: number) => ({ ...problem, data: { numbers, target } });

test.each([
  ["3*7=21;21+5=26;#3*7+5", "correct"],
  ["#5+7*3", "correct"],
  ["#(3*7)+5", "correct"],
  ["any working #3*7+5", "correct"],
  ["#26", "wrong"],
  ["#21+5", "wrong"],
  ["#3*7+7-5+3", "wrong"],
  ["#3+7+5", "wrong"],
  ["#3*7+5/(5-5)", "wrong"],
  ["#3/(7-7)", "wrong"],
  ["3*7+5", "unparsed"],
  ["#3*7+5=26", "unparsed"],
  ["#3*7+5#3*7+5", "unparsed"],
  ["#", "unparsed"],
  ["#3*7+5 ", "unparsed"],
  ["#3*7+5;", "unparsed"],
  ["#03*7+5", "unparsed"],
  ["#-3+7*5-6", "unparsed"],
  ["#3×7+5", "unparsed"],
])("countdown: %j is %s", (completion, status) => {
  expect(task.verify(problem, completion).status).toBe(status);
});

test("countdown: values on the way may be fractions or negative, and are exact", () => {
  expect(task.verify(of([8, 3, 8, 3], 24), "#8/(3-8/3)")).toMatchObject({ score: 1 }); // 8 / (1/3)
  expect(task.verify(of([1, 3, 3], 1), "#1/3*3")).toMatchObject({ score: 1 });
  expect(task.verify(of([2, 5, 9], 6), "#2-5+9")).toMatchObject({ score: 1 });
  expect(task.verify(of([10, 3], 3), "#10/3")).toMatchObject({
    score: 0,
    reason: "the expression is 10/3, the target is 3",
  });
});

test("countdown: each given number is used at most once, and not every one has to be", () => {
  expect(task.verify(of([3, 7, 5], 21), "#3*7").status).toBe("correct");
  expect(task.verify(of([3, 3, 5], 9), "#3*3").status).toBe("correct");
  expect(task.verify(of([3, 7, 5], 9), "#3*3")).toMatchObject({
    status: "wrong",
    reason: "3 is not given, or is used more often than given",
  });
});

test("countdown: the solver finds every solvable target and no other, against all orders of three numbers", () => {
  const random = rng({ seed: 1, stream: "solver" });
  const numbers = [2, 3, 7];
  // By hand: combine two (whole results from 0), then the third: the values of ((a o b) o c) and (c o (a o b)).
  const apply = (a: number, b: number): number[] =>
    [a + b, a * b, a - b, b - a, a / b, b / a].filter((value) => Number.isInteger(value) && value >= 0);
  const reachable = new Set(numbers);
  for (const [i, c] of numbers.entries()) {
    const [a = 0, b = 0] = numbers.filter((_, j) => j !== i);
    for (const pair of apply(a, b)) for (const value of [pair, ...apply(pair, c)]) reachable.add(value);
  }
  for (let target = 0; target <= 60; target++) {
    const solution = solve(numbers.map(given), target, random);
    expect([target, solution !== undefined]).toEqual([target, reachable.has(target)]);
    const last = solution?.at(-1);
    if (last !== undefined) expect(last.result.value).toBe(target);
  }
});

test("countdown: a solution holds no step that its end does not use", () => {
  const random = rng({ seed: 2, stream: "solver" });
  for (let i = 0; i < 300; i++) {
    const solution: readonly Step[] = solve([2, 3, 7, 9].map(given), 16, random) ?? [];
    expect(solution.length).toBeGreaterThan(0);
    for (const one of solution.slice(0, -1)) {
      expect(solution.some(({ left, right }) => left === one.result || right === one.result)).toBe(true);
    }
  }
});

test("countdown: a step has a whole result from 0 to 999", () => {
  expect(step(given(7), "/", given(2))).toBe(undefined);
  expect(step(given(7), "/", given(0))).toBe(undefined);
  expect(step(given(2), "-", given(7))).toBe(undefined);
  expect(step(given(99), "*", given(11))).toBe(undefined); // 1089
  expect(step(given(27), "*", given(37))?.result.value).toBe(999);
});

test("countdown: a flawed working has exactly one wrong line, and its own expression misses the target", () => {
  const random = rng({ seed: 3, stream: "flawed" });
  const right = { "+": 0, "-": 0, "*": 0, "/": 0 };
  for (const one of countdown({ numbers: 4, largest: 20 }).problems({ split: "train", count: 200, seed: 1 })) {
    const text = task.demonstration(one, random, { flawed: true });
    const wrong = [...text.matchAll(/(\d+)([-+*/])(\d+)=(\d+);/g)].filter(([, a, operator, b, result]) => {
      const [x, y] = [Number(a), Number(b)];
      right[operator as "+"]++;
      return { "+": x + y, "-": x - y, "*": x * y, "/": x / y }[operator as "+"] !== Number(result);
    });
    expect([text, wrong.length]).toEqual([text, 1]);
    expect(task.verify(one, text).status).toBe("wrong");
  }
  expect(Math.min(...Object.values(right))).toBeGreaterThan(0); // every operator comes up
});

test("countdown: mutated completions never break the verifier and are right only when they reach the target", () => {
  const r = rng({ seed: 5, stream: "mutations" });
  let correct = 0;
  for (let i = 0; i < 10_000; i++) {
    const letters = [...task.demonstration(problem, r, { flawed: i % 2 === 0 })];
    for (let edit = r.integer(3); edit >= 0; edit--) {
      letters.splice(r.integer(letters.length + 1), r.integer(3), r.pick([...task.alphabet, " "]));
    }
    const completion = letters.join("");
    const verdict = task.verify(problem, completion);
    expect(verdict.status).not.toBe("failed");
    if (verdict.status !== "correct") continue;
    correct++;
    // An independent reading: JavaScript's own arithmetic on what follows the only "#".
    const [, expression = "", ...more] = completion.split("#");
    expect(more).toEqual([]);
    expect(new Function(`return ${expression}`)()).toBeCloseTo(26, 9);
    const used = (expression.match(/\d+/g) ?? []).sort().join();
    expect(["3,5,7"]).toContain(used); // 26 needs all three
  }
  expect(correct).toBeGreaterThan(100);
});

test("countdown: bad options are refused; more problems than there are is said", () => {
  expect(() => countdown({ numbers: 6 })).toThrow("countdown: numbers is 6; pass a whole number from 2 to 5.");
  expect(() => countdown({ largst: 9 } as never)).toThrow('there is no option "largst"; did you mean "largest"?');
  const tiny = countdown({ numbers: 2, largest: 2, largestTarget: 10 });
  // 1+1 = 2 of {1,1}; 1+2 = 3 of {1,2}; 2+2 = 2*2 = 4, 2/2 = 1 of {2,2}; the rest is given, 0, or above
  const [train = 0, test = 0] = (["train", "test"] as const).map((split) => tiny.available({ split }) ?? Number.NaN);
  expect(train + test).toBe(4);
  expect(() => tiny.problems({ split: "train", count: 5, seed: 1 })).toThrow(
    `count is 5, and the train split of this level has ${train}; ask for fewer, or another level.`,
  );
});

test("countdown: the problems that can be counted are all there, whatever the seed", () => {
  // Three numbers from 1 to 3: every target of two steps over whole numbers from 0, from 1 to 99, not given.
  const one = countdown({ numbers: 3, largest: 3 });
  const apply = (a: number, b: number): number[] =>
    [a + b, a * b, a - b, b - a, a / b, b / a].filter((value) => Number.isInteger(value) && value >= 0);
  const contents = new Set<string>();
  for (let a = 1; a <= 3; a++) {
    for (let b = 1; b <= 3; b++) {
      for (let c = 1; c <= 3; c++) {
        for (const value of apply(a, b).flatMap((pair) => apply(pair, c))) {
          const numbers = [a, b, c];
          if (value >= 1 && !numbers.includes(value)) contents.add(`countdown:${numbers.sort().join()}>${value}`);
        }
      }
    }
  }
  for (const seed of [1, 2]) {
    const all = (["train", "test"] as const).flatMap((split) =>
      one.problems({ split, count: one.available({ split }) ?? 0, seed }),
    );
    expect(all.map(({ id }) => id).sort()).toEqual([...contents].sort());
  }
});
