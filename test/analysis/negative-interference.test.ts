import { expect, test } from "vitest";
import { type InterferenceInput, negativeInterference } from "../../src/analysis/index.ts";

const input: InterferenceInput = {
  ids: ["a", "b", "c"],
  steps: [0, 10, 20],
  logLikelihoods: [
    [-4, -2, -3],
    [-1, -5, -3],
    [-2, -3, -1],
  ],
};

test("negativeInterference: changes, worst falls and the hurt problems", () => {
  const report = negativeInterference(input);
  expect(report.problems.map(({ id, change, worstFall }) => [id, change, worstFall])).toEqual([
    ["a", 2, 1], // −1 → −2
    ["b", -1, 3], // −2 → −5
    ["c", 2, 0],
  ]);
  expect(report.change.value).toBe(1);
  expect(report.hurt).toEqual(["b"]);
  expect(report.hurtShare).toBeCloseTo(1 / 3, 14);
  expect(report.course.map(({ step, logLikelihood, hurtShare }) => [step, logLikelihood.value, hurtShare])).toEqual([
    [0, -3, 0],
    [10, -3, 1 / 3],
    [20, -2, 1 / 3],
  ]);
  expect(report).not.toHaveProperty("lost");
  expect(report).not.toHaveProperty("alignment");
});

test("negativeInterference: a loss beyond chance is told from a chance loss", () => {
  const counts = (...correct: number[]) => ({
    problems: correct.map((c, i) => ({ id: "abcd"[i] ?? "", n: 20, correct: c })),
  });
  const { lost, problems } = negativeInterference({
    ...input,
    before: counts(2, 18, 5, 20),
    after: counts(1, 3, 19, 0),
  });
  expect(lost).toEqual({ ids: ["b", "a"], beyondChance: ["b"] }); // "d" is not among the problems asked about
  expect(problems[0]?.solved).toMatchObject({
    before: { n: 20, correct: 2 },
    after: { n: 20, correct: 1 },
    p: expect.closeTo(1, 9),
  });
});

test("negativeInterference: one greedy sample a side loses problems, none beyond chance", () => {
  const greedy = (...correct: number[]) => ({
    problems: correct.map((c, i) => ({ id: "abc"[i] ?? "", n: 1, correct: c })),
  });
  const { lost } = negativeInterference({ ...input, before: greedy(1, 1, 0), after: greedy(1, 0, 1) });
  expect(lost).toEqual({ ids: ["b"], beyondChance: [] });
});

test("negativeInterference: the alignment of hand-made gradients", () => {
  // g_a = (2, 0), g_b = (0, 1), g_c = (−1, −1)
  const gradients = { ids: ["a", "b", "c"], gram: [4, 0, -2, 0, 1, -1, -2, -1, 2] };
  const { alignment } = negativeInterference({ ...input, gradients }, { stepSize: 0.1 });
  expect(Array.from(alignment?.cosine ?? [])).toEqual(
    [1, 0, -Math.SQRT1_2, 0, 1, -Math.SQRT1_2, -Math.SQRT1_2, -Math.SQRT1_2, 1].map((x) => expect.closeTo(x, 12)),
  );
  expect(alignment?.effect[2]).toBeCloseTo(-0.2, 14); // a step on a: 0.1 · g_a · g_c
  expect(alignment).toMatchObject({ pairs: 3, negativeShare: 2 / 3, meanCosine: expect.closeTo(-Math.SQRT2 / 3, 12) });
  expect(alignment?.worst).toEqual([
    { from: "a", to: "c", cosine: expect.closeTo(-Math.SQRT1_2, 12), effect: expect.closeTo(-0.2, 14) },
    { from: "b", to: "c", cosine: expect.closeTo(-Math.SQRT1_2, 12), effect: expect.closeTo(-0.1, 14) },
  ]);
  expect(alignment?.harm).toEqual([-0.2, -0.1, -0.3].map((x) => expect.closeTo(x, 12)));
});

test("negativeInterference: the effect is the derivative of the other problem's log-likelihood", () => {
  // Two problems, one softmax over three answers; a's right answer is 0, b's is 1: ∇ log p_k = e_k − p.
  const z = [0.2, -0.3, 0.5];
  const logP = (logits: readonly number[], k: number): number =>
    (logits[k] ?? 0) - Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
  const gradient = (k: number): number[] => z.map((_, i) => (i === k ? 1 : 0) - Math.exp(logP(z, i)));
  const [a, b] = [gradient(0), gradient(1)];
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0);
  const gradients = { ids: ["a", "b"], gram: [dot(a, a), dot(a, b), dot(b, a), dot(b, b)] };
  const eta = 1e-5;
  const { alignment } = negativeInterference({ ...input, gradients }, { stepSize: eta });
  const moved = z.map((x, i) => x + eta * (a[i] ?? 0));
  expect((alignment?.effect[1] ?? 0) / eta).toBeCloseTo((logP(moved, 1) - logP(z, 1)) / eta, 4);
  expect(alignment?.effect[1]).toBeLessThan(0);
});

test("negativeInterference: a zero gradient is aligned with nothing", () => {
  const { alignment } = negativeInterference({ ...input, gradients: { ids: ["a", "b"], gram: [0, 0, 0, 3] } });
  expect(Array.from(alignment?.cosine ?? [])).toEqual([0, 0, 0, 1]);
  expect(alignment?.negativeShare).toBe(0);
});

const counted = { problems: [{ id: "a", n: 1, correct: 1 }] };
test.each([
  { name: "a duplicate", change: { ids: ["a", "a", "c"] }, message: 'problem "a" is twice' },
  {
    name: "one snapshot",
    change: { steps: [0], logLikelihoods: [[1, 2, 3]] },
    message: "there are 1 steps and 1 snapshots",
  },
  {
    name: "a short row",
    change: { logLikelihoods: [[1], [1], [1]] },
    message: "snapshot 0 has 1 values for 3 problems",
  },
  {
    name: "-Infinity",
    change: {
      logLikelihoods: [
        [-1, -Infinity, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    },
    message: 'of "b" at snapshot 0 is -Infinity',
  },
  { name: "falling steps", change: { steps: [0, 20, 10] }, message: "step 10 follows 20" },
  { name: "counts on one side", change: { before: counted }, message: "counts are there on one side only" },
  { name: "missing counts", change: { before: counted, after: counted }, message: 'problem "b" has no counts' },
  {
    name: "a lopsided Gram matrix",
    change: { gradients: { ids: ["a", "b"], gram: [1, 0.5, -0.5, 1] } },
    message: "of the Gram matrix are -0.5 and 0.5",
  },
  {
    name: "a short Gram matrix",
    change: { gradients: { ids: ["a", "b"], gram: [1] } },
    message: "has 1 entries for 2 problems",
  },
])("negativeInterference: $name is refused", ({ change, message }) => {
  expect(() => negativeInterference({ ...input, ...change })).toThrow(message);
});

test("negativeInterference: forgetting is the fall from the best until then", () => {
  const { forgetting } = negativeInterference(input);
  // a: −4 −1 −2, b: −2 −5 −3, c: −3 −3 −1
  expect(forgetting.map(({ step, forgotten }) => [step, forgotten.value])).toEqual([
    [0, 0],
    [10, expect.closeTo((0 + 3 + 0) / 3, 12)],
    [20, expect.closeTo((1 + 1 + 0) / 3, 12)],
  ]);
});

test("negativeInterference: what is kept of a training, by its age", () => {
  const { retention } = negativeInterference({ ...input, trainedAt: [[0], [5], [0, 12]] });
  expect(retention?.map(({ age, problems, kept }) => [age, problems, kept.value])).toEqual([
    [5, 1, -3], // b, trained at 5: −5 at 10, −2 before
    [8, 1, 2], // c, again at 12: −1 at 20, −3 at 10
    [10, 2, 1.5], // a: −1 + 4, c: −3 + 3
    [15, 1, -1], // b at 20
    [20, 1, 2], // a at 20; c was trained again by then
  ]);
  expect(negativeInterference(input)).not.toHaveProperty("retention");
});

test("negativeInterference: wrong answers have a course too, over the problems that have any", () => {
  const wrong = [
    [-5, Number.NaN, -7],
    [-6, Number.NaN, -8],
    [-7, Number.NaN, -9],
  ];
  const { course } = negativeInterference({ ...input, wrongLogLikelihoods: wrong });
  expect(course.map((point) => point.wrong?.value)).toEqual([-6, -7, -8]);
  const some = [
    [-5, Number.NaN, -7],
    [-6, -1, -8],
    [-7, -1, -9],
  ];
  expect(() => negativeInterference({ ...input, wrongLogLikelihoods: some })).toThrow('"b" has a wrong answer at some');
  const none = wrong.map((row) => row.map(() => Number.NaN));
  expect(() => negativeInterference({ ...input, wrongLogLikelihoods: none })).toThrow("no problem has a wrong answer");
  expect(() => negativeInterference({ ...input, trainedAt: [[0]] })).toThrow("trainedAt has 1 lists");
  expect(() => negativeInterference({ ...input, trainedAt: [[0], [-1], []] })).toThrow('"b" was trained at step -1');
});
