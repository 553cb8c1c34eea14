import { expect, test } from "vitest";
import { collapseForecast, entropyCeiling } from "../../src/analysis/index.ts";
import { rng } from "../../src/toolkit/rng.ts";

const decay = (steps: number, rate: number): number[] =>
  Array.from({ length: steps }, (_, t) => 2 * Math.exp(-rate * t));

test("collapseForecast: a true exponential is continued without error, to the step where it falls below", () => {
  const forecast = collapseForecast(decay(40, 0.05), { threshold: 0.2, horizon: 10 });
  expect(forecast.rate).toBeCloseTo(-0.05, 12);
  // 2 exp(−0.05 t) = 0.2 at t = 20 ln 10 = 46.05: first whole step below is 47
  expect(forecast.expectedAt).toBeCloseTo(20 * Math.log(10), 9);
  expect(forecast.within).toEqual({ earliest: 47, expected: 47, latest: 47 });
  for (const { step, value, low, high, meanError, naiveError } of forecast.path) {
    expect(value).toBeCloseTo(2 * Math.exp(-0.05 * step), 12);
    expect([low, high].map((end) => Math.abs(end - value) < 1e-9)).toEqual([true, true]);
    expect(meanError).toBeCloseTo(0, 12);
    expect(naiveError).toBeCloseTo(0.05 * (step - 39), 12);
  }
  expect(forecast.skill).toBeCloseTo(1, 9);
  expect(forecast).not.toHaveProperty("collapsedAt");
});

test("collapseForecast: errors of the past by hand", () => {
  // log H = 0, 0, 0, 1, 1: lines through 3 values. Origin 2: 0; came 1, error 1. Origin 3: slope 1/2, level 1/3 + 1/2; next 4/3; came 1.
  const logs = [0, 0, 0, 1, 1];
  const { path, bias } = {
    ...collapseForecast(logs.map(Math.exp), { window: 3, horizon: 1, confidence: 0.5 }),
    bias: (1 - 1 / 3) / 2,
  };
  expect(path[0]).toMatchObject({ step: 5, tried: 2, naiveError: 0.5 }); // |1 − 0|, |1 − 1|
  expect(path[0]?.meanError).toBeCloseTo((1 + 1 / 3) / 2, 12);
  expect(path[0]?.bias).toBeCloseTo(bias, 12);
  // Last line through 0, 1, 1: slope 1/2, 2/3 + 1/2, next 5/3. Rank ⌈3 · 0.5⌉ = 2 of 1/3, 1: reach 1.
  expect(Math.log(path[0]?.value ?? 0)).toBeCloseTo(5 / 3, 12);
  expect(Math.log(path[0]?.low ?? 0)).toBeCloseTo(2 / 3, 12);
  expect(Math.log(path[0]?.high ?? 0)).toBeCloseTo(8 / 3, 12);
});

test("collapseForecast: a rising entropy is not said to collapse, a collapsed one is said to have", () => {
  const rising = collapseForecast(decay(40, -0.02));
  expect(rising).not.toHaveProperty("expectedAt");
  expect(rising.within).toEqual({});
  expect(collapseForecast(decay(60, 0.05)).collapsedAt).toBe(47); // a tenth of 2
});

test("collapseForecast: the band of noisy decays covers about what it says", () => {
  let covered = 0;
  for (let run = 0; run < 200; run++) {
    const random = rng({ seed: 9, stream: "test", step: run });
    const noisy = decay(46, 0.03).map((h) => h * Math.exp(0.1 * random.normal()));
    const last = collapseForecast(noisy.slice(0, 40), { horizon: 5, window: 10 }).path[4];
    const came = noisy[44] ?? Number.NaN;
    if (last !== undefined && came >= last.low && came <= last.high) covered++;
  }
  expect(covered / 200).toBeGreaterThan(0.7);
  expect(covered / 200).toBeLessThan(0.9);
});

test("collapseForecast: the run's change of course shows in its error", () => {
  const flat = [...new Array<number>(20).fill(2), ...decay(20, 0.2)];
  const [steady, turned] = [collapseForecast(decay(40, 0.05)), collapseForecast(flat)];
  expect(turned.path.at(-1)?.meanError).toBeGreaterThan(0.5);
  expect(steady.path.at(-1)?.meanError).toBeLessThan(1e-9);
});

test.each([
  { name: "0", values: [1, 1, 0, 1, 1, 1, 1, 1, 1, 1], message: "entropies[2] is 0" },
  { name: "NaN", values: [1, Number.NaN], message: "entropies[1] is NaN" },
  { name: "a short run", values: [1, 1, 1, 1], message: "hold fewer than 4 past forecasts" },
])("collapseForecast: $name is refused", ({ values, message }) => {
  expect(() => collapseForecast(values)).toThrow(message);
});

test("collapseForecast: the shortest run that the refusal asks for is taken", () => {
  expect(() => collapseForecast(decay(7, 0.1), { window: 4 })).toThrow("pass at least 8");
  expect(collapseForecast(decay(8, 0.1), { window: 4 }).path).toHaveLength(1);
  expect(() => collapseForecast(decay(8, 0.1), { window: 4, horizon: 2 })).toThrow("pass at least 9");
});

test("entropyCeiling: a true line gives its ends, fitted early or late", () => {
  const entropies = decay(20, 0.1);
  const rewards = entropies.map((h) => -0.1 * Math.exp(h) + 0.9);
  const fit = entropyCeiling(entropies, rewards);
  expect(fit.a).toBeCloseTo(0.1, 10);
  expect(fit.b).toBeCloseTo(0.9, 10);
  expect(fit.ceiling).toBeCloseTo(0.8, 10); // exp(0) = 1
  expect(fit.early).toMatchObject({ steps: 10 });
  expect(fit.early.ceiling).toBeCloseTo(0.8, 10);
  expect(fit.early.meanError).toBeCloseTo(0, 10);
  expect(fit.explained).toBeCloseTo(1, 10);
});

test("entropyCeiling: what the first half could not know is its error", () => {
  const entropies = decay(20, 0.1);
  const rewards = entropies.map((h, t) => -0.1 * Math.exp(h) + (t < 10 ? 0.9 : 0.7));
  expect(entropyCeiling(entropies, rewards).early.meanError).toBeCloseTo(0.2, 10);
  expect(() => entropyCeiling([1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1])).toThrow("the entropy does not vary");
  expect(() => entropyCeiling([1, 2], [0])).toThrow("there are 2 entropies and 1 rewards");
});
