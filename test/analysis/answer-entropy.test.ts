import { expect, test } from "vitest";
import { countEntropy } from "../../src/analysis/entropy/discrete.ts";
import { answerEntropyChange } from "../../src/analysis/index.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { answerProbabilities, exactAnswerEntropy, exactEntropy } from "../../src/toolkit/tabular/exact.ts";
import { tabularPolicy } from "../../src/toolkit/tabular/policy.ts";

test("countEntropy: by hand", () => {
  const plugin = -(0.5 * Math.log(0.5) + 2 * 0.25 * Math.log(0.25));
  expect(countEntropy([2, 1, 1], "plugin")).toBeCloseTo(plugin, 14);
  expect(countEntropy([2, 1, 1], "miller-madow")).toBeCloseTo(plugin + 2 / 8, 14);
  // f₁ = 2 of n = 4: C = 1/2; C q = 1/4, 1/8, 1/8
  const term = (x: number): number => (-x * Math.log(x)) / (1 - (1 - x) ** 4);
  expect(countEntropy([2, 1, 1], "chao-shen")).toBeCloseTo(term(0.25) + 2 * term(0.125), 14);
  for (const estimator of ["plugin", "miller-madow", "chao-shen"] as const)
    expect(countEntropy([5], estimator)).toBeCloseTo(0, 14);
  expect(countEntropy([1, 1], "chao-shen")).toBeGreaterThan(Math.LN2); // C = 1/2
});

test("countEntropy: the corrections are nearer on the mean over all samples of 8 of five answers", () => {
  const p = [0.4, 0.3, 0.15, 0.1, 0.05];
  const exact = -p.reduce((sum, x) => sum + x * Math.log(x), 0);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const means = { plugin: 0, "miller-madow": 0, "chao-shen": 0 };
  const visit = (counts: readonly number[], left: number): void => {
    if (counts.length === p.length) {
      if (left > 0) return;
      const chance = counts.reduce((x, c, i) => (x * (p[i] ?? 0) ** c) / factorial(c), factorial(8));
      const seen = counts.filter((count) => count > 0);
      for (const name of ["plugin", "miller-madow", "chao-shen"] as const)
        means[name] += chance * countEntropy(seen, name);
      return;
    }
    for (let c = 0; c <= left; c++) visit([...counts, c], left - c);
  };
  visit([], 8);
  const miss = (name: keyof typeof means): number => means[name] - exact;
  expect(miss("plugin")).toBeCloseTo(-0.279, 3); // about −(5 − 1) / 16
  expect(miss("miller-madow")).toBeCloseTo(-0.119, 3);
  expect(miss("chao-shen")).toBeCloseTo(-0.015, 3);
});

test("answerEntropyChange: answer and paths add up to the sequence; means over problems and what cannot be compared", () => {
  const half = Math.log(0.5);
  const before = [
    { id: "a", answers: ["1", "1", "2", undefined], logProbs: [-1, -2, -3, -2] },
    { id: "b", answers: ["7", "8"], logProbs: [half, half] },
    { id: "gone", answers: ["1"], logProbs: [0] },
  ];
  const after = [
    { id: "b", answers: ["7", "7"], logProbs: [half, half] },
    { id: "a", answers: ["1", "1"], logProbs: [0, 0] },
    { id: "new", answers: ["1"], logProbs: [0] },
  ];
  const result = answerEntropyChange(before, after, { estimator: "plugin", resamples: 100 });
  expect(result.excluded).toEqual([
    { id: "gone", reason: "only before" },
    { id: "new", reason: "only after" },
  ]);
  const [a, b] = result.problems;
  const mixed = -(0.5 * Math.log(0.5) + 2 * 0.25 * Math.log(0.25));
  expect(a).toMatchObject({
    id: "a",
    samples: { before: 4, after: 2 },
    unparsed: { before: 1, after: 0 },
    distinct: { before: 3, after: 1 },
  });
  expect(a?.answer.before).toBeCloseTo(mixed, 14);
  expect(a?.sequence).toEqual({ before: 2, after: 0 }); // (1 + 2 + 3 + 2) / 4
  expect(a?.paths?.before).toBeCloseTo(2 - mixed, 14);
  expect(b?.answer.before).toBeCloseTo(Math.LN2, 14);
  expect(b?.paths?.after).toBeCloseTo(Math.LN2, 14); // one answer, two ways
  expect(result.answer.change.value).toBeCloseTo(-(mixed + Math.LN2) / 2, 14);
  expect(result.sequence?.change.value).toBeCloseTo((-2 + 0) / 2, 14);
  expect(result.answer.change.low).toBeCloseTo(-mixed, 14);
});

test("answerEntropyChange: unparsed samples can be left out, of completions too; a side without an answer is listed", () => {
  const before = [
    { id: "a", answers: ["1", undefined], logProbs: [-1, -5] },
    { id: "b", answers: [undefined], logProbs: [-1] },
  ];
  const after = [
    { id: "a", answers: ["1"], logProbs: [-1] },
    { id: "b", answers: ["1"], logProbs: [-1] },
  ];
  const result = answerEntropyChange(before, after, { unparsed: "exclude" });
  expect(result.excluded).toEqual([{ id: "b", reason: "no answer before" }]);
  expect(result.problems[0]?.sequence).toEqual({ before: 1, after: 1 });
  expect(result.problems[0]?.answer).toEqual({ before: 0, after: 0 });
});

test("answerEntropyChange: log-probs of one problem only give no sequence level", () => {
  const side = [
    { id: "a", answers: ["1"], logProbs: [-1] },
    { id: "b", answers: ["1"] },
  ];
  const result = answerEntropyChange(side, side);
  expect(result).not.toHaveProperty("sequence");
  expect(result.problems[0]).toHaveProperty("sequence");
});

test("answerEntropyChange: many samples of a tabular policy give its exact entropies", () => {
  // Answers are sums of two symbols: several ways to one answer.
  const policy = tabularPolicy({
    ...{ contexts: 4, symbols: 3, length: 2, reward: () => 0 },
    initial: (context, prefix) => [0, Math.cos(context + prefix.length), Math.sin(context)],
  });
  const saying = (_: number, [a = 0, b = 0]: readonly number[]): string => String(a + b);
  const random = rng({ seed: 3, stream: "test" });
  const samples = Array.from({ length: 4 }, (_, context) => {
    const p = answerProbabilities(policy, context);
    const drawn = Array.from({ length: 4000 }, () => {
      const u = random.uniform();
      let sum = 0;
      return Math.max(
        0,
        p.findIndex((x) => {
          sum += x;
          return u < sum;
        }),
      );
    });
    return {
      id: String(context),
      answers: drawn.map((i) => saying(context, policy.layout.answers[i]?.symbols ?? [])),
      logProbs: drawn.map((i) => Math.log(p[i] ?? 0)),
    };
  });
  const { answer, sequence, paths } = answerEntropyChange(samples, samples);
  const [whole, said] = [exactEntropy(policy), exactAnswerEntropy(policy, saying)];
  expect(answer.before).toBeCloseTo(said, 1.5);
  expect(sequence?.before).toBeCloseTo(whole, 1.5);
  expect(paths?.before).toBeCloseTo(whole - said, 1.5);
  expect(said).toBeLessThan(whole - 0.3);
  expect(exactAnswerEntropy(policy, (_, symbols) => symbols.join())).toBeCloseTo(whole, 12);
});

const one = { id: "a", answers: ["1"] };
test.each([
  { name: "an id twice", before: [one, one], message: '"a" stands twice before' },
  { name: "no samples", before: [{ id: "a", answers: [] }], message: '"a" has no samples before' },
  { name: "log-probs too few", before: [{ ...one, logProbs: [] }], message: '"a" has 0 log-probs for 1 samples' },
  { name: "a log-prob above 0", before: [{ ...one, logProbs: [0.1] }], message: 'a log-prob of "a" is 0.1' },
  { name: "nothing in common", before: [{ ...one, id: "b" }], message: "no problem has answers on both sides" },
])("answerEntropyChange: $name is refused", ({ before, message }) => {
  expect(() => answerEntropyChange(before, [one])).toThrow(message);
});
