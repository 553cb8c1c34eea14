import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/index.ts";
import { interferenceMatrix } from "../../src/analysis/index.ts";
import type { UpdateEffects } from "../../src/toolkit/probe.ts";
import { expectedUpdate, tabularEffects, tabularPolicy } from "../../src/toolkit/tabular.ts";
import { conflictingProblems, truth } from "../support/conflicting-problems.ts";

/** Updates on a, b and c; a and b help each other, c hurts both and is hurt by a alone. */
const hand: UpdateEffects = {
  answers: "right",
  updates: ["a", "b", "c"],
  problems: ["a", "b", "c"],
  predicted: Float64Array.of(4, 2, -1, 2, 4, 0, -2, -2, 4),
  measured: Float64Array.of(4, 1, -2, 2, 4, 0, -2, -2, 4),
  plain: Float64Array.of(4, -1, 1, 2, 4, 0, -2, 2, 4),
  layers: [
    {
      name: "layer 0",
      predicted: Float64Array.of(4, 2, 0, 2, 4, 0, 0, 0, 4),
      cosine: Float64Array.of(1, 0.5, 0, 0.5, 1, 0, 0, 0, 1),
    },
    {
      name: "layer 1",
      predicted: Float64Array.of(0, 0, -1, 0, 0, 0, -2, -2, 0),
      cosine: Float64Array.of(0, 0, -1, 0, 0, 0, -1, -1, 0),
    },
  ],
  whole: { measured: Float64Array.of(4, 3, 2), predicted: Float64Array.of(4, 4, 3) },
};

test("interferenceMatrix: one draw by hand", () => {
  const matrix = interferenceMatrix([hand]);
  expect(matrix).toMatchObject({ source: "measured", draws: 1, margin: 0.8, ownEffect: 4 });
  expect(matrix.pairs.map(({ update, problem, verdict }) => [update + problem, verdict])).toEqual([
    ["ab", "helps"],
    ["ac", "hurts"],
    ["ba", "helps"],
    ["bc", "independent"],
    ["ca", "hurts"],
    ["cb", "hurts"],
  ]);
  expect(matrix.shares).toEqual({ hurts: 3 / 6, helps: 2 / 6, independent: 1 / 6, unclear: 0 });
  expect(matrix.meanEffect).toBeCloseTo((1 - 2 + 2 + 0 - 2 - 2) / 6, 14);
  expect(matrix.harm).toEqual([-2, 0, -4]);
  expect(matrix.suffered).toEqual([-2, -2, -2]);
});

test("interferenceMatrix: the first order is judged against the real update, beside a plain step", () => {
  const { firstOrder, plain, whole, layers } = interferenceMatrix([hand]);
  // Pairs: predicted 2 −1 2 0 −2 −2, measured 1 −2 2 0 −2 −2.
  expect(firstOrder).toMatchObject({
    pairs: 6,
    signAgreement: 1,
    slope: expect.closeTo((2 + 2 + 4 + 4 + 4) / (4 + 1 + 4 + 4 + 4), 12),
    relativeError: expect.closeTo(Math.sqrt(2 / (1 + 4 + 4 + 4 + 4)), 12),
  });
  expect(plain?.signAgreement).toBe(2 / 5); // ba and ca have the right sign; ab, ac and cb not; bc is 0
  expect(whole?.relativeError).toBeCloseTo(Math.sqrt(2 / (16 + 9 + 4)), 12);
  expect(layers?.map(({ name, effect, negativeShare }) => [name, effect, negativeShare])).toEqual([
    ["layer 0", 4, 0],
    ["layer 1", -5, 3 / 6],
  ]);
  expect(layers?.[1]?.cosine.value).toBeCloseTo((-1 / 2 - 1 / 2 - 1 / 2) / 3, 12); // each problem: two pairs, one of them −1
});

test("interferenceMatrix: momentum is no problem's update: it stands apart and is in no pair", () => {
  const withMomentum: UpdateEffects = {
    ...hand,
    updates: ["a", "momentum", "b", "c"],
    predicted: Float64Array.of(4, 2, -1, -9, -9, -9, 2, 4, 0, -2, -2, 4),
    measured: Float64Array.of(4, 1, -2, -8, -7, -6, 2, 4, 0, -2, -2, 4),
    plain: Float64Array.of(4, -1, 1, 0, 0, 0, 2, 4, 0, -2, 2, 4),
    layers: [],
  };
  const matrix = interferenceMatrix([withMomentum, withMomentum]);
  const without = interferenceMatrix([hand]);
  expect(matrix.updates).toEqual(["a", "b", "c"]);
  expect(Array.from(matrix.effect)).toEqual(Array.from(without.effect));
  expect(matrix.terms).toEqual([{ name: "momentum", effect: Float64Array.of(-8, -7, -6) }]);
  expect(matrix.firstOrder?.signAgreement).toBe(1);
  expect(without.terms).toEqual([]);
  const alone = {
    ...hand,
    updates: ["momentum"],
    predicted: Float64Array.of(1, 2, 3),
    measured: Float64Array.of(1, 2, 3),
  };
  const { plain: _p, layers: _l, ...bare } = alone;
  expect(() => interferenceMatrix([bare])).toThrow("there are no updates on problems");
});

test("interferenceMatrix: groups stand together, whatever the order given", () => {
  const group = (id: string): string => id[0] ?? "";
  const effectsOf = (ids: readonly string[]): UpdateEffects => ({
    answers: "right",
    updates: ids,
    problems: [...ids].reverse(),
    predicted: Float64Array.from(
      ids.flatMap((u) => [...ids].reverse().map((p) => (u === p ? 3 : group(u) === group(p) ? 1 : -1))),
    ),
  });
  for (const ids of [
    ["x1", "y1", "x2", "y2", "x3", "y3"],
    ["y3", "y1", "x3", "x1", "x2", "y2"],
  ]) {
    const { rows, columns, updates, problems, source } = interferenceMatrix([effectsOf(ids)]);
    const order = columns.order.map((j) => problems[j] ?? "");
    expect(order.map(group).join("")).toMatch(/^(xxxyyy|yyyxxx)$/);
    expect(rows.order.map((u) => updates[u])).toEqual(order);
    expect(new Set(columns.clusters)).toEqual(new Set([0, 1]));
    expect(source).toBe("first order");
  }
});

test("interferenceMatrix: of wrong answers, those that become likelier are the hurt ones", () => {
  const { pairs, harm } = interferenceMatrix([{ ...hand, answers: "wrong" }]);
  expect(pairs[0]).toMatchObject({ update: "a", problem: "b", verdict: "hurts" });
  expect(pairs[1]).toMatchObject({ update: "a", problem: "c", verdict: "helps" });
  expect(harm[1]).toBe(-2);
});

test("interferenceMatrix: with several draws a mean must differ from 0 beyond chance", () => {
  const draw = (effect: number): UpdateEffects => ({
    answers: "right",
    updates: ["a", "b"],
    problems: ["a", "b"],
    predicted: Float64Array.of(1, effect, -0.5, 1),
  });
  const [noisy, steady] = interferenceMatrix([draw(-3), draw(2), draw(-1), draw(1)]).pairs;
  expect(noisy).toMatchObject({ effect: -0.25, verdict: "unclear" });
  // sd of −3, 2, −1, 1 is √(74.75 / 16 · 16 / 3): half = t(3, 0.95) sd / 2
  expect(noisy?.high).toBeCloseTo(
    -0.25 + (3.182446305 * Math.sqrt((2.75 ** 2 + 2.25 ** 2 + 0.75 ** 2 + 1.25 ** 2) / 3)) / 2,
    6,
  );
  expect(steady).toMatchObject({ effect: -0.5, low: -0.5, high: -0.5, verdict: "hurts" });
});

test("tabularEffects: the expected update is along the gradient of P, as the ground truth says", async () => {
  const policy = tabularPolicy(conflictingProblems(1));
  const update = await expectedUpdate({ policy, algorithm: grpo(), context: 0, samplesPerPrompt: 2 });
  const { symbols } = policy.layout;
  const first = policy.layout.problem;
  const right = [0, 1, 2].find((symbol) => first.reward(0, [symbol, 0]) > 0) ?? -1;
  const row = Array.from(update.subarray(0, symbols));
  const p = Array.from(policy.logits.subarray(0, symbols), Math.exp);
  const sum = p.reduce((total, x) => total + x, 0);
  const share = p.map((x) => x / sum);
  const gradient = share.map((x, s) => (share[right] ?? 0) * ((s === right ? 1 : 0) - x));
  const factor = (row[right] ?? 0) / (gradient[right] ?? 1);
  expect(factor).toBeGreaterThan(0);
  for (const [s, x] of row.entries()) expect(x).toBeCloseTo(factor * (gradient[s] ?? 0), 6);
  for (const x of update.subarray(symbols, 2 * symbols)) expect(Math.abs(x)).toBeLessThan(1e-7); // the second place: 0 in expectation
});

// Measured: 98.9 % of the hurting pairs and 100 % of the helping ones are found, never with the wrong sign; of the independent ones 2.8 %
// are called an effect, 55 % independent, the rest unclear.
test("interferenceMatrix: 200 problem sets of known interference", { timeout: 120_000 }, async () => {
  const counts = new Map<string, number>();
  let [pairs, agreed] = [0, 0];
  for (let seed = 0; seed < 200; seed++) {
    const policy = tabularPolicy(conflictingProblems(seed));
    const effects = await tabularEffects({ policy, algorithm: grpo(), draws: 8, samplesPerPrompt: 24, seed });
    const matrix = interferenceMatrix(effects);
    for (const { update, problem, verdict } of matrix.pairs) {
      const key = `${truth(Number(update.slice(1)), Number(problem.slice(1)))}: ${verdict}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    pairs += matrix.firstOrder?.pairs ?? 0;
    agreed += (matrix.firstOrder?.signAgreement ?? 0) * (matrix.firstOrder?.pairs ?? 0);
  }
  const share = (kind: string, verdict: string, of: number): number => (counts.get(`${kind}: ${verdict}`) ?? 0) / of;
  const rates = {
    "hurts: hurts": share("hurts", "hurts", 800),
    "hurts: helps": share("hurts", "helps", 800),
    "helps: helps": share("helps", "helps", 400),
    "helps: hurts": share("helps", "hurts", 400),
    "independent: hurts or helps": share("independent", "hurts", 1200) + share("independent", "helps", 1200),
    "independent: independent": share("independent", "independent", 1200),
  };
  expect(rates["hurts: hurts"]).toBeGreaterThan(0.95);
  expect(rates["helps: helps"]).toBeGreaterThan(0.98);
  expect(rates["independent: independent"]).toBeGreaterThan(0.45);
  expect(rates["hurts: helps"] + rates["helps: hurts"]).toBe(0);
  expect(rates["independent: hurts or helps"]).toBeLessThan(0.05);
  expect(agreed / pairs).toBeGreaterThan(0.98);
});

test.each([
  { name: "no draw", draws: [], message: "there are no effects" },
  { name: "one problem", draws: [{ ...hand, problems: ["a"] }], message: "there are 1 problems" },
  { name: "no update", draws: [{ ...hand, updates: [] }], message: "there are no updates" },
  {
    name: "a problem twice",
    draws: [{ ...hand, problems: ["a", "a", "c"] }],
    message: 'problem "a" is twice in draw 0',
  },
  {
    name: "other problems",
    draws: [hand, { ...hand, problems: ["a", "c", "b"] }],
    message: 'problem 1 of draw 1 is "c", in the first "b"',
  },
  {
    name: "fewer updates",
    draws: [hand, { ...hand, updates: ["a", "b"] }],
    message: 'update 2 of draw 1 is none, in the first "c"',
  },
  {
    name: "right and wrong",
    draws: [hand, { ...hand, answers: "wrong" as const }],
    message: "draw 1 is about wrong answers",
  },
  {
    name: "NaN",
    draws: [{ ...hand, measured: Float64Array.of(1, 1, 1, 1, 1, Number.NaN, 1, 1, 1) }],
    message: 'measured of "b" on "c" in draw 0 is NaN',
  },
  {
    name: "a short table",
    draws: [{ ...hand, predicted: Float64Array.of(1) }],
    message: "predicted of draw 0 has 1 numbers for 3 updates on 3",
  },
])("interferenceMatrix: $name is refused", ({ draws, message }) => {
  expect(() => interferenceMatrix(draws)).toThrow(message);
});

test("tabularEffects: a context without right answers is refused", async () => {
  const policy = tabularPolicy({ contexts: 2, symbols: 3, reward: (context) => (context === 0 ? 1 : 0) });
  await expect(tabularEffects({ policy, algorithm: grpo() })).rejects.toThrow("context 1 has no right answer");
  const all = tabularPolicy({ contexts: 2, symbols: 3, reward: () => 1 });
  await expect(tabularEffects({ policy: all, algorithm: grpo(), answers: "wrong" })).rejects.toThrow("no wrong answer");
});
