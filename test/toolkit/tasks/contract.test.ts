import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { chainAddition } from "../../../src/toolkit/tasks/chain-addition.ts";
import { countdown } from "../../../src/toolkit/tasks/countdown.ts";
import { modularChain } from "../../../src/toolkit/tasks/modular-chain.ts";
import type { Problem, Task } from "../../../src/toolkit/tasks/task.ts";

const tasks: readonly (readonly [string, Task])[] = [
  ["chainAddition", chainAddition()],
  ["chainAddition of 5 terms, 4 digits", chainAddition({ digits: 4, terms: 5 })],
  ["chainAddition of 9 digits", chainAddition({ digits: 9 })],
  ["countdown", countdown()],
  ["countdown of 5 numbers to 25", countdown({ numbers: 5, largest: 25, largestTarget: 999 })],
  ["modularChain", modularChain()],
  ["modularChain modulo 7", modularChain({ modulus: 7 })],
  ["modularChain modulo 60", modularChain({ steps: 8, modulus: 60 })],
];

/** Problems of a level, 300 or as many as surely exist. */
function sample(task: Task, level: number, split: "train" | "test" = "train", seed = 5): Problem[] {
  const few = task.available({ split, level }) ?? 300;
  return task.problems({ split, count: Math.min(300, few), seed, level });
}

test.each(tasks)(
  "%s: every right demonstration is correct, every flawed one wrong, within alphabet and lengths",
  (_, task) => {
    const random = rng({ seed: 1, stream: "demonstrations" });
    const alphabet = new Set(task.alphabet);
    expect(alphabet.size).toBe(task.alphabet.length);
    const used = new Set<string>();
    for (const problem of task.levels.flatMap((level) => sample(task, level))) {
      const right = task.demonstration(problem, random, { flawed: false });
      const flawed = task.demonstration(problem, random, { flawed: true });
      const verdicts = [right, flawed].map((text) => task.verify(problem, text));
      expect([problem.prompt, right, flawed, ...verdicts.map((verdict) => verdict.status)]).toEqual([
        problem.prompt,
        right,
        flawed,
        "correct",
        "wrong",
      ]);
      expect(verdicts.map((verdict) => verdict.score)).toEqual([1, 0]);
      expect(problem.prompt.length + 1).toBeLessThanOrEqual(task.maxPromptTokens);
      for (const text of [right, flawed]) expect(text.length + 1).toBeLessThanOrEqual(task.maxCompletionTokens);
      for (const character of problem.prompt + right + flawed) used.add(character);
    }
    expect([...used].filter((character) => !alphabet.has(character))).toEqual([]);
    const unused = [...alphabet].filter((character) => !used.has(character));
    expect(unused.filter((character) => !"89".includes(character))).toEqual([]); // modulo 7 has no 8 or 9
  },
);

test.each(tasks)("%s: flawed demonstrations are varied and have the shape of right ones", (_, task) => {
  const [problem] = task.problems({ split: "train", count: 1, seed: 3 });
  if (problem === undefined) throw new Error("no problem");
  const random = rng({ seed: 2, stream: "flawed" });
  const texts = Array.from({ length: 50 }, () => task.demonstration(problem, random, { flawed: true }));
  expect(new Set(texts).size).toBeGreaterThan(5);
  for (const text of texts) expect(text).toMatch(/^(\d+([-+*/]\d+)+=\d+;)+#[-+*/()\d]+$/);
});

test.each(tasks)("%s: the same seed gives the same problems and demonstrations, another seed others", (_, task) => {
  const draw = (seed: number): string[] =>
    task
      .problems({ split: "train", count: 40, seed })
      .flatMap((problem, row) => [
        problem.prompt,
        task.demonstration(problem, rng({ seed, stream: "d", row }), { flawed: true }),
      ]);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test.each(tasks)("%s: problems are distinct and an offset goes on where the stream was", (_, task) => {
  const options = { split: "train", seed: 9 } as const;
  const all = task.problems({ ...options, count: 500 });
  expect(new Set(all.map((problem) => problem.id)).size).toBe(500);
  expect(all.every((problem) => problem.level === task.levels.at(-1))).toBe(true);
  expect(task.problems({ ...options, count: 100, offset: 400 })).toEqual(all.slice(400));
  expect(task.problems({ ...options, count: 0 })).toEqual([]);
});

test.each(tasks)("%s: an offset means the same on a task that was never asked before", (name, task) => {
  const fresh = { chainAddition: chainAddition(), countdown: countdown(), modularChain: modularChain() }[name];
  if (fresh === undefined) return;
  const options = { split: "test", seed: 9, count: 5, offset: 7 } as const;
  expect(fresh.problems(options)).toEqual(task.problems(options));
});

test.each(tasks)("%s: no seed brings a held-out problem into training", (_, task) => {
  for (const level of task.levels) {
    const held = new Set([1, 2, 3].flatMap((seed) => sample(task, level, "test", seed)).map((problem) => problem.id));
    const trained = [4, 5, 6].flatMap((seed) => sample(task, level, "train", seed)).map((problem) => problem.id);
    expect(trained.filter((id) => held.has(id))).toEqual([]);
    expect(held.size).toBeGreaterThan(0);
  }
});

test.each(tasks)("%s: wrong arguments are refused with value and remedy", (_, task) => {
  const ask = (options: object) => () => task.problems({ split: "train", count: 1, seed: 1, ...options } as never);
  const levels = task.levels.join(", ");
  expect(ask({ level: 99 })).toThrow(`${task.name}.problems: level is 99; pass one of ${levels}.`);
  expect(ask({ level: 1.5 })).toThrow("level is 1.5");
  expect(ask({ split: "dev" })).toThrow('split is "dev"; pass "train" or "test".');
  expect(ask({ count: -1 })).toThrow("count is -1; pass a whole number from 0.");
  expect(ask({ count: 2.5 })).toThrow("count is 2.5");
  expect(ask({ offset: -3 })).toThrow("offset is -3");
  expect(ask({ count: 5e6 })).toThrow("above 4194304; go on with another seed.");
  expect(ask({ seed: -1 })).toThrow("seed is -1");
  expect(() => task.available({ split: "train", level: 0 })).toThrow("level is 0");
});

test.each(tasks)("%s: what is no answer, or every answer, is not right", (_, task) => {
  const [problem] = task.problems({ split: "test", count: 1, seed: 8 });
  if (problem === undefined) throw new Error("no problem");
  const { answer, prompt } = problem;
  const right = task.demonstration(problem, rng({ seed: 1, stream: "d" }), { flawed: false });
  const everyNumber = Array.from({ length: 1000 }, (_, i) => `#${i}`).join("");
  const attacks = [
    ...["", "#", ";#", answer, prompt, "###", everyNumber, `#${everyNumber}`, `#${answer}#`, `${right}#`, `${right};`],
    ...[`#${answer}#${answer}`, `#${answer}#1`, `#1#${answer}`, `${right}${right}`, `${right} `, `${right}\n`],
    ...[
      `# ${answer}`,
      `#0${answer}`,
      `#+${answer}`,
      `#${answer}.`,
      `#${answer}=`,
      `#${answer}\u0000`,
      `\uff03${answer}`,
    ],
    ...[`#${"9".repeat(9000)}`, `#${answer}${"0".repeat(9000)}`, "#".repeat(9000), "#".repeat(1e6), "(".repeat(9000)],
    ...[
      `#${"(".repeat(9000)}`,
      `#${"1+".repeat(4000)}1`,
      "#NaN",
      "#Infinity",
      "#undefined",
      "#[object Object]",
      "#\ud800",
    ],
    ...[`#${answer.replace(/\d/g, (digit) => String.fromCharCode(0x660 + Number(digit)))}`],
  ];
  for (const attack of attacks) {
    const { score, status } = task.verify(problem, attack);
    expect([attack.slice(0, 50), score, status]).toEqual([
      attack.slice(0, 50),
      0,
      expect.stringMatching(/wrong|unparsed/),
    ]);
  }
  expect(task.verify(problem, right).status).toBe("correct");
});

test.each(tasks)("%s: a problem without its data is a failed verdict, not a wrong one", (_, task) => {
  const broken: Problem = { id: "x", prompt: "1+1=", answer: "two", level: 1, data: {} };
  expect(task.verify(broken, "#2")).toMatchObject({ score: null, status: "failed" });
  expect(() => task.demonstration(broken, rng({ seed: 1, stream: "d" }), { flawed: false })).toThrow(
    /pass a problem (of this task|that this task made)/,
  );
});

test.each(tasks)("%s: settings tell two tasks apart and survive JSON", (_, task) => {
  expect(JSON.parse(JSON.stringify(task.settings))).toEqual(task.settings);
});
