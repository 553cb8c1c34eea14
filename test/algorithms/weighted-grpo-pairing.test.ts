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
import { rng } from "../../src/toolkit/rng.ts";
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

/**
 * A log-linear policy whose weights all prompts share, so that what one prompt teaches moves the others: log p(y | x) is
 * softmax(W x)_y; the right answer of a prompt is the largest entry of W* x, and W is W* with noise.
 */
const [FEATURES, ANSWERS, PROMPTS, GROUP, UPDATES] = [12, 20, 300, 16, 60];

interface Bed {
  readonly prompts: readonly Float64Array[];
  readonly right: readonly number[];
  readonly weights: Float64Array; // [ANSWERS, FEATURES]
}

function bed(seed: number): Bed {
  const random = rng({ seed, stream: "pairs" });
  const normals = (length: number) => Float64Array.from({ length }, () => random.normal());
  const truth = normals(ANSWERS * FEATURES);
  const prompts = Array.from({ length: PROMPTS }, () => normals(FEATURES));
  const right = prompts.map((prompt) => {
    const scores = scoresOf(truth, prompt);
    return scores.indexOf(Math.max(...scores));
  });
  return { prompts, right, weights: truth.map((w) => 0.6 * w + 0.5 * random.normal()) };
}

function scoresOf(weights: Float64Array, prompt: Float64Array): number[] {
  return Array.from({ length: ANSWERS }, (_, y) => {
    let sum = 0;
    for (const [d, x] of prompt.entries()) sum += (weights[y * FEATURES + d] ?? 0) * x;
    return sum;
  });
}

function probabilities(weights: Float64Array, prompt: Float64Array): number[] {
  const scores = scoresOf(weights, prompt);
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Mean chance of a right answer to the prompts of the second half, which nothing trains on. */
function heldOut({ prompts, right }: Bed, weights: Float64Array): number {
  const from = PROMPTS / 2;
  const chances = prompts.slice(from).map((prompt, i) => probabilities(weights, prompt)[right[from + i] ?? -1] ?? 0);
  return chances.reduce((a, b) => a + b, 0) / chances.length;
}

/** Sixty updates of sixteen answers to each of two prompts, as the method weighs them. @returns the gain in pass@1 */
function gain(of: Bed, pick: (draw: (below: number) => number) => readonly number[], seed: number): number {
  const { prompts, right } = of;
  const random = rng({ seed, stream: "pairs, training" });
  const weights = of.weights.slice();
  for (let update = 0; update < UPDATES; update++) {
    const chosen = pick((below) => random.integer(below));
    const drawn = chosen.map((i) => {
      const chances = probabilities(weights, prompts[i] ?? new Float64Array());
      const answers = Array.from({ length: GROUP }, () => answerAt(chances, random.uniform()));
      return { i, chances, answers };
    });
    const advantages = weightedGroupAdvantage({
      correct: drawn.flatMap(({ i, answers }) => answers.map((answer) => (answer === right[i] ? 1 : 0))),
      groups: drawn.flatMap(({ answers }, group) => answers.map(() => group)),
    });
    for (const [group, { i, chances, answers }] of drawn.entries()) {
      const own = advantages.subarray(group * GROUP, (group + 1) * GROUP);
      const sum = own.reduce((all, a) => all + a, 0);
      for (const [y, chance] of chances.entries()) {
        const score = own.reduce((all, a, b) => all + (answers[b] === y ? a : 0), -chance * sum); // sum of A (1[y] - p)
        for (const [d, x] of (prompts[i] ?? []).entries()) {
          weights[y * FEATURES + d] = (weights[y * FEATURES + d] ?? 0) + (0.1 * score * x) / advantages.length;
        }
      }
    }
  }
  return heldOut(of, weights) - heldOut(of, of.weights);
}

function answerAt(chances: readonly number[], at: number): number {
  let sum = 0;
  return Math.max(
    chances.findIndex((chance) => {
      sum += chance;
      return sum > at;
    }),
    0,
  );
}

test("weightedGrpo: two prompts raise what is not trained on, the pair no less than the mid ones; all of them raise it most", () => {
  const gains = { mid: [] as number[], pair: [] as number[], all: [] as number[] };
  for (let seed = 1; seed <= 20; seed++) {
    const made = bed(seed);
    const rates = made.prompts.slice(0, PROMPTS / 2).map((prompt, i) => {
      return probabilities(made.weights, prompt)[made.right[i] ?? -1] ?? 0;
    });
    const counts = Object.fromEntries(rates.map((rate, i) => [`${i}`, Math.round(rate * GROUP)]));
    const { qPlus, qMinus } = choosePair({ hard: counts, easy: counts });
    const byVariance = [...rates.keys()].sort(
      (a, b) => Math.abs((rates[a] ?? 0) - 0.5) - Math.abs((rates[b] ?? 0) - 0.5),
    );
    gains.mid.push(gain(made, () => byVariance.slice(0, 2), seed));
    gains.pair.push(gain(made, () => [Number(qPlus), Number(qMinus)], seed));
    gains.all.push(gain(made, (draw) => [draw(PROMPTS / 2), draw(PROMPTS / 2)], seed));
  }
  const of = (values: readonly number[]) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
  };
  const [mid, pair, all] = [of(gains.mid), of(gains.pair), of(gains.all)]; // 0.5, 0.7 and 2.8 points; the card: 0.8, 1.0 and 2.1
  expect(mid.mean).toBeGreaterThan(0);
  expect(pair.mean).toBeGreaterThan(2 * pair.error);
  expect(all.mean - pair.mean).toBeGreaterThan(2 * Math.hypot(all.error, pair.error));
  expect(pair.mean - mid.mean).toBeGreaterThan(-2 * Math.hypot(pair.error, mid.error)); // within noise, as the card has it
});
