import { expect, test } from "vitest";
import { entropyChange } from "../../src/analysis/index.ts";
import { rng } from "../../src/toolkit/rng.ts";

/** A tabular policy: [states][actions] logits. */
type Logits = readonly (readonly number[])[];

const logSoftmax = (z: readonly number[]): number[] => {
  const top = Math.max(...z);
  const log = top + Math.log(z.reduce((sum, x) => sum + Math.exp(x - top), 0));
  return z.map((x) => x - log);
};
const entropy = (logs: readonly number[]): number => -logs.reduce((sum, l) => sum + Math.exp(l) * l, 0);
const rowsOf = (logits: Logits): number[][] => logits.map(logSoftmax);
const snapshot = (logits: Logits) => ({
  entropies: rowsOf(logits).map(entropy),
  rows: rowsOf(logits).flat(),
});
const stepped = (logits: Logits, change: Logits, size: number): number[][] =>
  logits.map((z, s) => z.map((x, a) => x + size * (change[s]?.[a] ?? 0)));

const logits: Logits = [
  [0.3, -1.2, 0.8, 0],
  [2, 0.1, -0.4, -3],
  [0, 0, 0, 0],
];
const direction: Logits = [
  [1, 0.5, -2, 0.3],
  [-0.7, 0.2, 1.5, 0.9],
  [0.4, -0.1, 0, 2],
];

test("entropyChange: two actions in closed form", () => {
  // p = (1/4, 3/4), d = (1, 0): dH = −p₀ (log p₀ + H)
  const p = Math.log(3);
  const h = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
  const { overall } = entropyChange(snapshot([[0, p]]), snapshot([[0.01, p]]));
  expect(overall.before).toBeCloseTo(h, 14);
  expect(overall.firstOrder?.value).toBeCloseTo(-0.25 * (Math.log(0.25) + h) * 0.01, 12);
  // Var(d) = 3/16 · 10⁻⁴ and E[(log p + H)(d − d̄)²] = (1/4 (log 1/4 + H) 9/16 + 3/4 (log 3/4 + H) / 16) · 10⁻⁴
  const third = (0.25 * (Math.log(0.25) + h) * 9) / 16 + (0.75 * (Math.log(0.75) + h)) / 16;
  expect(overall.curvature).toBeCloseTo(-0.5 * (3 / 16 + third) * 1e-4, 12);
  expect(overall.rest).toBeCloseTo(overall.curvature ?? Number.NaN, 7);
});

test("entropyChange: the first order is the derivative of the measured change, the curvature its second", () => {
  for (const [s, z] of logits.entries()) {
    const row = [z];
    const along = [direction[s] ?? []];
    const h = (size: number): number => entropy(logSoftmax(stepped(row, along, size)[0] ?? []));
    const { overall } = entropyChange(snapshot(row), snapshot(stepped(row, along, 1)));
    expect(overall.firstOrder?.value).toBeCloseTo((h(1e-5) - h(-1e-5)) / 2e-5, 8);
    expect(overall.curvature).toBeCloseTo((h(1e-3) - 2 * h(0) + h(-1e-3)) / 1e-6 / 2, 5);
  }
});

test("entropyChange: what is left over shrinks with the square of the step, and by the cube past the curvature", () => {
  const left = (size: number): [number, number] => {
    const { overall } = entropyChange(snapshot(logits), snapshot(stepped(logits, direction, size)));
    return [overall.rest ?? Number.NaN, (overall.rest ?? Number.NaN) - (overall.curvature ?? Number.NaN)];
  };
  const [[rest, beyond], [half, halfBeyond]] = [left(0.02), left(0.01)];
  expect(rest / half).toBeCloseTo(4, 1);
  expect(beyond / halfBeyond).toBeCloseTo(8, 0);
  expect(Math.abs(beyond)).toBeLessThan(Math.abs(rest) / 10);
});

test("entropyChange: a constant added to all log-probs' changes explains nothing", () => {
  const { overall } = entropyChange(snapshot([[1, 2, 3]]), snapshot([[6, 7, 8]]));
  expect(overall.firstOrder?.value).toBeCloseTo(0, 14);
  expect(overall.change.value).toBeCloseTo(0, 14);
});

// One token per (state, action), weighted by repetition: p = (1/4, 3/4) is one and three tokens.
const advantagesOf = { low: -0.6, high: 0.2 }; // mean over the policy: 1/4 · −0.6 + 3/4 · 0.2 = 0
function exactSample(rule: "natural" | "vanilla", eta: number) {
  const before = [0, Math.log(3)];
  const move =
    rule === "natural" ? [advantagesOf.low, advantagesOf.high] : [advantagesOf.low / 4, (advantagesOf.high * 3) / 4];
  const after = before.map((x, a) => x + eta * (move[a] ?? 0));
  const taken = [0, 1, 1, 1];
  const repeat = (z: readonly number[]) => ({
    ...snapshot(taken.map(() => z)),
    logProbs: taken.map((a) => logSoftmax(z)[a] ?? 0),
  });
  const advantages = taken.map((a) => (a === 0 ? advantagesOf.low : advantagesOf.high));
  return { before: repeat(before), after: repeat(after), advantages };
}

test.each(["natural", "vanilla"] as const)(
  "entropyChange: the %s forecast is the first order of that very step",
  (rule) => {
    const { before, after, advantages } = exactSample(rule, 0.05);
    const { overall, forecast } = entropyChange(before, after, { advantages, rule, stepSize: 0.05 });
    expect(forecast).toMatchObject({ stepSize: 0.05, fitted: false, rule });
    expect(overall.forecast).toBeCloseTo(overall.firstOrder?.value ?? Number.NaN, 14);
    expect(overall.forecast).toBeCloseTo(overall.change.value, 3);
    expect(overall.forecast).toBeLessThan(0); // the likelier action is the better one
  },
);

test("entropyChange: the covariance by hand, centred at the context and over the batch", () => {
  const { before, after, advantages } = exactSample("natural", 0.05);
  const { overall, forecast } = entropyChange(before, after, { advantages });
  const [low, high] = [Math.log(0.25), Math.log(0.75)];
  const byHand = 0.25 * low * advantagesOf.low + 0.75 * high * advantagesOf.high; // E[A] = 0
  expect(overall.covariance?.value).toBeCloseTo(byHand, 14);
  expect(forecast?.pooledCovariance).toBeCloseTo(byHand, 14);
});

test("entropyChange: a missing step size is fitted by least squares through 0", () => {
  // (log π + H) A is c = (log ½ + log 2) A = 0 for a uniform coin; take π = (e, 1)/(e + 1) and entropies by hand instead.
  const before = { entropies: [1, 1, 1], logProbs: [-2, -3, -0.5] };
  const after = { entropies: [1.1, 1.3, 0.9] };
  const advantages = [1, 1, 1]; // c = −1, −2, 0.5; change = 0.1, 0.3, −0.1
  const { forecast, overall } = entropyChange(before, after, { advantages });
  const eta = (0.1 + 0.6 + 0.05) / (1 + 4 + 0.25);
  expect(forecast?.stepSize).toBeCloseTo(eta, 14);
  expect(forecast?.fitted).toBe(true);
  expect(overall.forecast).toBeCloseTo((eta * 2.5) / 3, 14);
  expect(forecast?.correlation).toBeGreaterThan(0.9);
});

test("entropyChange: the sampled covariance converges to the exact one in a policy with many states", () => {
  const random = rng({ seed: 4, stream: "test" });
  const states = Array.from({ length: 4000 }, () => Array.from({ length: 4 }, () => random.normal() * 2));
  const values = states.map(() => Array.from({ length: 4 }, () => random.normal()));
  const after = stepped(states, values, 0.01);
  const taken = states.map((z) => {
    let u = random.uniform();
    return logSoftmax(z).findIndex((l) => {
      u -= Math.exp(l);
      return u < 0;
    });
  });
  const before = {
    ...snapshot(states),
    logProbs: taken.map((a, s) => logSoftmax(states[s] ?? [])[Math.max(0, a)] ?? 0),
  };
  const advantages = taken.map((a, s) => values[s]?.[Math.max(0, a)] ?? 0);
  const { overall } = entropyChange(before, snapshot(after), { advantages, stepSize: 0.01, resamples: 500 });
  const [low, high] = [-0.01 * (overall.covariance?.high ?? 0), -0.01 * (overall.covariance?.low ?? 0)];
  expect(overall.firstOrder?.value).toBeGreaterThan(low);
  expect(overall.firstOrder?.value).toBeLessThan(high);
  expect(overall.rest).toBeCloseTo(overall.curvature ?? Number.NaN, 6);
});

const classed = {
  entropies: [1, 2, 3, 4, 5, 6],
  positions: [0, 1, 2, 0, 1, 5],
  classes: ["digit", "digit", "eos", "digit", "operator", "eos"],
  sequences: [7, 7, 7, 9, 9, 9],
  tokens: [1, 2, 3, 4, 5, 6],
};
const lowered = { entropies: [0.5, 2, 2, 3, 5.5, 6], tokens: [1, 2, 3, 4, 5, 6] };

test("entropyChange: means by class and by position", () => {
  const { byClass, byPosition, overall, sequences, tokens } = entropyChange(classed, lowered, { bins: 3 });
  expect([sequences, tokens]).toEqual([2, 6]);
  expect(overall.change.value).toBeCloseTo((-0.5 + 0 - 1 - 1 + 0.5 + 0) / 6, 14);
  expect(byClass.map(({ name, tokens, before, change }) => [name, tokens, before, change.value])).toEqual([
    ["digit", 3, 7 / 3, -0.5],
    ["eos", 2, 4.5, -0.5],
    ["operator", 1, 5, 0.5],
  ]);
  expect(byPosition.map(({ name, from, to, tokens, change }) => [name, from, to, tokens, change.value])).toEqual([
    ["0–1", 0, 1, 4, -0.25],
    ["2–3", 2, 3, 1, -1],
    ["4–5", 4, 5, 1, 0],
  ]);
  expect(overall).not.toHaveProperty("firstOrder");
  expect(overall).not.toHaveProperty("members");
});

test("entropyChange: tokens of one sequence are resampled together", () => {
  // Two sequences of 50 tokens whose changes are all −1 and all 0: the mean of two draws is −1, −½ or 0.
  const n = 100;
  const before = {
    entropies: new Array<number>(n).fill(2),
    sequences: Array.from({ length: n }, (_, i) => (i < 50 ? 0 : 1)),
  };
  const after = { entropies: Array.from({ length: n }, (_, i) => (i < 50 ? 1 : 2)) };
  expect(entropyChange(before, after).overall.change).toEqual({ value: -0.5, low: -1, high: 0 });
  const alone = entropyChange({ entropies: before.entropies }, after).overall.change;
  expect(alone.high - alone.low).toBeCloseTo(4 * Math.sqrt(0.25 / n), 1);
});

test.each([
  {
    name: "other tokens",
    before: classed,
    after: { ...lowered, tokens: [1, 2, 3, 4, 5, 0] },
    message: "token 5 is 6 before and 0 after",
  },
  {
    name: "another length",
    before: classed,
    after: { entropies: [1] },
    message: "after.entropies has 1 entries for 6 tokens",
  },
  {
    name: "NaN",
    before: classed,
    after: { entropies: [1, 2, 3, 4, 5, Number.NaN] },
    message: "an entropy after is NaN (token 5)",
  },
  { name: "no token", before: { entropies: [] }, after: { entropies: [] }, message: "there are no tokens" },
  {
    name: "rows on one side",
    before: snapshot([[0, 1]]),
    after: { entropies: [1] },
    message: "rows are there on one side only",
  },
  {
    name: "rows that are logits",
    before: { entropies: [1], rows: [0, 1] },
    after: { entropies: [1], rows: [0, 1] },
    message: "the probabilities of a row sum to",
  },
  {
    name: "entropies of another policy",
    before: { ...snapshot([[0, 1]]), entropies: [0.1] },
    after: snapshot([[0, 1]]),
    message: "the row of token 0 has entropy",
  },
])("entropyChange: $name is refused", ({ before, after, message }) => {
  expect(() => entropyChange(before, after)).toThrow(message);
});

test("entropyChange: sequences of one problem are resampled together", () => {
  // Four sequences of two problems, changes −1 and 0: two draws of problems give −1, −½ or 0, four of sequences more.
  const n = 100;
  const problems = Array.from({ length: n }, (_, i) => (i < 50 ? 0 : 1));
  const before = {
    entropies: new Float64Array(n).fill(1),
    sequences: Array.from({ length: n }, (_, i) => Math.floor(i / 25)),
    problems,
  };
  const after = { entropies: Float64Array.from(problems, (problem) => problem) };
  const { overall, clusters, sequences } = entropyChange(before, after);
  expect({ clusters, sequences }).toEqual({ clusters: { kind: "problems", count: 2 }, sequences: 4 });
  expect([overall.change.low, overall.change.high]).toEqual([-1, 0]);
  const { problems: _, ...bySequence } = before;
  const narrower = entropyChange(bySequence, after).overall.change;
  expect(narrower.high - narrower.low).toBeLessThanOrEqual(1);
  expect(entropyChange(bySequence, after).clusters).toEqual({ kind: "sequences", count: 4 });
});

test("entropyChange: advantages without log-probs are refused", () => {
  expect(() => entropyChange(classed, lowered, { advantages: [1, 1, 1, 1, 1, 1] })).toThrow(
    "advantages came without log-probs",
  );
});

test("entropyChange: there are no more position ranges than asked for", () => {
  expect(entropyChange(classed, lowered, { bins: 1 }).byPosition.map(({ name, tokens }) => [name, tokens])).toEqual([
    ["0–5", 6],
  ]);
  expect(entropyChange(classed, lowered, { bins: 100 }).byPosition.map(({ name }) => name)).toEqual([
    "0",
    "1",
    "2",
    "5",
  ]);
});

test("entropyChange: sums over sequences, and none without sequences", () => {
  const { bySequence } = entropyChange(classed, lowered);
  expect(bySequence?.before).toBeCloseTo((1 + 2 + 3 + (4 + 5 + 6)) / 2, 14);
  expect(bySequence?.after).toBeCloseTo((4.5 + 14.5) / 2, 14);
  expect(bySequence?.change.value).toBeCloseTo((-1.5 - 0.5) / 2, 14);
  expect([bySequence?.change.low, bySequence?.change.high]).toEqual([-1.5, -0.5]);
  expect(entropyChange({ entropies: [1] }, { entropies: [1] })).not.toHaveProperty("bySequence");
});
