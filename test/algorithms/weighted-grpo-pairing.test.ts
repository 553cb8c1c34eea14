import { afterAll, beforeAll, expect, test } from "vitest";
import {
  choosePair,
  grpo,
  probe,
  promptPair,
  selectPair,
  weightedGroupAdvantage,
  weightedGrpo,
} from "../../src/algorithms/index.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { CurriculumInput } from "../../src/toolkit/curriculum.ts";
import { modelOf } from "../../src/toolkit/policy/model.ts";
import { Policy } from "../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { openSeam } from "../../src/toolkit/seam.ts";
import { stepOf } from "../support/step.ts";
import { tinyConfig } from "../support/tiny-policy.ts";
import { echoTask } from "../support/tiny-task.ts";

const rare = { correct: [1, 0, 0, 0], groups: [0, 0, 0, 0] };

test("weightedGroupAdvantage: a success at rate p gets sqrt((1 - p) / p), a failure -sqrt(p / (1 - p))", () => {
  const found = weightedGroupAdvantage(rare, { epsilon: 0 });
  for (const [b, value] of [Math.sqrt(3), -1 / Math.sqrt(3), -1 / Math.sqrt(3), -1 / Math.sqrt(3)].entries()) {
    expect(found[b]).toBeCloseTo(value, 12);
  }
});

test("weightedGroupAdvantage: lambda cancels under the deviation; with the mean alone it scales by (1 + lambda)", () => {
  const one = weightedGroupAdvantage(rare, { epsilon: 0 });
  const five = weightedGroupAdvantage(rare, { epsilon: 0, lambda: 5 });
  for (const [b, value] of one.entries()) expect(five[b]).toBeCloseTo(value, 12);
  // outcomes 1 and -5: mean -3.5, differences 4.5 and -1.5
  expect([...weightedGroupAdvantage(rare, { norm: "mean", lambda: 5 })]).toEqual([4.5, -1.5, -1.5, -1.5]);
});

test("weightedGroupAdvantage: after normalisation lambda multiplies the negative ones alone", () => {
  const plain = weightedGroupAdvantage(rare, { epsilon: 0 });
  const weighted = weightedGroupAdvantage(rare, { where: "advantage", lambda: 3, epsilon: 0 });
  for (const [b, value] of plain.entries()) expect(weighted[b]).toBeCloseTo(value < 0 ? 3 * value : value, 12);
});

test("weightedGroupAdvantage: groups in any order; the sample deviation by ddof 1", () => {
  const mixed = weightedGroupAdvantage({ correct: [1, 0, 0, 1], groups: [7, 3, 7, 3] }, { epsilon: 0, ddof: 1 });
  expect([...mixed]).toEqual(
    [Math.SQRT1_2, -Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2].map((x) => expect.closeTo(x, 12)),
  );
});

test("weightedGrpo: unscored rows, and a row left alone by them, get 0", async () => {
  const { advantage } = { ...weightedGrpo({ norm: "mean" }).replaces };
  if (advantage === undefined) throw new Error("no advantage");
  const step = stepOf({ group: [0, 0, 1, 1], rewards: [1, 0, 1, Number.NaN] });
  const { perToken } = await openSeam(advantage).next(step);
  expect([...perToken]).toEqual([1, -1, 0, 0]); // outcomes 1 and -1
});

test("selectPair, choosePair: the least solved q+ and the most solved q-; ties keep the pool's order", () => {
  const counts = { hard: { a: 2, b: 1, c: 1, d: 0 }, easy: { e: 14, f: 15, g: 15, h: 16 } };
  expect(selectPair(counts)).toEqual({ qPlus: ["a", "b", "c"], qMinus: ["e", "f", "g"] });
  expect(choosePair(counts)).toEqual({ qPlus: "b", qMinus: "f" });
});

test.each([
  [() => selectPair({ hard: { a: 0 }, easy: { b: 15 } }), "no prompt of the hard pool was solved 1 to 2 of 16 times"],
  [() => selectPair({ hard: { a: 1 }, easy: { b: 16 } }), "no prompt of the easy pool was solved 14 to 15 of 16 times"],
  [() => selectPair({ hard: { a: 1.5 }, easy: { b: 15 } }), "hard prompt a was solved 1.5 of 16 times"],
  [() => selectPair({ hard: {}, easy: {} }, { samples: 4, rare: 2 }), "rare is 2 of 4 samples: the intervals meet"],
  [() => weightedGrpo({ lambda: -1 }), "weightedGrpo: lambda is -1"],
  [() => weightedGroupAdvantage({ correct: [1, 2], groups: [0, 0] }), "row 1 has outcome 2; pass 1 or 0."],
  [() => weightedGroupAdvantage({ correct: [1], groups: [0] }), "row 0 is alone in its group"],
])("refuses %#", (act, message) => {
  expect(act).toThrow(message);
});

test("probe: counts what the verifier scores 1", async () => {
  const pool = echoTask.problems({ split: "train", count: 2, seed: 0 });
  const texts = [
    ["aa", "a", "aa"],
    ["x", "dd", "d"],
  ];
  expect(await probe(pool, async () => texts, { task: echoTask, samples: 3 })).toEqual({ a: 2, d: 1 });
  await expect(probe(pool, async () => [["aa"], ["dd"]], { task: echoTask, samples: 3 })).rejects.toThrow(
    "probe: a has 1 completions; draw 3.",
  );
});

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

test("promptPair: probes once, then every step is the pair; the counts go on from a checkpoint", async () => {
  const letters = echoTask.problems({ split: "train", count: 8, seed: 0 });
  const pools = { hard: letters.slice(0, 4), easy: letters.slice(4) };
  let asked = 0;
  const model = modelOf(policy, { temperature: 1 });
  const counting = {
    ...model,
    generate: (...of: Parameters<typeof model.generate>) => {
      asked++;
      return model.generate(...of);
    },
  };
  const task = {
    ...echoTask,
    verify: (...of: Parameters<typeof echoTask.verify>) => {
      const right = of[1].length % 2 === 0;
      return { ...echoTask.verify(...of), score: right ? 1 : 0 };
    },
  };
  const { curriculum } = compose(grpo(), promptPair({ ...pools, samples: 3, rare: 1 }));
  if (curriculum === undefined) throw new Error("no curriculum");
  const models = { policy: counting, reference: counting };
  const input = (step: number, promptsPerStep = 4): CurriculumInput => ({
    ...{ task, seed: 1, step, steps: 9, level: undefined, promptsPerStep, samplesPerPrompt: 8, previous: undefined },
    models,
  });
  const session = openSeam(curriculum);
  const first = await session.next(input(0));
  const ids = first.problems.map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  expect((await session.next(input(1))).problems).toEqual(first.problems);
  expect(asked).toBe(2); // one probe a pool
  const resumed = await openSeam(curriculum, session.save()).next(input(2));
  expect(resumed.problems).toEqual(first.problems);
  expect(asked).toBe(2);
  await expect(session.next(input(3, 3))).rejects.toThrow("promptPair: promptsPerStep is 3; pass an even number.");
});
