import { expect, test } from "vitest";
import { grpo } from "../../src/algorithms/grpo.ts";
import { entropyLedger, type LedgerStep } from "../../src/analysis/index.ts";
import { exactEntropy } from "../../src/toolkit/tabular/exact.ts";
import type { TabularProblem } from "../../src/toolkit/tabular/problem.ts";
import { type TrainTabularOptions, trainTabular } from "../../src/toolkit/tabular/train.ts";
import {
  stateVisits,
  type TabularUpdate,
  tabularSnapshot,
  tabularUpdateParts,
} from "../../src/toolkit/tabular/update-parts.ts";

const problem: TabularProblem = {
  ...{ contexts: 3, symbols: 4, length: 2 },
  reward: (context, [first = 0, second = 0]) => ((first + second) % 4 === context ? 1 : 0),
  initial: (context, prefix) => Array.from({ length: 4 }, (_, s) => Math.sin(3 * context + 2 * s + 5 * prefix.length)),
};
const open = { clipLow: 0.999, clipHigh: 1e6 };

async function updatesOf(options: Partial<TrainTabularOptions> = {}): Promise<TabularUpdate[]> {
  const updates: TabularUpdate[] = [];
  const observe = (update: TabularUpdate) => void updates.push(update);
  await trainTabular({ problem, algorithm: grpo(), steps: 3, learningRate: 2, seed: 1, observe, ...options });
  return updates;
}

const stepOf = (update: TabularUpdate, unclipped = grpo(open).objective): LedgerStep => ({
  before: tabularSnapshot(update.before),
  after: tabularSnapshot(update.after),
  parts: { ...tabularUpdateParts(update, unclipped) },
});

test("entropyLedger: two actions by hand", () => {
  // p = (1/4, 3/4), each part moves the first logit: −p₀ (log p₀ + H) d
  const [low, high] = [Math.log(0.25), Math.log(0.75)];
  const h = -(0.25 * low + 0.75 * high);
  const q = Math.exp(0.02) / (Math.exp(0.02) + 3); // the logit went from 0 to 0.03 − 0.01 = 0.02, the other is log 3
  const after = -(q * Math.log(q) + (1 - q) * Math.log(1 - q));
  const step = {
    before: { entropies: [h], rows: [low, high] },
    after: { entropies: [after], rows: [Math.log(q), Math.log(1 - q)] },
    parts: { positive: [0.03, 0], optimizer: [-0.01, 0] },
  };
  const { overall } = entropyLedger([step]).total;
  const slope = -0.25 * (low + h);
  expect(overall.parts.positive).toBeCloseTo(0.03 * slope, 14);
  expect(overall.parts.optimizer).toBeCloseTo(-0.01 * slope, 14);
  expect(overall.parts).toMatchObject({ negative: 0, clip: 0, regularizer: 0 });
  expect(overall.rest).toBeCloseTo(after - h - 0.02 * slope, 14);
  expect(overall.restOf.unattributed).toBeCloseTo(0, 12);
  expect(overall.rest).toBeCloseTo(overall.restOf.curvature, 6);
  expect(entropyLedger([step]).missing).toEqual(["negative", "clip", "regularizer"]);
});

test.each([
  { name: "plain descent", options: {} },
  {
    name: "Adam, four epochs, clip, KL and entropy bonus",
    options: { optimizer: "adam", innerEpochs: 4, learningRate: 0.3 },
  },
  {
    name: "contexts that share weights",
    options: {
      problem: {
        ...problem,
        features: [
          [1, 0.5],
          [1, -1],
          [0.3, 2],
        ],
      },
    },
  },
] as const)("tabularUpdateParts: parts add up to the change of the logits: $name", async ({ options }) => {
  const algorithm = grpo({ klCoefficient: 0.1, entropyCoefficient: 0.05 });
  const unclipped = grpo({ ...open, klCoefficient: 0.1, entropyCoefficient: 0.05 }).objective;
  for (const update of await updatesOf({ ...options, algorithm })) {
    const parts = Object.values(tabularUpdateParts(update, unclipped));
    for (const [i, logit] of update.after.logits.entries()) {
      const sum = parts.reduce((all, part: Float64Array) => all + (part[i] ?? Number.NaN), 0);
      expect(sum).toBeCloseTo(logit - (update.before.logits[i] ?? 0), 12);
    }
  }
});

test("tabularUpdateParts: a group's positive and negative samples, enumerated", async () => {
  const single: TabularProblem = {
    contexts: 1,
    symbols: 3,
    reward: (_, [a]) => (a === 0 ? 1 : 0),
    initial: () => [0.5, 0, -1],
  };
  const [update] = await updatesOf({ problem: single, steps: 1, samplesPerPrompt: 8 });
  if (update === undefined) throw new Error("no update");
  const { rollouts, advantages } = update.columns;
  const p = Array.from(tabularSnapshot(update.before).rows, Math.exp);
  const byHand = (sign: number): number[] => {
    const d = [0, 0, 0];
    for (let b = 0; b < 8; b++) {
      const taken = rollouts.ids[b * rollouts.width + rollouts.width - 1] ?? -1;
      const a = advantages.perToken[b * (rollouts.width - 1) + rollouts.width - 2] ?? 0;
      if (a * sign <= 0) continue;
      for (let s = 0; s < 3; s++) d[s] = (d[s] ?? 0) + (2 / 8) * a * ((s === taken ? 1 : 0) - (p[s] ?? 0)); // η / n = 2 / 8
    }
    return d;
  };
  const parts = tabularUpdateParts(update, grpo(open).objective);
  for (const [sign, part] of [
    [1, parts.positive],
    [-1, parts.negative],
  ] as const) {
    expect(Math.hypot(...part)).toBeGreaterThan(0.1);
    for (const [s, d] of byHand(sign).entries()) expect(part[s]).toBeCloseTo(d, 5);
  }
  for (const part of [parts.clip, parts.regularizer, parts.optimizer]) expect(Math.hypot(...part)).toBeLessThan(1e-6);
});

test("entropyLedger: on the exact gradient, predicted is −η Cov(log π, π A)", () => {
  const rows = [0.1, 0.2, 0.7].map(Math.log);
  const [p, advantages] = [
    [0.1, 0.2, 0.7],
    [3, -1.5, 0],
  ]; // Σ p A = 0.3 − 0.3 = 0
  const plain = (keep: (a: number) => boolean): number[] => {
    const kept = advantages.map((a) => (keep(a) ? a : 0));
    const centre = kept.reduce((sum, a, i) => sum + (p[i] ?? 0) * a, 0);
    return kept.map((a, i) => 0.01 * (p[i] ?? 0) * (a - centre));
  };
  const before = { entropies: [-rows.reduce((sum, l) => sum + Math.exp(l) * l, 0)], rows };
  const parts = { positive: plain((a) => a > 0), negative: plain((a) => a < 0) };
  const { overall } = entropyLedger([{ before, after: before, parts }]).total;
  // Cov(log π, π A) = Σ π log π π A − (Σ π log π)(Σ π π A)
  const weighted = p.map((x, i) => x * (advantages[i] ?? 0));
  const mean = (v: readonly number[]): number => v.reduce((sum, x, i) => sum + (p[i] ?? 0) * x, 0);
  const covariance = mean(rows.map((l, i) => l * (weighted[i] ?? 0))) - mean(rows) * mean(weighted);
  expect(overall.predicted).toBeCloseTo(-0.01 * covariance, 15);
  expect(overall.parts.positive).toBeGreaterThan(0); // pushes the rarest action up
});

test("entropyLedger: entries add up to the measured change, classes to the overall row, steps to the run's change", async () => {
  const updates = await updatesOf({ optimizer: "adam", innerEpochs: 3, learningRate: 0.3 });
  const ledger = entropyLedger(updates.map((update) => stepOf(update)));
  const rows = [...ledger.steps, ledger.total].flatMap(({ overall, byClass }) => [overall, ...byClass]);
  expect(ledger.steps).toHaveLength(9);
  for (const { measured, predicted, parts, rest, restOf, before, after } of rows) {
    expect(Object.values(parts).reduce((sum, part) => sum + part, rest)).toBeCloseTo(measured, 14);
    expect(parts.positive + parts.negative).toBe(predicted);
    expect(restOf.unattributed + restOf.curvature + restOf.higher).toBeCloseTo(rest, 12);
    expect(after - before).toBeCloseTo(measured, 12);
  }
  for (const { overall, byClass } of [...ledger.steps, ledger.total]) {
    expect(byClass.map(({ name }) => name)).toEqual(["place 1", "place 0"]); // 12 states, 3 states
    for (const of of ["positive", "clip", "optimizer"] as const) {
      const sum = byClass.reduce((all, { share, parts }) => all + share * parts[of], 0);
      expect(sum).toBeCloseTo(overall.parts[of], 14);
    }
    expect(byClass.reduce((all, { share, measured }) => all + share * measured, 0)).toBeCloseTo(overall.measured, 14);
  }
  const [first, last] = [updates[0], updates.at(-1)];
  const level = (policy: TabularUpdate["before"]): number => {
    const { entropies } = tabularSnapshot(policy);
    return entropies.reduce((sum, h) => sum + h, 0) / entropies.length;
  };
  if (first === undefined || last === undefined) throw new Error("no updates");
  expect(ledger.total.overall.measured).toBeCloseTo(level(last.after) - level(first.before), 12);
});

test("entropyLedger: clip and optimizer have entries where they act, and none where they do not", async () => {
  const plain = entropyLedger((await updatesOf({ innerEpochs: 4, learningRate: 6 })).map((update) => stepOf(update)));
  for (const [i, { overall }] of plain.steps.entries()) {
    expect(Math.abs(overall.parts.optimizer)).toBeLessThan(1e-12);
    if (i % 4 === 0) expect(Math.abs(overall.parts.clip)).toBeLessThan(1e-12); // ratio 1
    expect(Math.abs(overall.restOf.unattributed)).toBeLessThan(1e-12);
  }
  expect(Math.max(...plain.steps.map(({ overall }) => Math.abs(overall.parts.clip)))).toBeGreaterThan(1e-3);
  const [adam] = await updatesOf({ steps: 1, optimizer: "adam", learningRate: 0.1 });
  if (adam === undefined) throw new Error("no update");
  // Adam's first step is −lr sign(g); what a plain step of that length would have done is the rest of the first order.
  const row = entropyLedger([stepOf(adam)]).total.overall;
  const moved = adam.after.logits.map((logit, i) => logit - (adam.before.logits[i] ?? 0));
  const whole = entropyLedger([{ ...stepOf(adam), parts: { positive: moved } }]).total.overall.predicted;
  expect(Math.max(...moved.map(Math.abs))).toBeCloseTo(0.1, 3);
  expect(row.predicted + row.parts.optimizer).toBeCloseTo(whole, 12);
  expect(Math.abs(row.parts.optimizer)).toBeGreaterThan(1e-3);
});

test("entropyLedger: an entropy bonus stands under regularizer, and raises the entropy", async () => {
  const algorithm = grpo({ entropyCoefficient: 0.2 });
  const [update] = await updatesOf({ steps: 1, algorithm });
  if (update === undefined) throw new Error("no update");
  const unclipped = grpo({ ...open, entropyCoefficient: 0.2 }).objective;
  const [withBonus, without] = [stepOf(update, unclipped), stepOf((await updatesOf({ steps: 1 }))[0] ?? update)];
  const [a, b] = [entropyLedger([withBonus]).total.overall, entropyLedger([without]).total.overall];
  expect(a.parts.regularizer).toBeGreaterThan(1e-3);
  expect(a.predicted).toBeCloseTo(b.predicted, 5);
  expect(Math.abs(b.parts.regularizer)).toBeLessThan(1e-6);
});

test("entropyLedger: the rest falls with the square of the step", async () => {
  const rest = async (learningRate: number): Promise<number> =>
    entropyLedger((await updatesOf({ steps: 1, learningRate })).map((update) => stepOf(update))).total.overall.rest;
  expect((await rest(0.2)) / (await rest(0.1))).toBeCloseTo(4, 0);
});

test("stateVisits: entropies of states, weighted by visits, are the entropy of whole answers; weights go through the ledger", async () => {
  const ends: TabularProblem = { ...problem, length: 3, end: 3 };
  for (const of of [problem, ends, { ...ends, states: "position" } as const]) {
    const [update] = await updatesOf({ problem: of, steps: 1 });
    if (update === undefined) throw new Error("no update");
    const { entropies } = tabularSnapshot(update.before);
    const weights = stateVisits(update.before);
    const sum = weights.reduce((all, weight, i) => all + weight * (entropies[i] ?? 0), 0);
    expect(sum).toBeCloseTo(exactEntropy(update.before), 12);
    const { steps, weightless } = entropyLedger([{ ...stepOf(update), weights }]);
    const all = weights.reduce((total, weight) => total + weight, 0);
    expect(steps[0]?.overall.before).toBeCloseTo(sum / all, 12);
    expect(weightless).toBe(weights.filter((weight) => weight === 0).length);
    expect(steps[0]?.byClass.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 12);
  }
});

test("entropyLedger: intervals by problems hold their values, and are absent without problems", async () => {
  const [update] = await updatesOf({ steps: 1 });
  if (update === undefined) throw new Error("no update");
  const step = stepOf(update);
  const row = entropyLedger([step], { resamples: 200 }).steps[0]?.overall;
  expect(row?.intervals?.measured.value).toBeCloseTo(row?.measured ?? Number.NaN, 14);
  expect(row?.intervals?.rest.value).toBeCloseTo(row?.rest ?? Number.NaN, 14);
  const { problems: _, ...before } = step.before;
  expect(entropyLedger([{ ...step, before }]).steps[0]?.overall).not.toHaveProperty("intervals");
});

test("entropyLedger: the total has intervals of whole problems with all their steps, unless contexts count differently", async () => {
  const [update] = await updatesOf({ steps: 1 });
  if (update === undefined) throw new Error("no update");
  const step = stepOf(update);
  const once = entropyLedger([step], { resamples: 200 });
  expect(once.total.overall).toEqual(once.steps[0]?.overall);
  expect(once.total.byClass).toEqual(once.steps[0]?.byClass);
  // The same step twice: every resample's sum is twice its mean, and so are the ends.
  const twice = entropyLedger([step, step], { resamples: 200 }).total.overall.intervals?.measured;
  const { value, low, high } = once.total.overall.intervals?.measured ?? { value: 0, low: 0, high: 0 };
  expect(high).toBeGreaterThan(low);
  expect(twice?.value).toBeCloseTo(2 * value, 12);
  expect(twice?.low).toBeCloseTo(2 * low, 12);
  expect(twice?.high).toBeCloseTo(2 * high, 12);
  const count = step.before.entropies.length;
  const weighted = (weight: number) => ({
    ...step,
    weights: Array.from({ length: count }, (_, i) => (i === 0 ? weight : 1)),
  });
  expect(entropyLedger([weighted(2), weighted(2)], { resamples: 20 }).total.overall.intervals).toBeDefined();
  const differing = entropyLedger([weighted(2), weighted(3)], { resamples: 20 });
  expect(differing.total.overall.intervals).toBeUndefined();
  const sums = differing.steps.reduce((sum, { overall }) => sum + overall.measured, 0);
  expect(differing.total.overall.measured).toBeCloseTo(sums, 14);
});

const coin = { entropies: [Math.LN2], rows: [-Math.LN2, -Math.LN2] };
const step = { before: coin, after: coin, parts: {} };
test.each([
  { name: "no steps", steps: [], message: "there are no steps" },
  {
    name: "no rows",
    steps: [{ ...step, before: { entropies: [1] }, after: { entropies: [1] } }],
    message: "step 0 has no rows",
  },
  {
    name: "a part of another size",
    steps: [{ ...step, parts: { clip: [1] } }],
    message: "clip has 1 entries for rows of 2",
  },
  { name: "NaN", steps: [{ ...step, parts: { clip: [1, Number.NaN] } }], message: "clip[1] is NaN" },
  { name: "weights of 0", steps: [{ ...step, weights: [0] }], message: "all weights are 0" },
  { name: "a weight below 0", steps: [{ ...step, weights: [-1] }], message: "weight 0 is -1" },
  {
    name: "other contexts",
    steps: [step, { ...step, before: { ...coin, classes: ["digit"] } }],
    message: "step 1 has other contexts than the first",
  },
])("entropyLedger: $name is refused", ({ steps, message }) => {
  expect(() => entropyLedger(steps)).toThrow(message);
});

test("entropyLedger: an unknown part is refused by name", () => {
  const parts = JSON.parse('{"momentum": [0, 0]}');
  expect(() => entropyLedger([{ ...step, parts }])).toThrow('there is no part "momentum"');
});
